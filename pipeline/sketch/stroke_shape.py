"""Find the shape of a stroke: the discs that are swept along a hand's points, as the page draws them.

It is that of perfect-freehand (MIT, Steve Ruiz) with thinning 0.5, streamline 0.5 and no simulated pressure: the points
are eased towards each other, the radius follows the pressure, and the page rounds the outline (assets/drawing.js).
"""

from __future__ import annotations

import math

Point = tuple[float, float, float]  # x, y in canvas px; pressure, 0 to 1
Disc = tuple[float, float, float]  # x, y, radius in px

THINNING = 0.5  # how much of the width the pressure decides
EASING = 0.15 + (1 - 0.5) * 0.85  # perfect-freehand's step towards the next point at streamline 0.5
LIFTING = 3.0  # px before the end of a stroke that count as lifting the pen
VISIBLE = 1.0  # px by which a rounded corner lies off a plain one, from which it is rounded
FINE = 3.0  # px between the discs of a rounded corner


def sweep_points(points: list[Point], size: float) -> list[Disc]:
    """Return the discs whose hull is the stroke of a pen of `size` px through these points."""
    discs, lengths = ease_points(complete_points(points), size)
    # the hand also trembles where it lifts: points just short of the end are left out
    between = [disc for disc, length in zip(discs, lengths, strict=True) if 0 < length <= lengths[-1] - LIFTING]
    return round_corners([discs[0], *between, discs[-1]])


def round_corners(discs: list[Disc]) -> list[Disc]:
    """Return discs along the curve that the page draws where a quick hand left points far apart.

    The page joins the middles between points by quadratic curves, whose handles are the points; a sharp corner stays.
    """
    if len(discs) < 3:
        return discs
    curve = [discs[0]]
    for before, corner, after in zip(discs, discs[1:], discs[2:], strict=False):
        begin, end = find_middle(before, corner), find_middle(corner, after)
        middle = interpolate_curve(begin, corner, end, 0.5)
        if math.dist(middle[:2], corner[:2]) < VISIBLE or is_sharp(before, corner, after):
            curve.append(corner)
            continue
        parts = math.ceil(math.dist(begin[:2], end[:2]) / FINE)
        curve.extend(interpolate_curve(begin, corner, end, part / parts) for part in range(parts + 1))
    return [*curve, discs[-1]]


def is_sharp(before: Disc, corner: Disc, after: Disc) -> bool:
    """Return whether the line turns by more than a right angle."""
    return (corner[0] - before[0]) * (after[0] - corner[0]) + (corner[1] - before[1]) * (after[1] - corner[1]) < 0


def find_middle(one: Disc, other: Disc) -> Disc:
    """Return the disc in the middle between two."""
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2, (one[2] + other[2]) / 2


def interpolate_curve(begin: Disc, handle: Disc, end: Disc, t: float) -> Disc:
    """Return a disc of a quadratic Bezier curve at `t`, 0 to 1."""
    x, y, r = (a * (1 - t) ** 2 + 2 * b * t * (1 - t) + c * t * t for a, b, c in zip(begin, handle, end, strict=True))
    return x, y, r


def ease_points(points: list[Point], size: float) -> tuple[list[Disc], list[float]]:
    """Return eased discs and the length (px) of the line up to each.

    A hand trembles where it sets down: up to a length of `size` the line still starts at its first point.
    """
    x, y, pressure = points[0]
    discs, lengths, length = [(x, y, compute_radius(size, pressure))], [0.0], 0.0
    for index, (aim_x, aim_y, pressure) in enumerate(points[1:], start=2):
        is_last = index == len(points)
        step = 1.0 if is_last else EASING
        next_x, next_y = x + (aim_x - x) * step, y + (aim_y - y) * step
        length += math.hypot(next_x - x, next_y - y)
        if (next_x, next_y) == (x, y) or (length < size and len(discs) == 1 and not is_last):
            continue
        x, y = next_x, next_y
        discs.append((x, y, compute_radius(size, pressure)))
        lengths.append(length)
    return discs, lengths


def complete_points(points: list[Point]) -> list[Point]:
    """Give a lone point a neighbour, make two into five on the line between them: so perfect-freehand has it."""
    first, last = points[0], points[-1]
    if len(points) == 1:
        return [first, (first[0] + 1, first[1] + 1, first[2])]
    if len(points) > 2:
        return points
    return [
        first,
        *(
            (first[0] + (last[0] - first[0]) * t, first[1] + (last[1] - first[1]) * t, 0.5)
            for t in (0.25, 0.5, 0.75, 1.0)
        ),
    ]


def compute_radius(size: float, pressure: float) -> float:
    """Return a disc's radius (px) from the pen's size (px) and the pressure, 0-1."""
    return size * (0.5 - THINNING * (0.5 - pressure))
