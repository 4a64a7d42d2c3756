"""Find a sheet of paper that lies on something, and lay it straight.

A sheet is the one large quadrilateral that is lighter than what surrounds it, with straight sides; its rim and the desk
are left out. Found as document scanners do it: threshold, contour, polygon (OpenCV's contour functions), and then
judged: a frame that someone drew has paper on both sides.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.sketch.channels import take_lowest
from pipeline.sketch.edges import resize_to

Pixels = NDArray[np.uint8]
Corners = NDArray[np.float32]  # (4, 2) x, y in px: top left, top right, bottom right, bottom left

FIND_SIDE = 400  # px, the longer side at which the sheet is looked for
LEAST_SHARE = 0.2  # of the picture that a sheet covers
MOST_SHARE = 0.985
CONTRAST = 25  # of 255, how much lighter than the desk a sheet is, on each side where the desk is seen
STRAIGHT = 0.012  # of the longer side, how far a side of the sheet may bend
SHARP = 4  # px at FIND_SIDE, within which the rim of a sheet is
FORMATS = (1.0, 11 / 8.5, 4 / 3, math.sqrt(2), 1.5)  # square, letter, drawing blocks, A4 and its kin
NEAR_FORMAT = 0.07
RIM = 0.01  # of the longer side: the sheet's rim with its shadow, painted over with what lies inside of it


def straighten_sheet(pixels: Pixels) -> Pixels | None:
    """Return the sheet of a photograph (H, W, 3), upright and without its surroundings; None where there is none."""
    corners = find_sheet(pixels)
    if corners is None:
        return None
    widths = np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[2] - corners[3])
    heights = np.linalg.norm(corners[3] - corners[0]), np.linalg.norm(corners[2] - corners[1])
    width, height = choose_format(float(np.mean(widths)), float(np.mean(heights)))
    goal = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    warp = cv2.getPerspectiveTransform(corners, goal)
    laid = cv2.warpPerspective(pixels, warp, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    rim = max(2, round(RIM * max(width, height)))
    inner = np.ascontiguousarray(laid[rim:-rim, rim:-rim])
    return np.asarray(cv2.copyMakeBorder(inner, rim, rim, rim, rim, cv2.BORDER_REPLICATE))


def choose_format(width: float, height: float) -> tuple[int, int]:
    """Return width and height in px, in the proportions of a usual format where they are near to one.

    A sheet seen at an angle looks shorter than it is.
    """
    long, short = max(width, height), min(width, height)
    near = [ratio for ratio in FORMATS if abs(long / short / ratio - 1) <= NEAR_FORMAT]
    if near:
        ratio = min(near, key=lambda ratio: abs(long / short / ratio - 1))
        middle = math.sqrt(long * short)
        long, short = middle * math.sqrt(ratio), middle / math.sqrt(ratio)
    return (round(long), round(short)) if width >= height else (round(short), round(long))


def find_sheet(pixels: Pixels) -> Corners | None:
    """Return the corners of the sheet in px of the picture (H, W, 3); None without one."""
    small = resize_to(pixels, FIND_SIDE, grows=False)
    scale = max(small.shape[:2]) / max(pixels.shape[:2])
    value = cv2.medianBlur(np.asarray(take_lowest(small)), 5)  # a desk of any colour is dark in one channel
    level, _ = cv2.threshold(value, 0, 255, cv2.THRESH_OTSU)
    for threshold in (level, 0.8 * level, 1.2 * level):
        corners = find_quadrilateral(value, float(threshold))
        if corners is not None and lies_on_something(value, corners):
            return np.asarray((corners + 0.5) / scale - 0.5, np.float32)
    return None


def find_quadrilateral(value: NDArray[np.uint8], threshold: float) -> Corners | None:
    """Return the corners of the largest light region (h, w) if it is a quadrilateral with straight sides."""
    side = max(value.shape)
    # what is drawn on the sheet is closed over; a margin lets a sheet touch the picture's border
    light = cv2.morphologyEx((value > threshold).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    light = cv2.morphologyEx(light, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    contours, _ = cv2.findContours(light, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    hull = cv2.convexHull(max(contours, key=cv2.contourArea))
    area = cv2.contourArea(hull)
    if not LEAST_SHARE * value.size <= area <= MOST_SHARE * value.size:
        return None
    corners = reduce_to_four(hull, side)
    if corners is None or not cv2.isContourConvex(corners):
        return None
    largest = max(contours, key=cv2.contourArea).reshape(-1, 2).astype(np.float32)
    away = np.array([abs(cv2.pointPolygonTest(corners, (float(x), float(y)), True)) for x, y in largest[::3]])
    if np.quantile(away, 0.9) > STRAIGHT * side or cv2.contourArea(corners) < 0.9 * area:
        return None
    return order_corners(corners.reshape(4, 2).astype(np.float32))


def reduce_to_four(hull: NDArray[np.int32], side: int) -> NDArray[np.float32] | None:
    """Return the polygon of four corners (4, 1, 2) that follows a convex hull; None where none does."""
    for tolerance in np.linspace(0.01, 0.06, 11) * side * 2:
        polygon = cv2.approxPolyDP(hull, float(tolerance), True)
        if len(polygon) == 4:
            return fit_sides(hull, polygon, side)
        if len(polygon) < 4:
            return None
    return None


def fit_sides(hull: NDArray[np.int32], polygon: NDArray[np.int32], side: int) -> NDArray[np.float32] | None:
    """Move the corners to where lines cross that are fitted to the hull's sides."""
    outline = trace_polygon(hull.reshape(-1, 2).astype(np.float64))
    corners = polygon.reshape(4, 2).astype(np.float64)
    lines = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along, length = (end - start), float(np.linalg.norm(end - start))
        if length < 0.1 * side:
            return None
        offset = outline - start
        place = offset @ along / length**2
        away = np.abs(offset[:, 0] * along[1] - offset[:, 1] * along[0]) / length
        near = outline[(place > 0.08) & (place < 0.92) & (away < 0.03 * side)]
        if len(near) < 8:
            return None
        vx, vy, x, y = cv2.fitLine(near.astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01).ravel()
        lines.append((vy, -vx, vy * x - vx * y))
    found = []
    for (a, b, c), (d, e, f) in zip(np.roll(lines, 1, axis=0), lines, strict=True):
        across = a * e - b * d
        if abs(across) < 1e-3:
            return None
        found.append(((c * e - b * f) / across, (a * f - c * d) / across))
    return np.asarray(found, np.float32).reshape(4, 1, 2)


