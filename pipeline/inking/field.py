"""A colour for every region from a small colour field: its robust middle, and the light that runs over it.

Everything is reckoned in CIELAB on a grid of at most 176 px, whatever the picture's size.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int32]
Plane = NDArray[np.float32]
Floats = NDArray[np.float64]

NONE = -1  # the label of lines and slivers
GRID = 176  # px, the longer side of the grid
BINS = (9, 20, 20)  # of lightness, a, b: where a region's commonest colour is looked for
BIN = 12.0  # in CIELAB, a bin's width
KEEN = 9.0  # in CIELAB: how far from the middle a colour counts half as much
ROUNDS = 3
SHARPENINGS = 4
GAIN = 2.0  # of one round of sharpening
SMALL_CELLS = 12.0  # cells of the field: a region this large takes half of what differs
MOST_SHIFT = 0.4  # of the range, how far a small region may move from the field
SOFTNESS = 0.7  # cells, how soft a model's field is
FLATTER = 0.05  # of half the longer side: a region this small keeps half of its slope
MOST_SLOPE = 14.0  # in CIELAB, how far a colour may run from a region's middle


@dataclass(frozen=True, eq=False)
class Grid:
    """The field and the regions where they are reckoned with."""

    labels: Labels  # (h, w), NONE on lines
    lab: Plane  # (h, w, 3)
    inside: Plane  # (h, w) in [0, 1], how far inside its region a place lies; 0 on lines
    x: Plane  # (h, w) in [-1, 1] over the longer side, 0 in the middle
    y: Plane
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

    @property
    def count(self) -> int:
        return int(self.labels.max()) + 1

    def sums(self, weights: Plane) -> Floats:
        """Sum (h, w) weights over each region, (count,)."""
        return np.asarray(
            np.bincount(self.labels.ravel() + 1, weights=weights.ravel(), minlength=self.count + 1)[1:], np.float64
        )

    def spread(self, values: Floats) -> Plane:
        """Each region's values at its places: (count, ...) -> (h, w, ...); zeros on lines."""
        table = np.concatenate([np.zeros((1, *values.shape[1:])), values]).astype(np.float32)
        return np.asarray(table[self.labels + 1])


@dataclass(frozen=True, eq=False)
class Shades:
    """Each region's colour as a plane in CIELAB over the picture: middle + x slope + y slope."""

    middles: Floats  # (n, 3)
    slopes: Floats  # (n, 2, 3), by x and y
    centres: Floats  # (n, 2) x, y


def to_lab(field: Plane) -> Plane:
    """Turn RGB in [0, 1] into CIELAB, L in [0, 100]."""
    return np.asarray(cv2.cvtColor(np.clip(field, 0, 1).astype(np.float32), cv2.COLOR_RGB2LAB))


def to_rgb(lab: Plane) -> Plane:
    """Turn CIELAB into RGB in [0, 1]."""
    return np.asarray(np.clip(cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB), 0, 1))


