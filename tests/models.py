"""Whole model folders with small random weights, for tests that need an engine and not its taste."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import torch
from diffusers import AutoencoderKL, ControlNetModel, DPMSolverMultistepScheduler, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPVisionConfig, CLIPVisionModelWithProjection

from pipeline.pocket.export import (
    attach_ip_adapter,
    export_pipeline,
    half_copy,
    image_processor,
    ip_adapter_states,
    write_ip_adapter,
)


class Modules(NamedTuple):
    vae: Any
    unet: Any  # with its adapter attached
    controlnet: Any
    image_encoder: Any


def pocket_modules(channels: tuple[int, ...] = (32, 64, 96)) -> Modules:
    """The pocket model's shape: f8 autoencoder with 8 channels, 16 x 16 latents, 384-wide text and image."""
    torch.manual_seed(0)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 16, 16, 24),
        latent_channels=8,
        norm_num_groups=4,
        sample_size=128,
        scaling_factor=0.5,
    )
    down = ("CrossAttnDownBlock2D",) * (len(channels) - 1) + ("DownBlock2D",)
    up = ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * (len(channels) - 1)
    unet = small_unet(channels, down, up, sample_size=16, latents=8, width=384)
    return Modules(vae, *conditioned(unet, image_embed_dim=384), small_vision(128, 384))


def sd15_modules() -> Modules:
    """SD 1.5's block types, with SD 1.5's VAE and hint depth, at a few channels."""
    torch.manual_seed(1)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 8, 16, 16),
        layers_per_block=2,
        norm_num_groups=4,
        sample_size=64,
    )
    down = ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",)
    up = ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3
    unet = small_unet((16, 32, 32, 32), down, up, sample_size=8, latents=4, width=32)
    return Modules(vae, *conditioned(unet, image_embed_dim=48), small_vision(32, 48))


def small_unet(
    channels: tuple[int, ...], down: tuple[str, ...], up: tuple[str, ...], *, sample_size: int, latents: int, width: int
) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=sample_size,
        in_channels=latents,
        out_channels=latents,
        cross_attention_dim=width,
        block_out_channels=channels,
        layers_per_block=1,
        down_block_types=down,
        up_block_types=up,
        attention_head_dim=4,
        norm_num_groups=8,
    )


def conditioned(unet: UNet2DConditionModel, image_embed_dim: int) -> tuple[Any, Any]:
    """The UNet with an adapter, and a ControlNet whose zero convolutions are filled so that it acts."""
    controlnet = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(8, 16, 32, 64))
    zeroed = (controlnet.controlnet_down_blocks, controlnet.controlnet_mid_block, controlnet.controlnet_cond_embedding)
    for part in zeroed:
        for convolution in part.modules():
            if isinstance(convolution, nn.Conv2d):
                nn.init.normal_(convolution.weight, std=0.15)
    attach_ip_adapter(unet, image_embed_dim)
    return unet, controlnet


def small_vision(image_size: int, projection_dim: int) -> CLIPVisionModelWithProjection:
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            image_size=image_size,
            patch_size=image_size // 4,
            projection_dim=projection_dim,
        )
    )


def write_pocket(folder: Path) -> Path:
    """The pocket layout as training exports it: no text encoder inside, manifest of hashes."""
    modules = pocket_modules()
    return export_pipeline(folder, *modules, *ip_adapter_states(modules.unet), notes={"weights": "random"})


def write_sd15(folder: Path) -> Path:
    """The layout of the Hub's repositories, one folder for each as `Engine.load(SD15, folder=...)` reads it."""
    modules = sd15_modules()
    base = folder / "base"
    for part in ("vae", "unet"):
        half_copy(getattr(modules, part)).save_pretrained(base / part, variant="fp16")
    small_text_encoder().half().save_pretrained(base / "text_encoder", variant="fp16")
    write_clip_tokenizer(base / "tokenizer")
    DPMSolverMultistepScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
    ).save_pretrained(base / "scheduler")
    image_processor(32, (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)).save_pretrained(
        base / "feature_extractor"
    )
    write_model_index(base)
    half_copy(modules.controlnet).save_pretrained(folder / "controlnet", variant="fp16")
    return folder
