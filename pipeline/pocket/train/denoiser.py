"""Train UNet, ControlNet and IP-Adapter together on prepared latents, captions, line drawings and style references."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import ControlNetModel, DDPMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from torch.nn import functional

from pipeline.pocket.model import (
    LATENT_CHANNELS,
    LATENT_SIDE,
    UNET_WIDTHS,
    make_controlnet,
    make_scheduler,
    make_training_noise,
    make_unet,
)
from pipeline.pocket.train.denoiser_data import SCHEME, Batch, Prepared, Scheme, draw_batches
from pipeline.pocket.train.export import attach_ip_adapter
from pipeline.pocket.train.loop import Plan, offset_seed_by_progress, train_module
from pipeline.pocket.train.precision import use_bf16_for_denoiser

# Of a batch, at pure noise (timestep 999): the shipped model draws in one step. There words, style and lines alone
# decide, and there they are learnt fastest. The rest is drawn anywhere, so that more steps keep their meaning.
PURE_NOISE_SHARE = 0.85


class Denoiser(nn.Module):
    """Denoiser holds the three parts that are trained together, so that one optimizer and one average hold them."""

    def __init__(self, widths: tuple[int, ...] = UNET_WIDTHS) -> None:
        super().__init__()
        self.unet: UNet2DConditionModel = make_unet(widths)
        self.controlnet: ControlNetModel = make_controlnet(self.unet)
        attach_ip_adapter(self.unet)

    def forward(
        self, noisy: Tensor, times: Tensor, tokens: Tensor, style: Tensor, hint: Tensor, edges_scale: Tensor
    ) -> Tensor:
        """Predict velocity (B, 24, 16, 16); `edges_scale` (B, 1, 1, 1) multiplies the ControlNet's residuals."""
        down, middle = self.controlnet(
            noisy, times, encoder_hidden_states=tokens, controlnet_cond=hint, return_dict=False
        )
        made: Tensor = self.unet(
            noisy,
            times,
            encoder_hidden_states=tokens,
            added_cond_kwargs={"image_embeds": [style[:, None]]},
            down_block_additional_residuals=[one * edges_scale for one in down],
            mid_block_additional_residual=middle * edges_scale,
            return_dict=False,
        )[0]
        return made


def draw_times(count: int, generator: torch.Generator) -> Tensor:
    """Draw timesteps (count,): at pure noise and anywhere."""
    at_once = torch.rand(count, generator=generator) < PURE_NOISE_SHARE
    return torch.where(at_once, 999, torch.randint(0, 1000, (count,), generator=generator))


@dataclass(frozen=True)
class Attempt:
    """Attempt holds the denoiser's answers at timesteps drawn for a batch."""

    times: Tensor  # (B,)
    noisy: Tensor  # (B, 24, 16, 16)
    made: Tensor  # (B, 24, 16, 16) v-prediction
    wanted: Tensor  # (B, 24, 16, 16)


def attempt_batch(
    model: Denoiser, batch: Batch, noise_maker: DDPMScheduler, generator: torch.Generator, tries: int = 1
) -> Attempt:
    """Let the denoiser answer a batch; with `tries` above 1, pictures at pure noise by the best of so many noises."""
    device = batch.latents.device
    times = draw_times(len(batch.latents), generator).to(device)
    noises = torch.randn((tries, *batch.latents.shape), generator=generator).to(device)
    noise = noises[0] if tries == 1 else find_nearest_noise(model, batch, noise_maker, times, noises)
    noisy = noise_maker.add_noise(batch.latents, noise, times).contiguous(memory_format=torch.channels_last)
    made = predict_velocity(model, noisy, times, batch)
    return Attempt(times, noisy, made, noise_maker.get_velocity(batch.latents, noise, times))


