"""Paint what lies around the things of a drawing from the colours of a coarse grid's cells."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.colours.oklab import to_oklab
from pipeline.colours.region_features import COLUMNS, ROWS
from pipeline.colours.regions import SIDE

LIKE, SMOOTHED = 0.05, 4  # OKLab: neighbours that differ by less are evened out, so many times
SAME = 0.06  # OKLab: two cells one above the other that differ by less run into each other over their whole height
STEEP = 5.0  # so many times steeper is the step between cells that differ by HORIZON or more, as a horizon is
HORIZON = 0.2  # OKLab

Float = NDArray[np.float32]


def paint_surroundings(tones: Float, spots: NDArray[np.int32]) -> Float:
    """Return the surroundings, (SIDE, SIDE, 3) RGB: like cells run into each other, others meet at a soft horizon.

    tones: (m, 3) RGB in [0, 1] of the cells. spots: (m, 2) their rows and columns in the grid.
    """
    grid = spread_cells(tones, spots)
    grid = drop_bands(grid)
    for _ in range(SMOOTHED):
        grid = even_out(grid)
    return stretch_across(stretch_down(grid))


def drop_bands(grid: Float) -> Float:
    """Return the grid (ROWS, COLUMNS, 3) without single rows between two like ones that differ from both."""
    lab, made = to_oklab(grid), grid.copy()
    beside = np.linalg.norm(lab[2:] - lab[:-2], axis=-1)
    apart = np.minimum(*(np.linalg.norm(lab[1:-1] - lab[part], axis=-1) for part in (np.s_[:-2], np.s_[2:])))
    bands = (apart > SAME) & (apart > 2 * beside)
    made[1:-1][bands] = 0.5 * (grid[:-2] + grid[2:])[bands]
    return made


def even_out(grid: Float) -> Float:
    """Return the grid (ROWS, COLUMNS, 3) with each cell moved towards its neighbours that are like it (bilateral)."""
    padded = np.pad(grid, ((1, 1), (1, 1), (0, 0)), mode="edge")
    lab = to_oklab(padded)
    middle = lab[1:-1, 1:-1]
    sums, weights = grid.copy(), np.ones(grid.shape[:2], np.float32)
    for down, across in ((0, 1), (2, 1), (1, 0), (1, 2)):
        part = np.s_[down : down + ROWS, across : across + COLUMNS]
        weight = np.exp(-((lab[part] - middle) ** 2).sum(-1) / (2 * LIKE**2))
        sums += weight[..., None] * padded[part]
        weights += weight
    return np.asarray(sums / weights[..., None], np.float32)


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
