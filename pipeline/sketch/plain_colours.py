"""Find what colour each place of a painted picture has: without outlines, lead lines, bare canvas and strokes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

SIDE = 256  # px, the longer side at which it is looked for
LINE = 0.028  # of the longer side: what is dark and thinner than this is a line
GAP = 0.012  # what is light and thinner than this is bare canvas or grout
CLEAR, SURE = 18.0, 38.0  # of 255 lightness: from here on it begins to count less, from there on not at all
LEAST = 0.001  # weight of what does not count: where nothing else is near, it does
CALM, CALMER = 0.008, 0.011  # of the longer side, sigma: over strokes; over dots and tiles
REACH, LIKE = 6, 14  # px and 8-bit CIELAB: what is near and like one another has one colour


def find_plain_colours(picture: Pixels, textured: bool = False) -> Pixels:
    """Return the colours, (H, W, 3) RGB, of a picture (H, W, 3): dark and light lines take those of what they divide,
    strokes become even, and borders between clearly different colours stay.

    textured: it is all dots, hatching or tiles (`edges.is_textured`), and is calmed more. A mean that lines count
    little in, then mean shift (Comaniciu and Meer 2002).
    """
    height, width = picture.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    sigma = (CALMER if textured else CALM) * max(size)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    weight = weigh_places(small)
    spread = (
        cv2.GaussianBlur(lab * weight[..., None], (0, 0), sigma) / cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]
    )
    calm = np.clip(255 * cv2.cvtColor(spread, cv2.COLOR_LAB2RGB) + 0.5, 0, 255).astype(np.uint8)
    even = cv2.pyrMeanShiftFiltering(cv2.cvtColor(calm, cv2.COLOR_RGB2LAB), REACH, LIKE)
    found = cv2.cvtColor(even, cv2.COLOR_LAB2RGB)
    return np.asarray(cv2.resize(found, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def weigh_places(picture: Pixels) -> Plane:
    """Return how much each place of a picture (h, w, 3) counts, (h, w): lines and gaps hardly at all."""
    light = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)[..., 0]
    weight = np.ones(light.shape, np.float32)
    for way, share in ((cv2.MORPH_BLACKHAT, LINE), (cv2.MORPH_TOPHAT, GAP)):
        width = max(3, round(share * max(light.shape)) | 1)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
        apart = cv2.morphologyEx(light, way, disc).astype(np.float32)
        weight *= np.clip((SURE - apart) / (SURE - CLEAR), LEAST, 1)
    return np.asarray(cv2.erode(weight, np.ones((3, 3), np.uint8)), np.float32)
