"""The pen's lines over a picture: none, soft or full, and coloured strokes in their own colour."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from pipeline.errors import SettingError
from pipeline.inking.lines import lay_lines
from pipeline.values import Painting


def painting(pen: tuple[int, int, int] | None = None) -> Painting:
    lines = np.zeros((40, 60), np.uint8)
    lines[18:22] = 255
    colours = np.full((40, 60, 3), (200, 120, 60), np.uint8)
    ink = None if pen is None else np.full_like(colours, pen)
    return Painting(colours, lines, np.zeros((40, 60), np.int32), ink)


def test_none_leaves_a_line_between_two_colours_away() -> None:
    one = painting()
    one.colours[20:] = (40, 90, 200)
    assert np.array_equal(lay_lines(one.colours, one, 0), one.colours)


def test_none_keeps_a_quiet_mark_where_only_the_line_tells() -> None:
    one = painting()
    quiet, soft = (lay_lines(one.colours, one, strength)[20, 30].astype(int).sum() for strength in (0, 0.5))
    assert soft < quiet < 380


def test_a_picture_without_lines_is_left_alone() -> None:
    one = painting()
    without = Painting(one.colours, np.zeros_like(one.lines), one.regions)
    assert lay_lines(one.colours, without, 1) is one.colours


def test_soft_is_the_local_colour_darkened() -> None:
    one = painting()
    line = lay_lines(one.colours, one, 0.5)[20, 30].astype(float)
    assert line.sum() < 0.65 * 380
    assert line / line.sum() == pytest.approx(np.array([200, 120, 60]) / 380, abs=0.02)


def test_a_soft_outline_on_pale_ground_has_the_hue_of_the_thing() -> None:
    thing = np.array([200, 120, 60])
    colours = np.full((256, 512, 3), thing, np.uint8)
    colours[128:] = (245, 246, 250)
    lines = np.zeros((256, 512), np.uint8)
    lines[126:131] = 255
    one = Painting(colours, lines, np.zeros((256, 512), np.int32), None)
    line = lay_lines(one.colours, one, 0.5)[126:131, 30].astype(float)
    assert line.sum(axis=1).max() < 0.75 * thing.sum()
    assert np.abs(line / line.sum(axis=1, keepdims=True) - thing / thing.sum()).max() < 0.04


def test_full_is_the_pen_and_every_step_is_smooth() -> None:
    one = painting()
    light = [float(lay_lines(one.colours, one, step / 20)[20].mean()) for step in range(21)]
    assert light[-1] == 0
    assert all(0 < before - after < 16 for before, after in pairwise(light))


def test_only_the_lines_change() -> None:
    one = painting()
    changed = (lay_lines(one.colours, one, 1) != one.colours).any(axis=2)
    assert np.array_equal(changed, one.lines > 0)


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_a_coloured_stroke_keeps_its_colour(strength: float) -> None:
    one = painting(pen=(20, 60, 200))
    assert np.abs(lay_lines(one.colours, one, strength)[20, 30].astype(int) - (20, 60, 200)).max() <= 1


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_outside_is_refused(strength: float) -> None:
    one = painting()
    with pytest.raises(SettingError, match="between 0 and 1"):
        lay_lines(one.colours, one, strength)
