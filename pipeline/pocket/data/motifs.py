"""Decorations that people draw on things: a flower on a teapot, a star on a car, dots on a cup, each with its words."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.pocket.data.colors import COLORS, draw_paint
from pipeline.pocket.data.paints import Paints
from pipeline.pocket.data.part_canvas import SIDE, Box, Canvas, Float, Rng

LEAST_ROOM = 0.05  # of the side: radius of the free circle that a decoration needs
BRIGHT = ("petal", "paint", "balloon")  # usual colours of a decoration whose colour no word says


def draw_flower(canvas: Canvas, box: Box, paint: Float, rng: Rng) -> None:
    """Draw five petals about a centre."""
    for angle in np.linspace(0, 2 * np.pi, int(rng.integers(5, 7)), endpoint=False) + rng.uniform(0, 1):
        canvas.fill(box.oval(0.5 + 0.29 * np.cos(angle), 0.5 + 0.29 * np.sin(angle), 0.19, 0.19), paint)
    canvas.fill(box.oval(0.5, 0.5, 0.16, 0.16), Paints(rng)("centre") if rng.random() < 0.6 else paint)


def draw_star(canvas: Canvas, box: Box, paint: Float, rng: Rng) -> None:
    angle = np.linspace(0, 2 * np.pi, 10, endpoint=False) - np.pi / 2
    reach = np.where(np.arange(10) % 2, 0.22, 0.5)
    canvas.fill(box.at(np.stack([0.5 + reach * np.cos(angle), 0.5 + reach * np.sin(angle)], -1)), paint)


def draw_heart(canvas: Canvas, box: Box, paint: Float, rng: Rng) -> None:
    t = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    canvas.fill(box.at(np.stack([0.5 + x / 34, 0.47 - y / 34], -1), exact=True), paint)


def draw_dots(canvas: Canvas, box: Box, paint: Float, rng: Rng) -> None:
    angles = np.linspace(0, 2 * np.pi, int(rng.integers(3, 5)), endpoint=False) + rng.uniform(0, 2)
    for angle in angles:
        canvas.fill(box.oval(0.5 + 0.32 * np.cos(angle), 0.5 + 0.32 * np.sin(angle), 0.14, 0.14), paint)


def draw_spot(canvas: Canvas, box: Box, paint: Float, rng: Rng) -> None:
    canvas.fill(box.oval(0.5, 0.5, rng.uniform(0.3, 0.45), rng.uniform(0.3, 0.45)), paint)


MOTIFS: dict[str, Callable[[Canvas, Box, Float, Rng], None]] = {
    "flower": draw_flower,
    "star": draw_star,
    "heart": draw_heart,
    "dots": draw_dots,
    "spot": draw_spot,
}


def add_motif(canvas: Canvas, parts: NDArray[np.int_], other_than: str, rng: Rng) -> str:
    """Draw a decoration where the parts of these numbers leave most room; return the words for it, or "" for none.

    other_than: the colour word of the thing itself, which the decoration does not have.
    """
    free = np.pad(np.isin(canvas.parts, parts), 1).astype(np.uint8)
    depth = cv2.distanceTransform(free, cv2.DIST_L2, 3)[1:-1, 1:-1]
    radius = float(depth.max()) / SIDE
    if radius < LEAST_ROOM:
        return ""
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    size = min(0.3, 2 * radius * rng.uniform(0.5, 0.9))
    box = Box(column / SIDE - size / 2, row / SIDE - size / 2, size, size, rng, 0.02)
    kind = tuple(MOTIFS)[int(rng.integers(len(MOTIFS)))]
    said = rng.random() < 0.75
    word = choose_word(other_than, rng)
    paint = draw_paint(word, rng) if said else Paints(rng)(BRIGHT[int(rng.integers(len(BRIGHT)))])
    MOTIFS[kind](canvas, box, paint, rng)
    name = f"{word} {kind}" if said else kind
    return name if kind.endswith("s") else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def choose_word(other_than: str, rng: Rng) -> str:
    words = tuple(word for word in COLORS if word != other_than)
    return words[int(rng.integers(len(words)))]
