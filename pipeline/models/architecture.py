"""Tell Stable Diffusion 1.5 from its relatives by what their files say, before anything loads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import ModelError
from pipeline.models.pickled_weights import read_any_shapes
from pipeline.models.safetensors_header import Shapes, read_shapes
from pipeline.plain_file import read_plain_file

# Width of the text that a UNet attends to -> whose it is. SD 1.5's is 768.
OTHERS = {
    1024: "Stable Diffusion 2",
    2048: "Stable Diffusion XL",
    1280: "the refiner of Stable Diffusion XL",
    4096: "Stable Diffusion 3",
}
INPUTS = {8: "InstructPix2Pix", 5: "a depth model"}  # channels in -> what it is; 4 and 9 are drawn with
PIPELINES = {
    "StableDiffusionXLPipeline": "Stable Diffusion XL",
    "StableDiffusion3Pipeline": "Stable Diffusion 3",
    "StableDiffusionXLImg2ImgPipeline": "the refiner of Stable Diffusion XL",
    "FluxPipeline": "FLUX",
}
MARKS = {  # in tensors' names -> what has them
    "conditioner.embedders.": "Stable Diffusion XL",
    "double_blocks.": "FLUX",
    "joint_blocks.": "Stable Diffusion 3",
    "control_model.": "a ControlNet alone",
    "lora": "a LoRA alone",
    "scaled_fp8": "a quantised model (scaled fp8)",  # its weights mean nothing without their scales
}
CHECKPOINT_TEXT = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
INPUT_LAYER = "model.diffusion_model.input_blocks.0.0.weight"
IS = "{name} is {what}."
CONTROLNET_IS = "{name} is a ControlNet for {what}."
ADAPTER_IS = "{name} is an IP-Adapter for {what}."
FIX = "Croquis draws with Stable Diffusion 1.5 and models tuned from it: name one of those."


def expect_sd15(role: str, folder: Path) -> None:
    """Raise ModelError where the part in `folder` says that it belongs to another model.

    `role` is the part's name in catalog.py.
    """
    if role == "base":
        refuse_other_model(folder, PIPELINES.get(str(read_config(folder / "model_index.json").get("_class_name"))))
        refuse_other_model(folder, identify_unet(read_config(folder / "unet" / "config.json")))
    elif role.startswith("controlnet"):
        refuse_other_model(folder, identify_unet(read_config(folder / "config.json")), CONTROLNET_IS)
    elif role.startswith("ip_adapter"):
        for file in folder.glob("ip-adapter*.safetensors"):
            refuse_other_model(file, identify_adapter(read_shapes(file)), ADAPTER_IS)


def expect_sd15_checkpoint(file: Path) -> Shapes:
    """The tensors' shapes of a single-file checkpoint. Raises ModelError where it is of another model or kind."""
    shapes = read_any_shapes(file)
    refuse_other_model(file, identify_checkpoint(shapes))
    return shapes


def identify_unet(config: Mapping[str, Any]) -> str | None:
    """Say whose UNet or ControlNet has this config; None for SD 1.5's, and where it does not tell."""
    width, inputs = config.get("cross_attention_dim"), config.get("in_channels")
    widest = max(width) if isinstance(width, list) and width else width
    return OTHERS.get(widest) or INPUTS.get(inputs) if isinstance(widest, int) else None  # type: ignore[arg-type]


def identify_adapter(shapes: Shapes) -> str | None:
    """Say whose IP-Adapter has tensors of these shapes; None for SD 1.5's."""
    widths = {shape[-1] for name, shape in shapes.items() if name.endswith("to_k_ip.weight") and shape}
    return next((OTHERS[width] for width in sorted(widths) if width in OTHERS), None)


def identify_checkpoint(shapes: Shapes) -> str | None:
    """Say what a single file is; None for an SD 1.5 checkpoint."""
    for mark, what in MARKS.items():
        if any(mark in name.lower() for name in shapes):
            return what
    if CHECKPOINT_TEXT not in shapes:  # the blocks of Stable Diffusion XL attend to words from the second one on
        if any(name.startswith("model.diffusion_model.label_emb.") for name in shapes):
            return "Stable Diffusion XL"
        return "not a whole Stable Diffusion checkpoint (no UNet by its names)"
    return OTHERS.get(shapes[CHECKPOINT_TEXT][-1]) or INPUTS.get(count_inputs(shapes))


def count_inputs(shapes: Shapes) -> int:
    """Return how many channels a checkpoint's UNet takes: 4, and 9 where it was trained to repaint a part."""
    shape = shapes.get(INPUT_LAYER, ())
    return shape[1] if len(shape) > 1 else 4


def refuse_other_model(place: Path, other: str | None, sentence: str = IS) -> None:
    """Raise ModelError where `place` was found to hold another model."""
    if other is not None:
        raise ModelError(f"{sentence.format(name=place, what=other)} {FIX}")


def read_config(path: Path) -> dict[str, Any]:
    """Return a config; empty where there is none. Raises ModelError for one that is not JSON."""
    if not path.is_file():
        return {}
    try:
        config = json.loads(read_plain_file(path))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not JSON ({error}). Download it again.") from error
    return config if isinstance(config, dict) else {}
