"""Petals around a flower's middle are kin, whichever way they are turned, and are given one colour."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.colours.kin import count_borders, find_kin
from pipeline.colours.region_features import read_features
from pipeline.colours.regions import find_regions
from pipeline.colours.rounds import Groups
from pipeline.colours.twins import find_twins

MIDDLE = (128, 128)
PETALS = tuple(
    (int(128 + 38 * np.cos(turn)), int(128 + 38 * np.sin(turn))) for turn in np.deg2rad((0, 72, 144, 216, 288))
)


def draw_flower(size: float = 1.0) -> np.ndarray:
    """Draw five petals around a middle, the first one `size` times as long; white on black, (256, 256)."""
    lines = np.zeros((256, 256), np.uint8)
    for n, (x, y) in enumerate(PETALS):
        axes = (int(18 * size), int(10 * size)) if n == 0 else (18, 10)
        cv2.ellipse(lines, (x, y), axes, 72 * n, 0, 360, 255, -1)
    edge = cv2.morphologyEx(lines, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    cv2.circle(edge, MIDDLE, 26, 0, -1)
    cv2.circle(edge, MIDDLE, 26, 255, 2)
    return edge


def read_kin(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return whether the petals are kin of each other, (5, 5), and of the middle, (5,)."""
    regions = find_regions(lines)
    seen = read_features(lines, regions)
    places = [seen.numbers.tolist().index(regions[y, x]) for x, y in (*PETALS, MIDDLE)]
    kin = find_kin(seen, count_borders(regions, seen))
    return kin[np.ix_(places[:5], places[:5])], kin[places[5], places[:5]]


def test_petals_are_kin_and_the_middle_is_none() -> None:
    petals, middle = read_kin(draw_flower())
    assert all(petals[n, (n + 1) % 5] for n in range(5)) and not petals.diagonal().any()
    assert not middle.any()


def test_a_petal_of_another_size_is_no_kin() -> None:
    petals, _ = read_kin(draw_flower(size=1.5))
    assert not petals[0].any() and petals[1, 2]


def test_kin_have_one_group_where_twins_would_not() -> None:
    lines = draw_flower()
    regions = find_regions(lines)
    seen = read_features(lines, regions)
    places = [seen.numbers.tolist().index(regions[y, x]) for x, y in PETALS]
    grouped = Groups.find(seen, count_borders(regions, seen)).numbers[places]
    assert len(set(grouped.tolist())) == 1 < len(set(find_twins(seen)[places].tolist()))


def test_large_regions_are_never_kin() -> None:
    lines = np.zeros((256, 256), np.uint8)
    cv2.rectangle(lines, (20, 60), (235, 230), 255, 2)
    for left in (50, 140):
        cv2.rectangle(lines, (left, 120), (left + 60, 190), 255, 2)
    regions = find_regions(lines)
    seen = read_features(lines, regions)
    assert not find_kin(seen, count_borders(regions, seen)).any()


def draw_wings(turns: tuple[int, int], width: int = 24) -> np.ndarray:
    """Draw a striped body with two leaning wings that stick out above it; the second is `width` px thick."""
    lines = np.zeros((256, 256), np.uint8)
    for x, turn, thick in ((100, turns[0], 24), (160, turns[1], width)):
        cv2.ellipse(lines, (x, 80), (46, thick), turn, 0, 360, 255, 2)
    cv2.ellipse(lines, (128, 160), (80, 45), 0, 0, 360, 0, -1)
    cv2.ellipse(lines, (128, 160), (80, 45), 0, 0, 360, 255, 2)
    cv2.line(lines, (180, 125), (180, 195), 255, 2)
    return lines


@pytest.mark.parametrize(("turns", "width", "are_kin"), [((80, 115), 24, True), ((80, 115), 9, False)])
def test_what_sticks_out_alike_is_kin_though_the_lines_about_it_differ(
    turns: tuple[int, int], width: int, are_kin: bool
) -> None:
    lines = draw_wings(turns, width)
    regions = find_regions(lines)
    seen = read_features(lines, regions)
    one, other = (seen.numbers.tolist().index(regions[80, x]) for x in (100, 160))
    assert not seen.outside[[one, other]].any() and one != other
    assert find_kin(seen, count_borders(regions, seen))[one, other] == are_kin
    twins = find_twins(seen)
    assert twins[one] != twins[other], "or nothing new is asked"
