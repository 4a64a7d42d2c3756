"""Read the picture under the strokes that another one is to start from, with the colours that were painted over it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.sketch.canvas import Canvas, paint_marks, read_canvas
from pipeline.sketch.fitting import lay_picture
from pipeline.values import Sketch

FINE_SIDE = 1024  # px, the longer side of a picture to start from, as much as the page keeps of one
SAMPLES = 2  # painted per pixel and axis of what lies over it

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class SheetStart:
    """SheetStart is the picture on a sheet that another one starts from."""

    pixels: Pixels  # (h, w, 3) RGB, some whole times as large as the sheet
    strength: float  # above 0, at most 1: how far the other picture goes from it
    has_lines: bool  # the pen drew over it; else the picture's own edges are the drawing


def read_start(sketch: Sketch) -> SheetStart | None:
    """Return the picture that a sketch's sheet says to start from; None where it has none. Raises SketchError."""
    if sketch.canvas is None or (canvas := read_canvas(sketch.canvas)).strength is None:
        return None
    times = math.ceil(FINE_SIDE / max(canvas.width, canvas.height))
    has_lines = any(mark.tool == "pen" for mark in canvas.strokes)
    return SheetStart(lay_start(canvas, times), canvas.strength, has_lines)


def read_strength(sketch: Sketch) -> float | None:
    """Return how far to go from the picture that a sketch's sheet says to start from; None where it has none."""
    if sketch.canvas is None or '"strength"' not in sketch.canvas:  # parsing takes long, and every frame asks
        return None
    return read_canvas(sketch.canvas).strength


def lay_start(canvas: Canvas, times: int = 1) -> Pixels:
    """Return the picture under a canvas's strokes as it lies there, (H, W, 3), `times` as large as the canvas, with
    what the marker and the bucket painted over it. Raises SketchError.
    """
    size = canvas.width * times, canvas.height * times
    place = canvas.laid.place
    scaled = None if place is None else (place[0] * times, place[1] * times, place[2] * times, place[3] * times)
    laid = lay_picture(canvas.picture or "", size, scaled).pixels
    return paint_over(laid, canvas.keep("marker", "fill", "eraser"), times) if canvas.has_colour_beneath else laid


def paint_over(ground: Pixels, canvas: Canvas, times: int = 1) -> Pixels:
    """Return a picture (H, W, 3), `times` as large as the canvas, with its strokes over it; the eraser takes these
    alone away.
    """
    sheet, samples = Image.fromarray(ground), times * SAMPLES
    layer = Image.new("RGBA", (canvas.width * samples, canvas.height * samples))
    paint_marks(layer, canvas, samples)
    over = layer.reduce(SAMPLES)
    sheet.paste(over, mask=over)
    return np.asarray(sheet)
