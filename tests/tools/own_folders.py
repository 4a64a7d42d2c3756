"""Write folders of a person's own models as A1111, ComfyUI and InvokeAI lay them out, beside any tree of SD 1.5."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file

from pipeline.models.identified import FileKind
from tests.models.wrong_files import WRONG_FILES
from tests.tools.ldm_layout import write_original_controlnet
from tests.tools.models import write_lora
from tests.tools.own_files import write_other_model

LAYOUTS: dict[str, dict[FileKind, str]] = {
    "webui": {
        "checkpoint": "models/Stable-diffusion",
        "lora": "models/Lora",
        "vae": "models/VAE",
        "embedding": "embeddings",
        "controlnet": "models/ControlNet",
    },
    "comfyui": {
        "checkpoint": "models/checkpoints",
        "lora": "models/loras",
        "vae": "models/vae",
        "embedding": "models/embeddings",
        "controlnet": "models/controlnet",
    },
    "invokeai": {
        "checkpoint": "models/sd-1/main",
        "lora": "models/sd-1/lora",
        "vae": "models/sd-1/vae",
        "embedding": "models/sd-1/embedding",
        "controlnet": "models/sd-1/controlnet",
    },
}
KEYS = {"webui": "kohya", "comfyui": "peft", "invokeai": "kohya"}  # of the layout's LoRA
CONTROLNETS = {"webui": "scribble", "comfyui": "softedge", "invokeai": "lineart"}  # the tree's that each has as its own
STRENGTH = 0.05  # standard deviation of a LoRA's numbers: seen in the picture, and no number overflows
WRONG = "models/downloads"  # the folder of the wrong files, in the first layout


def write_own_folders(folder: Path, sd15: Path) -> Path:
    """Write each layout with a model, a LoRA, a VAE, a textual inversion and a ControlNet, called by layout and kind.

    The wrong files of tests/models/wrong_files.py lie in one of them. sd15: the tree whose sizes they have. A folder
    that is there already stays as it is, but for wrong files that came later; one that could not be written whole is
    not there.
    """
    if not folder.exists():
        begun = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(begun, ignore_errors=True)
        write_layouts(begun, sd15)
        begun.rename(folder)
        return folder
    write_wrong_files(folder / "webui" / WRONG)
    return folder


def write_layouts(folder: Path, sd15: Path) -> None:
    """Write the layouts into a folder that is not there yet."""
    places = {kind: folder / "webui" / place for kind, place in LAYOUTS["webui"].items()}
    for layout, below in LAYOUTS.items():
        for place in below.values():
            (folder / layout / place).mkdir(parents=True)
        write_lora(
            folder / layout / below["lora"] / f"{layout}-lora.safetensors", make_unet(sd15), KEYS[layout], 2, STRENGTH
        )
        write_own_controlnet(folder / layout / below["controlnet"] / f"{layout}-controlnet.safetensors", layout, sd15)
        write_inversion(folder / layout / below["embedding"] / f"{layout}-embedding.safetensors", sd15, len(layout))
    write_other_model(sd15, places["checkpoint"] / "webui-checkpoint.safetensors")
    write_other_vae(sd15, places["vae"] / "webui-vae.safetensors")
    for layout in ("comfyui", "invokeai"):
        for kind in ("checkpoint", "vae"):
            os.link(
                places[kind] / f"webui-{kind}.safetensors",
                folder / layout / LAYOUTS[layout][kind] / f"{layout}-{kind}.safetensors",
            )
    write_wrong_files(folder / "webui" / WRONG)


def make_unet(sd15: Path) -> Any:
    """Return the tree's UNet by its names and shapes, without numbers."""
    config = json.loads((sd15 / "base" / "unet" / "config.json").read_text())
    with torch.device("meta"):
        return UNet2DConditionModel.from_config(config)


def write_own_controlnet(file: Path, layout: str, sd15: Path) -> None:
    """Write one of the tree's ControlNets as one's own file: A1111's in its own names, the others in diffusers'."""
    published = sd15 / f"controlnet_{CONTROLNETS[layout]}"
    if layout == "webui":
        write_original_controlnet(published, file)
    else:
        os.link(published / "diffusion_pytorch_model.fp16.safetensors", file)


def write_inversion(file: Path, sd15: Path, seed: int) -> None:
    """Write a textual inversion of two tokens."""
    width = json.loads((sd15 / "base" / "text_encoder" / "config.json").read_text())["hidden_size"]
    noise = torch.Generator().manual_seed(seed)
    save_file({"emb_params": torch.randn(2, width, generator=noise)}, file)


def write_other_vae(sd15: Path, file: Path) -> None:
    """Write the tree's VAE with some more of each number."""
    tensors = load_file(sd15 / "base" / "vae" / "diffusion_pytorch_model.fp16.safetensors")
    save_file({name: (1.1 * value).to(value.dtype).contiguous() for name, value in tensors.items()}, file)


def write_wrong_files(folder: Path) -> None:
    """Write every file that is of no use here and is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in WRONG_FILES:
        if not (folder / each.name).exists():
            each.write(folder / each.name)
