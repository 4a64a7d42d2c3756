"""Denoiser and decoder learn together, judged by the pixels that come out.

Latents of a small autoencoder hold no hatching and no halftone, and squared error draws the mean of what could be. So
the denoiser's estimate of the clean latents goes through the decoder, and a critic that knows the style reference
compares crops of the picture with the true one (as img2img-turbo does for one step, Parmar et al. 2024,
arXiv:2403.12036). The squared error on the latents stays, so that every other step keeps its meaning, and so do crops
of encoded pictures, so that the autoencoder stays one.

Guidance is learnt (Tang et al. 2025, "Diffusion Models without Classifier-free Guidance", arXiv:2502.12154): what is
wanted lies beyond the truth, away from the answer without words and style, so that one pass a step does what took two.

So that seeds have something to decide, a picture is taught by the best of several noises (denoiser.nearest_noise); so
that a style's colours are read and not remembered, some lessons wear others (palettes.py).
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
from pipeline.pocket.train.adversary import Adversary, balanced
from pipeline.pocket.train.autoencoder import CELL, likeness_loss, shaken
from pipeline.pocket.train.denoiser import Attempt, Batch, Denoiser, Prepared, answer, attempt, batches, clean_estimate
from pipeline.pocket.train.loop import Plan, seed_from_here, train
from pipeline.pocket.train.palettes import Palettes
from pipeline.pocket.train.precision import half_where_faster

CROP = 6  # latents, 96 px
ENCODED = 0.15  # of those decoded and judged: as they were encoded, not as they are drawn
LATEST = 200  # timestep: only above it is there something to make up
PRESSED = 0.5  # of the way from the bare answer to the full one, added to the truth
LEARNT = 1 / (1 - PRESSED)  # the guidance that this becomes
CRITIC_SHARE = 1.0  # length of the critic's gradient beside the reconstruction's, on pixels
PIXEL_SHARE = 2.0  # length of the pixels' gradient beside the squared error's, on latents: of a crop, of all of them
TRIES = 3  # noises, of which the one that leads nearest the truth is taught
NEAR = 5  # px, side of the neighbourhood in which a line must show
CLEAR = 0.5  # of the range of 2: contrast beyond it is not asked for


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


def lessons(
    data: Prepared, pictures: Pages, palettes: Palettes, empty: Tensor, size: int, shown: int, seed: int
) -> Iterator[Lesson]:
    """Endless batches with crops of their first `shown` pictures, all cut at one place."""
    rng = np.random.default_rng([seed, 7])
    for untouched in batches(data, empty, size, seed):
        as_painted = to_pixels(np.stack([pictures[row] for row in untouched.rows[:shown]]), untouched.hint.device)
        batch, whole = palettes.lend(untouched, as_painted, rng)
        top, left = (int(value) for value in rng.integers(LATENT_SIDE - CROP + 1, size=2))
        window = np.s_[..., top * CELL : (top + CROP) * CELL, left * CELL : (left + CROP) * CELL]
        lines = batch.hint[:shown, :1] * batch.edges_scale[:shown]
        yield Lesson(batch, (top, left), whole[window], lines[window])


def contrast(pictures: Tensor) -> Tensor:
    """(B, 3, H, W) -> range of values near each pixel, in the channel where it is largest, (B, 1, H, W)."""
    highest, lowest = (functional.max_pool2d(one, NEAR, 1, NEAR // 2) for one in (pictures, -pictures))
    return (highest + lowest).amax(1, keepdim=True)


def lost_lines(made: Tensor, wanted: Tensor, lines: Tensor) -> Tensor:
    """Contrast missing along the lines (B, 1, H, W), up to what the true picture has there.

    Drawn lines lie a pixel or two beside the true edge, where place by place a flat colour is the safest answer and
    swallows eyes and windows. That the condition can be read again from the result is ControlNet++'s loss (Li et al.
    2024, arXiv:2404.07987).
    """
    missing = (contrast(wanted).clamp(max=CLEAR) - contrast(made)).relu()
    return (missing * lines).sum() / lines.sum().clamp(min=1)


def stray_lines(made: Tensor, wanted: Tensor) -> Tensor:
    """Contrast beyond what the true picture has nearby: the other side of the same, ripples on a calm ground."""
    allowed = functional.max_pool2d(contrast(wanted), NEAR, 1, NEAR // 2)
    return (contrast(made) - allowed).relu().mean()


def press(
    model: Denoiser, batch: Batch, empty: Tensor, noise_maker: DDPMScheduler, generator: torch.Generator
) -> Attempt:
    """Answers at timesteps drawn for a batch; what is wanted has guidance in it."""
    tried = attempt(model, batch, noise_maker, generator, TRIES)
    nothing = replace(batch, tokens=empty.expand_as(batch.tokens), style=torch.zeros_like(batch.style))
    with torch.no_grad():
        bare = answer(model, tried.noisy, tried.times, nothing)
    return replace(tried, wanted=tried.wanted + PRESSED * (tried.made.detach() - bare))


def train_together(
    drawer: Drawer,
    data: Prepared,
    pictures: Pages,
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
    """`shown` of each batch of `size` are decoded and judged; `empty`: tokens (32, 384) of no words."""
    device = next(drawer.parameters()).device
    seed = seed_from_here(seed, plan, folder)
    noise_maker, generator = make_training_noise(), torch.Generator().manual_seed(seed)

    def save(trained: nn.Module, step: int) -> None:
        adversary.save()
        if on_save is not None:
            on_save(trained, step)

    def loss_of(lesson: object, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(lesson, Lesson)
        batch, (top, left) = lesson.batch, lesson.corner
        tried = press(drawer.denoiser, batch, empty, noise_maker, generator)
        error = functional.mse_loss(tried.made, tried.wanted)
        clean = clean_estimate(noise_maker, tried.made, tried.noisy, tried.times)
        first = len(lesson.pixels)
        as_drawn = (tried.times[:first] >= LATEST) & (torch.rand(first, generator=generator).to(device) >= ENCODED)
        chosen = torch.where(as_drawn[:, None, None, None], clean[:first], shaken(batch.latents[:first]))
        pixels = drawer.decode(chosen[..., top : top + CROP, left : left + CROP])
        known = batch.style[:first], lesson.lines
        told = adversary.learn(lesson.pixels, pixels, *known)
        lost = lost_lines(pixels, lesson.pixels, lesson.lines)
        stray = stray_lines(pixels, lesson.pixels)
        alike = likeness_loss(pixels, lesson.pixels, generator) + lost + stray
        seen = balanced(alike, adversary.judge(lesson.pixels, pixels, *known), pixels, CRITIC_SHARE)
        figures = {
            "error": float(error.detach()),
            "critic": told,
            "alike": float(alike.detach()),
            "lost": float(lost.detach()),
            "stray": float(stray.detach()),
        }
        if not as_drawn.any():
            return error + seen, figures
        return balanced(error, seen, tried.made, PIXEL_SHARE, tuple(drawer.decoder.parameters())), figures

    series = lessons(data, pictures, palettes, empty, size, shown, seed)
    return train(plan, drawer, series, loss_of, folder=folder, on_save=save)  # type: ignore[return-value]
