"""What is seen of each region of a drawing, and of each part of what lies around: place, shape, the lines about it.

What runs off the picture (sky, ground, paper) is no single colour. It is read in cells of a coarse grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.colours.hint import HINT

MOST = 48  # regions that are read, the largest
LEAST = 10  # px of a region
CROP = 16  # px of the small pictures of a region and of its surroundings
WIDE = 32  # px of the small picture of the whole drawing
ROWS, COLUMNS = 8, 3  # of the grid
SEEN_SHARE = 0.12  # of a cell that lies outside at least
PLACES = 19
FEATURES = PLACES + 2 * CROP * CROP

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class RegionFeatures:
    """The tokens of a drawing: first regions, the largest first, then cells of what lies around."""

    numbers: NDArray[np.int32]  # (n,) the regions' numbers
    outside: NDArray[np.bool_]  # (n,) runs off the picture
    cells: NDArray[np.int32]  # (HINT, HINT) number of a cell from 1; 0 within inner regions
    homes: NDArray[np.int32]  # (m,) the region that each cell lies in
    spots: NDArray[np.int32]  # (m, 2) row and column of each cell in the grid
    values: Float  # (n + m, FEATURES)
    whole: Float  # (WIDE * WIDE,) the drawing, small


def read_features(lines: NDArray[np.uint8], regions: NDArray[np.int32]) -> RegionFeatures:
    """Describe the regions of a drawing (HINT, HINT) of 0 and 255."""
    areas = np.bincount(regions.ravel())
    frames = ndimage.find_objects(regions)
    order = [n for n in np.argsort(-areas) if n > 0 and areas[n] >= LEAST and frames[n - 1] is not None][:MOST]
    drawn = (lines > 0).astype(np.float32)
    rows, columns = np.nonzero(drawn)
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else (0, 0, HINT, HINT)
    outside = np.array([runs_off(frames[n - 1]) for n in order], bool)
    values = [describe(drawn, regions == n, frames[n - 1], box, len(order), 0) for n in order]
    cells, homes, spots = find_cells(regions, {int(n) for n, off in zip(order, outside, strict=True) if off})
    for number, frame in enumerate(ndimage.find_objects(cells), 1):
        values.append(describe(drawn, cells == number, frame, box, len(order), 1))
    whole = np.asarray(cv2.resize(drawn, (WIDE, WIDE), interpolation=cv2.INTER_AREA), np.float32).ravel()
    return RegionFeatures(
        np.array(order, np.int32),
        outside,
        cells,
        np.array(homes, np.int32),
        np.array(spots, np.int32).reshape(-1, 2),
        np.stack(values) if values else np.zeros((0, FEATURES), np.float32),
        whole * 3,
    )


def runs_off(frame: tuple[slice, slice]) -> bool:
    starts, stops = min(frame[0].start, frame[1].start), max(frame[0].stop, frame[1].stop)
    return bool(starts <= 1 or stops >= HINT - 1)


def find_cells(
    regions: NDArray[np.int32], outside: set[int]
) -> tuple[NDArray[np.int32], list[int], list[tuple[int, int]]]:
    """Number the cells of the grid in which one of these regions is the largest; each region's share is one cell."""
    cells, homes, spots = np.zeros(regions.shape, np.int32), [], []
    high, wide = -(-HINT // ROWS), -(-HINT // COLUMNS)
    for row in range(ROWS):
        for column in range(COLUMNS):
            part = np.s_[row * high : (row + 1) * high, column * wide : (column + 1) * wide]
            counts = np.bincount(regions[part].ravel())
            for number in np.flatnonzero(counts >= SEEN_SHARE * regions[part].size):
                if int(number) in outside:
                    homes.append(int(number))
                    spots.append((row, column))
                    cells[part][regions[part] == number] = len(homes)
    return cells, homes, spots


def describe(
    drawn: Float,
    mask: NDArray[np.bool_],
    frame: tuple[slice, slice],
    box: tuple[int, int, int, int],
    count: int,
    around: int,
) -> Float:
    top, bottom, left, right = frame[0].start, frame[0].stop, frame[1].start, frame[1].stop
    height, width = bottom - top, right - left
    wide, high = max(1, box[2] - box[0]), max(1, box[3] - box[1])
    inside = mask[frame]
    rows, columns = np.nonzero(inside)
    area = len(rows)
    places = [
        left / HINT, top / HINT, right / HINT, bottom / HINT,
        (left - box[0]) / wide, (top - box[1]) / high, (right - box[0]) / wide, (bottom - box[1]) / high,
        (left + columns.mean()) / HINT, (top + rows.mean()) / HINT,
        np.sqrt(area) / HINT, np.log(area) / 11, area / (width * height), np.log(width / height) / 2,
        float(runs_off(frame)), wide / HINT, high / HINT, count / MOST, around,
    ]  # fmt: skip
    shape = cv2.resize(inside.astype(np.float32), (CROP, CROP), interpolation=cv2.INTER_AREA)
    pad_x, pad_y = width // 2 + 4, height // 2 + 4
    about = drawn[max(0, top - pad_y) : bottom + pad_y, max(0, left - pad_x) : right + pad_x]
    near = cv2.resize(about, (CROP, CROP), interpolation=cv2.INTER_AREA)
    return np.concatenate([places, shape.ravel() - 0.5, 2 * near.ravel()]).astype(np.float32)


def region_means(regions: NDArray[np.int32], numbers: NDArray[np.int32], field: Float) -> tuple[Float, Float]:
    """The colours that a field (s, s, 3) has within regions, (n, 3), by the pixels that lie whole in one; and how sure.

    The second, (n,), is the largest share of a field's pixel that the region fills.
    """
    side = field.shape[0]
    step = regions.shape[0] // side
    cells = (np.arange(regions.shape[0]) // step)[:, None] * side + np.arange(regions.shape[1]) // step
    count = int(regions.max()) + 1
    cover = np.bincount((regions.astype(np.int64) * side * side + cells).ravel(), minlength=count * side * side)
    share = (cover.reshape(count, -1)[numbers] / step**2).astype(np.float32)
    weights = share**6
    means = weights @ field.reshape(-1, 3) / np.maximum(weights.sum(1, keepdims=True), 1e-9)
    return np.asarray(means, np.float32), share.max(1) if len(numbers) else np.zeros(0, np.float32)
