"""OKLab (Ottosson 2020), in which equal steps look about equal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)


def to_oklab(rgb: NDArray[np.generic]) -> NDArray[np.float32]:
    """Convert RGB (..., 3), uint8 or float in [0, 1], to OKLab (Ottosson 2020), float32."""
    scaled = np.asarray(rgb, np.float32) / (255 if rgb.dtype == np.uint8 else 1)
    linear = np.where(scaled <= 0.04045, scaled / 12.92, ((np.maximum(scaled, 0) + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ TO_CONES.T) @ TO_LAB.T, np.float32)


def from_oklab(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Convert OKLab (..., 3) to RGB in [0, 1], float32, cut at the gamut's border."""
    linear = np.clip((lab @ np.linalg.inv(TO_LAB).T) ** 3 @ np.linalg.inv(TO_CONES).T, 0, 1)
    rgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(rgb, np.float32)
