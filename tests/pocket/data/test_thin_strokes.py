"""Thin parts become single strokes; what is drawn stays known by its parts."""

import numpy as np

from pipeline.pocket.data.part_canvas import GROUND, SIDE, Canvas
from pipeline.pocket.data.thin_strokes import thin_out


def make_canvas(*boxes: tuple[float, float, float, float]) -> Canvas:
    """Paint boxes (left, top, right, bottom), one part each."""
    canvas = Canvas(np.ones((SIDE, SIDE, 3), np.float32))
    for left, top, right, bottom in boxes:
        canvas.fill([(left, top), (right, top), (right, bottom), (left, bottom)], (0.7, 0.2, 0.2))
    return canvas


def test_a_thin_part_becomes_its_middle_line() -> None:
    canvas = make_canvas((0.3, 0.2, 0.6, 0.5), (0.44, 0.5, 0.46, 0.8))
    made = thin_out(canvas, 7)
    assert set(np.unique(made.parts)) == {GROUND, 1} and set(np.unique(canvas.parts)) == {GROUND, 1, 2}
    stem = made.ink[140:200]
    assert not canvas.ink.any() and (stem.sum(1) >= 1).all() and stem.sum() < 1.5 * len(stem)
    assert (made.parts == 1).sum() < 1.1 * (canvas.parts == 1).sum()
    assert thin_out(canvas, 3) is canvas
