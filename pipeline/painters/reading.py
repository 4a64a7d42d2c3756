"""A plain picture read as a painting: thin dark strokes become its lines, patches of one colour its regions."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painters.lines import kuwahara
from pipeline.painters.pieces import cell_means, differing
from pipeline.painters.surface import Picture, Plane, as_plane, luma, smoothstep, strongest, unit
from pipeline.values import Painting

PEN = 9.0  # px of a 512 picture: strokes up to this width are lines
LEVELS = 7  # of each colour channel, when patches of one colour are sought
MERGED = 0.09  # neighbours whose mean colours differ by less become one region
DRAWN = (0.004, 0.25)  # share of a picture that lines cover, where it has drawn lines at all


def read_painting(image: Picture) -> Painting:
    """Return the painting of a picture, float32 (H, W, 3) RGB in [0, 1]; without thin dark strokes its lines are 0."""
    lines = read_strokes(image)
    colours = fill_under(image, lines > 0.25) if lines.any() else image
    return Painting(
        np.asarray(np.clip(colours, 0, 1) * 255 + 0.5, np.uint8),
        np.asarray(lines * 255 + 0.5, np.uint8),
        read_regions(colours),
    )


def read_strokes(image: Picture) -> Plane:
    """Return coverage (H, W) in [0, 1] of thin near-black strokes; all 0 where a picture has next to none."""
    grey = luma(image)
    size = max(round(PEN * unit(image)) | 1, 3)
    closed = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    depth = (closed - grey) / np.maximum(closed, 0.05)
    lines = smoothstep(as_plane(depth), 0.4, 0.8) * (1 - smoothstep(strongest(image), 0.3, 0.6))
    share = float((lines > 0.5).mean())
    return as_plane(lines if DRAWN[0] < share < DRAWN[1] else np.zeros_like(lines))


def fill_under(image: Picture, covered: NDArray[np.bool_]) -> Picture:
    """Return the picture with covered places in the colour of the nearest free one."""
    wide = cv2.dilate(covered.astype(np.uint8), np.ones((3, 3), np.uint8))
    if wide.all():
        return image
    rows, columns = nearest_free(wide == 0)
    return as_plane(image[rows, columns])


def nearest_free(free: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return row and column of the nearest free pixel for every pixel, each (H, W)."""
    seeds = np.where(free, 0, 255).astype(np.uint8)
    _, near = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    at = np.argwhere(free)
    return at[near - 1, 0], at[near - 1, 1]


def read_regions(image: Picture) -> NDArray[np.int32]:
    """Return labels (H, W) from 0 of patches whose colour is about the same."""
    calm = np.clip(kuwahara(image, 5), 0, 1)
    step = np.asarray(np.round(calm * (LEVELS - 1)), np.uint8)
    code = cv2.medianBlur(np.ascontiguousarray(step @ np.array([1, LEVELS, LEVELS**2], np.uint16)).astype(np.uint16), 3)
    borders = differing(code.astype(np.int32))
    count, labels = cv2.connectedComponents((~borders).astype(np.uint8), connectivity=4)
    if count < 2:
        return np.zeros(image.shape[:2], np.int32)
    free = np.bincount(labels.ravel(), minlength=count) >= max(30 * unit(image) ** 2, 4)
    free[0] = False
    if not free.any():
        return np.zeros(image.shape[:2], np.int32)
    rows, columns = nearest_free(free[labels])
    return merge_alike(calm, np.asarray(labels[rows, columns], np.int32))


def merge_alike(image: Picture, labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Join neighbours of nearly one colour, so that a smooth sky is one region and not bands."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = int(labels.max()) + 1
    means = cell_means(image, labels, count)
    pairs = np.concatenate(
        [
            np.stack([labels[:, 1:].ravel(), labels[:, :-1].ravel()], 1),
            np.stack([labels[1:].ravel(), labels[:-1].ravel()], 1),
        ]
    )
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    alike = pairs[np.abs(means[pairs[:, 0]] - means[pairs[:, 1]]).max(axis=1) < MERGED]
    graph = coo_array((np.ones(len(alike), np.int8), (alike[:, 0], alike[:, 1])), shape=(count, count))
    _, joined = connected_components(graph, directed=False)
    _, packed = np.unique(joined[labels], return_inverse=True)
    return np.asarray(packed.reshape(labels.shape), np.int32)
