"""Grain, fibres and blurs; every length in pixels of a 512 picture, and equal patterns at every size."""

from __future__ import annotations

import math

import cv2
import numpy as np

from pipeline.painters.surface import Picture, Plane, as_plane, unit

TEXTURE = 0.03  # of the longer side: what is larger is a picture's light, what is smaller its texture


def blur(picture: Picture, sigma: float) -> Picture:
    """Blur by a Gaussian; below a third of a pixel return the picture itself.

    A wide one is taken on a smaller copy, which nobody can tell apart and which costs as much as a narrow one.
    """
    radius = sigma * unit(picture)
    if radius < 0.33:
        return picture
    if radius < 8:
        return as_plane(cv2.GaussianBlur(picture, (0, 0), radius))
    height, width = picture.shape[:2]
    factor = radius / 4
    size = (max(round(width / factor), 2), max(round(height / factor), 2))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), radius * size[1] / height)
    return as_plane(cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC))


def blur_widely(picture: Plane) -> Plane:
    """Return a picture, (h, w) or (h, w, n), without its texture, reckoned on an eighth of the size."""
    size = (max(1, picture.shape[1] // 8), max(1, picture.shape[0] // 8))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), TEXTURE * max(size))
    return np.asarray(cv2.resize(soft, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR))


def noise(like: Picture, size: float, rng: np.random.Generator, stretch: float = 1.0) -> Plane:
    """Return smooth noise in about [-1, 1] with blobs of `size`; `stretch` > 1 draws them out sideways."""
    height, width = like.shape[:2]
    cell = size * unit(like)
    rows, columns = max(round(height / cell), 2), max(round(width / (cell * stretch)), 2)
    grid = rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
    by = cv2.INTER_CUBIC if rows <= height else cv2.INTER_AREA
    return as_plane(cv2.resize(grid, (width, height), interpolation=by))


def clouds(like: Picture, size: float, rng: np.random.Generator, octaves: int = 3) -> Plane:
    """Return octaves of noise, each half as large and half as strong; about [-1, 1]."""
    total = noise(like, size, rng)
    for octave in range(1, octaves):
        total += noise(like, size / 2**octave, rng) * np.float32(0.5**octave)
    return as_plane(total / np.float32(1.4))


def grain(like: Picture, size: float, rng: np.random.Generator) -> Plane:
    """Return paper tooth: coarse grain that survives shrinking and a fine one that a large picture shows."""
    return as_plane(np.float32(0.75) * noise(like, size, rng) + np.float32(0.45) * noise(like, size / 3, rng))


def smear(plane: Picture, degrees: float, length: float) -> Picture:
    """Blur along one direction."""
    reach = max(length * unit(plane), 1.5)
    half = math.ceil(reach / 2)
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.uint8)
    dx, dy = (reach / 2 * f(math.radians(degrees)) for f in (math.cos, math.sin))
    ends = [(round((half + k * dx) * 16), round((half + k * dy) * 16)) for k in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 255, 1, cv2.LINE_AA, 4)
    weights = kernel.astype(np.float32) / kernel.sum()
    return as_plane(cv2.filter2D(plane, -1, weights, borderType=cv2.BORDER_REFLECT))


def fibres(like: Picture, degrees: float, length: float, rng: np.random.Generator, size: float = 4) -> Plane:
    """Return thin streaks along one direction, about [-1, 1], `length` long and `size` thick."""
    height, width = like.shape[:2]
    along, across = length / 3 * unit(like), size * 0.8 * unit(like)
    diagonal = math.hypot(height, width)
    grid = rng.uniform(-1, 1, (math.ceil(diagonal / across) + 4, math.ceil(diagonal / along) + 6)).astype(np.float32)
    grid = cv2.blur(grid, (3, 1))
    grid = np.clip(grid / np.float32(2.5 * grid.std()), -1, 1)
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = np.array([[c / along, s / along, 0], [-s / across, c / across, 0]], np.float32)
    turn[:, 2] = (grid.shape[1] / 2, grid.shape[0] / 2) - turn[:, :2] @ (width / 2, height / 2)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return as_plane(cv2.warpAffine(grid, turn, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT))


def coordinates(like: Picture) -> tuple[Plane, Plane]:
    """Return (y, x) in pixels of a 512 picture, as a column and a row that broadcast."""
    scale = unit(like)
    y, x = np.ogrid[: like.shape[0], : like.shape[1]]
    return as_plane((y + 0.5) / scale), as_plane((x + 0.5) / scale)


def turned(like: Picture, degrees: float) -> tuple[Plane, Plane]:
    """Return coordinates (along, across) turned by an angle, both (H, W)."""
    y, x = coordinates(like)
    c, s = np.float32(math.cos(math.radians(degrees))), np.float32(math.sin(math.radians(degrees)))
    return as_plane(x * c + y * s), as_plane(y * c - x * s)


def dots(like: Picture, period: float, degrees: float) -> Plane:
    """Return a halftone screen in [0, 1]: compare darkness with it to get dots."""
    along, across = turned(like, degrees)
    step = np.float32(2 * np.pi / period)
    return as_plane(np.float32(0.5) + np.float32(0.25) * (np.cos(along * step) + np.cos(across * step)))


def printed(darkness: Plane, screen: Plane, softness: float = 0.12) -> Plane:
    """Return where a screen of dots or lines takes ink for a darkness in [0, 1], with soft dot edges."""
    return as_plane(np.clip((darkness - screen) / softness + 0.5, 0, 1))


def stripes(like: Picture, period: float, degrees: float, wobble: Plane | float = 0.0) -> Plane:
    """Return a line screen in [0, 1]; `wobble` shifts the lines, in pixels of a 512 picture."""
    _, across = turned(like, degrees)
    return as_plane(0.5 + 0.5 * np.cos((across + wobble) * np.float32(2 * np.pi / period)))
