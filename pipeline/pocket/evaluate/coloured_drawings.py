"""Generate coloured drawings, with the truth: which area or stroke was painted in which colour.

Four ways of colouring, as children and grown-ups do it: felt pen (streaks that overlap and leave slits, over a black
outline or beyond it), coloured outlines, fills with a computer's bucket, and one colour only. Some come as JPEG.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Points = NDArray[np.float64]  # (n, 2) x, y in px
Way = Literal["felt", "outline", "fill", "single"]
WAYS: tuple[Way, ...] = ("felt", "outline", "fill", "single")

PENS = (
    (214, 40, 40),
    (32, 88, 190),
    (40, 140, 70),
    (250, 200, 40),
    (240, 130, 30),
    (130, 60, 160),
    (235, 120, 170),
    (120, 72, 40),
    (70, 180, 220),
    (150, 200, 80),
)
BLACK = (25, 24, 26)


@dataclass(frozen=True, eq=False)
class PaintedArea:
    """This is one painted area or stroke."""

    colour: tuple[int, int, int]  # RGB, the pen's
    mask: Mask  # (H, W), well inside of what was painted
    is_area: bool


@dataclass(frozen=True, eq=False)
class ColouredDrawing:
    pixels: Pixels  # (H, W, 3) RGB on white
    painted: list[PaintedArea]
    way: Way


def draw_coloured(seed: int) -> ColouredDrawing:
    """Make one drawing; the seed decides its way of colouring, size, shapes, pens and whether it is a JPEG."""
    rng = np.random.default_rng([77, seed])
    way = WAYS[seed % 4]
    width, height = ((512, 512), (640, 480), (420, 600))[seed // 4 % 3]
    page = np.full((height, width, 3), 255, np.uint8)
    pens = [PENS[i] for i in rng.permutation(len(PENS))]
    if way == "single":
        pens = pens[:1] * len(pens)
    painted: list[PaintedArea] = []
    size = float(rng.uniform(5, 9))
    for shape, colour in zip(make_shapes(rng, width, height), pens, strict=False):
        painted = hide_under(painted, shape)
        page[choose_fill(shape, page)] = 255  # what is drawn later lies in front
        painted.append(paint(page, shape, colour, way, size, rng))
    drawn = [one for one in painted if one.mask.sum() >= 60]
    return ColouredDrawing(convert_to_jpeg(page, int(rng.integers(60, 92))) if seed % 2 else page, drawn, way)


def make_shapes(rng: np.random.Generator, width: int, height: int) -> list[Points]:
    """Return a house or a flower or a fish with a sun and a hill, as closed outlines, back to front."""
    x, y, s = width * rng.uniform(0.4, 0.5), height * 0.72, min(width, height) * rng.uniform(0.9, 1.1)
    sun = make_oval(width * 0.84, height * 0.17, s * 0.09, s * 0.09)
    kind = rng.integers(3)
    if kind == 0:
        wall = make_polygon(x, y, s, [(-0.2, -0.25), (0.2, -0.25), (0.2, 0.06), (-0.2, 0.06)])
        roof = make_polygon(x, y, s, [(-0.27, -0.25), (0, -0.5), (0.27, -0.25)])
        door = make_polygon(x, y, s, [(-0.04, -0.12), (0.07, -0.12), (0.07, 0.06), (-0.04, 0.06)])
        pane = make_polygon(x, y, s, [(0.1, -0.19), (0.17, -0.19), (0.17, -0.12), (0.1, -0.12)])
        made = [sun, wall, roof, door, pane]
    elif kind == 1:
        turns = [k * math.tau / 6 for k in range(6)]
        stem = make_polygon(x, y, s, [(-0.02, -0.25), (0.02, -0.25), (0.02, 0.1), (-0.02, 0.1)])
        leaves = [
            make_oval(x + s * 0.14 * math.cos(t), y - s * (0.35 - 0.14 * math.sin(t)), s * 0.075, s * 0.075)
            for t in turns
        ]
        made = [sun, stem, *leaves[:5], make_oval(x, y - s * 0.35, s * 0.09, s * 0.09)]
    else:
        tail = make_polygon(x, y, s, [(0.17, -0.25), (0.33, -0.38), (0.33, -0.12)])
        body = make_oval(x, y - s * 0.25, s * 0.23, s * 0.14)
        fin = make_polygon(x, y, s, [(-0.05, -0.38), (0.06, -0.48), (0.1, -0.37)])
        made = [sun, tail, fin, body, make_oval(x - s * 0.12, y - s * 0.29, s * 0.035, s * 0.035)]
    return [add_tremor(shape, rng) for shape in made]


def make_polygon(x: float, y: float, s: float, corners: list[tuple[float, float]]) -> Points:
    """Return corners in shares of `s` about (x, y), with points along the sides."""
    ring = np.array([*corners, corners[0]]) * s + (x, y)
    return np.concatenate([np.linspace(a, b, 12, endpoint=False) for a, b in pairwise(ring)])


def make_oval(x: float, y: float, rx: float, ry: float) -> Points:
    turns = np.linspace(0, math.tau, 48, endpoint=False)
    return np.stack([x + rx * np.cos(turns), y + ry * np.sin(turns)], 1)


def add_tremor(shape: Points, rng: np.random.Generator) -> Points:
    """Move the points by a pixel or two, as a hand trembles."""
    shaken = cv2.GaussianBlur(np.tile(rng.normal(0, 3.5, shape.shape), (3, 1)), (1, 9), 0)
    return np.asarray(shape + shaken[len(shape) : 2 * len(shape)])


def choose_fill(shape: Points, page: Pixels) -> Mask:
    mask = np.zeros(page.shape[:2], np.uint8)
    cv2.fillPoly(mask, [shape.round().astype(np.int32)], 1)
    return mask > 0


def hide_under(painted: list[PaintedArea], shape: Points) -> list[PaintedArea]:
    """Take what a new shape covers, its outline included, from what was painted before."""
    result = []
    for one in painted:
        cover = np.zeros(one.mask.shape, np.uint8)
        cv2.fillPoly(cover, [shape.round().astype(np.int32)], 1)
        wide = cv2.dilate(cover, np.ones((25, 25), np.uint8)) > 0
        result.append(PaintedArea(one.colour, one.mask & ~wide, one.is_area))
    return result


def paint(
    page: Pixels, shape: Points, colour: tuple[int, int, int], way: Way, size: float, rng: np.random.Generator
) -> PaintedArea:
    """Colour one shape on the page and say where its colour has to stay."""
    inside = choose_fill(shape, page)
    rim = max(3, round(size) | 1)
    if way in ("outline", "single"):
        trace(page, shape, colour, size)
        middle = np.zeros(inside.shape, np.uint8)
        cv2.polylines(middle, [shape.round().astype(np.int32)], True, 1, 1)
        return PaintedArea(colour, middle > 0, False)
    if way == "felt":
        scribble(page, inside, colour, size, rng)
    else:
        page[inside] = colour
    trace(page, shape, BLACK, size * 0.7)
    deep = cv2.erode(inside.astype(np.uint8), np.ones((rim + 4, rim + 4), np.uint8)) > 0
    return PaintedArea(colour, deep, True)


def box_around(points: Points, page: Pixels, margin: float) -> tuple[slice, slice]:
    """Rows and columns of the page that hold the points with a margin."""
    low, high = (points.min(axis=0) - margin).astype(int), (points.max(axis=0) + margin + 1).astype(int)
    return slice(max(0, low[1]), min(page.shape[0], high[1])), slice(max(0, low[0]), min(page.shape[1], high[0]))


def trace(page: Pixels, shape: Points, colour: tuple[int, int, int], size: float) -> None:
    """Draw a closed outline with smooth rims."""
    fine = 4
    rows, columns = box_around(shape, page, size + 2)
    part = page[rows, columns]
    large = cv2.resize(part, None, fx=fine, fy=fine, interpolation=cv2.INTER_NEAREST)
    points = ((shape - (columns.start, rows.start) + 0.5) * fine).round().astype(np.int32)
    cv2.polylines(large, [points.reshape(-1, 1, 2)], True, colour, round(size * fine), cv2.LINE_8)
    page[rows, columns] = cv2.resize(large, part.shape[1::-1], interpolation=cv2.INTER_AREA)


def scribble(page: Pixels, inside: Mask, colour: tuple[int, int, int], size: float, rng: np.random.Generator) -> None:
    """Fill with slanted strokes of a felt pen: darker where they overlap, white slits between, a bit over the rim."""
    rows, columns = box_around(np.argwhere(inside)[:, ::-1].astype(np.float64), page, 4)
    within, part = inside[rows, columns], page[rows, columns]
    height, width = within.shape
    slant, step = rng.uniform(-0.6, 0.6), size * rng.uniform(0.75, 1.05)
    reach = cv2.dilate(within.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    ink = np.zeros(within.shape, np.float32)
    for start in np.arange(-height, width + height, step):
        mark = np.zeros(within.shape, np.float32)
        bent = start + rng.normal(0, size * 0.12)
        cv2.line(mark, (round(bent), 0), (round(bent + slant * height), height), 1.0, max(2, round(size)), cv2.LINE_AA)
        ink += mark * rng.uniform(0.82, 1.0)
    ink = cv2.GaussianBlur(np.minimum(ink, 1.35), (0, 0), 0.8) * reach
    light = 1 - np.minimum(ink, 1)[..., None] * (1 - np.array(colour) / 255)
    deeper = 1 - 0.45 * np.maximum(ink - 1, 0)[..., None]
    page[rows, columns] = np.clip(part * light * deeper + 0.5, 0, 255).astype(np.uint8)


def convert_to_jpeg(page: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(page).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))
