"""Close the outline of a thing that gap closing leaves open, so that it has a region that can be coloured.

The reach grows until most of what the strokes span is enclosed. Nothing is closed where a drawing encloses enough
already, where more than a third of the outline would have to be invented, or of lines that run off the picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.morphology import skeletonize

from pipeline.errors import look_for_cancel
from pipeline.inking.gaps import Ends, close_gaps, find_ends, find_open_ground, shrink

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

SIDE = 256  # px, the longer side at which outlines are looked at
REACHES = (0.07, 0.11, 0.16, 0.22)  # of the longer side
LOOK_BACK = 0.04  # of the longer side: so much of a stroke says where its end looks
BACK = -0.4  # cosine: an end is not joined with what lies behind it
LEAST_SPAN = 0.02  # of the picture that the strokes span at least
ENCLOSED, COVERED = 0.2, 0.45  # of the span: a drawing encloses enough already; an outline encloses a thing
NEEDED = 0.8  # of what all joins enclose: what some of them enclose, for the others to be left out
INVENTED = 0.33  # of the strokes' length that joins are long together, at most


def close_lines(lines: Mask) -> Mask:
    """Return the lines, (H, W), with their gaps closed, and an outline that is open all the same."""
    closed = close_gaps(lines)
    look_for_cancel()
    scale = max(1.0, max(lines.shape) / SIDE)
    joins = find_outline_joins(closed if scale == 1 else shrink(closed, scale))
    if not joins:
        return closed
    drawn = closed.astype(np.uint8)
    for join in joins:
        points = ((join + 0.5) * scale - 0.5).round().astype(np.int32)
        cv2.polylines(drawn, [points.reshape(-1, 1, 2)], False, 1, 1 if scale == 1 else 2, cv2.LINE_8)
    return np.asarray(drawn > 0)


def find_outline_joins(lines: Mask) -> list[Floats]:
    """Find the straight ways that make an open outline one, each (2, 2) x, y; none where nothing is to be closed."""
    span = measure_span(lines)
    if span < LEAST_SPAN * lines.size or measure_enclosed(lines) >= ENCLOSED * span:
        return []
    skeleton = skeletonize(find_free_strokes(lines))
    side = max(lines.shape)
    ends = find_ends(skeleton, LOOK_BACK * side, 0)
    for most in (1, 2):
        for reach in REACHES:
            joins = [ends.points[list(pair)] for pair in pair_ends(ends, reach * side, most)]
            closes = bool(joins) and measure_enclosed(draw_joins(lines, joins)) >= COVERED * span
            if closes and most > 1:
                joins = drop_idle_joins(lines, joins)
            if measure_length(joins) > INVENTED * int(skeleton.sum()):
                break
            if closes:
                return joins
    return []


def drop_idle_joins(lines: Mask, joins: list[Floats]) -> list[Floats]:
    """Return the joins without those that hardly enclose anything, the longest first: whiskers need none."""
    least = NEEDED * measure_enclosed(draw_joins(lines, joins))
    kept = sorted(joins, key=lambda join: -measure_length([join]))
    for join in list(kept):
        others = [other for other in kept if other is not join]
        if measure_enclosed(draw_joins(lines, others)) >= least:
            kept = others
    return kept


def measure_length(joins: list[Floats]) -> float:
    """Measure how long joins are together, px."""
    return sum(float(np.hypot(*(join[1] - join[0]))) for join in joins)


def measure_span(lines: Mask) -> float:
    """Measure the area that the strokes span, px: of the hull around those that lie free of the border."""
    rows, columns = np.nonzero(find_free_strokes(lines))
    if len(rows) < 3:
        return 0.0
    points = np.stack([columns, rows], 1).astype(np.int32)
    return float(cv2.contourArea(cv2.convexHull(points)))


def find_free_strokes(lines: Mask) -> Mask:
    """Return the strokes that do not reach the picture's border."""
    _, strokes = cv2.connectedComponents(lines.astype(np.uint8), connectivity=8)
    rim = np.unique(np.concatenate([strokes[0], strokes[-1], strokes[:, 0], strokes[:, -1]]))
    return np.asarray(lines & ~np.isin(strokes, rim[rim > 0]))


def measure_enclosed(lines: Mask) -> int:
    """Measure the area that lines enclose, px."""
    return int((~lines & ~find_open_ground(lines)).sum())


def pair_ends(ends: Ends, reach: float, most: int = 1) -> list[tuple[int, int]]:
    """Pair ends of strokes with each other, the nearest that look at each other first, each `most` times at most.

    An ear's inner end is needed by the brow as well as by the ear's foot, which is nearer.
    """
    if len(ends.points) < 2:
        return []
    way = ends.points[None] - ends.points[:, None]
    distance = np.hypot(way[..., 0], way[..., 1])
    facing = np.einsum("ijk,ik->ij", way / np.maximum(distance, 1e-9)[..., None], ends.directions)
    worst = np.minimum(facing, facing.T)
    first, second = np.nonzero(np.triu((distance <= reach) & (worst >= BACK), 1))
    taken = [0] * len(ends.points)
    pairs = []
    for place in np.argsort(distance[first, second] * (2 - worst[first, second]), kind="stable"):
        one, other = int(first[place]), int(second[place])
        if max(taken[one], taken[other]) < most:
            taken[one] += 1
            taken[other] += 1
            pairs.append((one, other))
    return pairs


def draw_joins(lines: Mask, joins: list[Floats]) -> Mask:
    """Return the lines with joins drawn into them, one px wide."""
    drawn = lines.astype(np.uint8)
    for join in joins:
        cv2.polylines(drawn, [join.round().astype(np.int32).reshape(-1, 1, 2)], False, 1, 1, cv2.LINE_8)
    return np.asarray(drawn > 0)
