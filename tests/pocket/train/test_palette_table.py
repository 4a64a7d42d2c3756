"""Palettes of things: many pixels become a few colours with their shares."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.colours.layouts import LEVELS, STEPS
from pipeline.colours.palette import COLOURS, PaletteTable
from pipeline.pocket.data.drawn_things import DRAWN
from pipeline.pocket.data.vector_pack import VectorPack
from pipeline.pocket.train.palette_table import make_layouts, reduce_colours


def test_five_colours_stand_for_many_pixels() -> None:
    pixels = np.repeat(np.array([[250, 10, 10], [10, 10, 250], [240, 240, 240]], np.uint8), (60, 30, 10), axis=0)
    colours, shares = reduce_colours(pixels)
    assert shares[:3] == pytest.approx([0.6, 0.3, 0.1], abs=0.01) and not shares[3:].any()
    assert np.abs(colours[:3].astype(int) - [[250, 10, 10], [10, 10, 250], [240, 240, 240]]).max() < 12
    assert colours.shape == (5, 3) and shares.shape == (5,)


def make_pack() -> VectorPack:
    """Make a pack of two hands' traffic lights: red above, green below, and a small white lamp in the middle."""
    colours, regions = np.zeros((2, 200, 200, 3), np.uint8), np.zeros((2, 200, 200), np.uint8)
    colours[:, 20:100], colours[:, 100:180], colours[:, 92:108, 92:108] = (220, 20, 20), (20, 160, 40), 250
    regions[:, 20:100, 40:160], regions[:, 100:180, 40:160], regions[:, 92:108, 92:108] = 1, 2, 3
    names, artists = ["black traffic light"] * 2, ["noto", "twemoji"]
    return VectorPack(names, artists, np.zeros(2, bool), colours, regions, np.zeros((2, 200, 25), np.uint8))


def test_a_layout_tells_where_all_hands_put_which_colour_under_every_name() -> None:
    names = ("traffic light", "black traffic light", "meadow", *(word for one in DRAWN.values() for word in one.words))
    names = tuple(dict.fromkeys((*names, *DRAWN)))
    colours = np.zeros((len(names), COLOURS, 3), np.uint8)
    colours[:, :3] = (220, 20, 20), (20, 160, 40), (250, 250, 250)
    shares = np.tile(np.array([0.48, 0.48, 0.02, 0, 0], np.float16), (len(names), 1))
    table = PaletteTable(names, colours, shares, np.zeros((len(names), 384), np.float16))
    made = make_layouts(table, make_pack())
    small, large = made[1].reshape(COLOURS, 2, LEVELS, STEPS).swapaxes(0, 1)
    assert np.array_equal(made[0], made[1]) and not made[2].any()
    assert large[0, 0].min() > 200 and large[1, -1].min() > 200 and large[0, -1].max() < 40
    assert small[2, LEVELS // 2 - 1, 0] > 200 and large[2].max() < 20 and not made[:, 3:].any()
    assert made[names.index("house")].any()
