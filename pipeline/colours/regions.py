"""Find the regions of a drawing whose colours the network proposes, as inking finds those that it paints."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.inking.outlines import close_lines

SIDE = 256  # px at which a drawing is read
BALLS = (14, 9, 6)  # px, radii: what such a ball cannot leave is a region, although its outline is open
LEAST_CORE = 60  # px of the places where the ball's centre fits

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]


def shrink_lines(lines: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return lines of any size, white on black, at SIDE x SIDE, of 0 and 255; no line is lost on the way."""
    height, width = lines.shape
    if (height, width) == (SIDE, SIDE):
        return np.where(lines > 96, np.uint8(255), np.uint8(0))
    thick = max(1, round(max(height, width) / SIDE))
    grown = cv2.dilate(lines, np.ones((thick, thick), np.uint8)) if thick > 1 else lines
    small = cv2.resize(grown, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.where(small > 96, np.uint8(255), np.uint8(0))


def find_regions(lines: NDArray[np.uint8]) -> Labels:
    """Number what the lines part, (SIDE, SIDE) int32 from 1; the lines themselves belong to the nearest region.

    lines: (SIDE, SIDE) uint8, white on black. Gaps are closed first, as inking closes them. An outline that is open
    all the same keeps its inside apart by the trapped ball of Zhang et al., "Vectorizing Cartoon Animations" (2009).
    """
    free = (~close_lines(lines > 0)).astype(np.uint8)
    count, regions = cv2.connectedComponents(free, connectivity=4)
    if count < 2:
        return np.ones(lines.shape, np.int32)
    depth = cv2.distanceTransform(free, cv2.DIST_L2, 3)
    for ball in BALLS:
        regions = split_open_regions(regions, depth > ball)
    return fill_lines(regions)


def split_open_regions(regions: Labels, roomy: Mask) -> Labels:
    """Give what lies behind a narrow passage, within regions that run off the picture, numbers of its own.

    roomy: (SIDE, SIDE), where the ball's centre fits.
    """
    outside = find_border_numbers(regions)
    within = np.isin(regions, outside)
    count, cores = cv2.connectedComponents((roomy & within).astype(np.uint8), connectivity=4)
    at_border = np.zeros(count, bool)
    at_border[find_border_numbers(cores)] = True
    apart = ~at_border & (np.bincount(cores.ravel(), minlength=count) >= LEAST_CORE)
    apart[0] = False
    if not apart.any() or not at_border[1:].any():
        return regions
    numbers = np.zeros(count, np.int32)
    numbers[apart] = int(regions.max()) + np.arange(1, int(apart.sum()) + 1)
    markers = np.where(within, numbers[cores], 1).astype(np.int32)
    kept = within & at_border[cores] & (cores > 0)
    markers[kept] = regions[kept]
    return flood(markers, within, regions)


def flood(markers: Labels, within: Mask, regions: Labels) -> Labels:
    """Let numbered places grow over the zeros within a mask until they meet (watershed)."""
    level = np.repeat(np.where(within, np.uint8(0), np.uint8(255))[..., None], 3, axis=2)
    grown = markers.copy()
    cv2.watershed(level, grown)
    done = np.where(within & (grown > 0), grown, np.where(within, 0, regions))
    missed = within & (done == 0)
    return np.where(missed, fill_lines(np.asarray(done, np.int32)), done).astype(np.int32) if missed.any() else done


def find_border_numbers(numbers: Labels) -> Labels:
    """Return the numbers, without 0, that occur at the picture's border."""
    rim = np.concatenate([numbers[:2].ravel(), numbers[-2:].ravel(), numbers[:, :2].ravel(), numbers[:, -2:].ravel()])
    found = np.unique(rim)
    return np.asarray(found[found > 0], np.int32)


def count_pairs(labels: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return how much border each two numbers, from 0 and below `count`, share, (count, count) px."""
    counts = np.zeros(count * count, np.int64)
    for one, other in ((labels[:, 1:], labels[:, :-1]), (labels[1:], labels[:-1])):
        differ = one != other
        counts += np.bincount(one[differ] * count + other[differ], minlength=count * count)
    made = counts.reshape(count, count)
    return np.asarray(made + made.T)


def fill_lines(regions: Labels) -> Labels:
    """Give every 0 the number of the nearest region."""
    lines = (regions == 0).astype(np.uint8)
    if not lines.any():
        return regions
    _, nearest = cv2.distanceTransformWithLabels(lines, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    owner = np.zeros(nearest.max() + 1, np.int32)
    known = lines == 0
    owner[nearest[known]] = regions[known]
    return np.asarray(owner[nearest], np.int32)
