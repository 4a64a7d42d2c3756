"""A colour for every region from a small colour field: its robust middle, and the light that runs over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.inking.grid import Grid, Plane, Samples, fill_lines, to_lab, to_rgb

BINS = (9, 20, 20)  # of lightness, a, b: where a region's commonest colour is looked for
LOWEST = np.array((0, -120, -120), np.float32)  # of lightness, a, b
BIN = 12.0  # in CIELAB, a bin's width
KEEN = 9.0  # in CIELAB: how far from the middle a colour counts half as much
ROUNDS = 3
SHARPENINGS = 4
GAIN = 2.0  # of one round of sharpening
SMALL_CELLS = 12.0  # cells of the field: a region this large takes half of what differs
MOST_SHIFT = 0.4  # of the range, how far a small region may move from the field
FLATTER = 0.05  # of half the longer side: a region this small keeps half of its slope
MOST_SLOPE = 14.0  # in CIELAB, how far a colour may run from a region's middle


@dataclass(frozen=True, eq=False)
class Shades:
    """Each region's colour as a plane in CIELAB over the picture, middle + x slope + y slope, and how true that is.

    x and y run over [-1, 1] on the longer side, 0 in the picture's middle. What no place of the grid shows is black.
    """

    middles: Plane  # (count, 3)
    slopes: Plane  # (count, 2, 3), by x and y
    centres: Plane  # (count, 2) x, y
    sizes: Plane  # (count,) share of the grid
    missed: Plane  # (count,) root mean square of what the plane misses of the field, in CIELAB


def find_shades(grid: Grid) -> Shades:
    """Fit every region's colour: the commonest one inside, then a plane through what is like it."""
    samples = Samples.sort(grid.labels)
    lab, inside = samples.take(grid.lab), samples.take(grid.inside)
    middles = find_commonest(samples, lab, inside)
    for _ in range(ROUNDS):
        weights = inside / (1 + ((lab - samples.spread(middles)) ** 2).sum(axis=1) / KEEN**2) ** 2
        middles = samples.means(lab, weights)
    places = lay_places(grid, samples)
    slopes, centres = fit_slopes(samples, lab, places, weights)
    planes = ((places - samples.spread(centres))[..., None] * samples.spread(slopes)).sum(axis=1) + samples.spread(
        middles
    )
    away = np.minimum(((lab - planes) ** 2).sum(axis=1), 900)[:, None]
    missed = np.sqrt(samples.means(away, inside)[:, 0])
    return scatter(grid, samples, sharpen(grid, samples, middles), slopes, centres, missed)


def find_commonest(samples: Samples, lab: Plane, inside: Plane) -> Plane:
    """The middle of each region's fullest bin of colours, (m, 3)."""
    index = np.clip((lab - LOWEST) / BIN, 0, np.array(BINS) - 1).astype(np.int64)
    keys = (index[:, 0] * BINS[1] + index[:, 1]) * BINS[2] + index[:, 2]
    bins, count = int(np.prod(BINS)), len(samples.regions)
    numbers = np.repeat(np.arange(count), samples.counts)
    full = np.bincount(keys + numbers * bins, weights=inside, minlength=count * bins).reshape(count, bins)
    fullest = np.stack(np.unravel_index(full.argmax(axis=1), BINS), 1)
    return np.asarray((fullest + 0.5) * BIN + LOWEST, np.float32)


def lay_places(grid: Grid, samples: Samples) -> Plane:
    """The samples' x and y in [-1, 1] over the longer side, (n, 2)."""
    height, width = grid.labels.shape
    rows, columns = np.divmod(samples.order, width)
    half = max(height, width) / 2
    return np.asarray(np.stack([(columns - width / 2) / half, (rows - height / 2) / half], 1), np.float32)


def fit_slopes(samples: Samples, lab: Plane, places: Plane, weights: Plane) -> tuple[Plane, Plane]:
    """Least squares of a plane per region, flatter the smaller the region: slopes (m, 2, 3) and centres (m, 2)."""
    centres = samples.means(places, weights)
    dx, dy = (places - samples.spread(centres)).T
    squares = samples.means(np.stack([dx * dx, dy * dy, dx * dy], 1), weights)
    xx, yy, xy = squares[:, :1] + FLATTER**2, squares[:, 1:2] + FLATTER**2, squares[:, 2:]
    xc, yc = samples.means(lab * dx[:, None], weights), samples.means(lab * dy[:, None], weights)
    slopes = np.stack([yy * xc - xy * yc, xx * yc - xy * xc], 1) / (xx * yy - xy * xy)[:, None]
    extent = 2 * np.sqrt(np.stack([xx, yy], 1))
    return np.asarray(slopes * np.minimum(1, MOST_SLOPE / np.maximum(np.abs(slopes * extent), 1e-6))), centres


def sharpen(grid: Grid, samples: Samples, middles: Plane) -> Plane:
    """Undo the field's blur for small regions: an eye's colour reaches the field mixed with its surroundings'.

    Landweber's iteration: the regions are painted with their middles and shrunk as the field is; what then differs
    from the field is given back to each region, to the small ones in full.
    """
    numbers = np.zeros(int(grid.labels.max()) + 1, np.intp)
    numbers[samples.regions] = np.arange(len(samples.regions))
    painted_by = numbers[fill_lines(grid.labels)]
    gain = GAIN / (1 + samples.counts / grid.cell**2 / SMALL_CELLS)[:, None]
    field = to_rgb(grid.lab)  # light mixes in RGB
    first = colours = to_rgb(middles[None])[0]
    for _ in range(SHARPENINGS):
        missed = samples.take(field - grid.blur(colours[painted_by]))
        moved = colours + gain * samples.sums(missed) / samples.counts[:, None]
        colours = np.clip(moved, first - MOST_SHIFT, first + MOST_SHIFT).astype(np.float32)
    return np.asarray(to_lab(colours[None])[0])


def scatter(grid: Grid, samples: Samples, middles: Plane, slopes: Plane, centres: Plane, missed: Plane) -> Shades:
    """Number the results by label instead of by what occurs on the grid."""
    count = int(grid.labels.max()) + 1

    def by_label(values: NDArray[np.floating]) -> Plane:
        table = np.zeros((count, *values.shape[1:]), np.float32)
        table[samples.regions] = values
        return np.asarray(table)

    sizes = samples.counts / grid.labels.size
    return Shades(by_label(middles), by_label(slopes), by_label(centres), by_label(sizes), by_label(missed))
