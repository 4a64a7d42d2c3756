"""A canvas that knows its parts: what is painted where, where each part ends, and which pen lines lie on it.

Lengths are shares of the side, y runs down. Later paint covers earlier paint, its borders and its lines.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.pocket.data.svg_regions import SIDE as SPRITE_SIDE

Float = NDArray[np.float32]
Rng = np.random.Generator
SIDE = 256  # px
SHIFT = 4  # bits below one pixel that cv2 reads
GROUND = 0  # the part number of what is only seen, never drawn

cv2.setNumThreads(1)


class Canvas:
    def __init__(self, ground: Float) -> None:
        """`ground`: (SIDE, SIDE, 3) RGB in [0, 1]."""
        self.colours = ground.astype(np.float32).copy()
        self.parts = np.zeros((SIDE, SIDE), np.int32)
        self.ink = np.zeros((SIDE, SIDE), np.uint8)
        self.count = 0

    def fill(self, points: ArrayLike, colour: ArrayLike, shade: float = 0.0, *, quiet: bool = False) -> int:
        """Paint a polygon (n, 2), `shade` lighter above than below; returns the part's number.

        `quiet`: its border is not drawn (the part keeps the number of the ground).
        """
        corners = self._pixels(points)
        mask = np.zeros((SIDE, SIDE), np.uint8)
        cv2.fillPoly(mask, [corners], 1, cv2.LINE_8, SHIFT)
        inside = mask > 0
        if not inside.any():
            return GROUND
        rows = np.nonzero(inside)[0]
        down = (rows - rows.min()) / max(1, rows.max() - rows.min()) - 0.5
        self.colours[inside] = np.clip(np.asarray(colour, np.float32) * (1 - shade * down[:, None]), 0, 1)
        self.ink[inside] = 0
        self.parts[inside] = GROUND if quiet else self._number(1)
        return self.count

    def draw(self, points: ArrayLike, colour: ArrayLike | None = None, width: float = 0.008) -> None:
        """Draw a pen line through the points (n, 2); with a colour also paint it, as wide as `width`."""
        corners = self._pixels(points)
        if colour is not None:
            thick = max(1, round(width * SIDE))
            tone = tuple(float(value) for value in np.asarray(colour, np.float32))
            cv2.polylines(self.colours, [corners], False, tone, thick, cv2.LINE_AA, SHIFT)
        cv2.polylines(self.ink, [corners], False, 1, 1, cv2.LINE_8, SHIFT)

    def paste(self, colours: Float, regions: NDArray[np.uint8], ink: NDArray[np.uint8], move: Float) -> int:
        """Lay a drawing of the vector pack down by an affine `move` (2, 3); returns its first part's number.

        `colours` RGB in [0, 1]; region k gets the number returned + k - 1.
        """
        size = (SIDE, SIDE)
        layer = cv2.warpAffine(colours, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        parts = cv2.warpAffine(regions, move, size, flags=cv2.INTER_NEAREST)
        lines = cv2.warpAffine(cv2.dilate(ink, np.ones((2, 2), np.uint8)), move, size, flags=cv2.INTER_NEAREST)
        inside = parts > 0
        self.colours[inside] = layer[inside]
        first = self._number(int(regions.max()))
        self.parts[inside] = parts[inside].astype(np.int32) + first - 1
        self.ink[inside] = 0
        self.ink |= lines
        return first

    def _number(self, many: int) -> int:
        self.count += many
        return self.count - many + 1

    def _pixels(self, points: ArrayLike) -> NDArray[np.int32]:
        return np.round(np.asarray(points, np.float64) * SIDE * (1 << SHIFT)).astype(np.int32)[:, None]


def place_square(middle: tuple[float, float], size: float, turn: float = 0.0, mirror: bool = False) -> Float:
    """The affine that puts a drawing of the pack at `middle`, `size` wide (shares of the side), turned by radians."""
    scale = size * SIDE / SPRITE_SIDE
    sine, cosine = scale * np.sin(turn), scale * np.cos(turn)
    matrix = np.array([[cosine, -sine], [sine, cosine]]) @ np.diag([-1.0 if mirror else 1.0, 1.0])
    shift = np.array(middle) * SIDE - matrix @ np.array([SPRITE_SIDE / 2, SPRITE_SIDE / 2])
    return np.hstack([matrix, shift[:, None]]).astype(np.float32)


class Box:
    """A frame within the canvas: places in it are given as shares of its own width and height."""

    def __init__(self, left: float, top: float, width: float, height: float, rng: Rng, rough: float = 0.012) -> None:
        self.left, self.top, self.width, self.height = left, top, width, height
        self.rng, self.rough = rng, rough

    def at(self, points: ArrayLike, *, exact: bool = False) -> Float:
        """Places of the frame (n, 2) on the canvas, each a little off, as a hand is."""
        spots = np.asarray(points, np.float32).reshape(-1, 2)
        if not exact:
            spots = spots + self.rng.normal(0, self.rough, spots.shape).astype(np.float32)
        return np.asarray(spots * (self.width, self.height) + (self.left, self.top), np.float32)

    def inner(self, left: float, top: float, width: float, height: float) -> Box:
        return Box(
            self.left + left * self.width,
            self.top + top * self.height,
            width * self.width,
            height * self.height,
            self.rng,
            self.rough,
        )

    def oval(self, x: float, y: float, rx: float, ry: float, bumps: int = 0, depth: float = 0.12) -> Float:
        """A closed round line about (x, y), drawn by hand; with `bumps` it is scalloped (clouds, crowns of trees)."""
        angle = np.linspace(0, 2 * np.pi, 48 if bumps else 28, endpoint=False)
        wave = sum(
            self.rng.normal(0, self.rough * 1.5 / n) * np.cos(n * angle + self.rng.uniform(0, 6.3)) for n in (2, 3)
        )
        if bumps:
            wave = wave + depth * np.abs(np.sin(bumps * angle / 2 + self.rng.uniform(0, 3)))
        spots = np.stack([x + rx * (1 + wave) * np.cos(angle), y + ry * (1 + wave) * np.sin(angle)], -1)
        return self.at(spots, exact=True)

    def curve(self, points: ArrayLike, closed: bool = False, steps: int = 8) -> Float:
        """A smooth line through places of the frame (Catmull-Rom)."""
        return smooth(self.at(points), closed, steps)

    def block(self, left: float, top: float, right: float, bottom: float) -> Float:
        return self.at([(left, top), (right, top), (right, bottom), (left, bottom)])


def smooth(spots: Float, closed: bool, steps: int = 8) -> Float:
    """Catmull-Rom spline through points (n, 2)."""
    ring = np.vstack([spots[-1:], spots, spots[:2]]) if closed else np.vstack([spots[:1], spots, spots[-1:]])
    share = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[:, None]
    pieces = []
    for before, start, end, after in zip(ring, ring[1:], ring[2:], ring[3:], strict=False):
        bend = 2 * before - 5 * start + 4 * end - after
        turn = -before + 3 * start - 3 * end + after
        pieces.append(0.5 * (2 * start + (end - before) * share + bend * share**2 + turn * share**3))
    if not closed:
        pieces.append(spots[-1:])
    return np.vstack(pieces).astype(np.float32)
