"""Tell what is coloured in from what is drawn: felt pen, streaks of coloured pencil and dotted tones are no strokes.

An area is what stays of the marks when small gaps are closed and then strokes are opened away (Serra 1982). A line is
thin and clearly darker than what lies on both of its sides (a top-hat over the areas' own darkness): the rim of a shape
and the shade within it are none. Where an area has no line around it, its rim becomes one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.sketch.channels import take_highest, take_lowest
from pipeline.sketch.edges import READ_SIDE, drop_specks, resize_to

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

MARK = 24  # of 255, how far a mark lies below white in its strongest channel
GAP = 5  # px between two streaks of one area
STROKE = 9  # px, half the width of the broadest stroke that is still a line
COLOR = 22  # of 255, the least difference of a colour's channels
PALE = 14  # of 255, the least difference of an area's channels, its streaks and the paper between them evened
EVEN = 2.0  # px, the sigma by which streaks are evened
DARKER = 40  # of 255, how much darker than both of its sides a line is
OTHER_PEN = 15  # of 255, how much darker than the area beside it a line is
NEAR = 10  # px from an area's rim to the line around it
OUTLINED = 0.6  # share of the areas' rim that a line goes along in an outlined drawing
LEAST_AREA = 700  # px
LEAST_HOLE = 400  # px; smaller places within an area were left out by the hand
LEAST_RIM = 30  # px
PAPER = 240  # of 255, from where on a place is bare
SLIT = 2.0  # px, half the width of the bare slits between streaks
BARE = 0.07  # share of an area that may lie bare in broader places than that
DOT = 40  # px, the largest dot of a tone
LEAST_DOTS = 40
CROWD = 12  # dots of a tone within CROWD_REACH of each
CROWD_REACH = 25  # px


@dataclass(frozen=True, eq=False)
class Filling:
    """What is coloured in in a drawing on white, at READ_SIDE."""

    area: Mask  # (h, w)
    strokes: Pixels  # (h, w, 3): the drawing without it, its bare rims drawn
    outlined: float  # share of the rim, 0-1, along which the person drew a line

    @property
    def is_outlined(self) -> bool:
        """Whether the areas are coloured in between drawn lines, and no picture of plain shapes."""
        return self.outlined >= OUTLINED


def find_filling(pixels: Pixels) -> Filling | None:
    """Return what is coloured in in a drawing on white (H, W, 3); None where nothing is."""
    small = resize_to(pixels, READ_SIDE)
    smooth = np.asarray(cv2.GaussianBlur(small, (3, 3), 0.8))
    dots = find_tone(smooth)
    if not dots.any() and not is_colored(smooth):
        return None
    area = find_colored_areas(smooth) | close_and_open(dots, 2 * GAP, STROKE)
    if int(area.sum()) < LEAST_AREA:
        return None
    thin = find_thin_ink(smooth, area)
    rims = find_rims(area)
    beside = cv2.distanceTransform((~thin).astype(np.uint8), cv2.DIST_L2, 3) <= NEAR
    marks = (255 - take_lowest(smooth) > 2 * MARK) & ~dots
    strokes = small.copy()
    strokes[(grow(area) & ~(thin & area) & ~(marks & ~area)) | dots] = 255
    strokes[grow(drop_specks(rims & ~beside, 8, LEAST_RIM))] = 0
    return Filling(area, strokes, float((rims & beside).sum() / max(1, rims.sum())))


def is_colored(smooth: Pixels) -> bool:
    """Return whether enough of a picture (h, w, 3) has a colour for an area to be coloured in."""
    spread = take_highest(smooth) - take_lowest(smooth)
    return int(np.count_nonzero(spread > COLOR)) >= LEAST_AREA


def find_colored_areas(smooth: Pixels) -> Mask:
    """Return where a drawing (h, w, 3) is coloured in, wider than strokes are."""
    even = cv2.GaussianBlur(smooth, (0, 0), EVEN)
    highest, lowest = take_highest(even).astype(int), take_lowest(even).astype(int)
    colored = (highest - lowest > PALE) & (255 - lowest > PALE)
    area = keep_covered(close_and_open(colored, GAP, STROKE), smooth)
    return ~drop_specks(~close_and_open(area, 2 * GAP, STROKE), 4, LEAST_HOLE)


def keep_covered(areas: Mask, smooth: Pixels) -> Mask:
    """Return the large areas (h, w) that are coloured all over; lines that lie close leave broad paper between them."""
    if not areas.any():
        return areas
    paper = cv2.distanceTransform((take_lowest(smooth) >= PAPER).astype(np.uint8), cv2.DIST_L2, 5) > SLIT
    count, labels = cv2.connectedComponents(areas.astype(np.uint8))
    sizes, bare = np.bincount(labels.ravel()), np.bincount(labels[paper], minlength=count)
    kept = (sizes >= LEAST_AREA) & (bare < BARE * sizes)
    kept[0] = False
    return np.asarray(kept[labels])


def find_tone(smooth: Pixels) -> Mask:
    """Return the dots of screentones: many small round marks, near to each other in two directions."""
    marks = (255 - take_lowest(smooth) > MARK).astype(np.uint8)
    if cv2.connectedComponents(marks, connectivity=8)[0] <= LEAST_DOTS:  # much quicker than their middles
        return np.zeros(marks.shape, dtype=bool)
    count, labels, stats, middles = cv2.connectedComponentsWithStats(marks, connectivity=8)
    sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    small = (stats[:, cv2.CC_STAT_AREA] <= DOT) & (sides.max(axis=1) <= 9)
    small[0] = False
    crowded = np.zeros(count, dtype=bool)
    if int(small.sum()) < LEAST_DOTS:
        return np.asarray(crowded[labels])
    places = np.zeros(marks.shape, np.float32)
    at = middles[small].round().astype(int)
    places[at[:, 1], at[:, 0]] = 1
    side = 2 * CROWD_REACH + 1
    crowded[np.flatnonzero(small)] = (cv2.blur(places, (side, side)) * side**2)[at[:, 1], at[:, 0]] >= CROWD
    if int(crowded.sum()) < LEAST_DOTS:
        return np.zeros(marks.shape, dtype=bool)
    # at the tone's rim a dot has few others around it
    near = cv2.dilate(crowded[labels].astype(np.uint8), make_disc(2 * GAP))[at[:, 1], at[:, 0]] > 0
    crowded[np.flatnonzero(small)[near]] = True
    return np.asarray(crowded[labels])


def find_thin_ink(smooth: Pixels, area: Mask) -> Mask:
    """Return the lines of a drawing (h, w, 3), within its areas, along them and elsewhere.

    Streaks and their gaps count as their area does: its common darkness, a little beyond its rim too.
    """
    dark = np.asarray(255 - cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY))
    common = cv2.medianBlur(np.where(area, dark, 0).astype(np.uint8), 4 * STROKE + 1)
    common = np.where(area, common, 0).astype(np.uint8)
    thin = cv2.morphologyEx(np.maximum(dark, cv2.dilate(common, make_disc(3))), cv2.MORPH_TOPHAT, make_disc(STROKE))
    # the pen of the lines is darker than the area beside them, or broad strokes that meet would be one
    return np.asarray((thin > DARKER) & (dark > cv2.dilate(common, make_disc(NEAR)) + np.float32(OTHER_PEN)))


def draw_rims(colours: Pixels) -> Pixels:
    """Return dark lines on white (h, w, 3) where two of a sheet's colours (H, W, 3) meet."""
    small = resize_to(colours, READ_SIDE).astype(np.int16)
    rims = np.zeros(small.shape[:2], bool)
    rims[:, 1:] |= take_highest(np.abs(small[:, 1:] - small[:, :-1])) > MARK
    rims[1:] |= take_highest(np.abs(small[1:] - small[:-1])) > MARK
    return np.where(grow(rims)[..., None], np.uint8(0), np.full((*rims.shape, 3), 255, np.uint8))


def find_rims(area: Mask) -> Mask:
    """Return the outermost px of areas (h, w); the picture's border is no rim."""
    inner = cv2.erode(np.pad(area, 1, mode="edge").astype(np.uint8), np.ones((3, 3), np.uint8))[1:-1, 1:-1]
    return np.asarray(area & (inner == 0))


def grow(mask: Mask) -> Mask:
    """Return a mask (h, w) that is one px larger on every side."""
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def close_and_open(mask: Mask, gap: int, stroke: int) -> Mask:
    """Return what is left of a mask (h, w) when gaps of `gap` px are closed and strokes of 2 * `stroke` px opened."""
    padded = np.pad(mask, gap).astype(np.uint8)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, make_disc(gap))[gap:-gap, gap:-gap]
    return np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, make_disc(stroke)) > 0)


@lru_cache(maxsize=8)
def make_disc(radius: int) -> NDArray[np.uint8]:
    """Return a disc of `radius` px as a mask for OpenCV's morphology."""
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)))
