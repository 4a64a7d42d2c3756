"""Make layers of a drawing at its picture's size: the ink, and the colours under it, each on nothing."""

from __future__ import annotations

import numpy as np
from PIL import Image

from pipeline.inking.painted import read_painted_colours
from pipeline.inking.pen import read_pen
from pipeline.sketch.canvas import Canvas, choose_oversampling, paint_marks, read_canvas
from pipeline.sketch.edges import Frame
from pipeline.values import GenerationRequest

INK_TOOLS, COLOUR_TOOLS = ("pen", "eraser"), ("marker", "fill", "eraser")


def make_layers(request: GenerationRequest, canvas: str | None) -> tuple[Image.Image, Image.Image]:
    """Return ink and colours, RGBA at the picture's size; of strokes where they travelled, else as they can be told."""
    if canvas is None:
        return split_drawing(request)
    drawn = read_canvas(canvas)
    size = (request.width, request.height)
    return paint_layer(drawn.keep(*INK_TOOLS), size), paint_layer(drawn.keep(*COLOUR_TOOLS), size)


def paint_layer(canvas: Canvas, size: tuple[int, int]) -> Image.Image:
    """Paint marks on nothing, where `fit_drawing` puts the canvas in a picture of `size` (width, height) px."""
    samples = choose_oversampling(canvas)
    sheet = Image.new("RGBA", (canvas.width * samples, canvas.height * samples))
    paint_marks(sheet, canvas, samples)
    frame = Frame.letterbox(canvas.width, canvas.height, *size)
    layer = Image.new("RGBA", size)
    layer.paste(sheet.resize(frame.inner, Image.Resampling.BOX), (frame.left, frame.top))
    return layer


def split_drawing(request: GenerationRequest) -> tuple[Image.Image, Image.Image]:
    """Tell ink and colours of a drawing that came as an image file; of an old file the edge map is the ink."""
    if request.colours is None:
        ink = np.zeros((request.height, request.width, 4), np.uint8)
        ink[..., 3] = request.edges.pixels
        return Image.fromarray(ink), Image.new("RGBA", (request.width, request.height))
    painted = read_painted_colours(request.colours.pixels, request.colours.greys)
    pen = read_pen(request.colours.pixels, request.edges, painted)
    coverage = np.where(pen.fills, 1.0, pen.coverage)
    colours = np.where(pen.fills[..., None], pen.fill_colour, pen.colours)
    ink = np.dstack([colours, np.round(coverage * 255)]).astype(np.uint8)
    beneath = np.dstack([painted.colours, painted.mask * np.uint8(255)]).astype(np.uint8)
    return Image.fromarray(ink), Image.fromarray(beneath)
