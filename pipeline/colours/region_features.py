"""What the network sees of each region of a drawing, and of each part of what lies around: place, shape, lines.

What lies around (sky, ground, paper) runs off the picture and is no single colour. It is read in cells of a coarse
grid. A thing may run off too, as shoulders do at the lower border; it has one colour as other parts have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.colours.regions import SIDE

MOST = 48  # regions that are read, the largest
LEAST = 10  # px of a region
CROP = 16  # px of the small pictures of a region and of its surroundings
WIDE = 32  # px of the small picture of the whole drawing
ROWS, COLUMNS = 12, 2  # of the grid
SEEN_SHARE = 0.12  # of a cell that lies outside at least
CUT = (2.2, 1.8)  # of the root of its area: a thing that is cut off has less border, without and with one corner
LEFT, TOP, RIGHT, BOTTOM, ACROSS, DOWN, SIDE_LENGTH = 0, 1, 2, 3, 8, 9, 10  # places in RegionFeatures.values
PLACES = 19  # before the small pictures
FEATURES = PLACES + 2 * CROP * CROP

Float = NDArray[np.float32]
Frame = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class RegionFeatures:
    """RegionFeatures holds a drawing's tokens: first regions, the largest first, then cells of what lies around."""

    numbers: NDArray[np.int32]  # (n,) the regions' numbers
    outside: NDArray[np.bool_]  # (n,) runs off the picture, or is ground that lines enclose
    cells: NDArray[np.int32]  # (SIDE, SIDE) number of a cell from 1; 0 within inner regions
    homes: NDArray[np.int32]  # (m,) the region that each cell lies in
    spots: NDArray[np.int32]  # (m, 2) row and column of each cell in the grid
    values: Float  # (n + m, FEATURES)
    whole: Float  # (WIDE * WIDE,) the drawing, small
    lies_in: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))  # enclosed ground -> its home


@dataclass(frozen=True, eq=False)
class Sheet:
    """Sheet holds what all regions of a drawing have in common."""

    drawn: Float  # (SIDE, SIDE) 1 on lines
    box: tuple[int, int, int, int]  # left, top, right, bottom of what is drawn
    count: int  # regions


def read_features(lines: NDArray[np.uint8], regions: NDArray[np.int32]) -> RegionFeatures:
    """Describe the regions of a drawing.

    lines: (SIDE, SIDE) uint8 of 0 and 255. regions: (SIDE, SIDE) int32 from 1 (`find_regions`).
    """
    areas = np.bincount(regions.ravel())
    frames = ndimage.find_objects(regions)
    order = [int(n) for n in np.argsort(-areas, kind="stable") if n > 0 and areas[n] >= LEAST][:MOST]
    sheet = read_sheet(lines, len(order))
    around = find_surroundings(regions, areas)
    open_rims = 0.5 * measure_open_rims(lines, regions, areas)
    open_rims[around] = 1
    values = [describe(sheet, regions, n, frames[n - 1], 0, open_rims[n]) for n in order]
    cells, homes, spots = find_cells(regions, set(around))
    for n, frame in enumerate(ndimage.find_objects(cells), 1):
        values.append(describe(sheet, cells, n, frame, 1, float(runs_off(frame))))
    return RegionFeatures(
        np.array(order, np.int32),
        np.isin(order, around),
        cells,
        np.array(homes, np.int32),
        np.array(spots, np.int32).reshape(-1, 2),
        np.stack(values) if values else np.zeros((0, FEATURES), np.float32),
        3 * np.asarray(cv2.resize(sheet.drawn, (WIDE, WIDE), interpolation=cv2.INTER_AREA), np.float32).ravel(),
    )


def read_sheet(lines: NDArray[np.uint8], count: int) -> Sheet:
    """Read what all `count` regions of a drawing have in common."""
    rows, columns = np.flatnonzero(lines.any(1)), np.flatnonzero(lines.any(0))
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1) if len(rows) else (0, 0, SIDE, SIDE)
    return Sheet((lines > 0).astype(np.float32), box, count)


