"""Lay the pen's lines over a finished picture: none, soft or full."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SettingError, look_for_cancel
from pipeline.values import Painting

Pixels = NDArray[np.uint8]

SOFT = 0.5  # the strength at which a line has the darker colour beside it, darkened
BETWEEN, ALONE = 0.64, 0.5  # how much of that colour's light a soft line keeps: between two colours, and within one
BESIDE = 0.02  # of the longer side, across: how far from a line colours lie beside it
MARK = 0.8  # how much of a soft line stays at strength 0 where only the line tells what is there: a mouth, a whisker
PLAIN = (16.0, 48.0)  # of 255: from the first on colours on both sides of a line begin to tell, at the second they do


def lay_lines(picture: Pixels, painting: Painting, strength: float) -> Pixels:
    """Return the (H, W, 3) RGB picture with the painting's lines over it.

    strength: 0 none (quiet marks stay where no change of colour tells what the line told), 0.5 soft (of the colours
    beside a line the darker one, darkened, as an illustrator's coloured outline), 1 full (the pen as it is on paper);
    between them it moves smoothly. Coloured strokes keep their colour at every strength. Raises SettingError outside
    [0, 1].
    """
    if not 0 <= strength <= 1:
        raise SettingError(f"The lines' strength lies between 0 and 1; {strength:g} came.")
    look_for_cancel()
    if not painting.lines.any():
        return picture
    rows, columns = np.nonzero(painting.lines)
    under = picture[rows, columns].astype(np.float32)
    cover = painting.lines[rows, columns].astype(np.float32)[:, None] / 255
    ink = np.zeros_like(under) if painting.pen is None else painting.pen[rows, columns].astype(np.float32)
    alone = find_marks(painting)[rows, columns, None]
    beside = find_darker_sides(picture)[rows, columns]
    over = np.where(is_coloured(ink), ink, neutral_ink(beside, ink, alone, strength))
    result = picture.copy()
    if strength < SOFT:
        quiet = MARK * alone
        cover = cover * (quiet + (1 - quiet) * strength / SOFT)
    result[rows, columns] = (under + (over - under) * cover + 0.5).astype(np.uint8)
    return result


def find_marks(painting: Painting) -> NDArray[np.float32]:
    """Where a line runs through one colour, (H, W): 1; where it parts two that differ, 0."""
    size = max(7, round(0.02 * max(painting.lines.shape)) | 1)
    around = np.ones((size, size), np.uint8)
    span = cv2.subtract(cv2.dilate(painting.colours, around), cv2.erode(painting.colours, around))
    widest = cv2.max(cv2.max(*cv2.split(span)[:2]), cv2.split(span)[2]).astype(np.float32)
    return np.asarray(1 - np.clip((widest - PLAIN[0]) / (PLAIN[1] - PLAIN[0]), 0, 1), np.float32)


def is_coloured(ink: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(n, 1): whether the ink (n, 3) has a hue."""
    return np.asarray((ink.max(axis=1) - ink.min(axis=1) > 24)[:, None])


def find_darker_sides(picture: Pixels) -> NDArray[np.float32]:
    """Return the darkest of the picture's colours around each place, (H, W, 3), without hard changes."""
    side = max(picture.shape)
    around = np.ones((max(3, round(BESIDE * side) | 1),) * 2, np.uint8)
    return np.asarray(cv2.GaussianBlur(cv2.erode(picture, around), (0, 0), max(0.6, 0.004 * side)), np.float32)


def neutral_ink(
    beside: NDArray[np.float32], ink: NDArray[np.float32], alone: NDArray[np.float32], strength: float
) -> NDArray[np.float32]:
    """The colour of a black or grey line: the darkened colour beside it when soft, the ink's own when full.

    beside, ink: (n, 3). alone: (n, 1) in [0, 1], where the line runs through one colour (`find_marks`).
    """
    kept = BETWEEN + (ALONE - BETWEEN) * alone
    soft = beside * (kept + (1 - kept) * 0.5 * ink / 255)
    full = beside * ink / 255
    return np.asarray(soft + (full - soft) * max(0.0, 2 * strength - 1))
