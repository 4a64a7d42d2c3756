"""Light on a surface: relief, glow, shafts, vignette."""

from __future__ import annotations

import math

import cv2
import numpy as np

from pipeline.painters.lines import slope
from pipeline.painters.surface import Picture, Plane, as_plane, clip, screen, smoothstep, times, unit
from pipeline.painters.texture import blur, coordinates, noise


def relief(height: Plane, degrees: float, depth: float) -> Plane:
    """Shading about 0 in [-1, 1] of a height field lit from `degrees` (0 is right, 90 above)."""
    dx, dy = slope(height)
    towards = -dx * math.cos(math.radians(degrees)) + dy * math.sin(math.radians(degrees))
    return as_plane(np.tanh(towards * depth))


def shadow(plane: Plane, degrees: float, reach: float) -> Plane:
    """A plane moved away from the light by `reach` pixels of a 512 picture."""
    step = reach * unit(plane)
    move = as_plane([[1, 0, -math.cos(math.radians(degrees)) * step], [0, 1, math.sin(math.radians(degrees)) * step]])
    return as_plane(cv2.warpAffine(plane, move, plane.shape[::-1], borderMode=cv2.BORDER_REPLICATE))


def rounded(distance: Plane, radius: float) -> Plane:
    """A height in [0, 1] that swells from an edge like a pillow."""
    t = np.clip(distance / radius, 0, 1)
    return as_plane(np.sqrt(t * (2 - t)))


def bloom(picture: Picture, threshold: float, sigma: float, amount: float) -> Picture:
    """Bright parts glow over their surroundings."""
    bright = times(picture, smoothstep(as_plane(picture.max(axis=2)), threshold, 1.0))
    return screen(picture, blur(bright, sigma) * amount)


def vignette(like: Picture, reach: float = 0.75) -> Plane:
    """1 in the middle, falling to 0 beyond the corners; `reach` in half-diagonals."""
    y, x = coordinates(like)
    middle_y, middle_x = float(y.max()) / 2, float(x.max()) / 2
    away = np.sqrt((y - middle_y) ** 2 + (x - middle_x) ** 2) / math.hypot(middle_y, middle_x)
    return as_plane(1 - smoothstep(as_plane(away), reach * 0.55, reach * 1.45))


def sunlight(like: Picture, x: float, y: float, spread: float) -> Plane:
    """Glow around a point given in fractions of the picture, 1 at the point."""
    rows, columns = coordinates(like)
    away = np.hypot(rows / float(rows.max()) - y, columns / float(columns.max()) - x)
    return as_plane(np.exp(-((away / spread) ** 2)))


def shafts(like: Picture, degrees: float, rng: np.random.Generator) -> Plane:
    """Soft beams across the picture, in [0, 1]."""
    y, x = coordinates(like)
    across = x * math.sin(math.radians(degrees)) - y * math.cos(math.radians(degrees))
    beams = noise(as_plane(np.zeros((8, 512), np.float32)), 48, rng)[0]
    index = (across - across.min()) / max(float(np.ptp(across)), 1.0) * 511
    return clip(0.5 + 0.5 * as_plane(beams[index.astype(np.int32)]))
