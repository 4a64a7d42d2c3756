"""Test which colours are read from a picture."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from pipeline.styles.palette import COLOURS, read_palette


def test_flat_parts_give_their_colours_and_shares() -> None:
    picture = Image.new("RGB", (400, 300), "#d9452f")
    picture.paste("#84c9ea", (0, 0, 100, 300))
    assert read_palette(picture) == (("#d9452f", 0.75), ("#84c9ea", 0.25))


def test_what_is_clear_is_white() -> None:
    picture = Image.new("RGBA", (100, 100))
    picture.paste((10, 20, 30, 255), (0, 0, 50, 100))
    assert dict(read_palette(picture)) == {"#0a141e": 0.5, "#ffffff": 0.5}


@pytest.mark.parametrize("mode", ["L", "P", "LA", "1", "RGB"])
def test_any_picture_has_a_palette_and_always_the_same(mode: str) -> None:
    pixels = np.random.default_rng(4).integers(0, 255, (9, 7, 3), np.uint8)
    picture = Image.fromarray(pixels).resize((350, 260)).convert(mode)
    palette = read_palette(picture)
    assert palette == read_palette(picture)
    assert 2 <= len(palette) <= COLOURS
    assert math.isclose(sum(share for _, share in palette), 1)
    assert [share for _, share in palette] == sorted((share for _, share in palette), reverse=True)
