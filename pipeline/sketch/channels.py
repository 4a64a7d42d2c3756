"""Take the lowest or the highest of a picture's channels at each place.

numpy's own `min(axis=2)` and `max(axis=2)` give the same and take ten times as long: they go through three values at a
time.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray


def take_lowest(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return the lowest channel at each place, (h, w), of a picture (h, w, c) of any type."""
    return reduce(np.minimum, (pixels[..., channel] for channel in range(pixels.shape[2])))


def take_highest(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return the highest channel at each place, (h, w), of a picture (h, w, c) of any type."""
    return reduce(np.maximum, (pixels[..., channel] for channel in range(pixels.shape[2])))
