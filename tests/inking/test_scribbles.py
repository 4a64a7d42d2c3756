"""A scribble within an outline colours in what the outline closes; crosses, stripes and patterns are drawn things."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.inking.ink import ink_drawing
from pipeline.inking.painted import read_painted_colours
from pipeline.sketch.edges import read_edges
from pipeline.sketch.intake import read_image

PURPLE, BLACK, SIDE = (130, 60, 160), (25, 24, 26), 512
MIDDLE, RADIUS = (256, 200), 70


def draw_ring(colour: tuple[int, int, int] = BLACK) -> np.ndarray:
    """Draw a closed ring above a horizon."""
    page = np.full((SIDE, SIDE, 3), 255, np.uint8)
    cv2.circle(page, MIDDLE, RADIUS, colour, 5, cv2.LINE_AA)
    cv2.line(page, (0, 400), (SIDE - 1, 400), BLACK, 4)
    return page


def scribble(page: np.ndarray, width: int, legs: int) -> np.ndarray:
    """Scribble to and fro within the ring."""
    reach = RADIUS - 14
    across = np.linspace(-reach, reach, legs + 1)
    high = np.sqrt(np.maximum(reach**2 - across**2, 0)) * np.where(np.arange(legs + 1) % 2, 1, -1)
    points = np.stack([across, high], 1) + MIDDLE
    cv2.polylines(page, [points.round().astype(np.int32)], False, PURPLE, width, cv2.LINE_AA)
    return page


def find_ring_inside() -> np.ndarray:
    """Return where the ring's inside is, well within its line."""
    inside = np.zeros((SIDE, SIDE), np.uint8)
    cv2.circle(inside, MIDDLE, RADIUS - 6, 1, -1)
    return inside > 0


@pytest.mark.parametrize(("width", "legs"), [(5, 11), (8, 8), (14, 5)])
@pytest.mark.parametrize("outline", [BLACK, (214, 40, 40)])
def test_a_scribble_colours_in_what_an_outline_closes(width: int, legs: int, outline: tuple[int, int, int]) -> None:
    page, inside = scribble(draw_ring(outline), width, legs), find_ring_inside()
    seen = (page[inside] != 255).any(-1).mean()
    assert seen < 0.55, "or it was an area already"
    painted = read_painted_colours(page)
    assert painted.mask[inside].mean() > 0.99
    assert np.abs(np.median(painted.colours[inside], axis=0) - PURPLE).max() <= 12
    outside = np.ones((SIDE, SIDE), bool)
    outside[MIDDLE[1] - RADIUS - 6 : MIDDLE[1] + RADIUS + 7, MIDDLE[0] - RADIUS - 6 : MIDDLE[0] + RADIUS + 7] = False
    assert not painted.mask[outside].any()


def test_a_scribbled_region_is_painted_evenly() -> None:
    page, inside = scribble(draw_ring(), 8, 8), find_ring_inside()
    field = np.full((64, 64, 3), (0.7, 0.85, 1.0), np.float32)
    edges = read_edges(read_image(Image.fromarray(page)), size=(SIDE, SIDE))
    painting = ink_drawing(page, edges, field, read_painted_colours(page))
    assert painting.colours[inside].astype(float).std(axis=0).max() < 6
    assert np.abs(np.median(painting.colours[inside], axis=0) - PURPLE).max() <= 12
    deep = cv2.erode(inside.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert painting.lines[deep].max() < 30, "its strokes are no lines over its colour"


def draw_cross(page: np.ndarray) -> None:
    x, y = MIDDLE
    cv2.line(page, (x - RADIUS + 4, y), (x + RADIUS - 4, y), PURPLE, 12)
    cv2.line(page, (x, y - RADIUS + 4), (x, y + RADIUS - 4), PURPLE, 12)


def draw_stripes(page: np.ndarray) -> None:
    for y in range(MIDDLE[1] - 45, MIDDLE[1] + 46, 22):
        cv2.line(page, (MIDDLE[0] - 45, y), (MIDDLE[0] + 45, y), PURPLE, 9)


def draw_band(page: np.ndarray) -> None:
    points = [(MIDDLE[0] - 60 + 10 * n, MIDDLE[1] + (12 if n % 2 else -12)) for n in range(13)]
    cv2.polylines(page, [np.array(points, np.int32)], False, PURPLE, 5, cv2.LINE_AA)


def draw_loose(page: np.ndarray) -> None:
    scribble(page, 4, 4)


@pytest.mark.parametrize("draw", [draw_cross, draw_stripes, draw_band, draw_loose])
def test_what_is_drawn_within_an_outline_is_no_scribble(draw: Callable[[np.ndarray], None]) -> None:
    page, inside = draw_ring(), find_ring_inside()
    draw(page)
    painted = read_painted_colours(page)
    paper = inside & (page == 255).all(-1)
    assert paper.sum() > 1000 and painted.mask[paper].mean() < 0.2


def test_a_scribble_on_the_open_page_fills_nothing() -> None:
    page = np.full((SIDE, SIDE, 3), 255, np.uint8)
    scribble(page, 8, 8)
    assert read_painted_colours(page).mask.mean() < 0.05
