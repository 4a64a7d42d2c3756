"""The decoder's last stage: what it is given, what it is held against, and that nothing else learns."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.pocket.adversary import Adversary, StyledCritic
from pipeline.pocket.autoencoder import CELL
from pipeline.pocket.decoder import finish_decoder, views
from pipeline.pocket.denoiser import Denoiser, Drawn, draw_latents
from pipeline.pocket.finish import CROP, Drawer, Pages
from pipeline.pocket.loop import Plan
from pipeline.pocket.model import LATENT_CHANNELS, LATENT_SIDE, make_autoencoder
from tests.pocket_training import count_seconds, prepared, shrink_denoiser
from tests.test_finish import CPU, EMPTY, ROWS, changed, folders, state

pytestmark = pytest.mark.usefixtures("one_thread")


def latents(sign: int) -> np.ndarray:
    """The first channel is the row's number with this sign, the second the latent's row."""
    made = np.zeros((ROWS, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE), np.float16)
    made[:, 0] = sign * np.arange(1, ROWS + 1)[:, None, None]
    made[:, 1] = np.arange(LATENT_SIDE)[:, None]
    return made


def styles() -> np.ndarray:
    return np.repeat(np.arange(ROWS, dtype=np.float16)[:, None], 384, axis=1)


def test_a_view_is_one_place_of_one_picture_drawn_or_encoded(tmp_path: Path) -> None:
    series = views(Drawn(latents(-1), styles()), latents(1), Pages(folders(tmp_path)), 12, 0, CPU)
    kinds, corners = [], set()
    for view in islice(series, 4):
        shown, first = ((view.pixels + 1) * 127.5).round(), view.latents[:, 0, 0, 0]
        assert view.latents.shape == (12, LATENT_CHANNELS, CROP, CROP)
        assert view.pixels.shape == (12, 3, CROP * CELL, CROP * CELL)
        assert torch.equal(first < 0, view.drawn)
        assert torch.equal(shown[:, 0, 0, 0], first.abs() - 1)
        assert torch.equal(shown[:, 1, 0, 0], CELL * view.latents[:, 1, 0, 0])
        assert torch.equal(view.style[:, 0], first.abs() - 1)
        kinds += view.drawn.tolist()
        corners |= {tuple(pair) for pair in shown[:, 1:, 0, 0].tolist()}
    assert 0.4 < np.mean(kinds) < 0.9 and len(corners) > 12


def test_the_decoder_learns_and_nothing_else_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shrink_denoiser(monkeypatch)
    count_seconds(monkeypatch)
    torch.manual_seed(0)
    vae = make_autoencoder()
    drawer = Drawer(Denoiser(), vae)
    before = [state(part) for part in (vae.encoder, drawer.denoiser, drawer.decoder)]
    finish_decoder(drawer, Drawn(latents(-1), styles()), latents(1), Pages(folders(tmp_path)),
                   Plan("decoder", 50 / 60, 1e-3, warm_up=2, ema=0.5), tmp_path,
                   Adversary(StyledCritic(), tmp_path / "critic.pt", CPU), size=2)
    moved = [changed(*pair) for pair in zip(before, (vae.encoder, drawer.denoiser, drawer.decoder), strict=True)]
    assert moved[:2] == [0, 0] and moved[2] > 0.8
    assert (tmp_path / "critic.pt").is_file()
    (line,) = map(json.loads, (tmp_path / "decoder.jsonl").read_text().splitlines())
    assert 0 < line["near"] < 9 and 0 < line["patches"] < 9


def test_latents_are_drawn_from_noise_with_the_style_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    shrink_denoiser(monkeypatch)
    monkeypatch.setattr("pipeline.pocket.denoiser.DRAWN_AT_ONCE", 2)
    torch.manual_seed(0)
    model, data = Denoiser().eval(), prepared((0, 0, 1, 1))
    drawn = draw_latents(model, data, EMPTY, 4)
    assert drawn.latents.shape == (4, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE) and np.isfinite(drawn.latents).all()
    assert drawn.styles[:, 0].tolist() == [2, 1, 4, 3]  # of each look's two pictures, the other
    data.latents[:] += 3
    assert np.array_equal(drawn.latents, draw_latents(model, data, EMPTY, 4).latents)  # no true latent is seen
