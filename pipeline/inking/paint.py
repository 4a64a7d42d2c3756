"""Paint regions at full size: each in its shade, large ones in the soft field that the model saw there."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.inking.grid import Grid, Labels, Plane, to_rgb
from pipeline.inking.shades import Shades

SOFT_AREA = 0.06  # of the picture: only a region this large may carry a soft field
UNEVEN = 6.0  # in CIELAB: what a plane misses of the field before the region is painted softly
SOFT_REACH = 0.03  # of the grid's longer side, how far the soft field is blurred
STEP = 0.05  # of half the longer side, for the slopes' way from CIELAB to RGB


def paint_shades(labels: Labels, shades: Shades) -> Plane:
    """RGB in [0, 1], (H, W, 3): every region in its own plane of colour. `labels` holds no lines."""
    height, width = labels.shape
    half = max(height, width) / 2
    y = ((np.arange(height, dtype=np.float32) - height / 2) / half)[:, None]
    x = ((np.arange(width, dtype=np.float32) - width / 2) / half)[None]
    base, by_x, by_y = as_rgb_planes(shades)
    picture = np.empty((height, width, 3), np.float32)
    places = labels.astype(np.intp)  # as NumPy looks up, and would convert to each time
    for channel in range(3):
        plane = by_x[channel][places]
        plane *= x
        plane += by_y[channel][places] * y
        plane += base[channel][places]
        picture[..., channel] = plane
    return np.clip(picture, 0, 1, out=picture)


def as_rgb_planes(shades: Shades) -> tuple[Plane, Plane, Plane]:
    """The shades as planes in RGB about their middles: value at (0, 0), slope by x, slope by y, each (3, n)."""
    middle = rgb_of(shades.middles)
    slopes = [(rgb_of(shades.middles + STEP * shades.slopes[:, axis]) - middle) / STEP for axis in (0, 1)]
    base = middle - slopes[0] * shades.centres[:, :1] - slopes[1] * shades.centres[:, 1:]
    return (
        np.ascontiguousarray(base.T, np.float32),
        np.ascontiguousarray(slopes[0].T, np.float32),
        np.ascontiguousarray(slopes[1].T, np.float32),
    )


def rgb_of(lab: Plane) -> Plane:
    return np.asarray(to_rgb(lab[None])[0])


def paint_softly(picture: Plane, labels: Labels, grid: Grid, shades: Shades, fixed: NDArray[np.bool_]) -> None:
    """Paint the soft field into large regions whose colours no plane tells: a sky that meets the ground."""
    for region in np.flatnonzero((shades.sizes >= SOFT_AREA) & (shades.missed > UNEVEN) & ~fixed[: len(shades.sizes)]):
        soft = to_rgb(soften(grid, grid.labels == region))
        large = cv2.resize(soft, labels.shape[::-1], interpolation=cv2.INTER_LINEAR)
        cv2.copyTo(large, (labels == region).astype(np.uint8), picture)


def soften(grid: Grid, mask: NDArray[np.bool_]) -> Plane:
    """Blur the field inside one region only, CIELAB (h, w, 3); far from its inside the nearest of it is repeated."""
    weight = np.where(mask, grid.inside, 0).astype(np.float32)
    total, coloured = np.zeros_like(weight), np.zeros_like(grid.lab)
    part, share = (grid.lab * weight[..., None]), 1.0
    for reach in (SOFT_REACH, 4 * SOFT_REACH, 16 * SOFT_REACH):
        total += share * shrunk_blur(weight, reach * max(weight.shape))
        coloured += share * shrunk_blur(part, reach * max(weight.shape))
        share *= 0.01
    return np.asarray(coloured / np.maximum(total, 1e-9)[..., None])


def shrunk_blur(plane: Plane, sigma: float) -> Plane:
    """Gaussian blur, reckoned on a smaller picture where `sigma` allows."""
    factor = max(1, int(sigma / 3))
    size = (max(1, plane.shape[1] // factor), max(1, plane.shape[0] // factor))
    small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), sigma / factor, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(soft, plane.shape[1::-1], interpolation=cv2.INTER_LINEAR))
