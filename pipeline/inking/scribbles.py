"""Find regions that a person coloured in with a scribble: strokes to and fro that stay within an outline."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.inking.outlines import close_lines
from pipeline.inking.pen import half_width, least_channel

INK = 110  # of 255: what is darker in its strongest channel, and has no colour, is a line
FOLDED = 2.5  # times that a thin scribble is as long as the diagonal of its frame; a cross or a letter is shorter
THICK = 0.35  # of a region: a mark that covers so much of it need not be long
LEAST_SIDE = 0.04  # of the longer side: smaller marks are details
REACH = 1.5  # widths of the stroke: so far from a scribble its region is coloured in
COVERED = 0.75  # share of a region that lies so near, for it to be meant
STAYS = 0.9  # share of a scribble that lies within the region

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]


def fill_scribbles(drawing: Pixels, marks: Labels) -> Labels:
    """Return the marks, (H, W), with the regions that scribbles colour in given to these; 0 is what nothing marks.

    drawing: (H, W, 3) RGB on white. marks: connected coloured marks, from 1 (`number_marks`). A scribble is one mark
    that folds many times. Its region is what other lines close around it; dots, stripes and letters fill none.
    """
    found = measure_scribbles(marks)
    if not found:
        return marks
    drawn = (least_channel(drawing) < INK) | (marks > 0)
    barrier = close_lines(drawn & ~np.isin(marks, list(found)))
    _, regions = cv2.connectedComponents((~barrier).astype(np.uint8), connectivity=4)
    made = marks.copy()
    for number, width in found.items():
        region = find_filled(marks == number, regions, width)
        if region is not None:
            made[region & (marks == 0)] = number
    return made


def measure_scribbles(marks: Labels) -> dict[int, float]:
    """Return the marks that are long or cover much of their frames, each with the width of its stroke, px."""
    found = {}
    for number, frame in enumerate(ndimage.find_objects(marks), 1):
        rows, columns = frame
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if min(height, width) < LEAST_SIDE * max(marks.shape):
            continue
        mine = np.pad(marks[rows, columns] == number, 1).astype(np.uint8)
        stroke = 2 * half_width(cv2.distanceTransform(mine, cv2.DIST_L2, 5)) - 2
        if int(mine.sum()) >= min(FOLDED * stroke * np.hypot(height, width), THICK * height * width):
            found[number] = stroke
    return found


def find_filled(scribble: Mask, regions: Labels, width: float) -> Mask | None:
    """Return the region, (H, W), that a scribble with a stroke of `width` px colours in, if there is one.

    regions: (H, W) numbers from 1, 0 on lines.
    """
    size, inside = int(scribble.sum()), np.bincount(regions[scribble])
    if len(inside) < 2 or inside[1:].max() < STAYS * size:
        return None
    region = regions == int(inside[1:].argmax()) + 1
    rows, columns = np.nonzero(scribble)
    long = FOLDED * width * np.hypot(np.ptp(rows), np.ptp(columns))
    near = cv2.distanceTransform((~scribble).astype(np.uint8), cv2.DIST_L2, 3)[region] <= REACH * width
    is_meant = size >= min(long, THICK * near.size) and near.mean() >= COVERED
    return np.asarray(region) if is_meant else None
