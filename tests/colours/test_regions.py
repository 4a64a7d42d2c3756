import cv2
import numpy as np
import pytest

from pipeline.colours.region_features import CROP, FEATURES, PLACES, WIDE, read_features
from pipeline.colours.regions import find_regions, shrink_lines
from tests.colours.drawings import draw_house


def draw_box(side: int = 512, thick: int = 1, gap: int = 0) -> np.ndarray:
    """Draw a box in the middle half, with a gap in its upper line."""
    lines = np.zeros((side, side), np.uint8)
    quarter = side // 4
    cv2.rectangle(lines, (quarter, quarter), (3 * quarter, 3 * quarter), 255, thick)
    lines[quarter - 2 : quarter + 3, side // 2 : side // 2 + gap] = 0
    return lines


@pytest.mark.parametrize("side", [256, 512, 700, 1024])
def test_thin_lines_are_kept_at_every_size(side: int) -> None:
    drawn = shrink_lines(draw_box(side))
    assert drawn.shape == (256, 256) and set(np.unique(drawn)) <= {0, 255}
    assert len(np.unique(find_regions(drawn))) == 2


@pytest.mark.parametrize("gap", [3, 10, 20, 40])
def test_an_open_outline_keeps_its_inside_apart(gap: int) -> None:
    regions = find_regions(shrink_lines(draw_box(gap=gap)))
    assert len(np.unique(regions)) == 2
    inside = regions[70:186, 70:186] == regions[128, 128]
    assert inside.mean() > 0.97 and regions[5, 5] != regions[128, 128]


def test_half_a_box_is_no_region() -> None:
    assert len(np.unique(find_regions(shrink_lines(draw_box(gap=250))))) == 1


def test_small_regions_are_kept() -> None:
    lines = draw_box(256)
    cv2.circle(lines, (128, 128), 4, 255, 1)
    regions = find_regions(lines)
    assert regions[128, 128] not in (regions[100, 100], regions[5, 5])


def test_an_empty_drawing_and_a_full_one_are_one_region() -> None:
    assert (find_regions(np.zeros((256, 256), np.uint8)) == 1).all()
    assert (find_regions(np.full((256, 256), 255, np.uint8)) == 1).all()


def test_regions_are_described_the_largest_first_and_the_surroundings_in_cells() -> None:
    lines = draw_house()
    seen = read_features(lines, find_regions(lines))
    assert seen.outside.tolist() == [True, False, False, False] and set(seen.homes) == {seen.numbers[0]}
    assert seen.values.shape == (4 + len(seen.homes), FEATURES) and seen.whole.shape == (WIDE * WIDE,)
    assert (np.diff(seen.values[:4, 10]) <= 0).all() and np.isfinite(seen.values).all()
    assert seen.values[1, :4] == pytest.approx([60 / 256, 100 / 256, 200 / 256, 230 / 256], abs=0.02)
    assert seen.values[1, 8:10] == pytest.approx([0.51, 0.63], abs=0.02)
    assert seen.values[:, 18].tolist() == [0] * 4 + [1] * len(seen.homes)
    assert seen.cells.max() == len(seen.homes) > 15 and seen.cells[2, 2] == 1 and seen.cells[200, 130] == 0


def test_a_region_that_leaks_is_told_from_a_closed_one() -> None:
    leaks = []
    for gap in (0, 40):
        lines = shrink_lines(draw_box(gap=gap))
        seen = read_features(lines, find_regions(lines))
        assert seen.values[0, 14] == 1
        leaks.append(float(seen.values[1, 14]))
    assert leaks[0] == 0 and 0 < leaks[1] < 0.5


def test_a_crop_shows_the_regions_shape() -> None:
    lines = np.zeros((256, 256), np.uint8)
    cv2.fillPoly(lines, [np.array([[60, 200], [200, 200], [60, 60]])], 255)
    lines = cv2.morphologyEx(lines, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    shape = read_features(lines, find_regions(lines)).values[1, PLACES : PLACES + CROP * CROP].reshape(CROP, CROP)
    assert shape[-2, 1] == 0.5 and shape[1, -2] == -0.5
