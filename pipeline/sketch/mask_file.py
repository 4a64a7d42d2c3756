"""Read a mask from a picture, as image editors, paint programs and other programs' APIs hand it over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.sketch.image_file import has_transparency, take_alpha

OPAQUE = 128  # of 255: what is fainter, such as the rim of a stroke, does not tell which colours are painted
DARK, LIGHT = 64, 191  # of 255: paint that reaches from below the one to above the other says by its colour what counts


def read_mask_image(image: Image.Image) -> NDArray[np.uint8]:
    """Return a mask (H, W) uint8, 0 outside .. 255 inside, of a picture of any mode.

    Without transparency white is inside, black outside. With it what is painted is inside, as far as it is opaque and
    whatever its colour: the layer of a paint program. Where both black and white are painted on it, white alone is.
    """
    white = np.asarray(image.convert("L"), np.uint8)
    if not has_transparency(image):
        return white
    alpha = np.asarray(take_alpha(image), np.uint8)
    painted = white[alpha >= OPAQUE]
    if painted.size and painted.min() < DARK and painted.max() > LIGHT:
        return np.rint(white * (alpha / 255)).astype(np.uint8)
    return alpha
