"""Test how a drawing's colours become those of a palette."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.colours.oklab import to_oklab
from pipeline.colours.transport import spend_colours

RED, BLUE, CREAM, BLACK = (200, 40, 30), (30, 60, 190), (250, 240, 220), (20, 20, 20)


def make_field(*parts: tuple[tuple[int, int, int], int]) -> np.ndarray:
    """Make a field (64, n, 3) of columns in these colours, so many px wide each."""
    row = np.concatenate([np.tile(np.float32(colour) / 255, (width, 1)) for colour, width in parts])
    return np.tile(row, (64, 1, 1)).astype(np.float32)


def spend(field: np.ndarray, *colours: tuple[int, int, int]) -> np.ndarray:
    return spend_colours(field, np.array(colours, np.uint8), np.full(len(colours), 1 / len(colours), np.float32))


def test_one_colour_paints_everything() -> None:
    made = spend(make_field((RED, 40), (BLUE, 20)), CREAM)
    assert np.abs(made * 255 - CREAM).max() < 3


def test_light_stays_light_and_every_colour_is_used() -> None:
    field = make_field((BLACK, 20), (CREAM, 30), (RED, 14))
    made = spend(field, (240, 200, 230), (60, 20, 70), (150, 110, 190))
    lightness = to_oklab(made)[0, [5, 35, 60], 0]
    assert lightness[0] < lightness[2] < lightness[1]
    assert lightness[1] - lightness[0] > 0.3


def test_what_is_of_one_colour_stays_of_one_colour() -> None:
    made = spend(make_field((RED, 30), (BLUE, 34)), (240, 200, 40), (20, 90, 50), (240, 240, 240))
    for part in (made[:, :30], made[:, 30:]):
        assert np.ptp(part, axis=(0, 1)).max() < 1e-6
    assert np.abs(made[0, 0] - made[0, 40]).max() > 0.1


@pytest.mark.parametrize("colours", [[BLACK], [BLACK, BLACK], [(0, 0, 0), (255, 255, 255)]])
def test_extreme_palettes_give_finite_colours(colours: list[tuple[int, int, int]]) -> None:
    for field in (make_field((BLACK, 9)), np.random.default_rng(1).random((64, 64, 3)).astype(np.float32)):
        made = spend(field, *colours)
        assert made.shape == field.shape and np.isfinite(made).all() and made.min() >= 0 and made.max() <= 1
