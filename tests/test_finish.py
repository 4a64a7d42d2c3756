"""Denoiser and decoder together: whose pixels a lesson holds, and that both learn from them."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.pocket import autoencoder
from pipeline.pocket.adversary import Adversary, PatchCritic, StyledCritic
from pipeline.pocket.autoencoder import CELL, finish_decoder, windows
from pipeline.pocket.denoiser import Denoiser, drawn_latents, sample
from pipeline.pocket.finish import CROP, SHOWN, Drawer, Lesson, Pages, lessons, train_together
from pipeline.pocket.loop import Plan
from pipeline.pocket.model import LATENT_CHANNELS, LATENT_SIDE, SIDE, make_autoencoder
from tests.pocket_training import count_seconds, prepared, shrink_denoiser

pytestmark = pytest.mark.usefixtures("one_thread")
EMPTY, CPU = np.zeros((32, 384), np.float16), torch.device("cpu")
ROWS = 5


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


def test_pages_are_the_pictures_of_all_shards_in_a_row(tmp_path: Path) -> None:
    pages = Pages(folders(tmp_path))
    assert len(pages) == ROWS
    assert [int(pages[row][0, 0, 0]) for row in range(ROWS)] == list(range(ROWS))


def test_a_lesson_shows_what_lies_under_its_crop_of_latents(tmp_path: Path) -> None:
    corners = set()
    for lesson in islice(lessons(prepared((0,) * ROWS), Pages(folders(tmp_path)), EMPTY, 12, 0, CPU), 6):
        assert isinstance(lesson, Lesson) and lesson.pixels.shape == (SHOWN, 3, CROP * CELL, CROP * CELL)
        shown = ((lesson.pixels + 1) * 127.5).round()
        assert shown[:, 0, 0, 0].tolist() == lesson.batch.rows[:SHOWN].tolist()
        assert set(shown[:, 1, 0].unique().tolist()) == {lesson.corner[0] * CELL}
        assert set(shown[:, 2, :, 0].unique().tolist()) == {lesson.corner[1] * CELL}
        assert torch.equal(lesson.batch.latents[:, 0, 0, 0] - 1, torch.from_numpy(lesson.batch.rows).float())
        corners.add(lesson.corner)
    assert len(corners) > 3


def test_windows_pair_each_view_of_latents_with_its_picture() -> None:
    latents = np.zeros((2 * ROWS, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE), np.float16)
    latents[:, 0] = np.arange(2 * ROWS)[:, None, None]
    latents[:, 1] = np.arange(LATENT_SIDE)[:, None]
    seen = set()
    for pixels, under in islice(windows(pictures(), latents, 96, 0, CPU), 4):
        shown = ((pixels + 1) * 127.5).round()
        assert torch.equal(shown[:, 0, 0, 0], under[:, 0, 0, 0] % ROWS)
        assert torch.equal(shown[:, 1, 0, 0], under[:, 1, 0, 0] * CELL)
        seen |= set(under[:, 0, 0, 0].int().tolist())
    assert len(seen) > ROWS


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
    train_together(drawer, prepared((0,) * ROWS), Pages(folders(tmp_path)), EMPTY,
                   Plan("together", minutes=51 / 60, learning_rate=1e-3, warm_up=2, ema=0.5), tmp_path,
                   Adversary(StyledCritic(), tmp_path / "critic.pt", CPU), size=2,
                   on_save=lambda given, step: saved.append(step))
    assert changed(drawn, drawer.denoiser) > 0.8 and changed(decoded, drawer.decoder) > 0.8
    assert changed(encoder, vae.encoder) == 0
    assert saved == [51] and (tmp_path / "critic.pt").is_file()
    (line,) = map(json.loads, (tmp_path / "together.jsonl").read_text().splitlines())
    assert 0 < line["error"] < 20 and 0 < line["critic"] < 3


def test_the_decoder_learns_to_finish_and_the_encoder_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count_seconds(monkeypatch)
    monkeypatch.setattr(autoencoder, "BATCH", 8)
    torch.manual_seed(0)
    vae = make_autoencoder()
    encoder, decoder = state(vae.encoder), state(vae.decoder)
    latents = np.random.default_rng(0).normal(size=(2 * ROWS, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE))
    finish_decoder(vae, pictures(), latents.astype(np.float16), Plan("decoder", 50 / 60, 1e-3, warm_up=2, ema=0.5),
                   tmp_path, Adversary(PatchCritic(), tmp_path / "critic.pt", CPU))
    assert changed(encoder, vae.encoder) == 0 and changed(decoder, vae.decoder) > 0.8
    (line,) = map(json.loads, (tmp_path / "decoder.jsonl").read_text().splitlines())
    assert line["psnr"] > 0


def test_drawn_latents_are_drawn_by_turns_from_noise_and_from_the_true_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    shrink_denoiser(monkeypatch)
    monkeypatch.setattr("pipeline.pocket.denoiser.DRAWN_AT_ONCE", 2)
    torch.manual_seed(0)
    model, data = Denoiser().eval(), prepared((0,) * 4)
    usual = drawn_latents(model, data, EMPTY, 4)
    assert usual.shape == (4, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE) and np.isfinite(usual).all()
    data.latents[:] += 3
    other = drawn_latents(model, data, EMPTY, 4)
    assert not np.allclose(usual[:2], other[:2], atol=0.05)  # the last step alone sees the true latents
    assert np.array_equal(usual[2:], other[2:])


def test_one_step_from_clean_latents_of_a_model_that_knows_them_gives_them_back() -> None:
    clean = torch.randn(1, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE, generator=torch.Generator().manual_seed(2))

    class Knowing(torch.nn.Module):
        def forward(self, noisy: torch.Tensor, times: torch.Tensor, *given: torch.Tensor) -> torch.Tensor:
            from pipeline.pocket.model import make_training_noise

            kept = make_training_noise().alphas_cumprod[times][:, None, None, None]
            noise = (noisy - kept.sqrt() * clean) / (1 - kept).sqrt()
            return kept.sqrt() * noise - (1 - kept).sqrt() * clean

    given = torch.zeros(1, 32, 384), torch.zeros(1, 384), torch.zeros(1, 3, SIDE, SIDE), torch.zeros(32, 384)
    drawn = sample(Knowing(), *given, begun=clean)  # type: ignore[arg-type]
    torch.testing.assert_close(drawn, clean, atol=2e-3, rtol=0)
