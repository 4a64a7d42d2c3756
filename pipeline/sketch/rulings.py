"""Take the printed lines of notebook and squared paper out of a drawing.

Printed lines are thin, straight, all of one kind, evenly spaced, and run from one rim of the sheet to another: what is
drawn is none of that at once. Each is followed along its length, and what it covers is filled from above and below, so
that strokes that cross it go on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.sketch.channels import take_lowest
from pipeline.sketch.edges import resize_to

Pixels = NDArray[np.uint8]
Field = NDArray[np.float32]

READ_SIDE = 576  # px, the longer side at which rulings are looked for
FAINTEST = 7.0  # of 255, how far a printed line lies below its paper
LEAST_LINES = 4
COVERED = 0.5  # share of its length along which a printed line is seen, strokes over it counted
SPANNED = 0.8  # share of the sheet from its first seen place to its last
WIDEST = 0.012  # of the longer side, the width of a printed line
STEEPEST = 0.06  # slope, some 3.5 degrees
COLUMNS = 96  # to which a picture is narrowed while its slope is sought
STRIPS = 12  # parts of its length in which a line is found anew: paper bends
UNEVEN = 0.14  # of the spacing, how far a line may lie from its even place


@dataclass(frozen=True, eq=False)
class Ruling:
    """One printed line: its row in each column, its width in px, its depth below the paper of 255."""

    rows: Field  # (W,)
    width: int
    depth: float


def remove_rulings(pixels: Pixels) -> Pixels | None:
    """Return a drawing on white (H, W, 3) without its paper's printed lines; None where the paper has none."""
    small = resize_to(pixels, READ_SIDE, grows=False)
    if min(small.shape[:2]) < 4 * STRIPS:  # a strip of paper, too narrow to tell
        return None
    turned = np.ascontiguousarray(small.transpose(1, 0, 2))
    across = find_rulings(small)
    down = find_rulings(turned, LEAST_LINES if not across else 1)
    if down and not across:  # printed lines run downwards: a margin may run across
        across = find_rulings(small, 1)
    if len(across) < LEAST_LINES and len(down) < LEAST_LINES:
        return None
    cleaned = fill_rulings(pixels, [scale_ruling(ruling, pixels.shape[1]) for ruling in across])
    upright = np.ascontiguousarray(cleaned.transpose(1, 0, 2))
    upright = fill_rulings(upright, [scale_ruling(ruling, upright.shape[1]) for ruling in down])
    return np.ascontiguousarray(upright.transpose(1, 0, 2))


def scale_ruling(ruling: Ruling, width: int) -> Ruling:
    """Return a line of the small picture as it lies in one that is `width` px wide."""
    scale = width / len(ruling.rows)
    places = (np.arange(width) + 0.5) / scale - 0.5
    rows = (np.interp(places, np.arange(len(ruling.rows)), ruling.rows) + 0.5) * scale - 0.5
    return Ruling(rows.astype(np.float32), max(1, round(ruling.width * scale)), ruling.depth)


def find_rulings(pixels: Pixels, least: int = LEAST_LINES) -> list[Ruling]:
    """Return the printed lines that run across, from top to bottom, if there are `least` of them, else none."""
    depth = np.asarray(255 - take_lowest(cv2.GaussianBlur(pixels, (3, 3), 0.8)), np.float32)
    # a line is darker than what lies above and below it: broad shapes and shadows are no lines
    kernel = np.ones((max(5, round(2.5 * WIDEST * max(depth.shape))) | 1, 1), np.uint8)
    thin = np.asarray(depth - cv2.morphologyEx(depth, cv2.MORPH_OPEN, kernel), np.float32)
    slope = find_slope(thin)
    level = shear(thin, -slope)
    rows = find_rows(level, least)
    rulings = [follow_ruling(thin, row, slope) for row in rows]
    kept = [ruling for ruling in rulings if ruling is not None]
    return limit_to_print(kept) if len(kept) >= least else []


