"""Tell what each tensor of a LoRA's file is by its name, under any of the usual ones.

kohya names a layer by its path with underscores ("lora_unet_down_blocks_0_..."), diffusers and peft by its path, before
them "unet." or "text_encoder."; ComfyUI by CompVis' path, before it "diffusion_model.".
"""

from __future__ import annotations

import re

from pipeline.models.safetensors_header import Shapes

SIDES = {"down": "down", "A": "down", "up": "up", "B": "up"}
MATRIX = re.compile(
    r"^(?P<layer>.+?)(?:\.processor)?(?:\.(?P<projection>to_[qkv]|to_out)_lora\.|\.lora_linear_layer\.|\.lora\.|\.lora_|_lora\.)"
    r"(?P<side>down|up|A|B)(?:\.(?!weight$)\w+)?\.weight$"
)
ALPHA = re.compile(r"^(?P<layer>.+?)(?:\.lora)?\.alpha$")
DIFFERENCE = re.compile(r"^(?P<layer>.+)\.diff$")  # of a whole weight
MOST_TOLD = 5  # kinds of tensors


def is_read(key: str, dimensions: int) -> bool:
    """Return whether a tensor of this name and number of dimensions is read: a pair's half, an alpha, or the difference
    of the whole weight of a linear or convolutional layer.
    """
    return bool(MATRIX.match(key) or ALPHA.match(key) or (DIFFERENCE.match(key) and dimensions > 1))


def list_unread(shapes: Shapes) -> tuple[str, ...]:
    """List what a LoRA's file holds beside that, each kind of tensor once: "diff_b", "w_norm", "bundle_emb"."""
    unread = (key for key, shape in shapes.items() if not is_read(key, len(shape)))
    return tuple(sorted({name_kind(key) for key in unread}))[:MOST_TOLD]


def name_kind(key: str) -> str:
    """Return the part of a tensor's name that tells its kind: the last one, or what a textual inversion begins with."""
    if key.startswith("bundle_emb."):
        return "bundle_emb"
    if key.endswith(".diff"):
        return "norm.diff"
    return key.removesuffix(".weight").rpartition(".")[2][:40]
