"""Label the regions that a drawing's lines enclose, and divide those that the colours say are two."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.inking.grid import NONE, Grid, same_around

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]
Plane = NDArray[np.float32]
Floats = NDArray[np.float64]

LEAST_AREA = 0.0055  # of the longer side, squared: a smaller region is the grain between strokes
LEAST_WIDTH = 0.0032  # of the longer side, half of it: thinner slivers belong to their neighbours
BALLS = (0.055, 0.035, 0.025)  # of the longer side, radii: a passage narrower than such a ball may divide a region
DIFFERENT = 22.0  # in CIELAB: colours of two halves that are two things


def label_regions(barrier: Mask) -> Labels:
    """Number what the barrier's lines enclose, (H, W) from 0; lines and slivers are NONE.

    A barrier of one pixel holds, diagonals too. Where nothing is enclosed the whole picture is region 0.
    """
    side = max(barrier.shape)
    open_ground = (~barrier).astype(np.uint8)
    count, labels = cv2.connectedComponents(open_ground, connectivity=4)
    areas = np.bincount(labels.ravel(), minlength=count)
    wide = depth_of(open_ground) > LEAST_WIDTH * side
    kept = (areas >= (LEAST_AREA * side) ** 2) & (np.bincount(labels[wide], minlength=count) > 0)
    kept[0] = False
    if not kept.any():
        return np.zeros(barrier.shape, np.int32)
    numbers = np.full(count, NONE, np.int32)
    numbers[kept] = np.arange(int(kept.sum()))
    return np.asarray(numbers[labels])


def depth_of(open_ground: NDArray[np.uint8]) -> Plane:
    """Each pixel's distance to the nearest line, px; the picture's border is no line."""
    return np.asarray(cv2.distanceTransform(open_ground, cv2.DIST_L2, 5))


def divide_regions(labels: Labels, grid: Grid, fixed: set[int], ball: float = BALLS[-1]) -> Labels:
    """Divide a region at its narrow passages where the colours on both sides are clearly different.

    The trapped ball of Zhang et al., "Vectorizing Cartoon Animations" (2009), with the colour field as judge: what a
    ball cannot leave is a core; cores of like colours stay one region. Larger balls than the least keep apart only what
    lies off the picture's border: an outline that is open there has a thing inside. `fixed` regions are never divided.
    The same labels come back where nothing is to be divided.
    """
    small = grid.labels
    inner = depth_of(same_around(small)) > ball * max(small.shape)
    count, cores = cv2.connectedComponents(inner.astype(np.uint8), connectivity=4)
    homes, colours = describe_cores(cores, count, grid)
    at_border = find_border_cores(cores, count) if ball > BALLS[-1] else np.zeros(count, bool)
    parts = split_cores(homes, colours, fixed, at_border)
    if not parts:
        return labels
    large = cv2.resize(cores, labels.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return grow(labels, large, homes, parts)


def describe_cores(cores: Labels, count: int, grid: Grid) -> tuple[Labels, Floats]:
    """The region in which each core lies, NONE for core 0, and each core's mean colour, (count, 3)."""
    homes = np.full(count, NONE, np.int32)
    homes[cores.ravel()] = grid.labels.ravel()
    homes[0] = NONE
    size = np.maximum(np.bincount(cores.ravel(), minlength=count), 1)
    sums = [np.bincount(cores.ravel(), weights=grid.lab[..., c].ravel(), minlength=count) for c in range(3)]
    return homes, np.stack(sums, 1) / size[:, None]


def find_border_cores(cores: Labels, count: int) -> Mask:
    """Say of each core whether it lies at the picture's border, (count,)."""
    rim = np.concatenate([cores[:2].ravel(), cores[-2:].ravel(), cores[:, :2].ravel(), cores[:, -2:].ravel()])
    return np.asarray(np.bincount(rim, minlength=count) > 0)


def split_cores(homes: Labels, colours: Floats, fixed: set[int], at_border: Mask) -> dict[int, int]:
    """Core -> which part of its region it begins, for the cores of regions that are to be divided.

    at_border: cores that stay together whatever their colours.
    """
    parts: dict[int, int] = {}
    for region in np.unique(homes[homes >= 0]):
        members = np.flatnonzero(homes == region)
        groups = group_colours(colours[members], at_border[members])
        if region not in fixed and max(groups) > 0:
            parts.update(zip(members.tolist(), groups, strict=True))
    return parts


def group_colours(colours: Floats, together: Mask) -> list[int]:
    """Number each colour's group: a colour joins the first group of which one colour is not clearly different.

    together: (n,) colours of the first group, each of which others may join.
    """
    groups = [[*colours[together]]] if together.any() else []
    numbers = []
    for colour, is_first in zip(colours, together, strict=True):
        alike = [k for k, group in enumerate(groups) if min(np.linalg.norm(colour - one) for one in group) < DIFFERENT]
        if is_first:
            alike = [0]
        if not alike:
            groups.append([colour])
        numbers.append(alike[0] if alike else len(groups) - 1)
    return numbers


def grow(labels: Labels, cores: Labels, homes: Labels, parts: dict[int, int]) -> Labels:
    """Let the parts of divided regions grow from their cores until they meet; later parts get new numbers."""
    table = np.zeros(len(homes), np.int32)  # core -> marker; 1 is all that stays as it is
    numbers: dict[int, int] = {}  # marker -> label
    markers: dict[tuple[int, int], int] = {}
    for core, part in parts.items():
        marker = markers.setdefault((int(homes[core]), part), len(markers) + 2)
        table[core] = marker
        numbers.setdefault(marker, int(homes[core]) if part == 0 else int(labels.max()) + marker)
    inside = np.isin(labels, homes[list(parts)])
    flooded = np.where(inside, table[cores], 1).astype(np.int32)
    steep = np.repeat(np.where(inside, np.uint8(0), np.uint8(255))[..., None], 3, axis=2)  # or marker 1 grew as well
    cv2.watershed(steep, flooded)
    lookup = np.full(len(markers) + 2, NONE, np.int32)
    lookup[list(numbers)] = list(numbers.values())
    grown = lookup[np.maximum(flooded, 0)]  # seams and what no part reached become lines: the nearest part's
    return np.asarray(np.where(inside, grown, labels), np.int32)


def renumber(labels: Labels) -> Labels:
    """Number the labels that occur from 0 without gaps, in the order of their old numbers."""
    present = np.bincount(labels.ravel()) > 0
    return np.asarray((np.cumsum(present) - 1)[labels], np.int32)
