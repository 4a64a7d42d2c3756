"""Colour a photograph or a shaded picture: the field follows the picture's own light; there are no drawn lines."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.inking.grid import fill_lines
from pipeline.inking.regions import label_regions

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

GUIDE_SIDE = 128  # px, the longer side at which the field is set against the picture's light
REACH = 0.03  # of the longer side, the guided filter's window to each side
CALM = 0.0008  # of squared lightness: what varies less is no edge
DETAIL = 0.35  # how much of the picture's own fine light is added
GRAIN = 0.006  # of the longer side, what is fine


def colour_photograph(picture: Pixels, field: Plane) -> Plane:
    """Return RGB in [0, 1], (H, W, 3): the field, its borders and shades taken from the picture's lightness.

    He and Sun, "Fast Guided Filter" (2015): per window the field is a line over the picture's lightness.
    """
    height, width = picture.shape[:2]
    light = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    scale = min(1.0, GUIDE_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    guide = cv2.resize(light, size, interpolation=cv2.INTER_AREA)
    small = np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_LINEAR), np.float32)
    gain, offset = fit_lines(guide, small, max(1, round(REACH * max(size))))
    gain = cv2.resize(gain, (width, height), interpolation=cv2.INTER_LINEAR)
    offset = cv2.resize(offset, (width, height), interpolation=cv2.INTER_LINEAR)
    detail = DETAIL * (light - cv2.GaussianBlur(light, (0, 0), GRAIN * max(height, width)))
    return np.asarray(np.clip(gain * light[..., None] + offset + detail[..., None], 0, 1), np.float32)


def fit_lines(guide: Plane, field: Plane, reach: int) -> tuple[Plane, Plane]:
    """Per place and channel the gain and offset with which the guide tells the field, averaged over windows."""

    def around(plane: NDArray[np.floating]) -> Plane:
        window = (2 * reach + 1, 2 * reach + 1)
        return np.asarray(cv2.blur(plane.astype(np.float32), window, borderType=cv2.BORDER_REFLECT))

    mean, mean_field = around(guide), around(field)
    together = around(guide[..., None] * field) - mean[..., None] * mean_field
    gain = together / (around(guide * guide) - mean * mean + CALM)[..., None]
    return around(gain), around(mean_field - gain * mean[..., None])


def photograph_regions(picture: Pixels, edges: Pixels) -> NDArray[np.int32]:
    """Regions of a photograph, (H, W) from 0: what its Canny edges enclose once their small gaps are closed."""
    size = max(3, round(0.012 * max(edges.shape)) | 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    closed = cv2.morphologyEx(edges, cv2.MORPH_CLOSE, disc)
    return fill_lines(label_regions(closed > 0))