def lay_grid(labels: Labels, field: Plane) -> Grid:
    """Bring (H, W) labels and an RGB field of any size onto one grid."""
    height, width = labels.shape
    scale = min(1.0, GRID / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = labels if scale == 1 else shrink_labels(labels, size)
    lab = cv2.resize(to_lab(field), size, interpolation=cv2.INTER_LINEAR)
    cells = (min(size[0], field.shape[1]), min(size[1], field.shape[0]))
    cell = max(size) / max(cells)
    depth = cv2.distanceTransform(same_around(small), cv2.DIST_L2, 3)
    inside = np.clip(depth / (1.5 * cell), 0.05, 1) ** 2 * (small != NONE)
    half = max(size) / 2
    y, x = np.mgrid[: size[1], : size[0]].astype(np.float32)
    return Grid(small, lab, inside.astype(np.float32), (x - size[0] / 2) / half, (y - size[1] / 2) / half, cells)


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


def find_shades(grid: Grid) -> Shades:
    """Fit every region's colour: the commonest one inside, then a plane through what is like it."""
    middles = commonest(grid)
    for _ in range(ROUNDS):
        weights = grid.inside / (1 + ((grid.lab - grid.spread(middles)) ** 2).sum(axis=2) / KEEN**2) ** 2
        middles = means(grid, weights.astype(np.float32))
    return fit_slopes(grid, weights.astype(np.float32), sharpen(grid, middles))


def sharpen(grid: Grid, middles: Floats) -> Floats:
    """Undo the field's blur for small regions: an eye's colour reaches the field mixed with its surroundings'.

    Landweber's iteration: the regions are painted with their middles and shrunk as the field is; what then differs
    from the field is given back to each region, to the small ones in full.
    """
    labels = fill_lines(grid.labels)
    share = grid.sums((grid.labels >= 0).astype(np.float32)) / grid.cell**2
    gain = (1 / (1 + share / SMALL_CELLS))[:, None]
    field = to_rgb(grid.lab)  # light mixes in RGB
    first = colours = to_rgb(middles[None].astype(np.float32))[0].astype(np.float64)
    for _ in range(SHARPENINGS):
        missed = field - grid.blur(colours[labels].astype(np.float32))
        colours = colours + GAIN * gain * means_of(grid, missed)
        colours = np.clip(colours, first - MOST_SHIFT, first + MOST_SHIFT)
    return np.asarray(to_lab(np.clip(colours, 0, 1)[None].astype(np.float32))[0], np.float64)


def means_of(grid: Grid, picture: Plane) -> Floats:
    """Mean of a picture over each region, (count, 3), all places alike."""
    total = np.maximum(grid.sums((grid.labels >= 0).astype(np.float32)), 1e-9)
    return np.stack([grid.sums(picture[..., channel]) / total for channel in range(3)], 1)


def commonest(grid: Grid) -> Floats:
    """The middle of each region's fullest bin of colours, (count, 3)."""
    placed = grid.labels >= 0
    index = np.clip((grid.lab[placed] + (0, 120, 120)) // BIN, 0, np.array(BINS) - 1).astype(np.int64)
    bins = int(np.prod(BINS))
    keys = (index[:, 0] * BINS[1] + index[:, 1]) * BINS[2] + index[:, 2] + grid.labels[placed].astype(np.int64) * bins
    counted = np.bincount(keys, weights=grid.inside[placed], minlength=grid.count * bins)
    fullest = counted.reshape(grid.count, bins).argmax(axis=1)
    return (np.stack(np.unravel_index(fullest, BINS), 1) + 0.5) * BIN - (0, 120, 120)


def means(grid: Grid, weights: Plane) -> Floats:
    """Weighted mean colour of each region, (count, 3)."""
    total = np.maximum(grid.sums(weights), 1e-9)
    return np.stack([grid.sums(weights * grid.lab[..., channel]) / total for channel in range(3)], 1)


def fit_slopes(grid: Grid, weights: Plane, middles: Floats) -> Shades:
    """Least squares of a plane per region, flatter the smaller the region."""
    total = np.maximum(grid.sums(weights), 1e-9)
    cx, cy = grid.sums(weights * grid.x) / total, grid.sums(weights * grid.y) / total
    dx, dy = grid.x - grid.spread(cx), grid.y - grid.spread(cy)
    xx = grid.sums(weights * dx * dx) / total + FLATTER**2
    yy = grid.sums(weights * dy * dy) / total + FLATTER**2
    xy = grid.sums(weights * dx * dy) / total
    slopes = np.zeros((grid.count, 2, 3))
    for channel in range(3):
        xc = grid.sums(weights * dx * grid.lab[..., channel]) / total
        yc = grid.sums(weights * dy * grid.lab[..., channel]) / total
        slopes[:, 0, channel] = (yy * xc - xy * yc) / (xx * yy - xy * xy)
        slopes[:, 1, channel] = (xx * yc - xy * xc) / (xx * yy - xy * xy)
    extent = 2 * np.sqrt(np.stack([xx, yy], 1))[..., None]
    limit = np.minimum(1, MOST_SLOPE / np.maximum(np.abs(slopes * extent), 1e-6))
    return Shades(middles, slopes * limit, np.stack([cx, cy], 1))
