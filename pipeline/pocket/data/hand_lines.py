"""The drawing that a hand would make of a canvas: borders and pen lines, wobbling, with gaps, some left out."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.colours.oklab import to_oklab
from pipeline.pocket.data.part_canvas import GROUND, SIDE, Canvas, Rng
from pipeline.pocket.data.strokes import make_displacement

FAINT, WEAK = 0.05, 0.1  # OKLab difference of light and shade, and of a detail that may be left out
TINY = 14  # px that a part has at least to be drawn


def draw_lines(canvas: Canvas, rng: Rng) -> NDArray[np.uint8]:
    """(SIDE, SIDE) of 0 and 255, white on black, lines about 1.5 px wide."""
    care = rng.uniform(0, 1)
    lines = find_borders(canvas, rng).astype(np.uint8)
    lines |= keep_strokes(canvas.ink, rng)
    reach = rng.uniform(0, 2.4) * care
    if reach > 0.3:
        field = make_displacement((SIDE, SIDE), rng, reach)
        lines = cv2.remap(lines, field[..., 0], field[..., 1], cv2.INTER_NEAREST)
    if rng.random() < 0.5:
        lines = lines * ~gaps(rng, care)
    if rng.random() < 0.6:
        lines = cv2.dilate(lines, np.ones((2, 2), np.uint8))
    return np.asarray(lines * 255, np.uint8)


def find_borders(canvas: Canvas, rng: Rng) -> NDArray[np.bool_]:
    """Where two parts meet, unless they hardly differ or one is tiny; the ground's own border is always drawn."""
    parts, count = canvas.parts, canvas.count + 1
    flat = parts.ravel()
    areas = np.bincount(flat, minlength=count)
    sums = [np.bincount(flat, canvas.colours[..., n].ravel(), count) for n in range(3)]
    lab = to_oklab(np.stack(sums, -1) / np.maximum(areas, 1)[:, None])
    luck = rng.random((count, count)).astype(np.float32)
    shown = np.zeros((SIDE, SIDE), bool)
    dropped = rng.uniform(0.0, 0.2)
    for down, right in ((0, 1), (1, 0)):
        one, other = parts[: SIDE - down, : SIDE - right], parts[down:, right:]
        rows, columns = np.nonzero(one != other)
        first, second = (
            np.minimum(one[rows, columns], other[rows, columns]),
            np.maximum(one[rows, columns], other[rows, columns]),
        )
        apart = np.linalg.norm(lab[first] - lab[second], axis=-1)
        chance = np.where(apart < FAINT, 0.3, np.where(apart < WEAK, 1 - 1.5 * dropped, 1 - 0.15 * dropped))
        small = np.minimum(areas[first], areas[second]) < TINY
        keep = (luck[first, second] < chance) & ~small | (first == GROUND) & ~small
        shown[rows[keep], columns[keep]] = True
    return shown


def keep_strokes(ink: NDArray[np.uint8], rng: Rng) -> NDArray[np.uint8]:
    return ink if rng.random() < 0.85 else ink * ~gaps(rng, 1.0, 14)


def gaps(rng: Rng, care: float, most: int = 26) -> NDArray[np.bool_]:
    """Small spots where the pen did not touch the paper."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for x, y in rng.integers(0, SIDE, (int(rng.integers(0, most) * care), 2)):
        cv2.circle(mask, (int(x), int(y)), int(rng.integers(1, 5)), 1, -1)
    return mask > 0