def find_surroundings(regions: NDArray[np.int32], areas: NDArray[np.int64]) -> list[int]:
    """List the regions at the picture's border that are no things: with much border for their size, or the most of
    all, or from the left border to the right, as sky, sea and land are.

    regions: (SIDE, SIDE) from 1. areas: px of each number, from 0.
    """
    border = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    rims = np.bincount(border, minlength=len(areas))
    corners = np.bincount(regions[[0, 0, -1, -1], [0, -1, 0, -1]], minlength=len(areas))
    most = np.array([*CUT, 0])[np.minimum(corners, len(CUT))] * np.sqrt(areas)
    across = np.intersect1d(regions[:, 0], regions[:, -1])
    return [int(n) for n in np.union1d(np.flatnonzero((rims > most) | (rims == rims.max())), across) if n > 0]


def runs_off(frame: Frame) -> bool:
    """Return whether a region of this frame reaches the picture's border."""
    starts, stops = min(frame[0].start, frame[1].start), max(frame[0].stop, frame[1].stop)
    return bool(starts <= 1 or stops >= SIDE - 1)


def measure_open_rims(lines: NDArray[np.uint8], regions: NDArray[np.int32], areas: NDArray[np.int64]) -> Float:
    """Return how much of each region's rim has no line along it, (count,) in [0, 1]: it leaks there."""
    near = cv2.dilate(lines, np.ones((3, 3), np.uint8)) > 0
    leaks = np.zeros(len(areas), np.float32)
    for one, other, lined in (
        (regions[:, 1:], regions[:, :-1], near[:, 1:] | near[:, :-1]),
        (regions[1:], regions[:-1], near[1:] | near[:-1]),
    ):
        open_rim = (one != other) & ~lined
        for side in (one, other):
            leaks += np.bincount(side[open_rim], minlength=len(areas))
    return np.asarray(np.clip(leaks / np.maximum(2 * np.sqrt(areas), 1), 0, 1), np.float32)


def find_cells(
    regions: NDArray[np.int32], outside: set[int]
) -> tuple[NDArray[np.int32], list[int], list[tuple[int, int]]]:
    """Number the cells of the grid where one of these regions has a share of it; each region's share is one cell."""
    cells, homes, spots = np.zeros(regions.shape, np.int32), [], []
    rows, columns = np.linspace(0, SIDE, ROWS + 1).round().astype(int), np.linspace(0, SIDE, COLUMNS + 1).astype(int)
    for row in range(ROWS):
        for column in range(COLUMNS):
            part = np.s_[rows[row] : rows[row + 1], columns[column] : columns[column + 1]]
            counts = np.bincount(regions[part].ravel())
            for number in np.flatnonzero(counts >= SEEN_SHARE * regions[part].size):
                if int(number) in outside:
                    homes.append(int(number))
                    spots.append((row, column))
                    cells[part][regions[part] == number] = len(homes)
    return cells, homes, spots


def describe(
    sheet: Sheet, labels: NDArray[np.int32], number: int, frame: Frame, around: float, open_rim: float
) -> Float:
    """Describe one region or cell, (FEATURES,): places in [0, 1], then its shape and the lines about it."""
    top, bottom, left, right = frame[0].start, frame[0].stop, frame[1].start, frame[1].stop
    height, width = bottom - top, right - left
    box = sheet.box
    wide, high = max(1, box[2] - box[0]), max(1, box[3] - box[1])
    inside = (labels[frame] == number).astype(np.uint8)
    moments = cv2.moments(inside, binaryImage=True)
    area = moments["m00"]
    places = [
        left / SIDE, top / SIDE, right / SIDE, bottom / SIDE,
        (left - box[0]) / wide, (top - box[1]) / high, (right - box[0]) / wide, (bottom - box[1]) / high,
        (left + moments["m10"] / area) / SIDE, (top + moments["m01"] / area) / SIDE,
        np.sqrt(area) / SIDE, np.log(area) / 11, area / (width * height), np.log(width / height) / 2,
        open_rim, wide / SIDE, high / SIDE, sheet.count / MOST, around,
    ]  # fmt: skip
    shape = cv2.resize(inside.astype(np.float32), (CROP, CROP), interpolation=cv2.INTER_AREA)
    pad_x, pad_y = width // 2 + 4, height // 2 + 4
    about = sheet.drawn[max(0, top - pad_y) : bottom + pad_y, max(0, left - pad_x) : right + pad_x]
    near = cv2.resize(about, (CROP, CROP), interpolation=cv2.INTER_AREA)
    return np.concatenate([places, shape.ravel() - 0.5, 2 * near.ravel()]).astype(np.float32)
