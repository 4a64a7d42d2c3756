"""Gaps that a person did not mean are closed; openings that they did mean stay open."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from pipeline.inking.gaps import close_gaps
from pipeline.inking.regions import label_regions


def ring(side: int, gap: float, width: int = 5) -> np.ndarray:
    """A circle whose opening is `gap` of the side wide, between the rims of its stroke's round ends."""
    page = np.zeros((side, side), np.uint8)
    radius = 0.3 * side
    half = (gap * side + width) / 2 / radius
    turns = np.linspace(half, math.tau - half, 200)
    points = np.stack([side / 2 + radius * np.cos(turns), side / 2 + radius * np.sin(turns)], 1)
    cv2.polylines(page, [points.round().astype(np.int32).reshape(-1, 1, 2)], False, 1, width)
    return page > 0


def regions(lines: np.ndarray) -> int:
    return int(label_regions(lines).max()) + 1


@pytest.mark.parametrize("side", [256, 512, 1024])
@pytest.mark.parametrize("gap", [0.01, 0.02, 0.03])
def test_a_gap_of_three_percent_is_closed(side: int, gap: float) -> None:
    lines = ring(side, gap, max(2, side // 100))
    assert regions(lines) == 1
    assert regions(close_gaps(lines)) == 2


@pytest.mark.parametrize("side", [256, 512, 1024])
def test_a_large_opening_stays_open(side: int) -> None:
    lines = ring(side, 0.12, max(2, side // 100))
    assert regions(close_gaps(lines)) == 1


def test_a_stroke_that_stops_short_of_a_line_reaches_it() -> None:
    page = np.zeros((512, 512), np.uint8)
    cv2.rectangle(page, (100, 100), (400, 400), 1, 4)
    cv2.line(page, (250, 100), (250, 388), 1, 4)
    assert regions(page > 0) == 2
    assert regions(close_gaps(page > 0)) == 3


def test_rays_round_a_sun_close_nothing() -> None:
    page = np.zeros((512, 512), np.uint8)
    cv2.circle(page, (256, 256), 40, 1, 4)
    for turn in np.arange(12) * math.tau / 12:
        way = np.array([math.cos(turn), math.sin(turn)])
        near, far = ((256 + length * way).round().astype(int).tolist() for length in (52, 74))
        cv2.line(page, near, far, 1, 3)
    assert (close_gaps(page > 0) == (page > 0)).all()


def test_nothing_drawn_is_never_taken_away() -> None:
    lines = ring(300, 0.02)
    assert (close_gaps(lines) | ~lines).all()


def test_an_empty_page_and_a_dot_have_no_gaps() -> None:
    page = np.zeros((64, 96), bool)
    assert not close_gaps(page).any()
    page[30, 40] = True
    assert (close_gaps(page) == page).all()


def test_what_is_closed_already_gets_no_segments_but_its_gaps_are_closed() -> None:
    wall = np.zeros((256, 256), bool)
    wall[40:220, [40, 215]], wall[[40, 219], 40:216] = True, True
    sill = wall.copy()
    sill[120, 50:110] = True
    assert not (close_gaps(sill) & ~sill).any()
    open_wall = sill.copy()
    open_wall[219, 40:216] = False
    open_wall[100, 216:252] = True
    assert (close_gaps(open_wall) & ~open_wall)[:, 200:].any()  # the same stroke on the ground outside
