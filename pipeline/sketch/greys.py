"""Find what a person painted in white, grey or black: by its looks it cannot be told from bare paper or from ink."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.sketch.canvas import Canvas, Fill, Mark, Stroke, paint_marks
from pipeline.sketch.channels import take_lowest

MOST_CHROMA = 17.0  # in CIELAB: what is more coloured is seen as a colour
LINE = 96  # of 255, how dark the pen's line over it is

Pixels = NDArray[np.uint8]


def paint_greys(canvas: Canvas, lines: Pixels) -> Pixels | None:
    """Return where marker and bucket left white, grey or black: (height, width), its lightness from 1, 0 elsewhere.

    `lines` are the pen's alone, (height, width, 3) on white: what they cover is left out. None where nothing is grey.
    """
    marks = [mark for mark in canvas.strokes if mark.tool != "pen"]
    if not any(mark.tool != "eraser" and measure_chroma(mark.color) < MOST_CHROMA for mark in marks):
        return None
    sheet = Image.new("RGB", (canvas.width, canvas.height), "black")
    paint_marks(sheet, canvas.model_copy(update={"strokes": [show_grey(mark) for mark in marks]}), 1)
    greys = np.asarray(sheet)[..., 0]
    return np.where(take_lowest(lines) > 255 - LINE, greys, 0).astype(np.uint8)


def show_grey(mark: Mark) -> Mark:
    """Return a mark in the grey that stands for its lightness, and in black where it is coloured or the eraser's."""
    is_grey = mark.tool != "eraser" and measure_chroma(mark.color) < MOST_CHROMA
    value = max(1, measure_lightness(mark.color)) if is_grey else 0
    colour = f"#{value:02x}{value:02x}{value:02x}"
    if isinstance(mark, Fill):
        return Fill(tool="fill", color=colour, runs=mark.runs)
    return Stroke(tool="marker", size=mark.size, color=colour, points=mark.points)


def measure_chroma(color: str) -> float:
    """Return how coloured "#rrggbb" is, its chroma in CIELAB."""
    lab = cv2.cvtColor(read_color(color).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0, 0]
    return float(np.hypot(lab[1], lab[2]))


def measure_lightness(color: str) -> int:
    """Return the grey, 0 to 255, that is as light as "#rrggbb"."""
    return int(cv2.cvtColor(read_color(color), cv2.COLOR_RGB2GRAY)[0, 0])


def read_color(color: str) -> Pixels:
    """Return "#rrggbb" as a picture of one px, (1, 1, 3)."""
    return np.array([[[int(color[at : at + 2], 16) for at in (1, 3, 5)]]], np.uint8)
