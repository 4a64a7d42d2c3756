"""A picture cut into pieces: scattered cells, the seams between them, big square pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painters.surface import Picture, Plane, as_plane, unit

Labels = NDArray[np.int32]


def scatter(like: Picture, size: float, jitter: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return points (n, 2) as row, column in this picture's pixels, about `size` apart; equal at every size."""
    height, width = like.shape[:2]
    step = size * unit(like)
    rows, columns = max(round(height / step), 2), max(round(width / step), 2)
    grid = np.stack(np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"), -1).reshape(-1, 2) + 0.5
    spots = (grid + rng.uniform(-0.5, 0.5, grid.shape) * jitter) / (rows, columns)
    return np.asarray(np.clip(spots, 0, 1 - 1e-6) * (height, width))


def nearest_point(like: Picture, points: NDArray[np.float64]) -> tuple[Labels, Plane, NDArray[np.int64]]:
    """Give every pixel to the nearest of some points (n, 2), row and column.

    Returns the number of each pixel's point (H, W), its distance to it in pixels of a 512 picture (H, W) and the points
    as whole pixels (n, 2). Of points that share a pixel one has it.
    """
    seeds = np.full(like.shape[:2], 255, np.uint8)
    at = points.astype(np.int64)
    seeds[at[:, 0], at[:, 1]] = 0
    distance, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    numbers = np.zeros(len(at) + 1, np.int32)
    numbers[labels[at[:, 0], at[:, 1]]] = np.arange(len(at))  # the transform numbers in scan order, which sizes change
    return numbers[labels], as_plane(distance / unit(like)), at


def cells(
    like: Picture, size: float, jitter: float, rng: np.random.Generator
) -> tuple[Labels, Plane, NDArray[np.int64]]:
    """Cut a picture into scattered cells about `size` wide; see `nearest_point` for what returns."""
    return nearest_point(like, scatter(like, size, jitter, rng))


def differing(labels: Labels) -> NDArray[np.bool_]:
    """Return the pixels (H, W) whose left or upper neighbour has another label."""
    between = np.zeros(labels.shape, np.bool_)
    between[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    between[1:] |= labels[1:] != labels[:-1]
    return between


def seams(labels: Labels, width: float) -> Plane:
    """Return lines in [0, 1] between cells, `width` in pixels of a 512 picture."""
    away = cv2.distanceTransform(1 - differing(labels).astype(np.uint8), cv2.DIST_L2, 3)
    scale = min(labels.shape) / 512
    return as_plane(np.clip(width * scale / 2 - away + 0.5, 0, 1))


def cell_means(picture: Picture | Plane, labels: Labels, count: int) -> Picture:
    """Return the mean colour of each cell, (count, 3); of a plane (H, W) its mean value, (count, 1)."""
    flat = labels.ravel().astype(np.intp)  # as NumPy counts, and would convert to each time
    sizes = np.maximum(np.bincount(flat, minlength=count), 1)
    sums = [np.bincount(flat, channel.ravel(), count) for channel in cv2.split(picture)]
    return as_plane(np.stack(sums, 1) / sizes[:, None])


def blocks(picture: Picture, side: int) -> Picture:
    """Return the mean of every block of `side` pixels; the last row and column may be of smaller blocks."""
    height, width = picture.shape[:2]
    rows, columns = -(-height // side), -(-width // side)
    edge = (0, rows * side - height, 0, columns * side - width)
    padded = cv2.copyMakeBorder(picture, *edge, cv2.BORDER_REPLICATE)
    return as_plane(cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA))


def enlarge(picture: Picture, side: int, like: Picture) -> Picture:
    """Return the blocks as hard squares of `side` pixels, cut to the size of `like`."""
    grown = np.repeat(np.repeat(picture, side, axis=0), side, axis=1)
    return as_plane(grown[: like.shape[0], : like.shape[1]])


def bayer(like: Picture) -> Plane:
    """Return the 4 x 4 ordered dither's threshold of each pixel, in (-0.5, 0.5)."""
    matrix = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32)
    height, width = like.shape[:2]
    tiled = np.tile(matrix, (height // 4 + 1, width // 4 + 1))[:height, :width]
    return as_plane((tiled + 0.5) / 16 - 0.5)
