"""Where a thing has each colour of its palette: how high, how far from its middle, and on how large a part.

A honeybee's wings are pale and lie above, eyes are small and dark, a mushroom's stem is below its cap. A layout says
for each cell of a thing, apart for small parts and large ones, how likely each of its five colours is there.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.colours.region_features import RegionFeatures

LEVELS, STEPS = 6, 3  # cells from a thing's top to its bottom, and from its middle to either side
CELLS = LEVELS * STEPS
SMALL = 0.03  # of the thing's area: smaller parts count apart
SIZES = 2  # small, large
PIECE = 0.3  # of the largest piece's area: smaller ones are apart from the thing

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]


def number_cells(thing: Mask) -> NDArray[np.int64]:
    """Return the cell, from 0, that each pixel of a thing lies in, (p,), in the order of `np.nonzero(thing)`.

    thing: (H, W), True for at least one pixel. Cells are laid over what it spans, and are the same left and right.
    """
    down, across = np.nonzero(thing)
    height, width = (np.ptp(places) + 1 for places in (down, across))
    level = (down - down.min() + 0.5) / height * LEVELS
    off = np.abs((across - across.min() + 0.5) / width * 2 - 1) * STEPS
    return np.asarray(level.astype(np.int64) * STEPS + np.minimum(off.astype(np.int64), STEPS - 1))


def count_colours(numbers: NDArray[np.integer], thing: Mask, colours: NDArray[np.int64], most: int) -> Float:
    """Return how much of each cell one drawing of a thing has in each colour, (most, SIZES, CELLS).

    The parts of one size sum to CELLS, so that a drawing's few small ones count as much as its large ones. numbers:
    (H, W), each pixel's part. thing: (H, W). colours: (p,) of the thing's pixels, below `most`, or -1 for another.
    """
    parts = numbers[thing]
    areas = np.bincount(parts)
    sizes = (areas[parts] >= SMALL * len(parts)).astype(np.int64)
    places = ((colours * SIZES + sizes) * CELLS + number_cells(thing))[colours >= 0]
    counts = np.bincount(places, minlength=most * SIZES * CELLS).reshape(most, SIZES, CELLS)
    return np.asarray(CELLS * counts / np.maximum(counts.sum((0, 2), keepdims=True), 1), np.float32)


def expect_colours(layout: Float, shares: Float, regions: NDArray[np.int32], seen: RegionFeatures) -> Float:
    """Return how likely each colour of a palette is for each token, (n, colours) in [0, 1]; 0 for what is ground.

    layout: (colours, SIZES, CELLS), in [0, 1]. shares: (colours,) of the thing, sum 1: of what is apart from it, as a
    sun above a boat, no more is known. regions: (H, W) numbers of the regions.
    """
    count, inner = len(seen.numbers), ~seen.outside
    likely = np.zeros((len(seen.values), len(layout)), np.float32)
    thing = find_main_pieces(np.isin(regions, seen.numbers[inner]))
    if not thing.any():
        return likely
    parts = regions[thing]
    table = np.bincount(parts * CELLS + number_cells(thing), minlength=(int(regions.max()) + 1) * CELLS)
    pixels = table.reshape(-1, CELLS)[seen.numbers].astype(np.float32)
    areas = pixels.sum(1)
    sizes = (areas >= SMALL * len(parts)).astype(np.int64)
    means = np.einsum("nkc,nc->nk", layout[:, sizes].swapaxes(0, 1), pixels) / np.maximum(areas, 1)[:, None]
    likely[:count] = np.where(areas[:, None] > 0, means, shares) * inner[:, None]
    return likely


def find_main_pieces(mask: Mask) -> Mask:
    """Return the largest connected piece of a mask (H, W) and those that are nearly as large."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = np.r_[0, stats[1:, cv2.CC_STAT_AREA]]
    return np.asarray((areas >= PIECE * areas.max())[labels] & mask)
