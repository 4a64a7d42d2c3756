"""Training pictures: the same number gives the same record, and what is drawn at random has the shares it should."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pipeline import painters as renderers
from pipeline.painters import DEFAULTS
from pipeline.pocket.data import dataset
from pipeline.pocket.data.dataset import (
    LIBRARY_SHARE,
    LOOKS,
    PLAIN,
    PLAIN_SHARE,
    SIDE,
    Look,
    choose_look,
    draw_look_parameters,
    load_training_things,
    make_record,
    make_shard,
)
from tests.tools.sample_things import make_pack, make_things

STYLES = ("sketch", "linocut")


def test_a_record_is_a_function_of_seed_and_number() -> None:
    pixels, record = make_record(make_things(), 3, 5, STYLES)
    again = make_record(make_things(), 3, 5, STYLES)
    assert np.array_equal(pixels, again[0]) and record == again[1]
    others = [make_record(make_things(), seed, number, STYLES)[0] for seed, number in ((3, 6), (4, 5))]
    assert not any(np.array_equal(pixels, other) for other in others)


def test_a_record_has_its_shapes_and_says_what_it_is() -> None:
    names = {thing.name for thing in make_things()}
    for number in range(8):
        pixels, record = make_record(make_things(), 1, number, STYLES)
        assert (pixels.shape, pixels.dtype) == ((SIDE, SIDE, 3), np.uint8) and pixels.std() > 5
        assert set(record) == {"caption", "style", "look", "thing", "color"} and json.dumps(record)
        assert record["thing"] in names and record["look"].startswith(record["style"] + "/")


@pytest.mark.parametrize("style", STYLES)
def test_a_look_always_has_the_same_parameters(style: str) -> None:
    drawn = [draw_look_parameters(Look(style, number)) for number in range(LOOKS)]
    assert drawn == [draw_look_parameters(Look(style, number)) for number in range(LOOKS)]
    assert drawn[0] == DEFAULTS[style]
    assert len({repr(parameters) for parameters in drawn}) == LOOKS


def test_the_librarys_look_cannot_be_changed_by_who_reads_it() -> None:
    draw_look_parameters(Look("sketch", 0)).clear()
    assert draw_look_parameters(Look("sketch", 0))


def test_looks_are_drawn_with_their_shares() -> None:
    rng, count = np.random.default_rng(0), 6000
    drawn = [choose_look(rng, STYLES) for _ in range(count)]
    styled = [look for look in drawn if look.style != PLAIN]
    assert 1 - len(styled) / count == pytest.approx(PLAIN_SHARE, abs=0.025)
    assert sum(look.number == 0 for look in styled) / len(styled) == pytest.approx(LIBRARY_SHARE, abs=0.03)
    assert {look.number for look in styled} == set(range(LOOKS))
    worn = Counter(look.style for look in styled)
    assert worn["sketch"] / len(styled) == pytest.approx(0.5, abs=0.04)


def test_without_styles_pictures_are_plain() -> None:
    rng = np.random.default_rng(0)
    assert {choose_look(rng, ()) for _ in range(50)} == {Look(PLAIN, 0)}
    assert Look(PLAIN, 0).key == "plain/0"


def test_a_look_is_put_on_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    styled = [make_record(make_things(), 5, number, STYLES) for number in range(6)]
    monkeypatch.setattr(renderers, "render", lambda style, image, parameters, rng: image)
    for number, (pixels, record) in enumerate(styled):
        bare, same_record = make_record(make_things(), 5, number, STYLES)
        assert record == same_record
        assert np.array_equal(pixels, bare) == (record["style"] == PLAIN)
    assert 0 < sum(record["style"] == PLAIN for _, record in styled) < 6


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    load_training_things.cache_clear()
    monkeypatch.setattr(dataset, "SHARD", 3)
    monkeypatch.setattr(dataset, "load_pack", lambda path: SeenPack)


class SeenPack:
    """All of the drawn things, held out or not: three are needed for a scene."""

    training = make_pack().things


@pytest.mark.usefixtures("small_shards")
def test_shards_go_on_where_the_one_before_ends(tmp_path: Path) -> None:
    folder = make_shard((Path("pack"), tmp_path, 7, 1, STYLES))
    assert folder.name == "shard-0001" and [path.name for path in tmp_path.iterdir()] == ["shard-0001"]
    pictures = np.load(folder / "pictures.npy")
    records = json.loads((folder / "records.json").read_text())
    assert pictures.shape == (3, SIDE, SIDE, 3)
    for row in range(3):
        pixels, record = make_record(make_things(), 7, 3 + row, STYLES)
        assert np.array_equal(pictures[row], pixels) and records[row] == record


@pytest.mark.usefixtures("small_shards")
def test_a_shard_that_is_there_is_left_alone(tmp_path: Path) -> None:
    folder = make_shard((Path("pack"), tmp_path, 7, 0, ()))
    (folder / "records.json").write_text("mine")
    assert make_shard((Path("pack"), tmp_path, 8, 0, ())) == folder
    assert (folder / "records.json").read_text() == "mine"
