"""Ink a drawing: its regions, each in the colour that the person or the model gave it, and its lines, kept apart."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import look_for_cancel
from pipeline.inking.grid import Grid, fill_lines, lay_grid
from pipeline.inking.lost_lines import light_lost_lines
from pipeline.inking.obey import obey_areas
from pipeline.inking.outlines import close_lines
from pipeline.inking.paint import paint_shades, paint_softly
from pipeline.inking.pen import INK, Pen, find_areas, read_pen
from pipeline.inking.photograph import colour_photograph, photograph_regions
from pipeline.inking.regions import BALLS, divide_regions, label_regions, renumber
from pipeline.inking.shades import find_shades
from pipeline.values import EdgeMap, PaintedColours, Painting

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]


def ink_drawing(drawing: Pixels, edges: EdgeMap, field: Plane, painted: PaintedColours) -> Painting:
    """Make a plain painting of a drawing and a colour field, both of any proportions.

    drawing: (H, W, 3) RGB on white at the picture's size (`fit_drawing`). edges: its edge map, (H, W). field: RGB in
    [0, 1], float32 (h, w, 3), what colour each place has, stretched over the picture. painted: what the person
    painted, (H, W) (`read_painted_colours`). Pure and deterministic; time is linear in pixels. Raises ValueError
    where the sizes do not agree, Cancelled between two of its stages.
    """
    expect_sizes(drawing, edges, field, painted)
    if edges.reading == "canny" and not painted.mask.any():
        return ink_photograph(drawing, edges, field)
    areas = find_areas(painted.mask)
    pen = read_pen(drawing, edges, painted)
    look_for_cancel()
    labels = label_regions(close_lines(find_barrier(pen, edges, areas)))
    look_for_cancel()
    labels, fixed = obey_areas(labels, painted, areas)
    labels = add_fills(labels, pen, fixed)
    grid = lay_grid(labels, field)
    for ball in BALLS:
        look_for_cancel()
        divided = divide_regions(labels, grid, set(fixed), ball)
        if divided is not labels:
            labels, grid = divided, lay_grid(divided, field)
    look_for_cancel()
    whole = fill_lines(labels)
    look_for_cancel()
    colours = paint_regions(whole, grid, fixed)
    light_lost_lines(colours, pen.coverage, ~np.isin(whole, list(fixed)))
    look_for_cancel()
    return finish(colours, whole, pen, painted.mask & ~areas)


def expect_sizes(drawing: Pixels, edges: EdgeMap, field: Plane, painted: PaintedColours) -> None:
    shape = edges.pixels.shape
    if drawing.shape != (*shape, 3) or drawing.dtype != np.uint8 or painted.mask.shape != shape:
        raise ValueError(
            f"A drawing, its edge map and its painted colours have one size; {drawing.shape}, {shape} and "
            f"{painted.mask.shape} came."
        )
    if field.ndim != 3 or field.shape[2] != 3 or field.dtype != np.float32 or not np.isfinite(field).all():
        raise ValueError(f"A colour field is finite float32 (h, w, 3); {field.dtype} {field.shape} came.")


def ink_photograph(picture: Pixels, edges: EdgeMap, field: Plane) -> Painting:
    """Let the field follow a photograph's own light; nothing of it is a drawn line."""
    colours = (colour_photograph(picture, field) * 255 + 0.5).astype(np.uint8)
    return Painting(colours, np.zeros(edges.pixels.shape, np.uint8), photograph_regions(picture, edges.pixels))


def find_barrier(pen: Pen, edges: EdgeMap, areas: Mask) -> Mask:
    """The lines that no colour may cross: ink, and centre lines where they run outside of painted areas."""
    ink = pen.coverage > INK
    if edges.reading == "canny":
        return np.asarray(ink)
    around = cv2.dilate(areas.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0 if areas.any() else areas
    return np.asarray(ink | ((edges.pixels > 0) & ~around))


def add_fills(labels: Labels, pen: Pen, fixed: dict[int, Pixels]) -> Labels:
    """Give the areas filled with dark ink labels of their own, and their ink's colour to `fixed`."""
    if not pen.fills.any():
        return labels
    count, parts = cv2.connectedComponents(pen.fills.astype(np.uint8), connectivity=8)
    first = int(labels.max())
    fixed.update({first + part: pen.fill_colour for part in range(1, count)})
    return np.asarray(np.where(parts > 0, parts + first, labels), np.int32)


def paint_regions(whole: Labels, grid: Grid, fixed: dict[int, Pixels]) -> Plane:
    """RGB in [0, 1]: each region as the person painted it, or else in the model's colours, also under the lines."""
    shades = find_shades(grid)
    kept = np.zeros(int(whole.max()) + 1, bool)
    kept[list(fixed)] = True
    picture = paint_shades(whole, shades)
    look_for_cancel()
    paint_softly(picture, whole, grid, shades, kept)
    if fixed:
        table = np.zeros((len(kept), 3), np.float32)
        table[list(fixed)] = np.stack(list(fixed.values())) / 255
        mask = kept[whole]
        picture[mask] = table[whole[mask]]
    return picture


def finish(picture: Plane, whole: Labels, pen: Pen, strokes: Mask) -> Painting:
    """Lay coloured strokes into the colours, soften the steps between regions, and round to bytes."""
    colours = (picture * 255 + 0.5).astype(np.uint8)
    if strokes.any():
        around = cv2.dilate(strokes.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        cover = (pen.coverage * around)[..., None]
        colours = (colours + (pen.colours.astype(np.float32) - colours) * cover + 0.5).astype(np.uint8)
    seams = find_seams(whole)
    soft = cv2.GaussianBlur(colours, (3, 3), 0)
    cv2.copyTo(soft, seams, colours)
    return Painting(colours, (pen.coverage * 255 + 0.5).astype(np.uint8), renumber(whole), pen.colours, is_flat=True)


def find_seams(labels: Labels) -> NDArray[np.uint8]:
    """Pixels on both sides of a border between regions: 1, the rest 0."""
    seams = np.zeros(labels.shape, np.uint8)
    across, down = labels[:, 1:] != labels[:, :-1], labels[1:] != labels[:-1]
    seams[:, 1:] |= across
    seams[:, :-1] |= across
    seams[1:] |= down
    seams[:-1] |= down
    return seams
