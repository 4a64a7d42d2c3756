"""What an outline says: ground is bulged into by what is before it, and ends in corners where that goes straight on."""

import cv2
import numpy as np
import pytest

from pipeline.colours.enclosed_shapes import SHAPES, measure_shapes
from pipeline.colours.region_features import read_features
from pipeline.colours.regions import find_regions

GAP, LEFT, RIGHT = (130, 128), (190, 90), (190, 166)  # y, x
RIM, INWARDS_BESIDE_OTHERS, CORNER, OTHERS_CORNER = 0, 8, 10, 12


def draw_stems() -> np.ndarray:
    """Draw two balls that touch, and strokes from them that meet above: what lies between is ground."""
    lines = np.zeros((256, 256), np.uint8)
    for x in (LEFT[1], RIGHT[1]):
        cv2.circle(lines, (x, LEFT[0]), 37, 255, 2)
        cv2.line(lines, (x, LEFT[0] - 37), (128, 40), 255, 2)
    return lines


def measure(lines: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    regions = find_regions(lines)
    seen = read_features(lines, regions)
    shapes = measure_shapes(regions, seen)
    assert shapes.shape == (len(seen.numbers), SHAPES) and np.isfinite(shapes).all()
    assert not shapes[seen.outside].any() and seen.outside.any()
    return {place: shapes[int(np.flatnonzero(seen.numbers == regions[place])[0])] for place in (GAP, LEFT, RIGHT)}


def test_a_gap_between_things_is_bulged_into_and_ends_in_corners() -> None:
    found = measure(draw_stems())
    for ball in (LEFT, RIGHT):
        assert found[GAP][INWARDS_BESIDE_OTHERS] > 0.1 > found[ball][INWARDS_BESIDE_OTHERS]
        assert found[GAP][CORNER] < 0.3 < found[ball][CORNER]
        assert found[GAP][OTHERS_CORNER] > 0.35
    assert 0.3 < found[GAP][RIM] < 0.9


def test_a_mirrored_drawing_has_the_same_shapes() -> None:
    there, mirrored = measure(draw_stems()), measure(np.ascontiguousarray(draw_stems()[:, ::-1]))
    assert there[GAP] == pytest.approx(mirrored[GAP], abs=0.08)
    assert there[LEFT] == pytest.approx(mirrored[RIGHT], abs=0.08)


def test_a_page_without_things_has_no_shapes() -> None:
    lines = np.zeros((256, 256), np.uint8)
    regions = find_regions(lines)
    assert not measure_shapes(regions, read_features(lines, regions)).any()
