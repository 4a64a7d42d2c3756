"""Light on a surface: relief, cast shadows, glow, shafts, vignette."""

from __future__ import annotations

import math

import cv2
import numpy as np

from pipeline.painters.lines import slope
from pipeline.painters.surface import Picture, Plane, as_plane, clip, screen, smoothstep, strongest, times, unit
from pipeline.painters.texture import blur, coordinates


def relief(height: Plane, degrees: float, depth: float) -> Plane:
    """Return shading about 0 in [-1, 1] of a height field lit from `degrees` (0 is right, 90 above)."""
    dx, dy = slope(height)
    x, y = np.float32(-depth * math.cos(math.radians(degrees))), np.float32(depth * math.sin(math.radians(degrees)))
    towards = dx * x + dy * y
    return as_plane(towards / np.sqrt(1 + towards * towards))


def shadow(plane: Plane, degrees: float, reach: float) -> Plane:
    """Return a plane moved away from the light by `reach` pixels of a 512 picture."""
    step = reach * unit(plane)
    move = as_plane([[1, 0, -math.cos(math.radians(degrees)) * step], [0, 1, math.sin(math.radians(degrees)) * step]])
    return as_plane(cv2.warpAffine(plane, move, plane.shape[::-1], borderMode=cv2.BORDER_REPLICATE))


def cast_shadow(height: Plane, degrees: float, reach: float, softness: float) -> Plane:
    """Return where something higher stands between a place and the light, in [0, 1]."""
    darkest = np.zeros_like(height)
    for share in (0.3, 0.65, 1.0):
        darkest = np.maximum(darkest, shadow(height, degrees, reach * share) - height)
    return clip(blur(as_plane(darkest), softness))


def rounded(distance: Plane, radius: float) -> Plane:
    """Return a height in [0, 1] that swells from an edge like a pillow."""
    t = np.clip(distance / radius, 0, 1)
    return as_plane(np.sqrt(t * (2 - t)))


def bloom(picture: Picture, threshold: float, sigma: float, amount: float) -> Picture:
    """Let bright parts glow over their surroundings."""
    bright = times(picture, smoothstep(strongest(picture), threshold, 1.0))
    return screen(picture, blur(bright, sigma) * np.float32(amount))


def vignette(like: Picture, reach: float = 0.75) -> Plane:
    """Return 1 in the middle, falling to 0 beyond the corners; `reach` in half-diagonals."""
    y, x = coordinates(like)
    middle_y, middle_x = float(y.max()) / 2, float(x.max()) / 2
    away = np.sqrt((y - middle_y) ** 2 + (x - middle_x) ** 2) / np.float32(math.hypot(middle_y, middle_x))
    return as_plane(1 - smoothstep(as_plane(away), reach * 0.55, reach * 1.45))


def sunlight(like: Picture, x: float, y: float, spread: float) -> Plane:
    """Return the glow around a point given in fractions of the picture, 1 at the point."""
    rows, columns = coordinates(like)
    across = ((columns / np.float32(columns.max()) - np.float32(x)) / np.float32(spread)) ** 2
    down = ((rows / np.float32(rows.max()) - np.float32(y)) / np.float32(spread)) ** 2
    return as_plane(np.exp(-down) * np.exp(-across))


def shafts(like: Picture, degrees: float, rng: np.random.Generator) -> Plane:
    """Return soft beams across the picture, in [0, 1]."""
    y, x = coordinates(like)
    sine, cosine = np.float32(math.sin(math.radians(degrees))), np.float32(math.cos(math.radians(degrees)))
    across = x * sine - y * cosine
    beams = cv2.resize(as_plane(rng.uniform(-1, 1, (1, 60))), (512, 1), interpolation=cv2.INTER_CUBIC)[0]
    index = (across - across.min()) * np.float32(511 / max(float(np.ptp(across)), 1.0))
    return clip(0.5 + 0.5 * as_plane(beams[index.astype(np.int32)]))


def height_share(like: Picture) -> Plane:
    """Return 0 at the top, 1 at the bottom, (H, W)."""
    y, _ = coordinates(like)
    return as_plane(np.broadcast_to(y / np.float32(y.max()), like.shape[:2]))
