"""Lay a transparent picture on white paper so that nothing of it vanishes there.

White strokes become black ones; a white shape, such as a ghost, gets its outline. What is visible on white stays as it
is, so that drawings of both polarities keep all of their lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.sketch.channels import take_lowest
from pipeline.sketch.edges import measure_depth
from pipeline.sketch.image_file import convert_to_rgb, has_transparency, take_alpha

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

PALE = 232  # of 255: what is lighter in all channels cannot be seen on white
VISIBLE = 16  # of 255, the least opacity that counts
STROKE = 0.03  # of the longer side, half the width of the broadest stroke
LINE = 1 / 170  # of the longer side, the width of an outline
LEAST = 0.0004  # of the picture: fewer pale px are rims of what is drawn
WHOLE = 0.9  # of the picture: what covers more is its paper


@dataclass(frozen=True, eq=False)
class LaidPicture:
    """A picture on white, and what had to be done for it to be seen."""

    pixels: Pixels  # (H, W, 3)
    turned_round: bool = False  # white strokes were made black
    outlined: bool = False  # white shapes were given their outline

    @property
    def is_changed(self) -> bool:
        """Whether anything was made darker than it came."""
        return self.turned_round or self.outlined


def lay_on_white(image: Image.Image, what: str = "drawing") -> LaidPicture:
    """Return a picture of any mode on white paper. Raises SketchError for a colour mode that cannot be read."""
    flat = convert_to_rgb(image, what=what)
    if not has_transparency(image):
        return LaidPicture(flat)
    alpha = np.asarray(take_alpha(image))
    pale = (take_lowest(flat) >= PALE) & (alpha >= max(VISIBLE, 0.5 * alpha.max()))
    if pale.mean() < LEAST or pale.mean() > WHOLE:
        return LaidPicture(flat)
    clear = alpha < 0.5 * alpha.max()
    shapes, strokes = part_strokes(pale, round(STROKE * max(pale.shape)))
    strokes, outlines = keep_vanishing(strokes, clear), find_outlines(shapes, clear)
    near = cv2.dilate(strokes.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    ink = np.where(near & (take_lowest(flat) >= PALE), alpha, 0)
    ink = np.where(outlines, 255, ink)
    pixels = np.minimum(flat, 255 - ink.astype(np.uint8)[..., None])
    return LaidPicture(pixels, bool(strokes.any()), bool(outlines.any()))


def part_strokes(pale: Mask, radius: int) -> tuple[Mask, Mask]:
    """Return shapes and strokes of a mask (H, W): a disc of `radius` px fits into shapes."""
    core = measure_depth(np.pad(pale, 1))[1:-1, 1:-1] > radius
    near = measure_depth(~core) <= radius * 1.45 if core.any() else core
    return pale & near, pale & ~near


def keep_vanishing(strokes: Mask, clear: Mask) -> Mask:
    """Return the pale strokes (H, W) that lie mostly beside nothing at all; between dark lines they are paper."""
    count, labels = cv2.connectedComponents(strokes.astype(np.uint8), connectivity=8)
    around = cv2.dilate(labels.astype(np.float32), np.ones((5, 5), np.uint8)).astype(np.int32)
    rims = (around > 0) & ~strokes
    total = np.bincount(around[rims], minlength=count)
    bare = np.bincount(around[rims & clear], minlength=count)
    return np.asarray(strokes & (bare > 0.5 * total)[labels])


def find_outlines(shapes: Mask, clear: Mask) -> Mask:
    """Return the rims of pale shapes (H, W) where they meet nothing at all; beside other colours they are seen."""
    if not shapes.any():
        return shapes
    width = max(2, round(LINE * max(shapes.shape)))
    inside = measure_depth(np.pad(shapes, 1, mode="edge"))[1:-1, 1:-1]
    return np.asarray(shapes & (inside <= width) & (measure_depth(~clear) <= width + 1))
