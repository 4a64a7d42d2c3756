"""The autoencoder's training: what it is fed, what its loss asks for, and that a few steps make better pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.pocket.data.dataset import make_record
from pipeline.pocket.model import make_autoencoder
from pipeline.pocket.train import autoencoder
from pipeline.pocket.train.autoencoder import (
    REACH,
    draw_crops,
    measure_psnr,
    measure_reconstruction_loss,
    take_differences,
    train_autoencoder,
)
from pipeline.pocket.train.loop import Plan
from tests.tools.pocket_training import count_seconds, write_checkpoint
from tests.tools.sample_things import make_things

pytestmark = pytest.mark.usefixtures("one_thread")
CPU = torch.device("cpu")
PLAN = Plan("autoencoder", minutes=0.5, learning_rate=2.5e-3, warm_up=5, ema=0.8, weight_decay=0)  # 30 steps


def numbered(count: int = 3) -> np.ndarray:
    """Pictures (N, 128, 128, 3) whose channels are their number, the row and the column."""
    row, column = np.mgrid[:128, :128]
    channels = [np.dstack((np.full_like(row, 80 * which), row, column)) for which in range(count)]
    return np.stack(channels).astype(np.uint8)


def test_crops_are_cut_from_anywhere_in_one_picture_and_half_are_mirrored() -> None:
    batch = torch.cat([next(draw_crops(numbered(), 32, seed, CPU)) for seed in range(6)])
    assert batch.shape == (192, 3, 32, 32) and batch.dtype == torch.float32
    pixels = ((batch + 1) * 127.5).round().int()
    number, row, column = pixels.unbind(1)
    assert torch.equal(number.amin((1, 2)), number.amax((1, 2))) and set(number.unique().tolist()) == {0, 80, 160}
    assert (row.diff(dim=1) == 1).all() and (column.diff(dim=2).abs() == 1).all()
    mirrored = (column[:, 0, 1] < column[:, 0, 0]).float().mean().item()
    assert mirrored == pytest.approx(0.5, abs=0.12)
    assert row.min() < 5 and row.max() > 122 and column.min() < 5 and column.max() > 122


def test_crops_hang_on_the_seed_and_may_be_whole_pictures() -> None:
    first, again, other = (next(draw_crops(numbered(), 32, seed, CPU)) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    whole = next(draw_crops(numbered(), 128, 0, CPU))
    assert whole.amin().item() == -1 and (whole[:, 1, 0] == -1).all()


def test_gradients_are_steps_to_the_right_and_down() -> None:
    down, right = torch.meshgrid(torch.arange(5.0), torch.arange(6.0), indexing="ij")
    found = take_differences((10 * down + right).expand(2, 3, 5, 6))
    assert found.shape == (2, 6, 4, 5)
    assert (found[:, :3] == 10).all() and (found[:, 3:] == 1).all()


def test_the_loss_is_none_for_equal_pictures_and_more_for_blurred_edges_than_for_a_tint() -> None:
    sharp = torch.zeros(1, 3, 16, 16)
    sharp[..., 8:] = 1
    assert measure_reconstruction_loss(sharp, sharp) == 0
    tinted, striped = sharp + 0.1, sharp + 0.1 * (-1.0) ** torch.arange(16)
    assert measure_reconstruction_loss(tinted, sharp).item() == pytest.approx(0.01 + 0.05, abs=1e-5)
    assert measure_reconstruction_loss(striped, sharp).item() == pytest.approx(0.01 + 0.05 + 0.05, abs=1e-5)


def test_psnr_is_of_a_range_of_two() -> None:
    black, white = -torch.ones(1, 3, 4, 4), torch.ones(1, 3, 4, 4)
    assert measure_psnr(black, white) == pytest.approx(0)
    assert measure_psnr(black, black + 0.2) == pytest.approx(20, abs=1e-3)


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.stack([make_record(make_things(), 1, number, ())[0] for number in range(6)])


@torch.inference_mode()
def quality(model, pictures: np.ndarray) -> float:
    given = torch.from_numpy(pictures[:, 32:96, 32:96].copy()).permute(0, 3, 1, 2).float() / 127.5 - 1
    return measure_psnr(model.decode(model.encode(given).latents).sample, given)


def test_a_few_steps_make_better_pictures(
    pictures: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autoencoder, "BATCH", 8)
    count_seconds(monkeypatch)
    torch.manual_seed(0)
    model = make_autoencoder()
    before = quality(model, pictures)
    train_autoencoder(model, pictures, PLAN, tmp_path, crop=32)
    assert quality(model, pictures) > before + 2


def test_a_run_that_goes_on_sees_other_crops(
    pictures: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autoencoder, "train_module", lambda plan, module, batches, *rest, **more: next(batches))
    write_checkpoint(tmp_path, PLAN, 5)
    first: Any = train_autoencoder(make_autoencoder(), pictures, PLAN, tmp_path, crop=32)
    assert torch.equal(first, next(draw_crops(pictures, 32, 5, CPU)))
    assert not torch.equal(first, next(draw_crops(pictures, 32, 0, CPU)))


def test_latents_that_would_be_squeezed_cost_their_excess_squared(
    pictures: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_autoencoder()
    monkeypatch.setattr(autoencoder, "PATCHES", 0.0)  # by other filters each time
    monkeypatch.setattr(autoencoder, "train_module", lambda plan, module, batches, loss_of, **rest: loss_of)
    loss_of: Any = train_autoencoder(model, pictures, PLAN, tmp_path, crop=32)
    batch = next(draw_crops(pictures, 32, 0, CPU))

    @torch.inference_mode()
    def loss() -> float:
        torch.manual_seed(0)  # of the noise on the latents
        return float(loss_of(batch, 0)[0])

    with torch.no_grad():
        model.encoder.layers[-1].bias += 4
        excess = (model.encode(batch).latents.abs() - REACH).relu().square().mean().item()
    assert excess > 1
    with_excess = loss()
    monkeypatch.setattr(autoencoder, "REACH", 1e9)
    assert with_excess - loss() == pytest.approx(excess, rel=5e-3)  # bf16 where that is faster
