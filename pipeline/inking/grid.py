"""The grid on which colours are reckoned with: the field and the regions on one small picture, whatever their sizes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int32]
Plane = NDArray[np.float32]

NONE = -1  # the label of lines and slivers
SIDE = 144  # px, the longer side of the grid
SOFTNESS = 0.7  # cells, how soft a model's field is
WELL_INSIDE = 1.5  # cells from its border a place counts in full for its region


@dataclass(frozen=True, eq=False)
class Grid:
    """The field and the regions where they are reckoned with."""

    labels: Labels  # (h, w), NONE on lines
    lab: Plane  # (h, w, 3)
    inside: Plane  # (h, w) in [0, 1], how far inside its region a place lies; 0 on lines
    cells: tuple[int, int]  # width and height of the colour field

    @property
    def cell(self) -> float:
        """Places along one cell of the colour field."""
        return float(max(self.labels.shape)) / max(self.cells)

    def blur(self, picture: Plane) -> Plane:
        """Shrink (h, w, 3) to the field's cells, soften as a model's field is soft, and enlarge again."""
        small = cv2.resize(picture, self.cells, interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(small, (3, 3), SOFTNESS)
        return np.asarray(cv2.resize(soft, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR))


@dataclass(frozen=True, eq=False)
class Samples:
    """The grid's places, region by region, so that sums over regions are quick."""

    order: NDArray[np.intp]  # (n,) the places' numbers on the flat grid, sorted by region
    regions: NDArray[np.intp]  # (m,) the labels that occur, ascending
    starts: NDArray[np.intp]  # (m,) where each begins in `order`
    counts: NDArray[np.intp]  # (m,)

    @classmethod
    def sort(cls, labels: Labels) -> Samples:
        """Sort the places of (h, w) labels by region; those on lines are left out."""
        flat = labels.ravel()
        order = np.argsort(flat.astype(np.int16) if flat.max() < 2**15 else flat, kind="stable")
        sizes = np.bincount(flat + 1)
        regions = np.flatnonzero(sizes[1:])
        starts = np.cumsum(sizes)[regions] - sizes[0]
        return cls(order[sizes[0] :], regions, starts, sizes[1:][regions])

    def take(self, plane: NDArray[np.floating]) -> Plane:
        """A plane's values, (h, w) or (h, w, k), in the samples' order: (n,) or (n, k)."""
        return np.asarray(plane.reshape(-1, *plane.shape[2:])[self.order], np.float32)

    def sums(self, values: NDArray[np.floating]) -> Plane:
        """Sum (n, ...) values over each region, (m, ...)."""
        return np.asarray(np.add.reduceat(values, self.starts, axis=0), np.float32)

    def means(self, values: NDArray[np.floating], weights: Plane) -> Plane:
        """Weighted mean of (n, k) values over each region, (m, k)."""
        return np.asarray(self.sums(values * weights[:, None]) / np.maximum(self.sums(weights), 1e-9)[:, None])

    def spread(self, values: NDArray[np.floating]) -> Plane:
        """Each region's values, (m, ...), at its places, (n, ...)."""
        return np.asarray(np.repeat(values, self.counts, axis=0), np.float32)


def to_lab(field: Plane) -> Plane:
    """Turn RGB in [0, 1] into CIELAB, L in [0, 100]."""
    return np.asarray(cv2.cvtColor(np.clip(field, 0, 1).astype(np.float32), cv2.COLOR_RGB2LAB))


def to_rgb(lab: Plane) -> Plane:
    """Turn CIELAB into RGB in [0, 1]."""
    return np.asarray(np.clip(cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB), 0, 1))


def lay_grid(labels: Labels, field: Plane) -> Grid:
    """Bring (H, W) labels and an RGB field of any size onto one grid."""
    height, width = labels.shape
    scale = min(1.0, SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = labels if scale == 1 else shrink_labels(labels, size)
    lab = cv2.resize(to_lab(field), size, interpolation=cv2.INTER_LINEAR)
    cells = (min(size[0], field.shape[1]), min(size[1], field.shape[0]))
    depth = cv2.distanceTransform(same_around(small), cv2.DIST_L2, 3)
    reach = WELL_INSIDE * max(size) / max(cells)
    inside = np.clip(depth / reach, 0.05, 1) ** 2 * (small != NONE)
    return Grid(small, lab, inside.astype(np.float32), cells)


def shrink_labels(labels: Labels, size: tuple[int, int]) -> Labels:
    """Labels at (width, height), no region lost."""
    small = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
    count = int(labels.max()) + 1
    lost = np.bincount(small.ravel() + 1, minlength=count + 1)[1:] == 0
    if lost.any():
        rows, columns = np.nonzero(np.append(lost, False)[labels])
        places = (rows * size[1] // labels.shape[0], columns * size[0] // labels.shape[1])
        small[places] = labels[rows, columns]
    return np.asarray(small)


def fill_lines(labels: Labels) -> Labels:
    """Give each pixel of a line or sliver the label of the nearest region."""
    without = labels == NONE
    if not without.any() or without.all():
        return np.maximum(labels, 0)
    _, nearest = cv2.distanceTransformWithLabels(
        without.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    source = np.zeros(int(nearest.max()) + 1, np.int32)
    source[nearest[~without]] = labels[~without]
    return np.asarray(source[nearest])


def same_around(labels: Labels) -> NDArray[np.uint8]:
    """1 where a place's right and lower neighbours have its label, 0 on borders and lines."""
    same = (labels != NONE).astype(np.uint8)
    same[:, :-1] &= labels[:, 1:] == labels[:, :-1]
    same[:-1] &= labels[1:] == labels[:-1]
    return np.asarray(same)
