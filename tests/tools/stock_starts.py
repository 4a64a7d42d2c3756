"""Draw from a picture by diffusers' own image-to-image and inpainting pipelines: our engine has to draw the same."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
from diffusers import (
    StableDiffusionControlNetImg2ImgPipeline,
    StableDiffusionControlNetInpaintPipeline,
    UNet2DConditionModel,
)
from PIL import Image

from pipeline.values import GenerationRequest
from tests.tools.diffusers_reference import SCHEDULERS


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
    scheduler, options = SCHEDULERS[request.sampling.sampler]
    stock.scheduler = getattr(diffusers, scheduler).from_config(pipeline.scheduler.config, **options)
    stock.set_ip_adapter_scale(request.conditioning.ip_adapter_scale)
    embeds = style[None]
    if request.sampling.guidance_scale > 1:
        embeds = torch.cat([torch.zeros_like(embeds), embeds])
    masked = {} if mask is None else {"mask_image": Image.fromarray(mask)}
    drawn = stock(
        prompt=request.styled_prompt.written,
        negative_prompt=request.negative_prompt.text,
        image=Image.fromarray(picture),
        control_image=Image.fromarray(request.edges.pixels).convert("RGB"),
        width=request.width,
        height=request.height,
        strength=request.sampling.strength,
        num_inference_steps=request.sampling.num_inference_steps,
        guidance_scale=request.sampling.guidance_scale,
        controlnet_conditioning_scale=float(request.conditioning.controlnet_conditioning_scale),
        control_guidance_start=request.shortcuts.control_guidance_start,
        control_guidance_end=request.shortcuts.control_guidance_end,
        ip_adapter_image_embeds=[embeds],
        eta=0.3 if request.sampling.sampler == "TCD" else 0.0,
        generator=torch.Generator().manual_seed(request.sampling.seed),
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
