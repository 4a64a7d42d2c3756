"""Draw what is thin in a picture as a hand does: a stem, a handle, a leg or a string is one stroke, with no inside."""

from __future__ import annotations

from copy import copy

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import skeletonize

from pipeline.pocket.data.part_canvas import GROUND, Canvas

LONG = 14  # px of its middle line: what is shorter is a corner or a dot

Mask = NDArray[np.bool_]


def thin_out(canvas: Canvas, widest: int) -> Canvas:
    """Return the canvas with one pen line in place of each long thin part, or long thin end of one.

    widest: px that such a part is wide at most, odd. What it covered belongs to the nearest other part. The given
    canvas stays as it is.
    """
    thin, middle = find_thin(canvas.parts, widest)
    if not thin.any():
        return canvas
    made = copy(canvas)
    nearest = ndimage.distance_transform_edt(thin, return_distances=False, return_indices=True)
    made.parts = canvas.parts[tuple(nearest)]
    made.ink = canvas.ink | middle.astype(np.uint8)
    return made


def find_thin(parts: NDArray[np.int32], widest: int) -> tuple[Mask, Mask]:
    """Return where long parts of at most `widest` px lie, (H, W), and their middle lines."""
    thin, lines = np.zeros(parts.shape, bool), np.zeros(parts.shape, bool)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (widest, widest))
    for number, frame in enumerate(ndimage.find_objects(parts), 1):
        if frame is None or number == GROUND:
            continue
        around = tuple(slice(max(0, side.start - widest), side.stop + widest) for side in frame)
        mask = (parts[around] == number).astype(np.uint8)
        wide = cv2.dilate(cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc), np.ones((3, 3), np.uint8))
        _, pieces = cv2.connectedComponents(mask & ~(wide > 0), connectivity=8)
        skeleton = skeletonize(pieces > 0)
        long = np.bincount(pieces[skeleton], minlength=int(pieces.max()) + 1) >= LONG
        long[0] = False
        thin[around] |= long[pieces]
        lines[around] |= long[pieces] & skeleton
    return thin, lines
