"""Say in one sentence what is wrong with the reading of a drawing, before anything is drawn from it.

A drawing whose lines were not found, or found where there are none, would end in a picture that has little to do with
it. What was drawn is measured apart from how it was read: by the steps of lightness and colour in the sketch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.sketch.channels import take_highest
from pipeline.sketch.edges import CANNY, READ_SIDE, Frame, calm_texture, drop_specks, is_textured, resize_to
from pipeline.sketch.plain_colours import find_plain_colours
from pipeline.values import EdgeMap, Reading, Sketch

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

STEP = 22  # of 255, the least step of a channel that counts as drawn
LEAST_MARK = 24  # px at READ_SIDE; smaller marks are dust
REACH = 14  # px at READ_SIDE from a step to the line that follows it; half of the broadest stroke
LOST = 0.45  # share of what is drawn that has no line near it
FEW = 0.25  # of the sheet's longer side: shorter readings are nearly empty
CELL = 150  # px at READ_SIDE; smaller places closed in by lines are meshes of a net
MESHES: Mapping[Reading, int] = {"lines": 40, "canny": 300}  # from so many on; a photograph's edges have some
PIECES = 220  # from so many short pieces on the lines are specks
SHORT = 16  # px at READ_SIDE
BAND = 31  # px at READ_SIDE: what lies nearer to the picture's border may be a frame
FRAME = 0.75  # share of the lines that lies there
SIDES = 3  # of four, along which a frame runs

LIGHT = "Stronger lines, more and even light, or reading it as a photo or shaded picture (canny) may help."
LOWER = "Lower “Faint edges” and “Clear edges” (canny_low, canny_high), or read it as a line drawing (lines)."
NOTHING: Mapping[Reading, str] = {
    "lines": f"No line was found in the drawing, so the picture follows the words alone. {LIGHT}",
    "canny": f"No edge was found in the picture, so the words alone are followed. {LOWER}",
}
HARDLY: Mapping[Reading, str] = {
    "lines": f"Hardly anything of the drawing was found. {LIGHT}",
    "canny": f"Hardly anything of the picture was found. {LOWER}",
}
PARTLY: Mapping[Reading, str] = {
    "lines": f"A good part of the drawing was not found. {LIGHT}",
    "canny": f"A good part of the picture was not found. {LOWER}",
}
NET: Mapping[Reading, str] = {
    "lines": "The lines found are mostly a net or specks: grain, colouring or a pattern was taken for strokes. More "
    "and even light, or reading it as a photo or shaded picture (canny), may help.",
    "canny": "Edges were found nearly everywhere: a texture was taken for what is drawn. Raise “Faint edges” and "
    "“Clear edges” (canny_low, canny_high).",
}
MOSTLY_FRAME = "Mostly a frame along the picture's border was found. Photograph the sheet alone, or cut its rim off."


@dataclass(frozen=True)
class ReadingMeasure:
    """How a reading lies on its drawing."""

    length: int  # px of lines at READ_SIDE, one wide
    lost: float  # share, 0-1, of what is drawn that has no line near it
    meshes: int  # small places closed in by lines
    pieces: int  # short lines that hang together with no other
    border: float  # share, 0-1, of the lines that lies along the picture's border
    sides: int  # of the picture, 0-4, along which lines run


def find_reading_fault(sketch: Sketch, edges: EdgeMap) -> str | None:
    """Return one sentence on what was seen and what helps; None where the reading follows the drawing."""
    found, reading = measure_reading(sketch, edges), edges.reading
    if found.length == 0:
        return NOTHING[reading]
    if found.meshes >= MESHES[reading] or (reading == "lines" and found.pieces >= PIECES):
        return NET[reading]
    if found.border >= FRAME and found.sides >= SIDES:
        return MOSTLY_FRAME
    if found.lost > LOST:
        return (HARDLY if found.length < FEW * READ_SIDE else PARTLY)[reading]
    return None


def measure_reading(sketch: Sketch, edges: EdgeMap) -> ReadingMeasure:
    """Measure an edge map against the drawing that it was read from, both at READ_SIDE."""
    drawn = sketch.pixels if sketch.strokes is None or edges.reading == "canny" else sketch.strokes
    small = resize_to(drawn, READ_SIDE)
    is_print = edges.reading == "canny" and is_textured(small, *CANNY)  # its dots are no lines that were lost
    if sketch.is_start and edges.reading == "canny":
        small = find_plain_colours(small, is_print)
    elif is_print:
        small = calm_texture(small)
    steps = find_steps(small)
    lines = take_inner(edges, sketch.pixels.shape[:2], steps.shape)
    away = cv2.distanceTransform((~lines).astype(np.uint8), cv2.DIST_L2, 5)
    lost = steps & (away > REACH) if lines.any() else steps
    rim = lines.copy()
    rim[BAND:-BAND, BAND:-BAND] = False
    return ReadingMeasure(
        length=int(lines.sum()) // 2,
        lost=float(lost.sum() / max(1, steps.sum())),
        meshes=count_small(~lines, 4, CELL),
        pieces=count_small(lines, 8, 2 * SHORT),
        border=float(rim.sum() / max(1, lines.sum())),
        sides=sum(
            float(band.any(axis=0).mean()) > 0.5
            for band in (lines[:BAND], lines[-BAND:], lines.T[:BAND], lines.T[-BAND:])
        ),
    )


def find_steps(small: Pixels) -> Mask:
    """Return where a picture (h, w, 3) changes its lightness or colour at once."""
    smooth = cv2.GaussianBlur(small, (3, 3), 0.8)
    change = take_highest(cv2.morphologyEx(smooth, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)))
    return drop_specks(change > STEP, 8, LEAST_MARK)


def take_inner(edges: EdgeMap, drawing: tuple[int, ...], size: tuple[int, ...]) -> Mask:
    """Return the lines (h, w) of the drawing's part of an edge map, without the map's bars."""
    frame = Frame.letterbox(drawing[1], drawing[0], edges.pixels.shape[1], edges.pixels.shape[0])
    width, height = frame.inner
    inner = edges.pixels[frame.top : frame.top + height, frame.left : frame.left + width]
    return np.asarray(cv2.resize(inner, (size[1], size[0]), interpolation=cv2.INTER_NEAREST) > 0)


def count_small(mask: Mask, connectivity: int, most: int) -> int:
    """Return how many connected pieces of a mask (h, w) have fewer than `most` px."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=connectivity)
    return int((np.bincount(labels.ravel())[1:] < most).sum())
