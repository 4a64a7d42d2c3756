"""A painting's three parts fit together, or it is not made."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.values import Painting

COLOURS = np.zeros((4, 6, 3), np.uint8)
LINES = np.zeros((4, 6), np.uint8)
REGIONS = np.zeros((4, 6), np.int32)


def test_three_parts_of_one_shape_are_a_painting() -> None:
    painting = Painting(COLOURS, LINES, REGIONS)
    assert painting.colours.shape == (4, 6, 3)


@pytest.mark.parametrize(
    ("colours", "lines", "regions", "error", "words"),
    [
        (COLOURS.astype(np.float32), LINES, REGIONS, TypeError, "colours"),
        (COLOURS, LINES > 0, REGIONS, TypeError, "lines"),
        (COLOURS, LINES, REGIONS.astype(np.int64), TypeError, "regions"),
        (COLOURS[:3], LINES, REGIONS, ValueError, "one height and width"),
        (COLOURS[..., :2], LINES, REGIONS, ValueError, "3 colours"),
        (COLOURS, LINES, REGIONS - 1, ValueError, "-1 came"),
    ],
)
def test_parts_that_do_not_fit_are_refused(
    colours: np.ndarray, lines: np.ndarray, regions: np.ndarray, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        Painting(colours, lines, regions)
