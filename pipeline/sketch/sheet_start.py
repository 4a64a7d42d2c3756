"""Read the picture under the strokes that another one is to start from, with the colours that were painted over it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.sketch.canvas import MOST_SAMPLES, Canvas, can_be_seen, paint_canvas, paint_marks
from pipeline.sketch.fitting import lay_picture
from pipeline.values import Sketch

FINE_SIDE = 1024  # px, the longer side of a picture to start from, as much as the page keeps of one
SAMPLES = 2  # painted per pixel and axis of what lies over it

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class SheetStart:
    """SheetStart is the picture on a sheet that another one starts from, and what the pen drew over it.

    Each is painted when it is first asked for, and once. Both raise SketchError where they cannot be.
    """

    canvas: Canvas
    strength: float  # above 0, at most 1: how far the other picture goes from it
    most_samples: int = MOST_SAMPLES  # painted per pixel and axis of the pen's lines

    @cached_property
    def lines(self) -> Pixels | None:
        """What the pen drew, (h, w, 3) on white; None where nothing of it can be seen: the picture's own edges are the
        drawing.
        """
        lines = paint_canvas(self.canvas.keep("pen", "eraser"), most_samples=self.most_samples)
        return lines if can_be_seen(lines) else None

    @cached_property
    def pixels(self) -> Pixels:
        """The picture with what was painted over it, (H, W, 3) RGB, some whole times as large as the sheet."""
        return lay_start(self.canvas, self._times)

    @property
    def sheet_pixels(self) -> Pixels:
        """The same as large as the sheet, (h, w, 3)."""
        return self.pixels if self._times == 1 else lay_start(self.canvas)

    @property
    def _times(self) -> int:
        return math.ceil(FINE_SIDE / max(self.canvas.width, self.canvas.height))


@dataclass(frozen=True, eq=False, kw_only=True)
class SketchOverStart(Sketch):
    """SketchOverStart is a drawing whose sheet has a picture that another one starts from."""

    start: SheetStart
    is_whole: bool  # it shows all that is seen on the sheet; else the pen's lines, or the picture without any


def find_start(sketch: Sketch) -> SheetStart | None:
    """Return the picture that a sketch's sheet says to start from; None where it has none."""
    return sketch.start if isinstance(sketch, SketchOverStart) else None


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