def limit_to_print(rulings: list[Ruling]) -> list[Ruling]:
    """Return the lines no darker and no wider than the print's common ones: something is drawn along the others."""
    depth, width = np.median([(ruling.depth, ruling.width) for ruling in rulings], axis=0)
    return [
        replace(ruling, width=min(ruling.width, round(width) + 1), depth=min(ruling.depth, 1.25 * float(depth)))
        for ruling in rulings
    ]


def find_slope(thin: Field) -> float:
    """Return the slope at which the rows of a picture (H, W) are most unlike each other."""
    small = cv2.resize(thin, (COLUMNS, thin.shape[0]), interpolation=cv2.INTER_AREA)
    small = np.minimum(small, np.quantile(small[::4], 0.98))
    unit = thin.shape[1] / COLUMNS

    def measure_sharpness(slope: float) -> float:
        return float(np.square(np.diff(shear(small, -slope * unit).mean(axis=1))).sum())

    coarse = max(np.linspace(-STEEPEST, STEEPEST, 25), key=measure_sharpness)
    step = 2 * STEEPEST / 24
    return float(max(np.linspace(coarse - step, coarse + step, 9), key=measure_sharpness))


def shear(field: Field, slope: float) -> Field:
    """Return a field (H, W) in which a line that rises by `slope` a column lies level; its middle column stays."""
    height, width = field.shape
    matrix = np.array([[1, 0, 0], [slope, 1, -slope * (width - 1) / 2]], np.float64)
    return np.asarray(cv2.warpAffine(field, matrix, (width, height), flags=cv2.INTER_LINEAR), np.float32)


