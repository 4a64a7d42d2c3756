"""Lessons of the colourist: drawings, truths and words agree with each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.colours.regions import find_regions
from pipeline.pocket.data.colors import measure_color_share
from pipeline.pocket.data.drawn_things import DRAWN
from pipeline.pocket.data.hand_lines import draw_lines
from pipeline.pocket.data.lessons import Curriculum, write_caption
from pipeline.pocket.data.paints import Paints
from pipeline.pocket.data.part_canvas import SIDE, Box, Canvas
from pipeline.pocket.data.places import PLACES, draw_place, draw_quiet
from pipeline.pocket.data.recolouring import find_groups, paint_group, usual_word
from pipeline.pocket.data.svg_regions import SIDE as SPRITE
from pipeline.pocket.data.svg_regions import Drawing, read_svg
from pipeline.pocket.data.vector_pack import VectorPack, load_vector_pack, wanted_name

FOX = """<circle cx="32" cy="32" r="28" fill="#e2702a"/><path d="M20 40h24v14h-24z" fill="#fdf6ec"/>
<circle cx="22" cy="26" r="4" fill="#222"/><circle cx="42" cy="26" r="4" fill="#222"/>
<path d="M26 46q6 6 12 0" stroke="#333" stroke-width="0.9" fill="none"/>
<circle cx="32" cy="32" r="28" fill="#fff" opacity=".1"/>"""


@pytest.fixture(scope="module")
def fox() -> Drawing:
    drawing = read_svg(FOX, [64, 64])
    assert drawing is not None
    return drawing


@pytest.fixture(scope="module")
def pack(fox: Drawing) -> VectorPack:
    return VectorPack(
        ("fox", "box"),
        ("one", "two"),
        np.array([False, False]),
        np.stack([fox.colours] * 2),
        np.stack([fox.regions] * 2),
        np.packbits(np.stack([fox.ink] * 2), axis=-1),
    )


def test_shapes_become_regions_and_thin_dark_ones_lines(fox: Drawing) -> None:
    counts = np.bincount(fox.regions.ravel())
    assert fox.regions.shape == (SPRITE, SPRITE) and len(counts) == 4  # outside, fur, muzzle, eyes
    assert (np.diff(counts[1:]) <= 0).all()
    assert 20 < fox.ink.sum() < 200  # the mouth, as a centre line
    inside = fox.colours[fox.regions == 1]
    assert np.abs(inside.astype(int).mean(0) - (229, 126, 63)).max() < 16  # under a tenth of white light


def test_a_drawing_of_nothing_is_none() -> None:
    assert read_svg('<circle cx="1" cy="1" r="1" fill="#000"/>', [64, 64]) is None
    assert read_svg("<path", [64, 64]) is None


def test_a_colour_word_leaves_muzzle_and_eyes_alone(fox: Drawing) -> None:
    groups = find_groups(fox.colours, fox.regions)
    assert groups[0].share > 0.6 and usual_word(fox.colours, fox.regions, groups[0]) == "orange"
    blue = paint_group(fox.colours, fox.regions, groups[0], "blue", np.random.default_rng(0))
    assert measure_color_share("blue", blue[fox.regions == 1]) > 0.95
    assert np.array_equal(blue[fox.regions > 1], fox.colours[fox.regions > 1])


@pytest.mark.parametrize("key", DRAWN)
def test_what_code_draws_is_of_several_parts_or_one(key: str) -> None:
    thing, rng = DRAWN[key], np.random.default_rng(3)
    canvas, paints = Canvas(np.ones((SIDE, SIDE, 3), np.float32)), Paints(rng, {thing.main: "purple"})
    thing.draw(canvas, Box(0.1, 0.1, 0.8, 0.8, rng), paints, rng)
    assert (canvas.parts > 0).mean() > 0.02 and canvas.count >= 1
    assert np.isfinite(canvas.colours).all() and canvas.colours.min() >= 0 and canvas.colours.max() <= 1
    if thing.main in paints.mixed:
        wished = np.abs(canvas.colours - paints.mixed[thing.main]).max(-1) < 0.15
        assert wished.sum() > 20


@pytest.mark.parametrize("name", PLACES)
def test_places_are_light_or_dark_but_whole(name: str) -> None:
    place = draw_place(name, np.random.default_rng(1))
    assert place.image.shape == (SIDE, SIDE, 3) and place.words and 0 < place.horizon <= 1
    assert place.image.min() >= 0 and place.image.max() <= 1


def test_quiet_grounds_are_pale() -> None:
    rng = np.random.default_rng(0)
    light = [draw_quiet(rng, kind).image.mean() for kind in ("land", "face", "table") for _ in range(12)]
    assert min(light) > 0.6


def make_lesson(pack: VectorPack, seed: int) -> tuple[np.ndarray, np.ndarray, str]:
    """Make (lines, the true colours, caption) by a seed."""
    rng = np.random.default_rng(seed)
    stage = Curriculum(pack).compose(rng)
    return draw_lines(stage.canvas, rng), stage.canvas.colours, write_caption(stage, rng)


def test_lessons_are_alike_by_seed_and_whole(pack: VectorPack) -> None:
    words = set()
    for seed in range(40):
        lines, colours, caption = make_lesson(pack, seed)
        assert colours.shape == (SIDE, SIDE, 3) and lines.shape == (SIDE, SIDE)
        assert colours.min() >= 0 and colours.max() <= 1 and set(np.unique(lines)) <= {0, 255}
        assert 0.002 < (lines > 0).mean() < 0.35 and caption.strip()
        words.add(caption)
    one, other = make_lesson(pack, 7), make_lesson(pack, 7)
    assert all(np.array_equal(*both) for both in zip(one, other, strict=True))
    assert len(words) > 30


def test_a_drawings_regions_have_one_colour_each(pack: VectorPack) -> None:
    """What a region's pixels hold in truth differs less within a region than over the picture."""
    within, over = [], []
    for seed in range(25):
        lines, colours, _ = make_lesson(pack, seed)
        regions, colours = find_regions(lines)[2::4, 2::4], colours[2::4, 2::4]
        for number in np.unique(regions):
            if (regions == number).sum() > 8:
                within.append(colours[regions == number].std(0).mean())
        over.append(colours.std((0, 1)).mean())
    assert np.median(within) < 0.5 * np.mean(over)


def test_names_that_nobody_draws_stay_out() -> None:
    wanted = {"1f98a": ("Animals & Nature", ["fox"])}
    assert wanted_name("1f98a", wanted, "fox") == "fox"
    assert wanted_name("1f467-1f3fc", wanted, "girl-medium-light-skin-tone") == "girl"
    assert wanted_name("1f1e9", wanted, "flag-germany") is None


def test_a_missing_pack_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="vector_pack"):
        load_vector_pack(tmp_path)


def test_colours_are_called_by_other_words_too_with_their_articles(pack: VectorPack) -> None:
    stage = Curriculum(pack).compose(np.random.default_rng(0))
    stage.phrases = ["a brown house with a yellow roof and an orange door"]
    said = {write_caption(stage, np.random.default_rng(seed)) for seed in range(80)}
    for words in ("a wooden house", "a chocolate house", "a brown house", "a golden roof", "an orange door"):
        assert any(words in caption for caption in said), words
