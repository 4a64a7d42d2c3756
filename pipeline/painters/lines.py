"""Outlines, flow along forms, and the painterly simplifications that keep outlines where they are."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painters.surface import Picture, Plane, as_plane, unit
from pipeline.painters.texture import blur


def edge_pixels(picture: Picture, detail: float = 0.5) -> NDArray[np.bool_]:
    """Return thin edges (H, W); detail 0 finds only strong ones, 1 faint ones too."""
    smooth = (np.clip(blur(picture, 3.5), 0, 1) * 255).astype(np.uint8)
    # A blurred edge climbs over more pixels in a large picture: the same edge has a smaller slope there.
    high = (170 - 120 * detail) * min(0.25 / unit(picture), 1) ** 0.85
    # The strongest channel sees a red shape on green, which grey does not.
    found = [cv2.Canny(np.ascontiguousarray(smooth[..., k]), 0.4 * high, high) for k in range(3)]
    return np.asarray((found[0] | found[1] | found[2]) > 0)


def edge_distance(picture: Picture, detail: float = 0.5) -> Plane:
    """Return the distance to the nearest edge, in pixels of a 512 picture; huge where there is none."""
    free = np.where(edge_pixels(picture, detail), 0, 255).astype(np.uint8)
    away = np.minimum(cv2.distanceTransform(free, cv2.DIST_L2, 3), 4096 * unit(picture))
    return as_plane(away / unit(picture))


def outline(picture: Picture, width: float, detail: float = 0.5, wobble: Plane | float = 0.0) -> Plane:
    """Return ink lines (H, W) in [0, 1] on the edges; `wobble` thickens and thins them."""
    scale = unit(picture)
    reach = (width / 2 + wobble - edge_distance(picture, detail)) * scale
    return as_plane(np.clip(reach + 0.5, 0, 1))


def slope(plane: Plane) -> tuple[Plane, Plane]:
    """Return (dx, dy) of a plane, in change per pixel of a 512 picture."""
    scale = unit(plane)
    dx = cv2.Sobel(plane, cv2.CV_32F, 1, 0, ksize=3, scale=scale / 8)
    return as_plane(dx), as_plane(cv2.Sobel(plane, cv2.CV_32F, 0, 1, ksize=3, scale=scale / 8))


def flow(plane: Plane, reach: float = 12, rest: float = 0.6) -> Plane:
    """Return the direction (radians) along the forms of a plane, smoothed; `rest` is taken where it is flat."""
    dx, dy = slope(plane)
    flat = 1e-7
    xx = blur(as_plane(dx * dx), reach) + flat * (1 - np.cos(2 * rest))
    yy = blur(as_plane(dy * dy), reach) + flat * (1 + np.cos(2 * rest))
    xy = blur(as_plane(dx * dy), reach) - flat * np.sin(2 * rest)
    return as_plane(0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2)


def comb(texture: Picture, angle: Plane, length: float) -> Picture:
    """Draw a texture out along a field of directions (line integral convolution)."""
    height, width = texture.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    taps = 4
    stride = length * unit(texture) / (2 * taps)
    dx, dy = np.cos(angle) * stride, np.sin(angle) * stride
    total = texture.copy()
    for k in (*range(-taps, 0), *range(1, taps + 1)):
        total += cv2.remap(texture, x + k * dx, y + k * dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return as_plane(total / (2 * taps + 1))


def kuwahara(picture: Picture, radius: float) -> Picture:
    """Paint flat dabs with crisp borders: each pixel takes the calmest of its four neighbouring squares' means."""
    r = max(round(radius * unit(picture)), 1)
    side = (r + 1, r + 1)
    mean = cv2.boxFilter(picture, -1, side, anchor=(0, 0), borderType=cv2.BORDER_REFLECT)
    grey = as_plane(picture.mean(axis=2))
    first = cv2.boxFilter(grey, -1, side, anchor=(0, 0), borderType=cv2.BORDER_REFLECT)
    second = cv2.boxFilter(grey * grey, -1, side, anchor=(0, 0), borderType=cv2.BORDER_REFLECT)
    spread = np.pad(second - first * first, ((r, 0), (r, 0)), mode="edge")
    mean = np.pad(mean, ((r, 0), (r, 0), (0, 0)), mode="edge")
    return calmest(as_plane(mean), as_plane(spread), r)


def calmest(mean: Picture, spread: Plane, r: int) -> Picture:
    """Choose of the four squares that meet at each pixel (offsets 0 or r in padded planes) the one of least spread."""
    height, width = spread.shape[0] - r, spread.shape[1] - r
    best, least = mean[r:, r:].copy(), spread[r:, r:].copy()
    for top, left in ((0, 0), (0, r), (r, 0)):
        rival = spread[top : top + height, left : left + width]
        wins = rival < least
        best[wins] = mean[top : top + height, left : left + width][wins]
        least[wins] = rival[wins]
    return as_plane(best)


def flatten(picture: Picture, strength: float = 0.12, reach: float = 14) -> Picture:
    """Even out shading inside shapes and keep their borders (bilateral)."""
    return as_plane(
        cv2.bilateralFilter(
            picture, -1 if reach * unit(picture) < 2 else 0, strength, max(reach * unit(picture) / 2, 1.0)
        )
    )
