"""An outline that is open far beyond a pen's slips still encloses its thing; open drawings stay open."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.inking.gaps import Ends
from pipeline.inking.grid import lay_grid
from pipeline.inking.outlines import COVERED, close_lines, measure_enclosed, measure_span, pair_ends
from pipeline.inking.regions import BALLS, divide_regions, label_regions
from pipeline.pocket.evaluate.drawings import load_drawings, read_drawing_lines
from tests.inking.test_gaps import regions, ring


def draw(strokes: list[list[tuple[int, int]]], side: int = 512) -> np.ndarray:
    page = np.zeros((side, side), np.uint8)
    for stroke in strokes:
        cv2.polylines(page, [np.array(stroke, np.int32).reshape(-1, 1, 2)], False, 1, 4)
    return page > 0


@pytest.mark.parametrize("side", [256, 512, 1024])
@pytest.mark.parametrize("gap", [0.06, 0.12, 0.18])
def test_an_outline_with_a_wide_opening_encloses_its_thing(side: int, gap: float) -> None:
    lines = ring(side, gap, max(2, side // 100))
    closed = close_lines(lines)
    assert regions(closed) == 2 and (closed | ~lines).all()


def test_an_end_may_be_joined_twice() -> None:
    """The ear's inner end is needed by the brow and, being nearer, by the head's side."""
    ears = np.array([[97.0, 76], [148, 78], [164, 94]])
    ways = np.array([[0.7, 0.7], [-0.7, 0.7], [-0.7, -0.7]])
    ends = Ends(ears, ways, [[], [], []], np.zeros(3, bool))
    assert pair_ends(ends, 60) == [(1, 2)] and pair_ends(ends, 60, most=2) == [(1, 2), (0, 1)]
    assert pair_ends(ends, 30, most=2) == [(1, 2)]


@pytest.mark.parametrize("side", [256, 512, 1024])
def test_a_cat_s_head_of_open_strokes_is_closed_and_its_whiskers_are_not(side: int) -> None:
    face = next(one for one in load_drawings() if one.id == "cat-face")
    lines = read_drawing_lines(face, side) > 0
    closed = close_lines(lines)
    assert measure_enclosed(closed) > COVERED * measure_span(lines) > 20 * measure_enclosed(lines)
    whiskers = np.s_[side // 2 : 6 * side // 10, : 36 * side // 100]
    assert (closed[whiskers] & ~lines[whiskers]).sum() < 0.02 * side


OPEN = {
    "a third of a ring": ring(512, 0.5),
    "a person of sticks": draw(
        [[(256, 150), (256, 320)], [(170, 200), (342, 200)], [(200, 430), (256, 320), (312, 430)]]
    ),
    "a ground line": draw([[(0, 300), (200, 290), (511, 310)]]),
    "grass": draw([[(x, 400), (x + 8, 370)] for x in range(60, 460, 40)]),
    "a closed house and an open path": draw(
        [
            [(150, 100), (400, 100), (400, 350), (150, 350), (150, 100)],
            [(250, 480), (260, 400)],
            [(330, 480), (310, 400)],
        ]
    ),
    "nothing": np.zeros((512, 512), bool),
}


@pytest.mark.parametrize("name", OPEN)
def test_what_is_meant_to_be_open_stays_open(name: str) -> None:
    assert regions(close_lines(OPEN[name])) == regions(OPEN[name])


def divide(lines: np.ndarray, inside: tuple[float, float, float], ball: float) -> np.ndarray:
    """Divide what an open ring's lines part, by a field that is white around and has a colour inside."""
    field = np.ones((256, 256, 3), np.float32)
    rows, columns = np.mgrid[:256, :256]
    field[np.hypot(rows - 128, columns - 128) < 0.3 * 256] = inside
    labels = label_regions(lines)
    return divide_regions(labels, lay_grid(labels, field), set(), ball)


def test_a_thing_behind_a_wide_opening_is_divided_off_by_its_colour() -> None:
    lines = ring(512, 0.08)
    red, pale = (0.8, 0.2, 0.2), (0.97, 0.97, 0.95)
    assert int(divide(lines, red, BALLS[-1]).max()) == 0
    parted = divide(lines, red, BALLS[0])
    assert parted[256, 256] != parted[10, 10] and parted[500, 10] == parted[10, 500] == parted[10, 10]
    assert int(divide(lines, pale, BALLS[0]).max()) == 0


def test_a_sky_and_its_ground_stay_one_to_a_large_ball() -> None:
    wall = draw([[(140, 60), (372, 60), (372, 452), (140, 452), (140, 60)]])  # passages at both its sides
    field = np.ones((256, 256, 3), np.float32)
    field[128:] = (0.3, 0.6, 0.2)
    labels = label_regions(wall)
    assert divide_regions(labels, lay_grid(labels, field), set(), BALLS[0]) is labels
