"""Train denoiser and decoder together, judged by the pixels that come out.

Latents of a small autoencoder hold no hatching and no halftone, and squared error draws the mean of what could be. So
the denoiser's estimate of the clean latents goes through the decoder, and a critic that knows the style reference
compares crops of the picture with the true one (as img2img-turbo does for one step, Parmar et al. 2024,
arXiv:2403.12036). The squared error on the latents stays, so that every other step keeps its meaning, and so do crops
of encoded pictures, so that the autoencoder stays one.

Guidance is learnt (Tang et al. 2025, "Diffusion Models without Classifier-free Guidance", arXiv:2502.12154): what is
wanted lies beyond the truth, away from the answer without words and style, so that one pass a step does what took two.

So that seeds have something to decide, a picture is taught by the best of several noises (denoiser.find_nearest_noise);
so that a style's colours are read and not remembered, some lessons wear others (palettes.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderTiny, DDPMScheduler
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from pipeline.pocket.model import LATENT_SIDE, make_training_noise, to_pixels
from pipeline.pocket.train.adversary import Adversary, balance_losses
from pipeline.pocket.train.autoencoder import CELL, add_latent_noise, measure_likeness_loss
from pipeline.pocket.train.denoiser import Attempt, Denoiser, attempt_batch, estimate_clean_latents, predict_velocity
from pipeline.pocket.train.denoiser_data import Batch, Prepared, draw_batches
from pipeline.pocket.train.loop import Plan, offset_seed_by_progress, train_module
from pipeline.pocket.train.palettes import Palettes
from pipeline.pocket.train.precision import use_bf16_where_faster

CROP = 6  # latents, 96 px
ENCODED_SHARE = 0.15  # of those decoded and judged: as they were encoded, not as they are drawn
LATEST = 200  # timestep: only above it is there something to make up
GUIDANCE_SHARE = 0.5  # of the way from the bare answer to the full one, added to the truth
LEARNT_GUIDANCE = 1 / (1 - GUIDANCE_SHARE)  # the guidance that this becomes
CRITIC_SHARE = 1.0  # length of the critic's gradient beside the reconstruction's, on pixels
PIXEL_SHARE = 2.0  # length of the pixels' gradient beside the squared error's, on latents: of a crop, of all of them
TRIES = 3  # noises, of which the one that leads nearest the truth is taught
LINE_REACH = 5  # px, side of the neighbourhood in which a line must show
MOST_CONTRAST = 0.5  # of the range of 2: contrast beyond it is not asked for


class Drawer(nn.Module):
    """Drawer holds both parts, so that one optimizer and one average hold them."""

    def __init__(self, denoiser: Denoiser, autoencoder: AutoencoderTiny) -> None:
        super().__init__()
        self.denoiser, self.decoder = denoiser, autoencoder.decoder
        self.scaling_factor = float(autoencoder.config.scaling_factor)

    def decode(self, latents: Tensor) -> Tensor:
        """Decode scaled latents (B, 24, h, w) into (B, 3, 16 h, 16 w) around [-1, 1]."""
        with use_bf16_where_faster(latents.device):
            made: Tensor = self.decoder(latents / self.scaling_factor)
        return made.float()


class PictureFiles:
    """PictureFiles gives pictures of several shards in a row, read from disk as they are asked for."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._shards = [np.load(folder / "pictures.npy", mmap_mode="r") for folder in folders]
        self._starts = np.cumsum([0, *map(len, self._shards)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, row: int) -> NDArray[np.uint8]:
        """Return one picture, (256, 256, 3)."""
        shard = int(np.searchsorted(self._starts, row, "right")) - 1
        return np.asarray(self._shards[shard][row - self._starts[shard]])


@dataclass
class Lesson:
    batch: Batch
    corner: tuple[int, int]  # row and column of the crop's first latent
    pixels: Tensor  # (at most as many as are shown, 3, 96, 96) in [-1, 1], of the batch's first pictures
    lines: Tensor  # (the same, 1, 96, 96) in {0, 1}, what they were given there


def draw_lessons(
    data: Prepared, pictures: PictureFiles, palettes: Palettes, empty: Tensor, size: int, shown: int, seed: int
) -> Iterator[Lesson]:
    """Yield endless batches with crops of their first `shown` pictures, all cut at one place."""
    rng = np.random.default_rng([seed, 7])
    for untouched in draw_batches(data, empty, size, seed):
        as_painted = to_pixels(np.stack([pictures[row] for row in untouched.rows[:shown]]), untouched.hint.device)
        batch, whole = palettes.recolor_batch(untouched, as_painted, rng)
        top, left = (int(value) for value in rng.integers(LATENT_SIDE - CROP + 1, size=2))
        window = np.s_[..., top * CELL : (top + CROP) * CELL, left * CELL : (left + CROP) * CELL]
        lines = batch.hint[:shown, :1] * batch.edges_scale[:shown]
        yield Lesson(batch, (top, left), whole[window], lines[window])


def measure_contrast(pictures: Tensor) -> Tensor:
    """Measure the range of values near each pixel, (B, 1, H, W), in the channel of (B, 3, H, W) where it is largest."""
    highest, lowest = (functional.max_pool2d(one, LINE_REACH, 1, LINE_REACH // 2) for one in (pictures, -pictures))
    return (highest + lowest).amax(1, keepdim=True)


def measure_lost_lines(made: Tensor, wanted: Tensor, lines: Tensor) -> Tensor:
    """Measure the contrast missing along the lines (B, 1, H, W), up to what the true picture has there.

    Drawn lines lie a pixel or two beside the true edge, where place by place a flat colour is the safest answer and
    swallows eyes and windows. That the condition can be read again from the result is ControlNet++'s loss (Li et al.
    2024, arXiv:2404.07987).
    """
    missing = (measure_contrast(wanted).clamp(max=MOST_CONTRAST) - measure_contrast(made)).relu()
    return (missing * lines).sum() / lines.sum().clamp(min=1)


def measure_stray_lines(made: Tensor, wanted: Tensor) -> Tensor:
    """Measure the contrast beyond what the true picture has nearby: ripples on a calm ground."""
    allowed = functional.max_pool2d(measure_contrast(wanted), LINE_REACH, 1, LINE_REACH // 2)
    return (measure_contrast(made) - allowed).relu().mean()


def attempt_with_guidance(
    model: Denoiser, batch: Batch, empty: Tensor, noise_maker: DDPMScheduler, generator: torch.Generator
) -> Attempt:
    """Let the denoiser answer at timesteps drawn for a batch; what is wanted has guidance in it."""
    tried = attempt_batch(model, batch, noise_maker, generator, TRIES)
    nothing = replace(batch, tokens=empty.expand_as(batch.tokens), style=torch.zeros_like(batch.style))
    with torch.no_grad():
        bare = predict_velocity(model, tried.noisy, tried.times, nothing)
    return replace(tried, wanted=tried.wanted + GUIDANCE_SHARE * (tried.made.detach() - bare))


def train_together(
    drawer: Drawer,
    data: Prepared,
    pictures: PictureFiles,
    palettes: Palettes,
    empty: Tensor,
    plan: Plan,
    folder: Path,
    adversary: Adversary,
    *,
    size: int = 16,
    shown: int = 8,
    seed: int = 0,
    on_save: Any = None,
) -> Drawer:
    """Train both; `shown` of each batch of `size` are decoded and judged; `empty`: tokens (32, 384) of no words."""
    device = next(drawer.parameters()).device
    seed = offset_seed_by_progress(seed, plan, folder)
    noise_maker, generator = make_training_noise(), torch.Generator().manual_seed(seed)

    def save(trained: nn.Module, step: int) -> None:
        adversary.save()
        if on_save is not None:
            on_save(trained, step)

    def loss_of(lesson: object, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(lesson, Lesson)
        batch, (top, left) = lesson.batch, lesson.corner
        tried = attempt_with_guidance(drawer.denoiser, batch, empty, noise_maker, generator)
        error = functional.mse_loss(tried.made, tried.wanted)
        clean = estimate_clean_latents(noise_maker, tried.made, tried.noisy, tried.times)
        first = len(lesson.pixels)
        as_drawn = (tried.times[:first] >= LATEST) & (
            torch.rand(first, generator=generator).to(device) >= ENCODED_SHARE
        )
        chosen = torch.where(as_drawn[:, None, None, None], clean[:first], add_latent_noise(batch.latents[:first]))
        pixels = drawer.decode(chosen[..., top : top + CROP, left : left + CROP])
        known = batch.style[:first], lesson.lines
        told = adversary.train_critic(lesson.pixels, pixels, *known)
        lost = measure_lost_lines(pixels, lesson.pixels, lesson.lines)
        stray = measure_stray_lines(pixels, lesson.pixels)
        alike = measure_likeness_loss(pixels, lesson.pixels, generator) + lost + stray
        seen = balance_losses(alike, adversary.measure_loss(lesson.pixels, pixels, *known), pixels, CRITIC_SHARE)
        figures = {
            "error": float(error.detach()),
            "critic": told,
            "alike": float(alike.detach()),
            "lost": float(lost.detach()),
            "stray": float(stray.detach()),
        }
        if not as_drawn.any():
            return error + seen, figures
        return balance_losses(error, seen, tried.made, PIXEL_SHARE, tuple(drawer.decoder.parameters())), figures

    series = draw_lessons(data, pictures, palettes, empty, size, shown, seed)
    return train_module(plan, drawer, series, loss_of, folder=folder, on_save=save)  # type: ignore[return-value]
