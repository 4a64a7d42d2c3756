"""Make a plain painting of a picture that another one starts from: its colours, as far as they stay, and its lines."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import look_for_cancel
from pipeline.inking.grid import to_lab, to_rgb
from pipeline.inking.pen import lines_on_colour
from pipeline.inking.photograph import colour_photograph, photograph_regions
from pipeline.values import EdgeMap, Painting

TEXTURE = 0.018  # of the longer side: the dots or tiles of a picture that is all of them are thinner

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Start:
    """Start is a picture that another one starts from, with what is read of it once for all pictures of a call."""

    picture: Pixels  # (H, W, 3) RGB
    plain: Pixels  # its colours without lines and strokes, (H, W, 3) RGB
    textured: bool  # it is all dots, hatching or tiles


def ink_started(start: Start, edges: EdgeMap, field: Plane, strength: float) -> Painting:
    """Make a plain painting of a picture to start from, and of what colours a model would choose in their place.

    edges: the picture's outlines, (H, W). field: the model's colours, RGB in [0, 1], float32 (h, w, 3), stretched over
    the picture. strength: how far the colours go from the picture's own, 0, to the model's, 1; between them they are
    mixed in CIELAB. The picture's own lines are kept apart; dots and tiles are none. Pure and deterministic. Raises
    Cancelled between two of its stages.
    """
    picture, plain = start.picture, start.plain
    own, other = to_lab(np.asarray(plain / np.float32(255))), to_lab(colour_photograph(plain, field))
    colours = (255 * to_rgb(own + np.float32(strength) * (other - own)) + 0.5).astype(np.uint8)
    look_for_cancel()
    seen = cv2.medianBlur(picture, max(3, round(TEXTURE * max(picture.shape)) | 1)) if start.textured else picture
    lines = (255 * lines_on_colour(seen) + 0.5).astype(np.uint8)
    pen = cv2.erode(picture, np.ones((3, 3), np.uint8))  # the darkest near by: a line's soft rim has its colour too
    return Painting(colours, lines, photograph_regions(plain, edges.pixels), pen)
