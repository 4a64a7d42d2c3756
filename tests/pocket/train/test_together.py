"""Denoiser and decoder together: whose pixels a lesson holds, and that both learn from them."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.pocket.model import SIDE, make_autoencoder, make_training_noise
from pipeline.pocket.train import palettes, together
from pipeline.pocket.train.adversary import Adversary, StyledCritic
from pipeline.pocket.train.autoencoder import CELL
from pipeline.pocket.train.denoiser import Denoiser, attempt_batch
from pipeline.pocket.train.denoiser_data import Prepared, draw_batches
from pipeline.pocket.train.loop import Plan
from pipeline.pocket.train.palettes import Palettes
from pipeline.pocket.train.together import (
    CROP,
    GUIDANCE_SHARE,
    LEARNT_GUIDANCE,
    MOST_CONTRAST,
    TRIES,
    Drawer,
    Lesson,
    PictureFiles,
    attempt_with_guidance,
    draw_lessons,
    measure_lost_lines,
    measure_stray_lines,
    train_together,
)
from pipeline.pocket.train.tower import Tower
from tests.tools.pocket_training import count_seconds, make_prepared_data, shrink_denoiser, write_checkpoint

pytestmark = pytest.mark.usefixtures("one_thread")
EMPTY, CPU = torch.zeros(32, 384), torch.device("cpu")
ROWS, SHOWN = 5, 8


def pictures() -> np.ndarray:
    """(5, 256, 256, 3): the number of the picture, the row and the column."""
    down, across = np.mgrid[:SIDE, :SIDE]
    return np.stack([np.dstack((np.full_like(down, number), down, across)) for number in range(ROWS)]).astype(np.uint8)


def folders(tmp_path: Path) -> list[Path]:
    """The five pictures in two shards."""
    for number, part in enumerate((pictures()[:2], pictures()[2:])):
        (tmp_path / f"shard-{number}").mkdir()
        np.save(tmp_path / f"shard-{number}" / "pictures.npy", part)
    return [tmp_path / "shard-0", tmp_path / "shard-1"]


def pupils(tmp_path: Path) -> tuple[Prepared, PictureFiles, Palettes]:
    data, pages = make_prepared_data((0,) * ROWS), PictureFiles(folders(tmp_path))
    return data, pages, Palettes(data, pages, make_autoencoder(), Tower(), EMPTY)


def test_pages_are_the_pictures_of_all_shards_in_a_row(tmp_path: Path) -> None:
    pages = PictureFiles(folders(tmp_path))
    assert len(pages) == ROWS
    assert [int(pages[row][0, 0, 0]) for row in range(ROWS)] == list(range(ROWS))


def test_a_lesson_shows_what_lies_under_its_crop_of_latents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(palettes, "RECOLORED_SHARE", 0.0)  # turned pictures: tests/pocket/train/test_palettes.py
    corners = set()
    for lesson in islice(draw_lessons(*pupils(tmp_path), EMPTY, 12, SHOWN, 0), 6):
        assert isinstance(lesson, Lesson) and lesson.pixels.shape == (SHOWN, 3, CROP * CELL, CROP * CELL)
        shown = ((lesson.pixels + 1) * 127.5).round()
        assert shown[:, 0, 0, 0].tolist() == lesson.batch.rows[:SHOWN].tolist()
        assert set(shown[:, 1, 0].unique().tolist()) == {lesson.corner[0] * CELL}
        assert set(shown[:, 2, :, 0].unique().tolist()) == {lesson.corner[1] * CELL}
        assert torch.equal(lesson.batch.latents[:, 0, 0, 0] - 1, torch.from_numpy(lesson.batch.rows).float())
        top, left = (CELL * first for first in lesson.corner)
        given = lesson.batch.hint[:SHOWN, :1] * lesson.batch.edges_scale[:SHOWN]
        assert torch.equal(lesson.lines, given[..., top : top + CROP * CELL, left : left + CROP * CELL])
        corners.add(lesson.corner)
    assert len(corners) > 3


class Plain(torch.nn.Module):
    """Answers with the row's own number, and with 0 to no words."""

    def forward(
        self,
        noisy: torch.Tensor,
        times: torch.Tensor,
        tokens: torch.Tensor,
        style: torch.Tensor,
        hint: torch.Tensor,
        edges_scale: torch.Tensor,
    ) -> torch.Tensor:
        assert torch.equal(tokens[:, 0, 0] != 0, style[:, 0] != 0) and len(hint) == len(edges_scale) == len(noisy)
        return tokens[:, :1, :1, None].expand_as(noisy).clone()


def test_what_is_wanted_lies_beyond_the_truth_by_the_guidance() -> None:
    noise_maker, generator = make_training_noise(), torch.Generator().manual_seed(0)
    batch = next(draw_batches(make_prepared_data((0,) * ROWS), EMPTY, 64, 0))
    told = batch.tokens[:, 0, 0]
    batch.style = told[:, None].expand_as(batch.style)
    tried = attempt_with_guidance(Plain(), batch, EMPTY, noise_maker, generator)
    assert torch.equal(tried.made[:, 0, 0, 0], told)
    kept = noise_maker.alphas_cumprod[tried.times][:, None, None, None]
    v = tried.wanted - GUIDANCE_SHARE * told[:, None, None, None]  # full less bare is the row's number
    clean = kept.sqrt() * tried.noisy - (1 - kept).sqrt() * v
    torch.testing.assert_close(clean, batch.latents, atol=2e-3, rtol=0)
    assert pytest.approx(2.0) == LEARNT_GUIDANCE  # made = wanted leads to bare + LEARNT (true - bare)