def trace_polygon(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points one px apart along a closed polygon (n, 2)."""
    traced = []
    for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
        steps = max(1, round(float(np.linalg.norm(end - start))))
        traced.append(start + (end - start) * np.linspace(0, 1, steps, endpoint=False)[:, None])
    return np.concatenate(traced)


def order_corners(corners: Corners) -> Corners:
    """Return the corners clockwise from the one nearest to the picture's top left."""
    middle = corners.mean(axis=0)
    angles = np.arctan2(*(corners - middle).T[::-1])
    ordered = corners[np.argsort(angles)]
    return np.asarray(np.roll(ordered, -int(np.argmin(ordered.sum(axis=1))), axis=0), np.float32)


def lies_on_something(value: NDArray[np.uint8], corners: Corners) -> bool:
    """Return whether a rim of the sheet is lighter than what lies beside it, on all sides that the picture shows.

    A side at the picture's border shows nothing; at least two sides must show the desk.
    """
    height, width = value.shape
    reach = 0.02 * max(value.shape)
    shown = 0
    middle = corners.mean(axis=0)
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        places = start + (end - start) * np.linspace(0.06, 0.94, 60)[:, None]
        outward = np.array([end[1] - start[1], start[0] - end[0]])
        outward /= max(float(np.linalg.norm(outward)), 1e-6)
        if outward @ (places.mean(axis=0) - middle) < 0:
            outward = -outward
        beyond, within = places + reach * outward, places - reach * outward
        seen = ((beyond >= 0) & (beyond <= (width - 1, height - 1))).all(axis=1)
        if seen.mean() < 0.3:
            continue
        shown += 1
        step = read_at(value, within[seen]) - read_at(value, beyond[seen])
        if np.quantile(step, 0.2) < CONTRAST or not is_sharp(value, places[seen], outward, reach):
            return False
    return shown >= 2


def is_sharp(value: NDArray[np.uint8], places: NDArray[np.float64], outward: NDArray[np.float64], reach: float) -> bool:
    """Return whether most of the step across a side happens within a few px: light that falls on paper fades slowly."""
    offsets = np.arange(-reach, reach + 1)
    across = np.stack([read_at(value, places + offset * outward) for offset in offsets])  # (offsets, places)
    steps = np.abs(across[SHARP:] - across[:-SHARP]).max(axis=0)
    return bool(np.median(steps / np.maximum(np.abs(across[0] - across[-1]), 1)) > 0.7)


def read_at(value: NDArray[np.uint8], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values nearest to places (n, 2), x and y."""
    height, width = value.shape
    x = np.clip(places[:, 0].round().astype(int), 0, width - 1)
    y = np.clip(places[:, 1].round().astype(int), 0, height - 1)
    return np.asarray(value[y, x], np.float64)
