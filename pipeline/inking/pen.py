"""What the pen drew, at the picture's size: lines as they look on paper, and areas filled with ink."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.values import EdgeMap, PaintedColours

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

PAPER_NOISE = 20.0  # of 255: darkness that paper and JPEG have by themselves
PAPER = 241  # of 255 in the least channel: what is lighter is paper
FAINTEST = 0.3  # darkness of the faintest pencil that counts as a full line
INK = 0.5  # coverage from which a pixel is ink
FILL_RADIUS = 0.009  # of the longer side: ink wider than this on both sides is a filled area
FILL_STROKES = 1.65  # and wider than this many strokes
JUNCTION_STROKES = 2.3  # up to this many strokes wide it may be the place where strokes meet
JUNCTION_INK = 0.39  # share of ink on a circle round such a place from which strokes leave it on many sides
CIRCLE, CIRCLE_REACH = 32, 1.35  # points of that circle, and its radius in half widths of the place
LEAST_CORE = 0.01  # of the longer side, squared: the middle of a painted area is at least this large
STROKE = 1 / 128  # of the longer side: how thick a line is drawn of which only the middle is known
WIDE = 0.012  # of the longer side: painted colour wider than this on both sides is an area, else a stroke


@dataclass(frozen=True, eq=False)
class Pen:
    """What the pen left on the paper."""

    coverage: Plane  # (H, W) in [0, 1], as the person drew it, 1 in the middle of a common stroke
    colours: Pixels  # (H, W, 3) RGB of the ink where there is coverage
    fills: Mask  # (H, W) inside areas filled with dark ink, where coverage is 0
    fill_colour: Pixels  # (3,) RGB of those areas


def draw_edges(edges: EdgeMap) -> Pixels:
    """Draw an edge map's lines in black on white, as thick as a pen's: (H, W, 3) RGB."""
    width = max(1, round(STROKE * max(edges.pixels.shape)))
    thick = cv2.dilate(edges.pixels, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))
    return np.repeat(255 - cv2.GaussianBlur(thick, (3, 3), 0)[..., None], 3, axis=2)


def read_pen(drawing: Pixels, edges: EdgeMap, painted: PaintedColours) -> Pen:
    """Tell lines, filled areas and coloured areas of a drawing apart.

    drawing: (H, W, 3) RGB on white. edges: its centre lines, which say where faint strokes run. Time is linear.
    """
    areas = find_areas(painted.mask)
    darkness = 255 - least_channel(drawing).astype(np.float32)
    centre = (edges.pixels > 0) & ~areas if edges.reading == "lines" else darkness > 128
    strength = find_strength(darkness, centre)
    colours = ink_colours(painted, areas, round(255 * (1 - strength)))
    deepest = 255 - least_channel(colours).astype(np.float32)
    coverage = np.clip((darkness - PAPER_NOISE) / np.maximum(deepest - PAPER_NOISE, 1), 0, 1)
    if areas.any():
        rim = cv2.dilate(areas.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        coverage[rim] = lines_on_colour(fill_paper(drawing, painted))[rim]
    fills = find_fills(coverage > INK, coloured=painted.mask)
    coverage[fills] = 0
    fill_colour = np.median(drawing[fills], axis=0).astype(np.uint8) if fills.any() else np.zeros(3, np.uint8)
    return Pen(coverage, colours, fills, fill_colour)


def least_channel(picture: Pixels) -> Pixels:
    """The darkest of the three channels, (H, W): a yellow line on white is as clear in blue as a black one."""
    red, green, blue = cv2.split(picture)
    return np.asarray(cv2.min(cv2.min(red, green), blue))


def find_areas(mask: Mask) -> Mask:
    """Keep what is wider than a coloured stroke, corners included."""
    if not mask.any():
        return mask
    reach = max(2.0, WIDE * max(mask.shape))
    core = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5) > reach
    _, labels, stats, _ = cv2.connectedComponentsWithStats(core.astype(np.uint8), connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] >= (LEAST_CORE * max(mask.shape)) ** 2  # or strokes that cross were areas
    kept[0] = False
    return mask & near(kept[labels], reach * 1.5)


def near(mask: Mask, reach: float) -> Mask:
    """Pixels no farther than `reach` px from the mask."""
    if not mask.any():
        return mask
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) <= reach, np.bool_)


def find_strength(darkness: Plane, centre: Mask) -> float:
    """How dark the drawing's own strokes are, (0, 1]: a pencil's lines are full lines too."""
    if not centre.any():
        return 1.0
    wide = cv2.dilate(darkness, np.ones((3, 3), np.uint8))[centre]
    return float(np.clip(np.percentile(wide, 60) / 255, FAINTEST, 1))


def fill_paper(drawing: Pixels, painted: PaintedColours) -> Pixels:
    """Return the drawing with the painted colour where that counts although the paper shows, as within a scribble."""
    paper = painted.mask & (least_channel(drawing) > PAPER)
    if not paper.any():
        return drawing
    rim = cv2.dilate(paper.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.where((rim & painted.mask)[..., None], painted.colours, drawing)


def lines_on_colour(drawing: Pixels) -> Plane:
    """Coverage of dark lines drawn over coloured areas, against the colour around them; streaks are no lines."""
    light = cv2.max(cv2.max(*cv2.split(drawing)[:2]), cv2.split(drawing)[2])
    size = odd(0.03 * max(light.shape))
    around = cv2.morphologyEx(light, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8)).astype(np.float32)
    return np.asarray(np.clip(((around - light) / np.maximum(around, 40) - 0.3) / 0.45, 0, 1), np.float32)


def find_fills(ink: Mask, coloured: Mask) -> Mask:
    """Find the insides of areas of ink that are wider than the drawing's pen.

    A pen's own width round the area stays a line, so that the area keeps an outline.
    """
    plain = (ink & ~coloured).astype(np.uint8)
    depth = cv2.distanceTransform(plain, cv2.DIST_L2, 5)
    width = half_width(depth)
    reach = max(FILL_RADIUS * max(ink.shape), FILL_STROKES * width, 2.0)
    core = drop_junctions(depth > reach, depth, JUNCTION_STROKES * width)
    if not core.any():
        return np.asarray(core)
    return np.asarray(near(core, reach * 1.2) & (depth > max(1.0, 0.003 * max(ink.shape))))


def drop_junctions(core: Mask, depth: Plane, deepest: float) -> Mask:
    """Leave out the cores (H, W) that are where strokes meet: shallower than `deepest`, with ink on many sides.

    depth: how deep each pixel lies in the ink, px.
    """
    if not core.any():
        return core
    count, parts = cv2.connectedComponents(core.astype(np.uint8), connectivity=8)
    rows, columns = np.nonzero(core)
    numbers, depths = parts[rows, columns], depth[rows, columns]
    order = np.lexsort((depths, numbers))
    last = np.flatnonzero(np.append(np.diff(numbers[order]) > 0, True))  # of each part its deepest pixel
    middle = order[last]
    share = measure_ink_around(depth, np.stack([rows[middle], columns[middle]], 1), CIRCLE_REACH * depths[middle])
    kept = np.zeros(count, bool)
    kept[numbers[middle]] = (depths[middle] >= deepest) | (share < JUNCTION_INK)
    return np.asarray(kept[parts])


def measure_ink_around(depth: Plane, places: NDArray[np.int64], radii: Plane) -> Plane:
    """Return the share of ink, depth (H, W) above 0, on circles round places (n, 2), row and column; radii: (n,) px."""
    turns = np.arange(CIRCLE) * (2 * np.pi / CIRCLE)
    points = places[:, None] + radii[:, None, None] * np.stack([np.sin(turns), np.cos(turns)], 1)
    rows, columns = np.moveaxis(np.clip(points.round().astype(np.int64), 0, np.array(depth.shape) - 1), 2, 0)
    return np.asarray((depth[rows, columns] > 0).mean(axis=1), np.float32)


def half_width(depth: Plane) -> float:
    """Half the width of the common stroke, px: the median along the middles, of which large areas have few."""
    middles = (depth > 0) & (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8)))
    return float(np.median(depth[middles]) + 1) if middles.any() else 1.0


def ink_colours(painted: PaintedColours, areas: Mask, grey: int) -> Pixels:
    """The ink's own colour on and around coloured strokes, the common pen's `grey` elsewhere."""
    colours = np.full((*areas.shape, 3), grey, np.uint8)
    strokes = painted.mask & ~areas
    if not strokes.any():
        return colours
    distance, nearest = cv2.distanceTransformWithLabels(
        (~strokes).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    close = distance <= 2.5
    source = np.zeros((int(nearest.max()) + 1, 3), np.uint8)
    source[nearest[strokes]] = painted.colours[strokes]
    colours[close] = source[nearest[close]]
    return colours


def odd(length: float) -> int:
    return max(3, round(length) | 1)
