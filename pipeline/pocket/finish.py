"""Denoiser and decoder learn together, judged by the pixels that come out.

Latents of a small autoencoder hold no hatching and no halftone, and squared error draws the mean of what could be. So
the denoiser's estimate of the clean latents goes through the decoder, and a critic that knows the style reference
compares crops of the picture with the true one (as img2img-turbo does for one step, Parmar et al. 2024,
arXiv:2403.12036). The squared error on the latents stays, so that every other step keeps its meaning, and so do crops
of encoded pictures, so that the autoencoder stays one.

Two things bring the lesson to where a picture is drawn. Guidance is learnt (Tang et al. 2025, "Diffusion Models without
Classifier-free Guidance", arXiv:2502.12154): what is wanted lies beyond the truth, away from the answer without words
and style, so that one pass a step does what took two. And under the noise of later steps lies, every other time, the
denoiser's own first guess, as it will (Yin et al. 2024, "Improved Distribution Matching Distillation",
arXiv:2405.14867): what it makes of that is held less to the truth, which a guess from noise cannot know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderTiny, DDPMScheduler
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from pipeline.pocket.adversary import Adversary, balanced
from pipeline.pocket.autoencoder import CELL, likeness_loss, shaken
from pipeline.pocket.denoiser import Attempt, Batch, Denoiser, Prepared, batches, clean_estimate, draw_times
from pipeline.pocket.loop import Plan, train
from pipeline.pocket.model import LATENT_SIDE, make_training_noise, to_pixels
from pipeline.pocket.precision import half_where_faster

CROP = 6  # latents, 96 px
ENCODED = 0.25  # of these as they were encoded, not as they are drawn
PURE = 999  # timestep: nothing but noise
LATEST = 200  # timestep: only above it is there something to make up
OWN = 0.5  # of the rows between it and pure noise have a guess under their noise
LOOSE = 0.4  # weight of their squared error
PRESSED = 0.5  # of the way from the bare answer to the full one, added to the truth
LEARNT = 1 / (1 - PRESSED)  # the guidance that this becomes
CRITIC_SHARE = 1.0  # length of the critic's gradient beside the reconstruction's, on pixels
PIXEL_SHARE = 0.5  # length of the pixels' gradient beside the squared error's, on latents


class Drawer(nn.Module):
    """Both parts, so that one optimizer and one average hold them."""

    def __init__(self, denoiser: Denoiser, autoencoder: AutoencoderTiny) -> None:
        super().__init__()
        self.denoiser, self.decoder = denoiser, autoencoder.decoder
        self.scaling_factor = float(autoencoder.config.scaling_factor)

    def decode(self, latents: Tensor) -> Tensor:
        """Scaled latents (B, 24, h, w) -> (B, 3, 16 h, 16 w) around [-1, 1]."""
        with half_where_faster(latents.device):
            made: Tensor = self.decoder(latents / self.scaling_factor)
        return made.float()


class Pages:
    """Pictures of several shards in a row, read from disk as they are asked for."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._shards = [np.load(folder / "pictures.npy", mmap_mode="r") for folder in folders]
        self._starts = np.cumsum([0, *map(len, self._shards)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, row: int) -> NDArray[np.uint8]:
        """(256, 256, 3)"""
        shard = int(np.searchsorted(self._starts, row, "right")) - 1
        return np.asarray(self._shards[shard][row - self._starts[shard]])


@dataclass
class Lesson:
    batch: Batch
    corner: tuple[int, int]  # row and column of the crop's first latent
    pixels: Tensor  # (at most as many as are shown, 3, 96, 96) in [-1, 1], of the batch's first pictures
    lines: Tensor  # (the same, 1, 96, 96) in {0, 1}, what they were given there


def lessons(data: Prepared, pictures: Pages, empty: Tensor, size: int, shown: int, seed: int) -> Iterator[Lesson]:
    """Endless batches with crops of their first `shown` pictures, all cut at one place."""
    rng = np.random.default_rng([seed, 7])
    for batch in batches(data, empty, size, seed):
        top, left = (int(value) for value in rng.integers(LATENT_SIDE - CROP + 1, size=2))
        window = np.s_[top * CELL:(top + CROP) * CELL, left * CELL:(left + CROP) * CELL]
        cut = np.stack([pictures[row][window] for row in batch.rows[:shown]])
        lines = (batch.hint[:shown, :1] * batch.edges_scale[:shown])[(..., *window)]
        yield Lesson(batch, (top, left), to_pixels(cut, lines.device), lines)


def press(model: Denoiser, batch: Batch, empty: Tensor, noise_maker: DDPMScheduler, generator: torch.Generator
          ) -> tuple[Attempt, Tensor]:
    """Answers at timesteps drawn for a batch, what is wanted with guidance in it, and each row's weight (B,)."""
    latents, device = batch.latents, batch.latents.device
    times = draw_times(len(latents), generator).to(device)
    noise = torch.randn(latents.shape, generator=generator).to(device)
    own = (times >= LATEST) & (times < PURE) & (torch.rand(len(latents), generator=generator).to(device) < OWN)

    def answer(noisy: Tensor, times: Tensor, tokens: Tensor, style: Tensor, rows: Any = slice(None)) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            made: Tensor = model(noisy, times, tokens, style, batch.hint[rows], batch.edges_scale[rows])
        return made.float()

    start = latents.clone()
    if own.any():
        first = torch.full_like(times[own], PURE)
        with torch.no_grad():  # at pure noise the answer is the guess, turned round
            start[own] = -answer(noise[own], first, batch.tokens[own], batch.style[own], own)
    noisy = noise_maker.add_noise(start, noise, times).contiguous(memory_format=torch.channels_last)
    made = answer(noisy, times, batch.tokens, batch.style)
    with torch.no_grad():
        bare = answer(noisy, times, empty.expand_as(batch.tokens), torch.zeros_like(batch.style))
    kept = noise_maker.alphas_cumprod.to(device)[times][:, None, None, None]
    there = (kept.sqrt() * noisy - latents) / (1 - kept).sqrt()  # the v that leads from a guess's noise to the truth
    true = torch.where(own[:, None, None, None], there, noise_maker.get_velocity(latents, noise, times))
    weights = torch.where(own, LOOSE * (1 - kept.flatten()), 1.0)  # as an error of clean latents: v's would explode
    return Attempt(times, noisy, made, true + PRESSED * (made.detach() - bare)), weights


def train_together(drawer: Drawer, data: Prepared, pictures: Pages, empty: Tensor, plan: Plan, folder: Path,
                   adversary: Adversary, *, size: int = 16, shown: int = 8, seed: int = 0, on_save: Any = None
                   ) -> Drawer:
    """`shown` of each batch of `size` are decoded and judged; `empty`: tokens (32, 384) of no words."""
    device = next(drawer.parameters()).device
    noise_maker, generator = make_training_noise(), torch.Generator().manual_seed(seed)

    def save(trained: nn.Module, step: int) -> None:
        adversary.save()
        if on_save is not None:
            on_save(trained, step)

    def loss_of(lesson: object, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(lesson, Lesson)
        batch, (top, left) = lesson.batch, lesson.corner
        tried, weights = press(drawer.denoiser, batch, empty, noise_maker, generator)
        errors = functional.mse_loss(tried.made, tried.wanted, reduction="none").mean((1, 2, 3))
        error = (weights * errors).mean()
        clean = clean_estimate(noise_maker, tried.made, tried.noisy, tried.times)
        first = len(lesson.pixels)
        as_drawn = (tried.times[:first] >= LATEST) & (torch.rand(first, generator=generator).to(device) >= ENCODED)
        chosen = torch.where(as_drawn[:, None, None, None], clean[:first], shaken(batch.latents[:first]))
        pixels = drawer.decode(chosen[..., top:top + CROP, left:left + CROP])
        known = batch.style[:first], lesson.lines
        told = adversary.learn(lesson.pixels, pixels, *known)
        alike = likeness_loss(pixels, lesson.pixels, generator)
        seen = balanced(alike, adversary.judge(lesson.pixels, pixels, *known), pixels, CRITIC_SHARE)
        figures = {"error": float(error.detach()), "critic": told, "alike": float(alike.detach())}
        if not as_drawn.any():
            return error + seen, figures
        return balanced(error, seen, tried.made, PIXEL_SHARE, tuple(drawer.decoder.parameters())), figures

    series = lessons(data, pictures, empty, size, shown, seed)
    return train(plan, drawer, series, loss_of, folder=folder, on_save=save)  # type: ignore[return-value]
