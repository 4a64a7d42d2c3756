"""Write more ControlNets beside the one of a small model, each with other random weights, and hints for them."""

from __future__ import annotations

from pathlib import Path

import diffusers
import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.hints import CONTROLNET_NAMES, ControlHint, ControlNetName, HintSettings

Pixels = NDArray[np.uint8]


def write_controlnets(folder: Path) -> None:
    """Write controlnet_scribble, ..., controlnet_openpose into a folder that write_sd15 wrote."""
    for number, name in enumerate(name for name in CONTROLNET_NAMES if name != "canny"):
        controlnet = diffusers.ControlNetModel.from_pretrained(folder / "controlnet", variant="fp16")
        noise = torch.Generator().manual_seed(number)
        for weight in controlnet.parameters():
            weight.data += 0.3 * weight.std().nan_to_num(0.1) * torch.randn(weight.shape, generator=noise)
        controlnet.half().save_pretrained(folder / f"controlnet_{name}", variant="fp16")


def make_hint(name: ControlNetName, width: int, height: int, seed: int = 0, **settings: float) -> ControlHint:
    """Make a hint of patches of colour."""
    patches = np.random.default_rng(seed + CONTROLNET_NAMES.index(name)).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    pixels = np.kron(patches, np.ones((-(-height // 8), -(-width // 8), 1), np.uint8))[:height, :width]
    return ControlHint(name, np.ascontiguousarray(pixels), HintSettings(**settings))