class Echo(torch.nn.Module):
    """Draws its noise, so that each noise leads elsewhere."""

    def forward(self, noisy: torch.Tensor, *others: torch.Tensor) -> torch.Tensor:
        return -noisy


def test_pictures_are_taught_by_the_best_of_several_noises() -> None:
    batch, noise_maker = next(draw_batches(make_prepared_data((0,) * ROWS), EMPTY, 8, 0)), make_training_noise()

    def seeded() -> torch.Generator:
        return torch.Generator().manual_seed(0)

    noisy = attempt_with_guidance(Echo(), batch, EMPTY, noise_maker, seeded()).noisy
    assert torch.equal(noisy, attempt_batch(Echo(), batch, noise_maker, seeded(), TRIES).noisy)
    assert not torch.equal(noisy, attempt_batch(Echo(), batch, noise_maker, seeded()).noisy) and TRIES > 1


def state(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}


def changed(before: dict[str, torch.Tensor], module: torch.nn.Module) -> float:
    after = module.state_dict()
    return sum(not torch.equal(value, after[name]) for name, value in before.items()) / len(before)


def test_both_parts_learn_from_the_pixels_and_say_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shrink_denoiser(monkeypatch)
    count_seconds(monkeypatch)
    torch.manual_seed(0)
    vae = make_autoencoder()
    drawer, encoder = Drawer(Denoiser(), vae), state(vae.encoder)
    drawn, decoded = state(drawer.denoiser), state(drawer.decoder)
    saved: list[int] = []
    train_together(
        drawer,
        *pupils(tmp_path),
        EMPTY,
        Plan("together", minutes=51 / 60, learning_rate=1e-3, warm_up=2, ema=0.5),
        tmp_path,
        Adversary(StyledCritic(), tmp_path / "critic.pt", CPU),
        size=2,
        on_save=lambda given, step: saved.append(step),
    )
    assert changed(drawn, drawer.denoiser) > 0.8 and changed(decoded, drawer.decoder) > 0.8
    assert changed(encoder, vae.encoder) == 0
    assert saved == [51] and (tmp_path / "critic.pt").is_file()
    (line,) = map(json.loads, (tmp_path / "together.jsonl").read_text().splitlines())
    assert 0 < line["error"] < 20 and 0 < line["critic"] < 3


def test_a_run_that_goes_on_sees_other_lessons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shrink_denoiser(monkeypatch)
    monkeypatch.setattr(together, "train_module", lambda plan, module, batches, *rest, **more: next(batches))
    drawer, plan = Drawer(Denoiser(), make_autoencoder()), Plan("together", minutes=1, learning_rate=1e-3)
    taught, critic = pupils(tmp_path), Adversary(StyledCritic(), tmp_path / "critic.pt", CPU)

    def first() -> Any:
        return train_together(drawer, *taught, EMPTY, plan, tmp_path, critic, size=4, shown=2)

    begun = first()
    assert first().corner == begun.corner and torch.equal(first().pixels, begun.pixels)
    write_checkpoint(tmp_path, plan, 5)
    assert first().corner != begun.corner


def test_a_line_that_shows_beside_its_place_is_not_lost_and_a_flat_colour_loses_it() -> None:
    wanted = torch.full((1, 3, 32, 32), -0.5)
    wanted[..., 16:] = 0.5
    lines = torch.zeros(1, 1, 32, 32)
    lines[..., 16] = 1
    shifted = wanted.roll(2, 3)
    shifted[..., :4] = -0.5
    flat = torch.zeros_like(wanted, requires_grad=True)
    assert measure_lost_lines(wanted, wanted, lines) == 0 == measure_lost_lines(shifted, wanted, lines)
    assert measure_lost_lines(flat, wanted, lines).item() == pytest.approx(
        MOST_CONTRAST
    )  # of the contrast of 1, half is enough
    assert measure_lost_lines(0.2 * wanted, wanted, lines).item() == pytest.approx(MOST_CONTRAST - 0.2)
    assert measure_lost_lines(flat, torch.zeros_like(wanted), lines) == 0  # nothing to see in the true picture either
    assert measure_lost_lines(flat, wanted, torch.zeros_like(lines)) == 0  # no lines
    faint = (0.2 * wanted).requires_grad_(True)
    (gradient,) = torch.autograd.grad(measure_lost_lines(faint, wanted, lines), faint)
    assert measure_lost_lines(faint - gradient, wanted, lines) < measure_lost_lines(faint, wanted, lines)


def test_ripples_on_a_calm_ground_are_stray_and_those_of_the_true_picture_elsewhere_are_not() -> None:
    calm = torch.zeros(1, 3, 32, 32)
    ripples = 0.1 * torch.sin(torch.arange(32.0)).expand(1, 3, 32, 32)
    assert measure_stray_lines(calm, calm) == 0 == measure_stray_lines(calm, ripples)
    assert measure_stray_lines(ripples.roll(3, 3), ripples) < 0.005
    made = ripples.clone().requires_grad_(True)
    stray = measure_stray_lines(made, calm)
    assert stray.item() == pytest.approx(0.2, abs=0.05)  # from crest to trough
    (gradient,) = torch.autograd.grad(stray, made)
    assert measure_stray_lines(made - gradient, calm) < stray
