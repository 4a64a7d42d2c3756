"""Paint what lies around the things of a drawing from the colours of a coarse grid's cells."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.colours.oklab import to_oklab
from pipeline.colours.region_features import COLUMNS, ROWS
from pipeline.colours.regions import SIDE

SAME = 0.06  # OKLab: two cells one above the other that differ by less run into each other over their whole height
STEEP = 5.0  # so many times steeper is the step between cells that differ by HORIZON or more, as a horizon is
HORIZON = 0.2  # OKLab

Float = NDArray[np.float32]


def paint_surroundings(tones: Float, spots: NDArray[np.int32]) -> Float:
    """Return the surroundings, (SIDE, SIDE, 3) RGB: like cells run into each other, others meet at a soft horizon.

    tones: (m, 3) RGB in [0, 1] of the cells. spots: (m, 2) their rows and columns in the grid.
    """
    grid = spread_cells(tones, spots)
    shade = cv2.GaussianBlur(grid, (3, 1), 0.6, borderType=cv2.BORDER_REPLICATE)
    return stretch_across(stretch_down(shade))


def spread_cells(tones: Float, spots: NDArray[np.int32]) -> Float:
    """Return the whole grid, (ROWS, COLUMNS, 3); cells that are hidden take their neighbours' colours."""
    grid, share = np.zeros((ROWS, COLUMNS, 3), np.float32), np.zeros((ROWS, COLUMNS), np.float32)
    grid[spots[:, 0], spots[:, 1]], share[spots[:, 0], spots[:, 1]] = tones, 1
    for size in ((3, 1), (3, 3)):  # from beside first, else from above and below
        for _ in range(ROWS + COLUMNS):
            near = grid * share[..., None]
            sums, weight = cv2.blur(near, size), cv2.blur(share, size)
            hidden = (share == 0) & (weight > 1e-6)
            if not hidden.any():
                break
            grid[hidden] = sums[hidden] / weight[hidden][:, None]
            share[hidden] = 1
    return grid


def stretch_down(grid: Float) -> Float:
    """Return (SIDE, COLUMNS, 3): between two rows the colours change the more suddenly, the more they differ."""
    place = np.clip((np.arange(SIDE) + 0.5) / SIDE * ROWS - 0.5, 0, ROWS - 1.001)
    row = place.astype(int)
    apart = np.linalg.norm(np.diff(to_oklab(grid), axis=0), axis=-1)
    steep = 1 + (STEEP - 1) * np.clip((apart - SAME) / (HORIZON - SAME), 0, 1)
    share = np.clip(((place - row)[:, None] - 0.5) * steep[row] + 0.5, 0, 1).astype(np.float32)[..., None]
    return np.asarray(grid[row] * (1 - share) + grid[row + 1] * share, np.float32)


def stretch_across(columns: Float) -> Float:
    """Return (SIDE, SIDE, 3) from (SIDE, COLUMNS, 3), smoothly."""
    return np.asarray(cv2.resize(columns, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.float32)
