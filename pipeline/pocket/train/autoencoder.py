"""Train the autoencoder: 256 x 256 pictures <-> 16 x 16 latents with 24 channels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from pipeline.pocket.model import LATENT_SIDE, SIDE, to_pixels
from pipeline.pocket.train.loop import Plan, offset_seed_by_progress, train_module
from pipeline.pocket.train.precision import use_bf16_where_faster
from pipeline.pocket.train.texture import measure_patch_difference

BATCH = 32
CELL = SIDE // LATENT_SIDE  # px under one latent
REACH = 2.5  # latents are pushed inside: AutoencoderTiny squeezes what it decodes to [-3, 3]
PATCHES = 0.5  # weight of the patches as a crowd
NOISE = 0.35  # most that latents are shaken by, in their deviations: a denoiser is never quite right


def draw_crops(pictures: NDArray[np.uint8], crop: int, seed: int, device: torch.device) -> Iterator[Tensor]:
    """Yield endless batches (32, 3, crop, crop) in [-1, 1] out of pictures (N, 256, 256, 3)."""
    rng = np.random.default_rng(seed)
    room = pictures.shape[1] - crop
    while True:
        batch = np.empty((BATCH, crop, crop, 3), np.uint8)
        for row, which in enumerate(rng.integers(len(pictures), size=BATCH)):
            y, x = rng.integers(room + 1, size=2)
            cut = pictures[which, y : y + crop, x : x + crop]
            batch[row] = cut[:, ::-1] if rng.random() < 0.5 else cut
        yield to_pixels(batch, device)


def take_differences(x: Tensor) -> Tensor:
    """Take first differences along both axes, (B, 6, H - 1, W - 1)."""
    return torch.cat([(x[..., 1:, :-1] - x[..., :-1, :-1]), (x[..., :-1, 1:] - x[..., :-1, :-1])], 1)


def measure_reconstruction_loss(made: Tensor, wanted: Tensor) -> Tensor:
    """Measure pixels by their square and their distance, edges by the distance of first differences."""
    away, edges = made - wanted, take_differences(made) - take_differences(wanted)
    return away.square().mean() + 0.5 * away.abs().mean() + 0.5 * edges.abs().mean()


def measure_likeness_loss(made: Tensor, wanted: Tensor, generator: torch.Generator) -> Tensor:
    """Measure the loss place by place, and as a crowd of patches."""
    return measure_reconstruction_loss(made, wanted) + PATCHES * measure_patch_difference(made, wanted, generator)


def add_latent_noise(latents: Tensor, deviation: float = 1.0) -> Tensor:
    """Add noise to latents (B, c, h, w), each picture with its own strength."""
    strength = NOISE * deviation * torch.rand((len(latents), 1, 1, 1), device=latents.device)
    return latents + strength * torch.randn_like(latents)


def measure_psnr(made: Tensor, wanted: Tensor) -> float:
    """Measure the PSNR, dB, of pictures in [-1, 1]."""
    return float(10 * torch.log10(4 / functional.mse_loss(made, wanted)))


def train_autoencoder(
    model: AutoencoderTiny, pictures: NDArray[np.uint8], plan: Plan, folder: Path, *, crop: int, seed: int = 0
) -> AutoencoderTiny:
    """Train on crops of `crop` px: small ones give many steps early on, large ones the last tenths of a dB."""
    seed = offset_seed_by_progress(seed, plan, folder)
    device, generator = next(model.parameters()).device, torch.Generator().manual_seed(seed)

    def loss_of(batch: object, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(batch, Tensor)
        with use_bf16_where_faster(device):
            latents = model.encode(batch).latents.float()
            made = model.decode(add_latent_noise(latents, float(latents.detach().std()))).sample.float()
        outside = (latents.abs() - REACH).relu().square().mean()
        return measure_likeness_loss(made, batch, generator) + outside, {"psnr": measure_psnr(made.detach(), batch)}

    return train_module(plan, model, draw_crops(pictures, crop, seed, device), loss_of, folder=folder)
