"""Help tests of the training code: a clock that counts, prepared data that shows its rows, a small UNet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.pocket.model import LATENT_CHANNELS, LATENT_SIDE, SIDE
from pipeline.pocket.train import denoiser, parallel
from pipeline.pocket.train.denoiser_data import Prepared
from pipeline.pocket.train.loop import Plan
from tests.tools.models import make_small_unet

LIBRARY = 1000  # marks the embedding of a library's reference
LINE = 10  # px from the left: where the line of every drawing stands


def count_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each look at the training loop's clock take a second, so that a step costs one second of the budget."""
    clock = iter(range(1_000_000))
    monkeypatch.setattr(parallel, "read_clock", lambda: float(next(clock)))


def write_checkpoint(folder: Path, plan: Plan, step: int) -> None:
    """Write the checkpoint of a run that got so far, as much as tells where its lessons go on."""
    torch.save({"step": step, "spent": 2.0 * step}, folder / f"{plan.name}.pt")


def make_prepared_data(looks: tuple[int, ...], library: tuple[int, ...] = ()) -> Prepared:
    """Make rows of data, row i: tokens, styles and the first latent channel are i + 1; one line right of the left rim.

    The second latent channel is 1 in the column of latents that the line stands in.
    """
    count = len(looks)
    rows = np.arange(1, count + 1, dtype=np.float16)
    drawn = np.zeros((count, 2, SIDE, SIDE), np.uint8)
    drawn[..., LINE] = 1
    latents = np.zeros((count, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE), np.float16)
    latents[:, 0] = rows[:, None, None]
    latents[:, 1, :, LINE // 8] = 1
    styles = np.concatenate([rows, [LIBRARY + look for look in library]]).astype(np.float16)
    arrays = (
        latents,
        np.packbits(drawn, axis=-1),
        np.tile(rows[:, None, None], (1, 32, 384)),
        np.tile(styles[:, None], (1, 384)),
    )
    return Prepared(
        *map(torch.from_numpy, arrays),
        np.array(looks),
        {look: count + number for number, look in enumerate(library)},
        np.ones(count),
        np.zeros(count, bool),
    )


def shrink_denoiser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give denoisers made from here on few channels; what surrounds the UNet stays as it is."""
    blocks: dict[str, Any] = {"sample_size": LATENT_SIDE, "latents": LATENT_CHANNELS, "width": 384}
    monkeypatch.setattr(
        denoiser,
        "make_unet",
        lambda widths: make_small_unet((16, 32), ("CrossAttnDownBlock2D",) * 2, ("CrossAttnUpBlock2D",) * 2, **blocks),
    )
