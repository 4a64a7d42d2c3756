"""Tell the ground of a drawing from what is drawn on it, by the same regions that inking colours."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.inking.grid import NONE
from pipeline.inking.ink import find_barrier
from pipeline.inking.obey import obey_areas
from pipeline.inking.outlines import close_lines
from pipeline.inking.pen import find_areas, read_pen
from pipeline.inking.regions import label_regions
from pipeline.values import EdgeMap, PaintedColours

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

MUCH_BORDER = 0.2  # share of the picture's border from which a region that holds no corner is ground too
INKED = 0.1  # coverage from which a pixel is a line
NEAR = 0.012  # of the longer side: lines of the ground, such as a horizon, end this near to the thing


def find_thing(drawing: Pixels, edges: EdgeMap, painted: PaintedColours) -> Mask:
    """Return where (H, W) a drawing shows something: its closed regions, their lines, and lines that hang on them.

    drawing: (H, W, 3) RGB on white. edges: its edge map. painted: what the person painted. The ground is every region
    that holds a corner of the picture or much of its border. Where nothing is closed off, the lines are the thing.
    """
    areas = find_areas(painted.mask)
    pen = read_pen(drawing, edges, painted)
    labels, _ = obey_areas(label_regions(close_lines(find_barrier(pen, edges, areas))), painted, areas)
    core = (labels != NONE) & ~np.isin(labels, list(find_ground_labels(labels)))
    ink = (pen.coverage > INKED) | pen.fills
    near = grow(core | pen.fills, max(2, round(NEAR * max(core.shape))))
    return np.asarray(core | (ink & (near | find_free_lines(ink | core))))


def find_ground_labels(labels: Labels) -> set[int]:
    """Return the labels of the regions that hold a corner or much of the border; the barrier's own is none."""
    border = np.concatenate([labels[0], labels[-1], labels[1:-1, 0], labels[1:-1, -1]])
    corners = {int(labels[y, x]) for y in (0, -1) for x in (0, -1)}
    numbers, counts = np.unique(border, return_counts=True)
    wide = {int(number) for number, count in zip(numbers, counts, strict=True) if count > MUCH_BORDER * border.size}
    return (corners | wide) - {NONE}


def find_free_lines(drawn: Mask) -> Mask:
    """Return the connected parts of what is drawn that do not reach the picture's border."""
    count, parts = cv2.connectedComponents(drawn.astype(np.uint8), connectivity=8)
    reaching = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    free = np.ones(count, bool)
    free[reaching] = False
    free[0] = False
    return np.asarray(free[parts])


def grow(mask: Mask, radius: int) -> Mask:
    """Return the mask with all that lies within `radius` px of it."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), disc) > 0)
