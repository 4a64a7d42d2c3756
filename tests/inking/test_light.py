"""Light on a flat painting: from the upper left, on what is drawn alone, and softly."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.inking.light import light_painting
from pipeline.values import Painting

THING, GROUND = (200, 90, 60), (180, 210, 240)


def make_disc(side: int, colour: tuple[int, int, int] = THING) -> Painting:
    """Make a painting of one disc in the middle."""
    regions = np.zeros((side, side), np.int32)
    disc = np.zeros((side, side), np.uint8)
    cv2.circle(disc, (side // 2, side // 2), side // 3, 1, -1)
    regions[disc > 0] = 1
    colours = np.where(disc[..., None] > 0, np.uint8(colour), np.uint8(GROUND))
    return Painting(colours, np.zeros((side, side), np.uint8), regions, is_flat=True)


def measure_change(painting: Painting) -> np.ndarray:
    return light_painting(painting).colours.astype(int).sum(axis=2) - painting.colours.astype(int).sum(axis=2)


@pytest.mark.parametrize("side", [256, 512, 1024])
def test_light_falls_from_the_upper_left_whatever_the_size(side: int) -> None:
    change = measure_change(make_disc(side))
    off = round(side * 0.22)
    middle = side // 2
    bright, dark = change[middle - off, middle - off], change[middle + off, middle + off]
    assert 15 < bright < 90
    assert -110 < dark < -15
    assert abs(change[middle, middle]) < 8


def test_the_ground_stays_as_it_is() -> None:
    painting = make_disc(256)
    assert not measure_change(painting)[painting.regions == 0].any()


def test_hues_stay() -> None:
    painting = make_disc(256)
    lit = light_painting(painting).colours[painting.regions == 1].astype(np.float32)
    hues = cv2.cvtColor(lit[None] / 255, cv2.COLOR_RGB2HSV)[0, :, 0]
    assert np.ptp(hues) < 4


def test_black_stays_black() -> None:
    painting = make_disc(256, (0, 0, 0))
    assert light_painting(painting).colours[painting.regions == 1].max() <= 12


def test_light_is_soft() -> None:
    painting = make_disc(512)
    lit = light_painting(painting).colours[..., 0].astype(int)
    inner = cv2.erode((painting.regions == 1).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    steps = np.abs(np.diff(lit, axis=1))[inner[:, 1:] & inner[:, :-1]]
    assert steps.max() <= 4


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (64, 64)])
def test_nothing_drawn_is_left_alone(size: tuple[int, int]) -> None:
    blank = Painting(
        np.full((*size, 3), 200, np.uint8), np.zeros(size, np.uint8), np.zeros(size, np.int32), is_flat=True
    )
    assert light_painting(blank) is blank


def test_what_is_lit_is_not_lit_again() -> None:
    lit = light_painting(make_disc(128))
    assert not lit.is_flat
    assert light_painting(lit) is lit
    photograph = replace(make_disc(128), is_flat=False)
    assert light_painting(photograph) is photograph


def test_painted_colours_get_little_light() -> None:
    painting = make_disc(256)
    left = np.zeros((256, 256), bool)
    left[:, :128] = True
    free, kept = light_painting(painting).colours.astype(int), light_painting(painting, left).colours.astype(int)
    changed = [np.abs(one - painting.colours)[:, :128].max() for one in (free, kept)]
    assert 0 < changed[1] < 0.45 * changed[0]
    assert np.array_equal(free[:, 128:], kept[:, 128:])
