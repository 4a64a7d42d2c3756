"""Transparent drawings of every polarity lie on white with all of their lines."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from PIL import Image

from pipeline.sketch.edges import read_edges
from pipeline.sketch.intake import WHITE_ON_NOTHING, WHITE_SHAPES, read_image
from pipeline.sketch.transparency import lay_on_white
from tests.tools.drawings import draw_house
from tests.tools.mixed_inputs import MixedInput, find_recall, make_transparent

pytestmark = pytest.mark.slow


@cache
def load_inputs() -> list[MixedInput]:
    return list(make_transparent())


@pytest.mark.parametrize("number", range(24))
def test_every_polarity_keeps_its_lines(number: int) -> None:
    given = load_inputs()[number]
    sketch = read_image(given.data)
    assert find_recall(read_edges(sketch, size=(512, 512)).pixels, given) > 0.9
    wanted = {0: (WHITE_ON_NOTHING,), 1: (), 2: (WHITE_ON_NOTHING,), 4: (WHITE_SHAPES,), 5: (WHITE_SHAPES,)}
    if number // 4 in wanted:
        assert sketch.notices == wanted[number // 4]


def test_a_ghost_has_its_outline_and_its_eyes() -> None:
    ghost = next(given for given in load_inputs() if given.name.startswith("ghost"))
    edges = read_edges(read_image(ghost.data), size=(512, 512)).pixels > 0
    assert edges[200:240, 195:235].any() and edges[200:240, 275:315].any()


def test_a_white_sticker_with_black_lines_gets_no_line_within() -> None:
    image = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    image.paste(draw_house(200).convert("RGBA"), (50, 50))
    laid = lay_on_white(image)
    assert laid.outlined and not laid.turned_round
    inner = laid.pixels[60:240, 60:240]
    assert np.array_equal(inner, np.asarray(draw_house(200))[10:190, 10:190])


@pytest.mark.parametrize("alpha", [255, 250, 120])
def test_what_is_white_all_over_stays_blank(alpha: int) -> None:
    laid = lay_on_white(Image.new("RGBA", (100, 100), (255, 255, 255, alpha)))
    assert not laid.is_changed and laid.pixels.min() == 255
