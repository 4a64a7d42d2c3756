"""Make regions of what the person painted: an area keeps its colour, evenly, up to the lines around it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.inking.grid import NONE
from pipeline.values import PaintedColours

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]

FILLED = 0.55  # share of a region that is painted in one colour: the region was meant
STREAKS = 0.012  # of the longer side: white slits between pen strokes up to this width are closed
SLIVER = 0.006  # of the longer side, half the width: what is painted over a line by less is a slip of the hand


def obey_areas(labels: Labels, painted: PaintedColours, areas: Mask) -> tuple[Labels, dict[int, Pixels]]:
    """Give painted areas labels of their own, or whole regions that are mostly painted, and the colours of those.

    Returns labels (H, W) with NONE on lines, and label -> RGB (3,) for everything that is painted.
    """
    if not areas.any():
        return labels, {}
    kinds, colours = number_colours(painted, areas)
    fixed = filled_regions(labels, kinds, colours)
    result = labels.copy()
    for kind in range(len(colours)):
        mask = close_streaks(kinds == kind, labels)
        same = [label for label, found in fixed.items() if found == kind]
        add_parts(result, mask & ~np.isin(labels, same), kind, fixed)
    return result, {label: colours[kind] for label, kind in fixed.items()}


def number_colours(painted: PaintedColours, areas: Mask) -> tuple[Labels, Pixels]:
    """Number the colours of painted areas: (H, W) labels, NONE elsewhere, and their RGB (n, 3)."""
    found = painted.colours[areas].astype(np.int64)
    keys, numbers = np.unique((found[:, 0] * 256 + found[:, 1]) * 256 + found[:, 2], return_inverse=True)
    kinds = np.full(areas.shape, NONE, np.int32)
    kinds[areas] = numbers
    return kinds, np.stack([keys >> 16, keys >> 8 & 255, keys & 255], 1).astype(np.uint8)


def filled_regions(labels: Labels, kinds: Labels, colours: Pixels) -> dict[int, int]:
    """Region -> colour number, for the regions that are mostly painted in one colour."""
    count, shades = int(labels.max()) + 1, len(colours)
    inside = labels >= 0
    both = inside & (kinds >= 0)
    shared = np.bincount(labels[both] * shades + kinds[both], minlength=count * shades).reshape(count, shades)
    size = np.maximum(np.bincount(labels[inside], minlength=count), 1)
    full = shared.max(axis=1) >= FILLED * size
    return {int(region): int(shared[region].argmax()) for region in np.flatnonzero(full)}


def close_streaks(mask: Mask, labels: Labels) -> Mask:
    """Close the slits that a pen leaves between its strokes, but over no line."""
    size = max(3, round(STREAKS * max(mask.shape)) | 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, disc, borderType=cv2.BORDER_REPLICATE)
    return np.asarray((closed > 0) & (labels != NONE))


def add_parts(labels: Labels, mask: Mask, kind: int, fixed: dict[int, int]) -> None:
    """Number the connected parts of a painted area anew; slips over a line stay what they were."""
    count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    wide = np.bincount(parts[depth > SLIVER * max(mask.shape)], minlength=count) > 0
    for part in np.flatnonzero(wide[1:]) + 1:
        number = int(labels.max()) + 1
        labels[parts == part] = number
        fixed[number] = kind
