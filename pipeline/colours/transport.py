"""Give a picture's colours to a coloured drawing: each of its own moves to the nearest one that is still to be spent.

The plan is the entropic optimal transport of Cuturi 2013, "Sinkhorn distances", between the areas of the drawing's
colours and the shares of the wanted ones; a colour becomes the mean of those that it is given (as in Ferradans et al.
2014, "Regularized discrete optimal transport", for colour transfer).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.colours.oklab import from_oklab, to_oklab

Float = NDArray[np.float32]

LEVELS = 32  # of each channel, into which the drawing's colours are sorted
SOFTNESS = 0.02  # of the mean cost: how far a colour may be shared among several
ROUNDS = 60
EVEN = 0.5  # of the shares: how far every wanted colour counts alike, so that a rare one is used too
LEEWAY = 0.6  # 1 spends each colour exactly, 0 takes the nearest alone (unbalanced: Chizat et al. 2018)
LIGHT = 2.2  # how much more lightness counts than hue: what was dark stays dark


def spend_colours(field: Float, colours: NDArray[np.uint8], shares: Float) -> Float:
    """Return the field in the wanted colours, RGB in [0, 1], (H, W, 3).

    field: what colour each place has, RGB in [0, 1], (H, W, 3). colours: (n, 3) RGB, what is wanted; shares: (n,), how
    much of it, sum 1.
    """
    bins, places, areas = sort_colours(field)
    wanted = to_oklab(colours)
    plan = find_plan(to_oklab(bins), areas, wanted, (1 - EVEN) * shares + EVEN / len(shares))
    given = plan @ wanted / np.maximum(plan.sum(axis=1, keepdims=True), 1e-12)
    return np.asarray(from_oklab(given.astype(np.float32))[places], np.float32)


def sort_colours(field: Float) -> tuple[NDArray[np.uint8], NDArray[np.intp], Float]:
    """Return the field's colours (m, 3) RGB uint8, which of them each place (H, W) has, and their areas (m,), sum 1."""
    levels = np.clip(field * LEVELS, 0, LEVELS - 1).astype(np.int32)
    codes = (levels[..., 0] * LEVELS + levels[..., 1]) * LEVELS + levels[..., 2]
    found, places, counts = np.unique(codes, return_inverse=True, return_counts=True)
    channels = np.stack([found // LEVELS**2, found // LEVELS % LEVELS, found % LEVELS], axis=1)
    middle = (channels + 0.5) * (255 / LEVELS)
    return middle.astype(np.uint8), places.reshape(field.shape[:2]), (counts / counts.sum()).astype(np.float32)


def find_plan(present: Float, areas: Float, wanted: Float, shares: Float) -> NDArray[np.float64]:
    """Return how much (m, n) of each present colour becomes each wanted one; both in OKLab, (m, 3) and (n, 3)."""
    stretch = np.array([LIGHT, 1.0, 1.0])
    one, other = (level_out(each, weights) * stretch for each, weights in ((present, areas), (wanted, shares)))
    cost = ((one[:, None] - other[None]) ** 2).sum(axis=2)
    kernel = np.exp(-(cost - cost.min(axis=1, keepdims=True)) / (SOFTNESS * cost.mean()))
    rows, columns = np.ones(len(present)), np.ones(len(wanted))
    for _ in range(ROUNDS):
        columns = (shares / np.maximum(kernel.T @ rows, 1e-300)) ** LEEWAY
        rows = areas / np.maximum(kernel @ columns, 1e-300)
    return np.asarray(rows[:, None] * kernel * columns[None])


def level_out(colours: Float, weights: Float) -> NDArray[np.float64]:
    """Return colours around their mean lightness and within one range of it, so that pale meets pale of either side."""
    placed = np.array(colours, np.float64)
    mean = float((placed[:, 0] * weights).sum() / weights.sum())
    spread = float(np.sqrt(((placed[:, 0] - mean) ** 2 * weights).sum() / weights.sum()))
    placed[:, 0] = (placed[:, 0] - mean) * 0.2 / max(spread, 0.03)
    return placed