@torch.no_grad()
def find_nearest_noise(
    model: Denoiser, batch: Batch, noise_maker: DDPMScheduler, times: Tensor, noises: Tensor
) -> Tensor:
    """Find the noise (B, 24, 16, 16) of (n, B, 24, 16, 16) from which a picture's estimate lies nearest the truth.

    Pictures below pure noise get the first. One answer to all noises has to be the mean of what could be. Taught by its
    best of several, a model gives each noise something of its own to draw (implicit maximum likelihood, Li & Malik
    2018, arXiv:1809.09087).
    """
    away = []
    for noise in noises:
        noisy = noise_maker.add_noise(batch.latents, noise, times).contiguous(memory_format=torch.channels_last)
        clean = estimate_clean_latents(noise_maker, predict_velocity(model, noisy, times, batch), noisy, times)
        away.append((clean - batch.latents).square().mean((1, 2, 3)))
    best = torch.stack(away).argmin(0) * (times == 999)  # below, the truth is in what the model is given
    return noises[best, torch.arange(len(times), device=times.device)]


def predict_velocity(model: Denoiser, noisy: Tensor, times: Tensor, batch: Batch) -> Tensor:
    """Predict velocity (B, 24, 16, 16) in fp32, computed in bf16 where that is faster."""
    with use_bf16_for_denoiser(noisy.device):
        made: Tensor = model(noisy, times, batch.tokens, batch.style, batch.hint, batch.edges_scale)
    return made.float()


def train_denoiser(
    model: Denoiser,
    data: Prepared,
    empty: Tensor,
    plan: Plan,
    folder: Path,
    *,
    size: int = 32,
    seed: int = 0,
    scheme: Scheme = SCHEME,
    on_save: Any = None,
) -> Denoiser:
    """Train by v-prediction with a flat weight (Salimans & Ho 2022).

    It keeps the noisiest steps, which set the composition.
    """
    noise_maker, seed = make_training_noise(), offset_seed_by_progress(seed, plan, folder)
    generator = torch.Generator().manual_seed(seed)
    series = draw_batches(data, empty, size, seed, scheme)

    def loss_of(batch: object, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(batch, Batch)
        tried = attempt_batch(model, batch, noise_maker, generator)
        errors = functional.mse_loss(tried.made, tried.wanted, reduction="none").mean((1, 2, 3))
        late = errors[tried.times == 999]
        figures = {"error": float(errors.mean().detach())}
        if len(late):
            figures["pure_noise"] = float(late.mean().detach())
        return errors.mean(), figures

    return train_module(plan, model, series, loss_of, folder=folder, on_save=on_save)  # type: ignore[return-value]


def estimate_clean_latents(noise_maker: DDPMScheduler, made: Tensor, noisy: Tensor, times: Tensor) -> Tensor:
    """Return the clean latents that a v-prediction (B, 24, 16, 16) at these timesteps stands for."""
    kept = noise_maker.alphas_cumprod.to(made.device)[times][:, None, None, None]
    clean: Tensor = kept.sqrt() * noisy - (1 - kept).sqrt() * made
    return clean


@torch.inference_mode()
def draw_sample(
    model: Denoiser,
    tokens: Tensor,
    style: Tensor,
    hint: Tensor,
    empty: Tensor,
    *,
    guidance: float,
    steps: int = 1,
    seed: int = 0,
) -> Tensor:
    """Draw latents (B, 24, 16, 16) for training's contact sheets; the app draws through pipeline/engine/denoise.py."""
    scheduler = make_scheduler()
    scheduler.set_timesteps(steps)
    device, count = tokens.device, len(tokens)
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn((count, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE), generator=generator).to(device)
    nothing, no_style = empty[None].expand_as(tokens), torch.zeros_like(style)
    scale = torch.ones((count, 1, 1, 1), device=device)
    for time in scheduler.timesteps:
        times = time.expand(count).to(device)
        made = model(x, times, tokens, style, hint, scale).float()
        if guidance != 1:
            bare = model(x, times, nothing, no_style, hint, scale).float()
            made = bare + guidance * (made - bare)
        x = scheduler.step(made, time, x).prev_sample
    return x
