"""Turn the line that is meant into the points that a pen reports, as a hand does.

A hand misses its place a little, wavers slowly, trembles quickly, rounds corners when it hurries, goes past the end or
stops short of it, slows down in curves and presses harder in the middle of a stroke than at its ends. Everything is
drawn from a seed, so that equal plans give equal points.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.tools.sketching.gestures import Path, Plan, space_evenly

Points = list[tuple[float, float, float]]  # x, y in canvas px; pressure


@dataclass(frozen=True)
class Manner:
    """This says how far a hand strays from the line that is meant, in canvas px."""

    step: float  # between two reports at full speed
    waver: float  # slow drift off the line
    tremble: float
    miss: float  # how far a whole stroke lies beside its place
    beyond: float  # past the end, or short of it
    rounding: float  # of corners
    warp: float  # how much the whole drawing is out of proportion


MANNERS = {
    "careful": Manner(step=4, waver=1.2, tremble=0.25, miss=1.2, beyond=2, rounding=1.2, warp=3),
    "usual": Manner(step=7, waver=2.2, tremble=0.35, miss=3, beyond=5, rounding=3, warp=7),
    "hasty": Manner(step=12, waver=4, tremble=0.5, miss=7, beyond=11, rounding=6, warp=20),
}
WHOLE = 120  # px: shorter strokes waver, miss and overshoot in proportion


def draw_plan(plan: Plan) -> list[Points]:
    """Return the points of each of the plan's gestures, in its order."""
    rng = np.random.default_rng(zlib.crc32(plan.id.encode()))
    manner = MANNERS[plan.care]
    lean = rng.normal(0, manner.warp, (2, 2, 2))
    return [draw_stroke(warp_path(gesture.path, lean), manner, plan.device == "pen", rng) for gesture in plan.gestures]


def warp_path(path: Path, lean: NDArray[np.float64]) -> Path:
    """Push the corners of the paper about by `lean` ((2, 2, 2): rows, columns, x and y), and the path with them."""
    u, v = (np.clip(path / 512, 0, 1)[:, axis, None] for axis in (0, 1))
    return np.asarray(
        path + (lean[0, 0] * (1 - u) + lean[0, 1] * u) * (1 - v) + (lean[1, 0] * (1 - u) + lean[1, 1] * u) * v
    )


def draw_stroke(path: Path, manner: Manner, presses: bool, rng: np.random.Generator) -> Points:
    length = len(path)  # points lie a pixel apart
    share = min(1.0, length / WHOLE)
    path = space_evenly(run_out(path, manner.beyond * share, rng))
    path = round_corners(path, manner.rounding * share)
    path = path + rng.normal(0, manner.miss * share / 2, 2)
    path = path + np.stack([make_waver(len(path), rng) for _ in (0, 1)], axis=1) * manner.waver * share
    places = choose_reported_points(path, manner.step * (0.35 + 0.65 * share))
    points = path[places] + rng.normal(0, manner.tremble * share, (len(places), 2))
    pressure = make_pressure(places / max(1, len(path) - 1), rng) if presses else np.full(len(places), 0.5)
    return [(float(x), float(y), float(p)) for (x, y), p in zip(points, pressure, strict=True)]


def run_out(path: Path, beyond: float, rng: np.random.Generator) -> Path:
    """Go past the end, or stop short of it; mostly past."""
    extra = rng.normal(0.4, 0.8) * beyond
    if extra < 0:
        return path[: max(2, len(path) - round(-extra))]
    back = path[-min(len(path), 8)]
    way = path[-1] - back
    return np.vstack([path, path[-1] + way / max(1e-6, np.linalg.norm(way)) * max(extra, 0.1)])


def round_corners(path: Path, sigma: float) -> Path:
    """Return a running mean along the line; its ends stay, because the line is carried on beyond them, turned round."""
    if sigma < 0.5:
        return path
    reach = min(len(path) - 1, round(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    before, after = 2 * path[0] - path[reach:0:-1], 2 * path[-1] - path[-2 : -reach - 2 : -1]
    whole = np.vstack([before, path, after])
    return np.stack([np.convolve(whole[:, axis], weights / weights.sum(), "valid") for axis in (0, 1)], axis=1)


def make_waver(length: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return slow noise with deviation about 1: knots 45 px apart, joined smoothly."""
    knots = rng.normal(0, 1, length // 45 + 3)
    at = np.linspace(0, len(knots) - 2.001, length)
    left, part = at.astype(int), at % 1
    part = part * part * (3 - 2 * part)
    return np.asarray(knots[left] * (1 - part) + knots[left + 1] * part)


def choose_reported_points(path: Path, step: float) -> NDArray[np.int64]:
    """Choose the points that a device reports: one every few milliseconds, so they lie close where the hand is slow."""
    around = np.clip(np.arange(len(path))[:, None] + [-6, 0, 6], 0, len(path) - 1)
    back, forth = (np.diff(path[around], axis=1)[:, side] for side in (0, 1))
    turned = np.abs(back[:, 0] * forth[:, 1] - back[:, 1] * forth[:, 0]) / 36
    ends = np.minimum(np.arange(len(path)), np.arange(len(path))[::-1])
    speed = step * (0.35 + 0.65 * np.minimum(1, ends / 40)) / (1 + 2.5 * turned)
    time = np.cumsum(1 / speed)
    places = np.searchsorted(time, np.arange(time[0], time[-1], 1.0))
    return np.unique(np.concatenate([[0], places, [len(path) - 1]]))


def make_pressure(along: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return pressure in (0, 1): up within the first part, down in the last, drifting between."""
    rise, fall = np.minimum(1, along / 0.12), np.minimum(1, (1 - along) / 0.18)
    drift = 0.55 + 0.07 * np.sin(2 * np.pi * (along * rng.uniform(0.5, 1.5) + rng.uniform()))
    return np.asarray(np.clip(drift * (0.45 + 0.55 * rise) * (0.4 + 0.6 * fall), 0.08, 0.95))