def find_rows(level: Field, least: int) -> list[int]:
    """Return the rows of a levelled field (H, W) on which lines run from rim to rim, evenly spaced."""
    height = level.shape[0]
    thick = cv2.dilate(level, np.ones((3, 1), np.uint8))
    seen = thick > FAINTEST
    covered = seen.mean(axis=1)
    strips = np.stack([part.mean(axis=1) for part in np.array_split(seen, STRIPS, axis=1)], axis=1) > 0.35
    spanned = strips.mean(axis=1)
    line_like = (covered >= COVERED) & (spanned >= SPANNED)
    reach = max(3, round(WIDEST * max(level.shape)))
    strength = np.where(line_like, np.minimum(level, 120).mean(axis=1), 0)
    rows = [
        int(row)
        for row in np.flatnonzero(line_like)
        if strength[row] == strength[max(0, row - reach) : row + reach + 1].max()
    ]
    rows = [row for row, before in zip(rows, [-reach, *rows], strict=False) if row - before > reach // 2]
    if least < LEAST_LINES:
        return rows
    even = keep_even(rows, height)
    return add_hidden(even, np.asarray(covered, np.float32)) if even else []


def keep_even(rows: list[int], height: int) -> list[int]:
    """Return the rows that lie at even distances; none where fewer than LEAST_LINES do."""
    if len(rows) < LEAST_LINES:
        return []
    gaps = np.diff(rows)
    best: list[int] = []
    for spacing in sorted({int(gap) for gap in gaps}):
        if not 0.012 * height <= spacing <= 0.25 * height:
            continue
        for first in rows[: len(rows) // 2 + 1]:
            steps = (np.array(rows) - first) / spacing
            even = [row for row, step in zip(rows, steps, strict=True) if abs(step - round(step)) <= UNEVEN]
            best = max(best, even, key=len)
    # most of the places where a line should lie must have one, or it is a fence
    whole = (best[-1] - best[0]) if best else 0
    return best if len(best) >= max(LEAST_LINES, 0.7 * len(rows)) and whole >= 0.5 * height else []


def add_hidden(rows: list[int], covered: Field) -> list[int]:
    """Return the even rows with those between and beyond them that something drawn hides in part."""
    spacing = float(np.median(np.diff(rows)))
    places = np.round((np.array(rows) - rows[0]) / spacing)
    spacing, first = np.polyfit(places, rows, 1)
    reach = max(1, round(0.5 * UNEVEN * spacing))
    added = list(rows)
    for place in range(-math.ceil(first / spacing), math.ceil((len(covered) - first) / spacing)):
        guess = round(first + place * spacing)
        near = covered[max(0, guess - reach) : guess + reach + 1]
        if near.size and min(abs(guess - row) for row in rows) > 2 * reach and near.max() >= 0.8 * COVERED:
            added.append(max(0, guess - reach) + int(np.argmax(near)))
    return sorted(added)


def follow_ruling(thin: Field, row: int, slope: float) -> Ruling | None:
    """Follow a line from strip to strip of a field (H, W); None where it is not thin."""
    height, width = thin.shape
    reach = max(3, round(0.006 * max(thin.shape)))
    middles, found = [], []
    for columns in np.array_split(np.arange(width), STRIPS):
        middle = float(columns.mean())
        guess = row + slope * (middle - (width - 1) / 2)
        top = int(np.clip(round(guess) - reach, 0, height - 1))
        part = np.minimum(thin[top : top + 2 * reach + 1, columns[0] : columns[-1] + 1], 120)
        if part.shape[0] < 3:
            continue
        profile = np.median(part, axis=1)
        middles.append(middle)
        found.append(top + int(np.argmax(profile)) if profile.max() > FAINTEST else guess)
    if len(found) < STRIPS // 2:
        return None
    trend = np.polyfit(middles, found, 2)
    rows = np.clip(np.polyval(trend, np.arange(width)), 0, height - 1).astype(np.float32)
    straight = sample_rows(thin, rows, 2 * reach)
    profile = np.median(straight, axis=1)
    peak = float(profile.max())
    width_px = int((profile > max(0.25 * peak, 0.6 * FAINTEST)).sum())
    if peak < FAINTEST or width_px > max(5, WIDEST * max(thin.shape)):
        return None
    middle = float(np.average(np.arange(len(profile)) - 2 * reach, weights=np.maximum(profile - 0.25 * peak, 0) + 1e-6))
    return Ruling(rows + np.float32(middle), width_px, peak)


def sample_rows(field: Field, rows: Field, reach: int) -> Field:
    """Return (2 * reach + 1, W): the field around a row of its own in each column."""
    width = field.shape[1]
    x = np.tile(np.arange(width, dtype=np.float32), (2 * reach + 1, 1))
    y = rows[None, :] + np.arange(-reach, reach + 1, dtype=np.float32)[:, None]
    return np.asarray(cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def fill_rulings(pixels: Pixels, rulings: list[Ruling]) -> Pixels:
    """Fill each line with what lies above and below it; what is clearly darker than the line is drawn, and stays."""
    cleaned = np.array(pixels, np.float32)
    height, width = pixels.shape[:2]
    columns = np.arange(width)
    for ruling in rulings:
        half = ruling.width / 2 + 1
        tops = np.clip(np.floor(ruling.rows - half).astype(int), 0, height - 1)
        ends = np.clip(np.ceil(ruling.rows + half).astype(int), 0, height - 1)
        over = cleaned[np.clip(tops - 1, 0, height - 1), columns]
        under = cleaned[np.clip(ends + 1, 0, height - 1), columns]
        tallest = int((ends - tops).max()) + 1
        for step in range(tallest):
            rows = tops + step
            inside = rows <= ends
            share = ((step + 1) / (ends - tops + 2))[:, None]
            filled = over * (1 - share) + under * share
            here = cleaned[np.minimum(rows, height - 1), columns]
            drawn = (255 - here.min(axis=1)) > 1.35 * ruling.depth + 30
            chosen = inside & ~drawn
            cleaned[rows[chosen], columns[chosen]] = np.maximum(filled, here)[chosen]
    return np.asarray(np.clip(cleaned, 0, 255), np.uint8)
