"""What the network sees of a drawing: which regions are things, and which lie around them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.colours.region_features import find_surroundings, read_features
from pipeline.colours.regions import SIDE, find_regions


def draw(*outlines: tuple[tuple[int, int], ...]) -> np.ndarray:
    """Draw closed outlines on a drawing, (SIDE, SIDE), white on black."""
    lines = np.zeros((SIDE, SIDE), np.uint8)
    for outline in outlines:
        cv2.polylines(lines, [np.array(outline, np.int32)], True, 255, 2)
    return lines


def list_numbers_around(lines: np.ndarray, *places: tuple[int, int]) -> list[bool]:
    """Return of each place, row and column, whether its region lies around."""
    regions = find_regions(lines)
    around = find_surroundings(regions, np.bincount(regions.ravel()))
    assert set(np.array(around)) == set(read_features(lines, regions).homes)
    return [int(regions[place]) in around for place in places]


def test_paper_lies_around_and_a_closed_shape_does_not() -> None:
    assert list_numbers_around(draw(((80, 80), (170, 80), (170, 170), (80, 170))), (10, 10), (120, 120)) == [
        True,
        False,
    ]


@pytest.mark.parametrize("off", [(0, 100), (0, -100), (100, 0), (-100, 0)])
def test_a_thing_that_the_border_cuts_off_is_a_thing(off: tuple[int, int]) -> None:
    right, down = off
    square = tuple((x + right, y + down) for x, y in ((80, 80), (170, 80), (170, 170), (80, 170)))
    inside = int(np.clip(125 + down, 3, SIDE - 4)), int(np.clip(125 + right, 3, SIDE - 4))
    assert list_numbers_around(draw(square), inside, (10, 10) if down >= 0 and right >= 0 else (245, 245)) == [
        False,
        True,
    ]


def test_sky_sea_and_beach_lie_around() -> None:
    lines = np.zeros((SIDE, SIDE), np.uint8)
    lines[100:102] = lines[160:162] = 255
    assert list_numbers_around(lines, (50, 128), (130, 128), (220, 128)) == [True, True, True]


def test_a_corner_of_paper_lies_around() -> None:
    thing = ((-10, 120), (140, 60), (300, 100), (300, 200), (-10, 240))
    assert list_numbers_around(draw(thing), (5, 5), (250, 250)) == [True, True]


def test_something_lies_around_in_every_drawing() -> None:
    everything = draw(((-5, -5), (128, 128), (261, -5)), ((-5, 261), (128, 128), (261, 261)))
    regions = find_regions(everything)
    assert find_surroundings(regions, np.bincount(regions.ravel()))
