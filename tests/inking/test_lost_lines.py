"""Lines on dark colours are seen; places where strokes meet are no filled areas."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.inking.grid import to_lab
from pipeline.inking.ink import ink_drawing
from pipeline.inking.lost_lines import light_lost_lines
from pipeline.inking.pen import find_fills
from pipeline.values import EdgeMap, PaintedColours

FUR, SKY = (0.2, 0.17, 0.16), (0.75, 0.85, 0.95)


def black_face(side: int) -> tuple[np.ndarray, np.ndarray]:
    """A dark head before a light sky and its lines: an outline, and an eye far inside of it."""
    colours, lines = np.full((side, side, 3), SKY, np.float32), np.zeros((side, side), np.float32)
    middle = (side // 2, side // 2)
    cv2.circle(colours, middle, side // 3, FUR, -1)
    cv2.circle(lines, middle, side // 3, 1.0, max(1, side // 85))
    cv2.circle(lines, middle, max(2, side // 85), 1.0, -1)
    return colours, lines


@pytest.mark.parametrize("side", [256, 512, 1024])
def test_an_eye_in_black_fur_has_light_round_it(side: int) -> None:
    colours, lines = black_face(side)
    lit = colours.copy()
    light_lost_lines(lit, lines, np.ones((side, side), bool))
    before, after = to_lab(colours), to_lab(lit)
    centre, beside = side // 2, side // 2 + round(0.016 * side)
    assert after[centre, beside, 0] > before[centre, beside, 0] + 18
    assert np.abs(after[centre, beside, 1:] - before[centre, beside, 1:]).max() < 3
    outline = side // 2 + side // 3 - round(0.02 * side)
    assert np.abs(lit[centre, outline] - colours[centre, outline]).max() < 0.03, "seen against the sky as it is"
    assert np.array_equal(lit[: side // 8], colours[: side // 8])


def test_what_the_person_painted_stays() -> None:
    colours, lines = black_face(256)
    lit = colours.copy()
    light_lost_lines(lit, lines, np.zeros((256, 256), bool))
    assert np.array_equal(lit, colours)


def test_light_colours_stay() -> None:
    colours, lines = black_face(256)
    light = np.asarray(np.maximum(colours, 0.5), np.float32)
    lit = light.copy()
    light_lost_lines(lit, lines, np.ones((256, 256), bool))
    assert np.array_equal(lit, light)


@pytest.mark.parametrize("side", [256, 512, 1024])
def test_strokes_that_meet_are_no_filled_area(side: int) -> None:
    """Where a leaf's veins met its stem, pictures had a black knot; an eye and a nose are filled all the same."""
    drawn, width = np.zeros((2048, 2048), np.uint8), 28
    for ends in (((300, 600), (1700, 700)), ((300, 740), (1700, 640)), ((950, 200), (1010, 1200))):
        cv2.line(drawn, *ends, 255, width)
    filled = drawn.copy()
    cv2.circle(filled, (1500, 1500), 44, 255, -1)
    for picture, has_fill in ((drawn, False), (filled, True)):
        ink = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA) > 127
        fills = find_fills(ink, np.zeros_like(ink))
        assert fills.any() == has_fill
    at = round(1500 / 2048 * side)
    assert fills[at, at] and not fills[: side // 2].any()


def test_inking_lights_lost_lines_of_a_drawing() -> None:
    drawing = np.full((256, 256, 3), 255, np.uint8)
    cv2.circle(drawing, (128, 128), 90, (0, 0, 0), 4)
    cv2.line(drawing, (110, 128), (146, 128), (0, 0, 0), 4)  # a closed eye
    edges, nothing = (
        EdgeMap(np.where(drawing[..., 0] < 128, 255, 0).astype(np.uint8), "lines"),
        PaintedColours.none(256, 256),
    )
    field = np.full((64, 64, 3), FUR, np.float32)
    made = ink_drawing(drawing, edges, field, nothing).colours
    dark = to_lab(np.array([[FUR]], np.float32))[0, 0, 0]
    assert to_lab(made / np.float32(255))[132, 128, 0] > dark + 15
    assert to_lab(made / np.float32(255))[180, 128, 0] == pytest.approx(dark, abs=3)
