"""Find the regions of a drawing that are kin: petals, leaves, panes and toes, whichever way they are turned.

Twins (twins.py) are level and have one outline; kin are about equally large and long, near each other, and have the
same neighbours. Spots that lie within one region are the network's. Of 271 pairs of kin, no twins, in 390 drawings
whose colours are known, 90 in 100 have the same one (CIEDE2000 8), as twins have there (91); of all pairs, 31.
So are those that are level and stick out from a thing alike, mirrored or not, as wings and ears do, whatever lines are
drawn about them: of 35 such pairs, no twins, in 440 lessons 83 in 100 have one colour.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.colours.region_features import (
    ACROSS,
    BOTTOM,
    CROP,
    DOWN,
    LEFT,
    PLACES,
    RIGHT,
    SIDE_LENGTH,
    TOP,
    RegionFeatures,
)
from pipeline.colours.regions import count_pairs
from pipeline.colours.twins import compare, have_like_places, overlap

AREAS, LENGTHS = 1.5, 1.6  # times that one is as large as the other, or its squared length or width, at most
LARGEST = 0.015  # share of the picture: of larger regions, such as hull and sail, one in four has another colour
NEAR = 3.0  # widths of the smaller one, between the two middles
COMMON = 0.75  # of their rims: the same neighbours along as much of each, other kin counted as one
HUB, MOST = 0.1, 0.8  # of each one's rim that one region lies along, neither ground nor kin; spots on a coat are apart
OUT, OUTLINE = 0.5, 0.7  # share of their rims that the ground has; intersection over union of their shapes

Float = NDArray[np.float32]
Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]


def find_kin(seen: RegionFeatures, borders: Numbers) -> Mask:
    """Return which regions of a drawing are kin, (n, n); those that run off the picture, or are ground, have none.

    borders: (n, n) or more, px of border that each two regions share (`count_borders`).
    """
    count = len(seen.numbers)
    values = seen.values[:count]
    small = (values[:, SIDE_LENGTH] ** 2 < LARGEST) & ~seen.outside
    alike = have_like_sizes(values) & small & small[:, None]
    first, second = np.nonzero(np.triu(alike & are_near(values), 1))
    kin = np.zeros_like(alike)
    met = have_same_neighbours(borders[:count, :count], alike, seen.outside, first, second)
    kin[first[met], second[met]] = True
    return np.asarray(kin | kin.T) | find_limbs(seen, borders)


def find_limbs(seen: RegionFeatures, borders: Numbers) -> Mask:
    """Return which regions stick out from a thing in the same way, (n, n): near each other, level and of one shape."""
    count = len(seen.numbers)
    values, shared = seen.values[:count], borders[:count, :count]
    out = (shared @ seen.outside > OUT * shared.sum(1)) & ~seen.outside
    alike = have_like_places(values) & are_near(values) & out & out[:, None]
    first, second = np.nonzero(np.triu(alike, 1))
    crops = values[:, PLACES:].reshape(count, 2, CROP, CROP)
    same = overlap(crops[first], crops[second], OUTLINE) | overlap(crops[first], crops[second][..., ::-1], OUTLINE)
    made = np.zeros((count, count), bool)
    made[first[same], second[same]] = True
    return np.asarray(made | made.T)


def count_borders(regions: NDArray[np.int32], seen: RegionFeatures) -> Numbers:
    """Return how much border each two of a drawing's tokens share, (n + m, n + m) px; cells share none."""
    every = len(seen.values)
    table = np.zeros(int(regions.max()) + 1, np.int64)  # 0 is what is no token
    table[seen.numbers] = np.arange(1, len(seen.numbers) + 1)
    return count_pairs(table[regions], every + 1)[1:, 1:]


def have_like_sizes(values: Float) -> Mask:
    """Return which regions are about equally large, long and wide, whichever way they are turned, (n, n)."""
    lengths, widths = measure_axes(values)
    return np.asarray(
        (compare(values[:, SIDE_LENGTH] ** 2) < AREAS) & (compare(lengths) < LENGTHS) & (compare(widths) < LENGTHS)
    )


def measure_axes(values: Float) -> tuple[Float, Float]:
    """Return each region's squared length and width, (n,) each: the larger and the smaller variance of its places."""
    shapes = np.maximum(values[:, PLACES : PLACES + CROP * CROP].reshape(-1, CROP, CROP) + 0.5, 0)
    steps = (np.arange(CROP, dtype=np.float32) + 0.5) / CROP
    weights = np.maximum(shapes.sum((1, 2)), 1e-6)
    x, y = shapes.sum(1) @ steps / weights, shapes.sum(2) @ steps / weights
    wide, high = values[:, RIGHT] - values[:, LEFT], values[:, BOTTOM] - values[:, TOP]
    across = (shapes.sum(1) @ steps**2 / weights - x**2 + 1 / (12 * CROP**2)) * wide**2
    down = (shapes.sum(2) @ steps**2 / weights - y**2 + 1 / (12 * CROP**2)) * high**2
    slanted = (np.einsum("nij,i,j->n", shapes, steps, steps) / weights - x * y) * wide * high
    middle, spread = (across + down) / 2, np.sqrt(((across - down) / 2) ** 2 + slanted**2)
    return np.asarray(middle + spread), np.asarray(np.maximum(middle - spread, 1e-9))


def are_near(values: Float) -> Mask:
    """Return which regions' middles lie near each other for their size, (n, n)."""
    middles, sides = values[:, [ACROSS, DOWN]], values[:, SIDE_LENGTH]
    far = np.hypot(*np.moveaxis(middles[:, None] - middles, -1, 0))
    return np.asarray(far < NEAR * np.minimum(sides[:, None], sides))


def have_same_neighbours(borders: Numbers, alike: Mask, outside: Mask, first: Numbers, second: Numbers) -> Mask:
    """Return of each pair, (p,), whether their rims lie along the same regions, and along one that is a thing's.

    borders: (n, n) px. alike: (n, n), regions of like size. outside: (n,) ground. first, second: (p,) the pairs.
    """
    if not len(first):
        return np.zeros(0, bool)
    shares = borders / np.maximum(borders.sum(1, keepdims=True), 1)
    like = alike[first] | alike[second]
    one, other = shares[first], shares[second]
    single = np.minimum(one, other) * ~(like | outside)
    common = single.sum(1)
    for group in (like, np.broadcast_to(outside, like.shape)):
        common = common + np.minimum((one * group).sum(1), (other * group).sum(1))
    hub = single.max(1)
    return np.asarray((common > COMMON) & (hub > HUB) & (hub < MOST))
