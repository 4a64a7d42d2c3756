"""The batches that the denoiser is trained on: each row's drawing, words and look, dropped as often as said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.pocket.model import LATENT_CHANNELS, LATENT_SIDE, SIDE
from pipeline.pocket.train.denoiser_data import (
    SCHEME,
    SHARES,
    Batch,
    Prepared,
    Scheme,
    choose_other,
    draw_batches,
    load_prepared,
    unpack_hint,
)
from tests.tools.pocket_training import LIBRARY, LINE, make_prepared_data

pytestmark = pytest.mark.usefixtures("one_thread")
EMPTY = torch.full((32, 384), -5.0)
LATENTS = (LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE)
LOOKS = (0,) * 8 + (1,) * 8 + (2,)


def series(data: Prepared, size: int, count: int, seed: int = 0) -> Iterator[Batch]:
    return islice(draw_batches(data, EMPTY, size, seed), count)


@pytest.fixture(scope="module")
def many() -> list[Batch]:
    return list(series(make_prepared_data(LOOKS), 100, 30))


def gathered(many: list[Batch], name: str) -> Tensor:
    return torch.cat([getattr(batch, name).flatten(1)[:, 0] for batch in many])


def test_a_batch_has_the_shapes_the_model_takes() -> None:
    (batch,) = series(make_prepared_data(LOOKS), 6, 1)
    shapes = [tuple(part.shape) for part in (batch.latents, batch.tokens, batch.style, batch.hint, batch.edges_scale)]
    assert shapes == [(6, *LATENTS), (6, 32, 384), (6, 384), (6, 3, SIDE, SIDE), (6, 1, 1, 1)]
    assert {part.dtype for part in vars(batch).values() if isinstance(part, Tensor)} == {torch.float32}
    assert set(batch.hint.unique().tolist()) == {0.0, 1.0}


def test_hints_are_unpacked_as_they_were_drawn() -> None:
    hint = unpack_hint(make_prepared_data((0, 0)).edges[:, 0])
    assert hint.shape == (2, 3, SIDE, SIDE)
    assert hint[:, :, :, LINE].all() and hint.sum() == 2 * 3 * SIDE


def test_pictures_are_drawn_by_their_shares() -> None:
    shares = np.array([1.0, 2.0, 0.0, 0.5])
    drawn = np.concatenate(
        [batch.rows for batch in series(replace(make_prepared_data((0,) * 4), shares=shares), 50, 40)]
    )
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / len(drawn), shares / shares.sum(), atol=0.04)
    assert 2 not in drawn


def test_words_and_latents_are_of_one_row(many: list[Batch]) -> None:
    row, words = gathered(many, "latents"), gathered(many, "tokens")
    said = words != EMPTY[0, 0]
    assert torch.equal(row[said], words[said]) and len(row.unique()) == len(LOOKS)


def test_the_reference_is_another_picture_of_the_same_look(many: list[Batch]) -> None:
    row, reference = gathered(many, "latents").int() - 1, gathered(many, "style").int() - 1
    given = reference >= 0
    row, reference = row[given], reference[given]
    looks = torch.tensor(LOOKS)
    assert torch.equal(looks[row], looks[reference])
    alone = looks[row] == 2
    assert torch.equal(row[alone], reference[alone])  # a look of one picture has no other
    assert not (row[~alone] == reference[~alone]).any()
    assert len(set(zip(row.tolist(), reference.tolist(), strict=True))) > 80  # of 2 * 8 * 7 pairs and one


def test_any_other_member_is_as_likely() -> None:
    rng, members = np.random.default_rng(0), np.array([3, 5, 9])
    for row in members:
        drawn = np.array([choose_other(members, row, rng) for _ in range(400)])
        others = set(members) - {row}
        assert set(drawn) == others and (drawn == min(others)).mean() == pytest.approx(0.5, abs=0.1)


def test_library_looks_see_the_librarys_reference_half_of_the_time() -> None:
    many = list(series(make_prepared_data(LOOKS, library=(1,)), 100, 20))
    row, reference = gathered(many, "latents").int() - 1, gathered(many, "style").int()
    given, look = reference > 0, torch.tensor(LOOKS)[row]
    library = reference == LIBRARY + 1
    assert not library[look != 1].any()
    assert library[given & (look == 1)].float().mean().item() == pytest.approx(SCHEME.library, abs=0.07)


def test_parts_are_left_out_as_often_as_said(many: list[Batch]) -> None:
    words, style, edges = (gathered(many, name) for name in ("tokens", "style", "edges_scale"))
    no_words, no_style = words == EMPTY[0, 0], style == 0

    def share(chosen: Tensor) -> float:
        return chosen.float().mean().item()

    assert share(no_words & no_style) == pytest.approx(SCHEME.no_words_no_style, abs=0.02)
    assert share(no_words & ~no_style) == pytest.approx(SCHEME.no_words, abs=0.02)
    assert share(no_style & ~no_words) == pytest.approx(SCHEME.no_style, abs=0.025)
    assert set(edges.tolist()) == {0.0, 1.0} and share(edges == 0) == pytest.approx(SCHEME.no_edges, abs=0.02)


def test_the_same_seed_gives_the_same_batches() -> None:
    def first(seed: int) -> Tensor:
        return next(series(make_prepared_data(LOOKS), 16, 1, seed)).latents

    assert torch.equal(first(1), first(1)) and not torch.equal(first(1), first(2))


def test_shards_are_joined_and_looks_numbered_across_them(tmp_path: Path) -> None:
    worn = (("plain/0", "sketch/0", "sketch/3"), ("sketch/3", "sketch/0", "ice/0"))
    for number, looks in enumerate(worn):
        folder, data = tmp_path / f"shard-{number}", make_prepared_data((0, 0, 0))
        folder.mkdir()
        for name in ("latents", "edges", "tokens", "styles"):
            np.save(folder / f"{name}.npy", getattr(data, name).numpy())
        np.save(folder / "bound.npy", np.array([True, False, False]))
        (folder / "records.json").write_text(json.dumps([{"look": look} for look in looks]))
    reference = np.ones(384, np.float16)
    data = load_prepared([tmp_path / "shard-0", tmp_path / "shard-1"], {"sketch": reference}, torch.device("cpu"))
    assert data.bound.tolist() == [True, False, False] * 2
    assert data.looks.tolist() == [0, 1, 2, 2, 1, 3]
    assert data.shares.tolist() == [SHARES[style] for style in ("plain", *["sketch"] * 4, "ice")]
    assert SHARES["sketch"] > 1 > SHARES["ice"]
    assert data.library == {1: 6}  # sketch/0: plain and ice have no reference here, sketch/3 is not the library's
    assert torch.equal(data.styles[6], torch.ones(384)) and len(data.styles) == 7
    assert data.latents.shape == (6, *LATENTS) and data.tokens.shape == (6, 32, 384)


def test_a_scheme_says_what_is_left_out_and_whose_picture_is_the_reference() -> None:
    def taught(scheme: Scheme) -> Batch:
        return next(draw_batches(make_prepared_data(LOOKS, library=(1,)), EMPTY, 64, 0, scheme))

    whole = taught(Scheme(0, 0, 0, 0))
    assert (whole.tokens[:, 0, 0] > 0).all() and (whole.style[:, 0] > 0).all() and (whole.edges_scale == 1).all()
    own = taught(Scheme(0, 0, 0, 0, own=True))
    assert torch.equal(own.style[:, 0], own.latents[:, 0, 0, 0])
    never = taught(Scheme(0, 0, 0, 0, library=0))
    assert (whole.style[:, 0] >= LIBRARY).any() and not (never.style[:, 0] >= LIBRARY).any()
