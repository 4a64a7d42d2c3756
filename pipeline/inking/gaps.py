"""Close the gaps of a line drawing, so that what a person meant to be closed is a region.

After Fourey, Tschumperle and Revoy, "A Fast and Efficient Semi-guided Algorithm for Flat Coloring Line-arts" (2018):
ends of strokes that look at each other are joined by splines, ends that look at a line by straight segments. Short
strokes on their own (rays, rain, grass) are dashes and close nothing, unless they continue each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.morphology import skeletonize

Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]
Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]
Pixel = tuple[int, int]  # x, y

READ_SIDE = 512  # px, the longer side at which gaps are looked for, at most
LONGEST = 0.033  # of the longer side: the widest gap that is closed, between the strokes' rims
LOOK_BACK = 0.02  # of the longer side: so much of a stroke says where its end looks
DASH = 0.09  # of the longer side: a lone stroke shorter than this is a dash
FACING = 0.5  # cosine between an end's direction and the way to the other end
IN_LINE = 0.9  # the same for dashes
AHEAD = 0.8  # the same for segments
WITHIN = 0.7  # of the longest way: a segment within an area that is closed is no longer
TOUCHING = 0.15  # of the longest way: ends this near are joined wherever they look


@dataclass(frozen=True, eq=False)
class Ends:
    """Ends of strokes."""

    points: Floats  # (n, 2) x, y in px
    directions: Floats  # (n, 2) unit vectors: on, as the stroke came
    tails: list[list[Pixel]]  # the stroke's own pixels, from each end back
    dashes: Mask  # (n,) whether the stroke is a dash


def close_gaps(lines: Mask) -> Mask:
    """Return the lines, (H, W), with the gaps of up to some 3 % of the longer side closed."""
    scale = max(1.0, max(lines.shape) / READ_SIDE)
    joins = find_joins(lines if scale == 1 else shrink(lines, scale))
    drawn = lines.astype(np.uint8)
    for join in joins:
        points = ((join + 0.5) * scale - 0.5).round().astype(np.int32)
        cv2.polylines(drawn, [points.reshape(-1, 1, 2)], False, 1, 1 if scale == 1 else 2, cv2.LINE_8)
    return np.asarray(drawn > 0)


def shrink(lines: Mask, scale: float) -> Mask:
    """The lines on a smaller picture, none of them lost."""
    size = (round(lines.shape[1] / scale), round(lines.shape[0] / scale))
    return np.asarray(cv2.resize(lines.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 60)


def find_joins(lines: Mask) -> list[Floats]:
    """Find the curves that close gaps, each (n, 2) x, y in px."""
    side = max(lines.shape)
    skeleton = skeletonize(lines)
    width = float(lines.sum()) / max(1, int(skeleton.sum()))
    ends = find_ends(skeleton, LOOK_BACK * side + width, DASH * side)
    longest = LONGEST * side + width
    pairs = choose_pairs(ends, longest)
    paired = {end for pair in pairs for end in pair}
    alone = [end for end in range(len(ends.points)) if end not in paired and not ends.dashes[end]]
    segments = [find_segment(skeleton, ends, end, longest) for end in alone]
    is_open = find_open_ground(lines)
    needed = [one for one in segments if one is not None and is_needed(one, is_open, longest)]
    return [hermite(ends, *pair) for pair in pairs] + needed


def find_open_ground(lines: Mask) -> Mask:
    """Find what runs off the picture, (H, W): no line closes it yet."""
    count, parts = cv2.connectedComponents((~lines).astype(np.uint8), connectivity=4)
    reaching = np.zeros(count, bool)
    for rim in (parts[0], parts[-1], parts[:, 0], parts[:, -1]):
        reaching[rim] = True
    reaching[0] = False  # the lines
    return np.asarray(reaching[parts])


def is_needed(segment: Floats, is_open: Mask, longest: float) -> bool:
    """Return whether a segment (2, 2) x, y is to be drawn: within what is closed already only a short one is.

    A wall needs no way from its window's sill to its corner.
    """
    x, y = segment.mean(axis=0).round().astype(int)
    is_outside = bool(is_open[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].any())
    return is_outside or float(np.hypot(*(segment[1] - segment[0]))) <= WITHIN * longest


def find_ends(skeleton: Mask, look_back: float, dash: float) -> Ends:
    """Find pixels with one neighbour, and where the stroke that ends there was heading."""
    padded = np.pad(skeleton, 1).astype(np.uint8)
    beside = cv2.boxFilter(padded, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    _, strokes = cv2.connectedComponents(padded, connectivity=8)
    lengths = np.bincount(strokes.ravel())
    found: list[tuple[Floats, Floats, list[Pixel], bool]] = []
    stored, wide = padded.tobytes(), padded.shape[1]
    for y, x in np.argwhere((padded > 0) & (beside == 2)).tolist():
        path = walk_back(stored, wide, y * wide + x, round(look_back))
        tail = [(pixel % wide - 1, pixel // wide - 1) for pixel in path]
        way = np.subtract(tail[0], tail[-1]).astype(np.float64)
        if len(tail) > 2:  # a dot looks nowhere
            is_dash = bool(lengths[strokes[y, x]] < dash)
            found.append((np.array(tail[0], np.float64), way / np.hypot(*way), tail, is_dash))
    points = np.array([one[0] for one in found]).reshape(-1, 2)
    directions = np.array([one[1] for one in found]).reshape(-1, 2)
    return Ends(points, directions, [one[2] for one in found], np.array([one[3] for one in found], bool))


def walk_back(skeleton: bytes, width: int, end: int, most: int) -> list[int]:
    """Follow a stroke from its end, at most `most` pixels, up to the next fork; pixels are counted through the rows."""
    steps = (1, -1, width, -width, width + 1, width - 1, -width + 1, -width - 1)  # straight ones first
    path, seen = [end], {end}
    while len(path) < most:
        here = path[-1]
        onward = [here + step for step in steps if skeleton[here + step] and here + step not in seen]
        if not onward or (len(onward) > 2 and len(path) > 2):
            break
        seen.update(onward)
        path.append(onward[0])
    return path


def choose_pairs(ends: Ends, longest: float) -> list[tuple[int, int]]:
    """Choose the ends to be joined with each other, the best pairs first, each end once."""
    taken: set[int] = set()
    pairs = []
    for _, first, second in sorted(facing_pairs(ends, longest)):
        if first not in taken and second not in taken:
            taken |= {first, second}
            pairs.append((first, second))
    return pairs


def facing_pairs(ends: Ends, longest: float) -> list[tuple[float, int, int]]:
    """Pairs of ends near enough and turned to each other, with a cost: far and turned away costs more."""
    if len(ends.points) < 2:
        return []
    way = ends.points[None] - ends.points[:, None]
    distance = np.hypot(way[..., 0], way[..., 1])
    facing = np.einsum("ijk,ik->ij", way / np.maximum(distance, 1e-9)[..., None], ends.directions)
    both = np.minimum(facing, facing.T)
    dashes = ends.dashes[None] | ends.dashes[:, None]
    looking = both >= np.where(dashes, IN_LINE, FACING)
    near = (distance <= longest) & looking | (distance <= TOUCHING * longest) & ~dashes
    first, second = np.nonzero(np.triu(near, 1))
    cost = distance[first, second] * (2 - both[first, second])
    return [(float(c), int(i), int(j)) for c, i, j in zip(cost, first, second, strict=True)]


def hermite(ends: Ends, first: int, second: int) -> Floats:
    """Cubic spline from one end to the other that leaves each as its stroke came, (n, 2) x, y."""
    start, stop = ends.points[first], ends.points[second]
    length = float(np.hypot(*(stop - start)))
    out, into = ends.directions[first] * length, -ends.directions[second] * length
    t = np.linspace(0, 1, max(2, round(length / 2)))[:, None]
    away = (2 * t**3 - 3 * t**2 + 1) * start + (3 * t**2 - 2 * t**3) * stop
    return np.asarray(away + (t**3 - 2 * t**2 + t) * out + (t**3 - t**2) * into)


def find_segment(skeleton: Mask, ends: Ends, index: int, longest: float) -> Floats | None:
    """Find the way from an end to the nearest other line ahead of it, or to the picture's border; None if far."""
    end = ends.points[index]
    x, y = (int(place) for place in end)
    reach = int(longest)
    left, top = max(0, x - reach), max(0, y - reach)
    window = skeleton[top : y + reach + 1, left : x + reach + 1].copy()
    for px, py in ends.tails[index]:
        if 0 <= py - top < window.shape[0] and 0 <= px - left < window.shape[1]:
            window[py - top, px - left] = False
    rows, columns = np.nonzero(window)
    way = np.stack([columns + left - x, rows + top - y], axis=1).astype(np.float64)
    way = np.concatenate([way, ways_to_border(end, ends.directions[index], skeleton.shape)])
    distance = np.hypot(way[:, 0], way[:, 1])
    ahead = way @ ends.directions[index] / np.maximum(distance, 1e-9)
    cost = np.where((distance <= longest) & (ahead >= AHEAD), distance * (2 - ahead), np.inf)
    if not cost.size or not np.isfinite(cost.min()):
        return None
    return np.stack([end, end + way[int(cost.argmin())]])


def ways_to_border(end: Floats, direction: Floats, shape: tuple[int, ...]) -> Floats:
    """Ways from an end along its direction to the picture's borders, (n, 2)."""
    ways = []
    for axis in (0, 1):
        last, step = shape[1 - axis] - 1, float(direction[axis])
        if abs(step) > 0.3:
            ways.append(direction * ((last - end[axis]) if step > 0 else -end[axis]) / step)
    return np.array(ways).reshape(-1, 2)
