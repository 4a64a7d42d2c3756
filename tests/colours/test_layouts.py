"""A layout says where on a thing each colour of its palette lies, apart for small parts and large ones."""

import cv2
import numpy as np
import pytest

from pipeline.colours.kin import count_borders
from pipeline.colours.layouts import (
    CELLS,
    LEVELS,
    SIZES,
    SMALL,
    STEPS,
    count_colours,
    expect_colours,
    find_main_pieces,
    number_cells,
)
from pipeline.colours.palette import COLOURS, Palette, make_palette
from pipeline.colours.region_colours import find_places, list_things
from pipeline.colours.region_features import read_features
from pipeline.colours.regions import find_regions
from pipeline.colours.rounds import Groups
from tests.colours.drawings import draw_house

LINES = draw_house()
REGIONS = find_regions(LINES)
SEEN = read_features(LINES, REGIONS)
WALL, ROOF = (int(np.flatnonzero(SEEN.numbers == REGIONS[y, x])[0]) for y, x in ((120, 70), (60, 130)))
SHARES = np.array([0.5, 0.5, 0, 0, 0], np.float32)
HOUSE = np.array([[204, 26, 26], [26, 51, 204]], np.uint8)


def give_layout(colours: np.ndarray = HOUSE) -> Palette:
    """Make a palette whose first colour lies in the upper half of large parts, and the second below."""
    layout = np.zeros((COLOURS, SIZES, CELLS), np.float32)
    upper = np.arange(CELLS) // STEPS < LEVELS // 2
    layout[0, :, upper], layout[1, :, ~upper] = 1, 1
    one = make_palette(colours)
    return Palette(one.colours, one.shares, one.vector, layout)


def test_cells_go_from_top_to_bottom_and_from_the_middle_to_both_sides_of_what_the_thing_spans() -> None:
    thing = np.zeros((40, 50), bool)
    thing[5:35, 10:40] = True
    cells = np.full(thing.shape, -1)
    cells[thing] = number_cells(thing)
    assert cells[5, 24] == 0 and cells[34, 25] == (LEVELS - 1) * STEPS
    assert cells[5, 10] == cells[5, 39] == STEPS - 1 and cells[20, 10] // STEPS == LEVELS // 2
    assert np.array_equal(cells[thing].reshape(30, 30), cells[thing].reshape(30, 30)[:, ::-1])
    assert number_cells(np.eye(1, dtype=bool)).tolist() == [LEVELS // 2 * STEPS]


def test_a_drawing_s_few_small_parts_count_as_much_as_its_large_ones() -> None:
    parts = np.ones((60, 60), np.int32)
    parts[10:14, 28:32] = 2  # an eye
    colours = np.where(parts == 2, 1, 0)[parts > 0]
    counts = count_colours(parts, parts > 0, colours, COLOURS)
    assert SMALL * 3600 > 16 and counts.shape == (COLOURS, SIZES, CELLS)
    assert counts[1, 0].sum() == pytest.approx(CELLS) and counts[0, 1].sum() == pytest.approx(CELLS)
    assert not counts[1, 1].any() and not counts[0, 0].any()


def test_a_colour_that_is_none_of_the_palette_counts_for_nothing() -> None:
    parts = np.ones((12, 12), np.int32)
    colours = np.r_[np.zeros(72, np.int64), np.full(72, -1)]
    counts = count_colours(parts, parts > 0, colours, COLOURS)
    assert counts[0, 1].sum() == pytest.approx(CELLS) and not counts[0, 1, CELLS // 2 :].any()


def test_each_region_expects_the_colours_of_where_it_lies_and_ground_none() -> None:
    layout = give_layout().layout
    assert layout is not None
    likely = expect_colours(layout, SHARES, REGIONS, SEEN)
    assert likely.shape == (len(SEEN.values), COLOURS)
    assert likely[ROOF, 0] > 0.9 and likely[WALL, 1] > 0.6 and likely[ROOF].sum() == pytest.approx(1)
    assert not likely[: len(SEEN.numbers)][SEEN.outside].any() and not likely[len(SEEN.numbers) :].any()


def test_of_what_is_drawn_apart_from_the_thing_no_more_is_known_than_the_palette_s_shares() -> None:
    lines = LINES.copy()
    cv2.circle(lines, (30, 25), 14, 255, 1)  # a sun
    regions = find_regions(lines)
    seen = read_features(lines, regions)
    layout = give_layout().layout
    assert layout is not None
    likely = expect_colours(layout, np.array([0.7, 0.3, 0, 0, 0], np.float32), regions, seen)
    sun, roof = (int(np.flatnonzero(seen.numbers == regions[y, x])[0]) for y, x in ((25, 30), (60, 130)))
    assert likely[sun] == pytest.approx([0.7, 0.3, 0, 0, 0]) and likely[roof, 0] > 0.9
    assert find_main_pieces(np.array([[1, 1, 0, 1], [1, 1, 0, 0]], bool)).tolist() == [[1, 1, 0, 0], [1, 1, 0, 0]]


def test_a_sheet_without_a_thing_expects_nothing() -> None:
    blank = np.zeros((256, 256), np.uint8)
    regions = find_regions(blank)
    layout = give_layout().layout
    assert layout is not None and not expect_colours(layout, SHARES, regions, read_features(blank, regions)).any()


def test_a_place_is_no_thing_unless_it_is_named_first() -> None:
    thing, place = give_layout(), make_palette(np.array([[250, 250, 255]], np.uint8))
    assert list_things([thing, place]) == [thing] and list_things([thing, place, thing]) == [thing, thing]
    assert list_things([place, thing]) == [place, thing]  # mountains and a sun
    assert list_things([place]) == [place] and list_things([place, place]) == [place, place]


def test_places_are_known_of_the_one_thing_that_is_named_and_one_group_has_one() -> None:
    groups = Groups.find(SEEN, count_borders(REGIONS, SEEN))
    thing, place = give_layout(), make_palette(np.array([[250, 250, 255]], np.uint8))
    assert find_places([thing, thing], REGIONS, SEEN, groups) is None
    assert find_places([place], REGIONS, SEEN, groups) is None
    numbers = groups.numbers.clone()
    numbers[ROOF] = numbers[WALL]
    joined = find_places([thing], REGIONS, SEEN, Groups(numbers, groups.outside, groups.cells))
    apart = find_places([thing], REGIONS, SEEN, groups)
    assert joined is not None and apart is not None
    assert np.allclose(joined[ROOF], (apart[ROOF] + apart[WALL]) / 2)
