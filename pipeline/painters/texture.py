"""Grain, fibres, cells and blurs; every size in pixels of a 512 picture."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painters.surface import Picture, Plane, as_plane, unit


def blur(picture: Picture, sigma: float) -> Picture:
    """Gaussian blur; below a third of a pixel it is the picture itself."""
    radius = sigma * unit(picture)
    return picture if radius < 0.33 else as_plane(cv2.GaussianBlur(picture, (0, 0), radius))


def noise(like: Picture, size: float, rng: np.random.Generator, stretch: float = 1.0) -> Plane:
    """Smooth noise in about [-1, 1] with blobs of `size`; `stretch` > 1 draws them out sideways."""
    height, width = like.shape[:2]
    cell = max(size * unit(like), 1.0)
    rows, columns = max(round(height / cell), 2), max(round(width / (cell * stretch)), 2)
    grid = rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
    return as_plane(cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC))


def clouds(like: Picture, size: float, rng: np.random.Generator, octaves: int = 3) -> Plane:
    """Several octaves of noise, each half as large and half as strong; about [-1, 1]."""
    total = noise(like, size, rng)
    for octave in range(1, octaves):
        total = total + noise(like, size / 2**octave, rng) * 0.5**octave
    return as_plane(total / 1.4)


def grain(like: Picture, size: float, rng: np.random.Generator) -> Plane:
    """Paper tooth: coarse grain that survives shrinking plus a fine one that a large picture shows."""
    return as_plane(0.75 * noise(like, size, rng) + 0.45 * noise(like, size / 3, rng))


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
    """Thin streaks along one direction, about [-1, 1]."""
    streaks = smear(noise(like, size, rng), degrees, length)
    return as_plane(np.clip(streaks / (2.5 * streaks.std() + 1e-6), -1, 1))


def coordinates(like: Picture) -> tuple[Plane, Plane]:
    """(y, x) in pixels of a 512 picture, as a column and a row that broadcast."""
    scale = unit(like)
    y, x = np.ogrid[: like.shape[0], : like.shape[1]]
    return as_plane((y + 0.5) / scale), as_plane((x + 0.5) / scale)


def turned(like: Picture, degrees: float) -> tuple[Plane, Plane]:
    """Coordinates (along, across) turned by an angle, both (H, W)."""
    y, x = coordinates(like)
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return as_plane(x * c + y * s), as_plane(y * c - x * s)


def cells(
    like: Picture, size: float, jitter: float, rng: np.random.Generator
) -> tuple[NDArray[np.int32], Plane, NDArray[np.int64]]:
    """Scattered cells about `size` wide.

    Returns the cell of each pixel (H, W), its distance to the cell's centre in pixels of a 512 picture (H, W) and
    the centres (n, 2) as row, column.
    """
    height, width = like.shape[:2]
    step = max(size * unit(like), 2.0)
    rows, columns = np.meshgrid(np.arange(step / 2, height, step), np.arange(step / 2, width, step), indexing="ij")
    spots = np.stack([rows, columns], -1).reshape(-1, 2)
    spots = spots + rng.uniform(-0.5, 0.5, spots.shape) * step * jitter
    centres = np.clip(spots, 0, [height - 1, width - 1]).astype(np.int64)
    seeds = np.full((height, width), 255, np.uint8)
    seeds[centres[:, 0], centres[:, 1]] = 0
    distance, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    found = np.argwhere(seeds == 0)  # the transform numbers the seeds in scan order from 1
    return np.asarray(labels - 1, np.int32), as_plane(distance / unit(like)), found


def cell_means(picture: Picture, labels: NDArray[np.int32], count: int) -> Picture:
    """Mean colour of each cell (count, 3)."""
    flat = labels.ravel()
    sizes = np.maximum(np.bincount(flat, minlength=count), 1)
    sums = [np.bincount(flat, picture[..., k].ravel(), count) for k in range(3)]
    return as_plane(np.stack(sums, 1) / sizes[:, None])


def blocks(picture: Picture, across: int) -> Picture:
    """Shrink to `across` pixels on the shorter side, by area."""
    factor = across / min(picture.shape[:2])
    size = (max(round(picture.shape[1] * factor), 1), max(round(picture.shape[0] * factor), 1))
    return as_plane(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def enlarge(picture: Picture, like: Picture) -> Picture:
    """Back to the size of `like` in hard squares."""
    return as_plane(cv2.resize(picture, (like.shape[1], like.shape[0]), interpolation=cv2.INTER_NEAREST))


def bayer(like: Picture) -> Plane:
    """The 4 x 4 ordered dither's threshold of each pixel, in (-0.5, 0.5)."""
    matrix = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32)
    height, width = like.shape[:2]
    tiled = np.tile(matrix, (height // 4 + 1, width // 4 + 1))[:height, :width]
    return as_plane((tiled + 0.5) / 16 - 0.5)


def dots(like: Picture, period: float, degrees: float) -> Plane:
    """A halftone screen in [0, 1]: compare darkness with it to get dots."""
    along, across = turned(like, degrees)
    wave = np.cos(along * (2 * np.pi / period)) + np.cos(across * (2 * np.pi / period))
    return as_plane(0.5 + 0.25 * wave)


def printed(darkness: Plane, screen: Plane, softness: float = 0.12) -> Plane:
    """Where a screen of dots or lines takes ink for a darkness in [0, 1], with soft dot edges."""
    return as_plane(np.clip((darkness - screen) / softness + 0.5, 0, 1))


def stripes(like: Picture, period: float, degrees: float, wobble: Plane | float = 0.0) -> Plane:
    """A line screen in [0, 1]; `wobble` shifts the lines, in pixels of a 512 picture."""
    _, across = turned(like, degrees)
    return as_plane(0.5 + 0.5 * np.cos((across + wobble) * (2 * np.pi / period)))
