"""Painted colours drift towards the model's own, evenly and no further than was asked."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.colours.drift import drift_colours
from pipeline.colours.oklab import to_oklab
from pipeline.values import PaintedColours

BLUE, YELLOW, RED = (40, 60, 200), (240, 210, 60), (220, 40, 30)


def paint() -> PaintedColours:
    colours, mask = np.zeros((32, 48, 3), np.uint8), np.zeros((32, 48), np.bool_)
    colours[:10], mask[:10] = BLUE, True
    colours[20:], mask[20:] = YELLOW, True
    return PaintedColours(colours, mask)


def make_field(colour: tuple[int, int, int] = RED) -> np.ndarray:
    return np.full((16, 16, 3), np.array(colour) / 255, np.float32)


def test_at_full_strength_nothing_changes() -> None:
    painted = paint()
    assert drift_colours(painted, make_field(), 1.0) is painted
    nothing = PaintedColours.none(8, 8)
    assert drift_colours(nothing, make_field(), 0.0) is nothing


def test_at_none_the_models_colour_stands_in_the_painted_place() -> None:
    drifted = drift_colours(paint(), make_field(), 0.0)
    np.testing.assert_allclose(drifted.colours[drifted.mask], np.tile(RED, (drifted.mask.sum(), 1)), atol=2)
    np.testing.assert_array_equal(drifted.mask, paint().mask)


@pytest.mark.parametrize("strength", [0.25, 0.5, 0.75])
def test_between_it_lies_between_in_oklab_and_one_colour_stays_one(strength: float) -> None:
    drifted = drift_colours(paint(), make_field(), strength)
    assert len(np.unique(drifted.colours[drifted.mask], axis=0)) == 2
    own, other, mixed = (to_oklab(np.array(each, np.uint8)) for each in (BLUE, RED, drifted.colours[0, 0]))
    np.testing.assert_allclose(mixed, other + strength * (own - other), atol=0.02)
