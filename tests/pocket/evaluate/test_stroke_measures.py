from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.pocket.evaluate.measures import compute_edge_f1, read_lines
from pipeline.pocket.evaluate.stroke_measures import compute_stroke_f1, find_edges, find_ink

SIDE = 512


def draw_ring(pen: int, radius: int = 150) -> tuple[np.ndarray, np.ndarray]:
    """A ring on white drawn with a pen of so many px, and its centre line."""
    drawing, lines = np.full((SIDE, SIDE, 3), 255, np.uint8), np.zeros((SIDE, SIDE), np.uint8)
    cv2.circle(drawing, (256, 256), radius, (0, 0, 0), pen, cv2.LINE_AA)
    cv2.circle(lines, (256, 256), radius, 255, 1)
    return drawing, lines


def fill_disc(radius: int = 150) -> np.ndarray:
    picture = np.full((SIDE, SIDE, 3), (230, 230, 230), np.uint8)
    cv2.circle(picture, (256, 256), radius, (200, 60, 40), -1, cv2.LINE_AA)
    return picture


@pytest.mark.parametrize("pen", [2, 4, 10, 24])
def test_a_drawing_follows_itself_whatever_its_pen(pen: int) -> None:
    drawing, lines = draw_ring(pen)
    assert compute_stroke_f1(drawing, lines, drawing) > 0.99
    if pen == 24:  # both rims lie off the middle, so that centre lines do not see it
        assert compute_edge_f1(lines, read_lines(drawing), 1.0) < 0.5


@pytest.mark.parametrize("pen", [2, 10])
def test_a_border_in_the_middle_of_a_stroke_follows_it(pen: int) -> None:
    drawing, lines = draw_ring(pen)
    assert compute_stroke_f1(drawing, lines, fill_disc()) > 0.99


def test_what_is_not_drawn_and_what_is_not_shown_both_count() -> None:
    drawing, lines = draw_ring(4)
    more = fill_disc()
    more[100:400:40] = 0  # lines that nobody drew
    assert compute_stroke_f1(drawing, lines, more) < 0.6
    half = fill_disc()
    half[:, :256] = (230, 230, 230)
    assert 0.4 < compute_stroke_f1(drawing, lines, half) < 0.75
    assert compute_stroke_f1(drawing, lines, fill_disc(120)) < 0.05  # elsewhere
    assert compute_stroke_f1(drawing, lines, np.full_like(drawing, 128)) == 0


def test_a_border_is_seen_where_an_eye_sees_one() -> None:
    picture = np.full((SIDE, SIDE, 3), 120, np.uint8)
    picture[:, 256:] = 130
    assert not find_edges(picture).any()
    picture[:, 256:] = 200
    assert find_edges(picture)[:, 250:262].any(axis=1).all()


def test_reach_grows_with_the_side() -> None:
    for side in (256, 512):
        drawing, lines = (part[:: SIDE // side, :: SIDE // side] for part in draw_ring(8))
        near = np.ascontiguousarray(np.roll(fill_disc()[:: SIDE // side, :: SIDE // side], side // 128, axis=1))
        far = np.ascontiguousarray(np.roll(fill_disc()[:: SIDE // side, :: SIDE // side], side // 16, axis=1))
        assert compute_stroke_f1(drawing.copy(), lines.copy(), near) > 0.95
        assert compute_stroke_f1(drawing.copy(), lines.copy(), far) < 0.5


def test_sizes_must_agree_and_blanks_do() -> None:
    drawing, lines = draw_ring(4)
    with pytest.raises(ValueError, match="one size"):
        compute_stroke_f1(drawing, lines, fill_disc()[:400])
    blank = np.full_like(drawing, 255)
    assert compute_stroke_f1(blank, np.zeros_like(lines), blank) == 1
    assert not find_ink(blank).any() and find_ink(drawing).any()
