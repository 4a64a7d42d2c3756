"""What the colourist sees of a drawing: its lines, its regions, and the colours that the person put there.

The hint is (CHANNELS, SEEN, SEEN) float32 in [0, 1], read from the drawing at twice that size:
0 to 3 the lines in the four quarters of each pixel; 4 to 6 painted colour, 7 where it is painted; 8 the region's size;
9 whether it runs off the picture; 10 to 13 how far the region reaches left, right, up and down from here: so every
pixel knows the frame of its region.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

HINT = 256  # px at which a drawing is read
SEEN = 128  # px of the hint
CHANNELS = 14
GAP = 3  # px: lines are closed over gaps of about this width

Float = NDArray[np.float32]


def make_hint(
    lines: NDArray[np.uint8], colours: NDArray[np.uint8] | None = None, painted: NDArray[np.bool_] | None = None
) -> Float:
    """Read a drawing.

    `lines`: (H, W) uint8, white lines on black, any size. `colours`: (H, W, 3) RGB of what the person painted and
    `painted`: (H, W) where; both or neither. Returns (14, 128, 128).
    """
    drawn = shrink_lines(lines)
    hint = np.zeros((CHANNELS, SEEN, SEEN), np.float32)
    hint[:4] = (drawn > 0).reshape(SEEN, 2, SEEN, 2).transpose(1, 3, 0, 2).reshape(4, SEEN, SEEN)
    if colours is not None and painted is not None and painted.any():
        hint[4:8] = shrink_colours(colours, painted)
    hint[8:] = describe_regions(find_regions(drawn))
    return hint


def shrink_lines(lines: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lines of any size at HINT x HINT, (HINT, HINT) of 0 and 255; no line is lost on the way."""
    height, width = lines.shape
    if (height, width) == (HINT, HINT):
        return np.where(lines > 96, np.uint8(255), np.uint8(0))
    thick = max(1, round(max(height, width) / HINT))
    grown = cv2.dilate(lines, np.ones((thick, thick), np.uint8)) if thick > 1 else lines
    small = cv2.resize(grown, (HINT, HINT), interpolation=cv2.INTER_AREA)
    return np.where(small > 96, np.uint8(255), np.uint8(0))


def shrink_colours(colours: NDArray[np.uint8], painted: NDArray[np.bool_]) -> Float:
    """(4, SEEN, SEEN): mean painted colour times its mask, and the mask, the share that is painted."""
    mask = painted.astype(np.float32)
    pixels = np.dstack([colours.astype(np.float32) / 255 * mask[..., None], mask])
    pixels = cv2.resize(pixels, (SEEN, SEEN), interpolation=cv2.INTER_AREA)
    share = pixels[..., 3:]
    solid = (share > 0.25).astype(np.float32)
    return np.asarray(
        np.dstack([pixels[..., :3] / np.maximum(share, 1e-3) * solid, solid]).transpose(2, 0, 1), np.float32
    )


def find_regions(lines: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Number what the lines part, (HINT, HINT), from 1; the lines themselves belong to the nearest region."""
    closed = cv2.dilate(lines, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (GAP, GAP)))
    free = (closed == 0).astype(np.uint8)
    count, regions = cv2.connectedComponents(free, connectivity=4)
    if count < 2:
        return np.ones(lines.shape, np.int32)
    rows, columns = np.nonzero(free)
    _, nearest = cv2.distanceTransformWithLabels(1 - free, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    owner = np.zeros(nearest.max() + 1, np.int32)
    owner[nearest[rows, columns]] = regions[rows, columns]
    return np.asarray(owner[nearest], np.int32)


def describe_regions(regions: NDArray[np.int32]) -> Float:
    """(6, SEEN, SEEN): size, runs off the picture, reach left, right, up, down; each in [0, 1]."""
    side, count = regions.shape[0], int(regions.max()) + 1
    frames, areas = np.zeros((count, 4), np.float32), np.bincount(regions.ravel(), minlength=count)
    for n, frame in enumerate(ndimage.find_objects(regions), 1):
        if frame is not None:
            frames[n] = frame[1].start, frame[1].stop - 1, frame[0].start, frame[0].stop - 1
    off = (frames[:, [0, 2]].min(1) <= 1) | (frames[:, [1, 3]].max(1) >= side - 2)
    about = np.column_stack([np.sqrt(areas) / side, off, frames / side]).astype(np.float32)
    size, off_map, left, right, top, bottom = np.moveaxis(about[regions[::2, ::2]], -1, 0)
    place = np.arange(0, side, 2, dtype=np.float32) / side
    x, y = place[None, :], place[:, None]
    made = np.stack([size, off_map, x - left, right - x, y - top, bottom - y])
    return np.asarray(np.clip(made, 0, 1), np.float32)
