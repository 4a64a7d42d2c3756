"""Draw from a picture by diffusers' own image-to-image and inpainting pipelines: our engine has to draw the same."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import (
    StableDiffusionControlNetImg2ImgPipeline,
    StableDiffusionControlNetInpaintPipeline,
    UNet2DConditionModel,
)
from PIL import Image

from pipeline.values import GenerationRequest
from tests.tools.diffusers_reference import prepare_stock, show_controls


def draw_from_picture_by_diffusers(
    pipeline: Any, request: GenerationRequest, picture: np.ndarray, mask: np.ndarray | None, style: torch.Tensor
) -> np.ndarray:
    """Return the picture (H, W, 3) uint8 that diffusers draws from one of that size, with a style embedding (1, d), by
    the pipeline for a part where there is a mask (H, W).

    `pipeline` is a StableDiffusionControlNetPipeline, whose parts the two others take.
    """
    kind = StableDiffusionControlNetImg2ImgPipeline if mask is None else StableDiffusionControlNetInpaintPipeline
    stock = kind(**pipeline.components, requires_safety_checker=False)
    stock.set_progress_bar_config(disable=True)
    masked = {} if mask is None else {"mask_image": Image.fromarray(mask)}
    drawn = stock(
        image=Image.fromarray(picture),
        control_image=show_controls(request),
        strength=request.sampling.strength,
        **prepare_stock(stock, request, style),
        **masked,
    ).images[0]
    return np.asarray(drawn)


@torch.no_grad()
def write_inpainting_unet(source: Path, folder: Path) -> Path:
    """Write a copy of a folder of SD 1.5's layout whose UNet takes a mask and the rest of the picture, too."""
    shutil.copytree(source, folder)
    four = UNet2DConditionModel.from_pretrained(folder / "base" / "unet", variant="fp16")
    nine = UNet2DConditionModel.from_config({**four.config, "in_channels": 9})
    states = four.state_dict()
    first = states.pop("conv_in.weight")
    nine.load_state_dict(states, strict=False)
    more = 0.2 * torch.randn(first.shape[0], 5, 3, 3, generator=torch.Generator().manual_seed(6))
    nine.conv_in.weight.copy_(torch.cat([first, more], dim=1))
    nine.half().save_pretrained(folder / "base" / "unet", variant="fp16")
    return folder
