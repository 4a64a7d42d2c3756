"""The drawing as inking takes it: the person's own, or the edge map's lines where nothing else is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.inking.lines import lay_lines
from pipeline.inking.painted import read_painted_colours
from pipeline.inking.pen import draw_edges, read_pen
from pipeline.values import Drawing, GenerationRequest, PaintedColours, Painting

Pixels = NDArray[np.uint8]


def find_drawing(request: GenerationRequest) -> Pixels:
    """Return the request's drawing, (H, W, 3) RGB on white at the picture's size."""
    return draw_edges(request.edges) if request.colours is None else request.colours.pixels


def read_painted(request: GenerationRequest) -> PaintedColours:
    """Read what the person painted in colour; nothing without a drawing, or where a picture is started from."""
    if request.colours is None or is_started(request):
        return PaintedColours.none(request.width, request.height)
    return read_painted_colours(request.colours.pixels, request.colours.greys)


def is_started(request: GenerationRequest) -> bool:
    """Return whether a request's drawing is a picture to start from whose colours count."""
    return request.colours is not None and request.colours.is_start and request.edges.reading == "canny"


def has_paint(drawing: Drawing) -> bool:
    """Return whether a drawing has something in it that the person painted in colour."""
    return bool(read_painted_colours(drawing.pixels, drawing.greys).mask.any())


def lay_ink(image: Image.Image, request: GenerationRequest) -> Image.Image:
    """Lay the pen's lines over a finished picture, as strongly as the request's `lines` asks; 0 changes nothing.

    Of a photograph, and of a picture read by Canny, no line was drawn: it stays as it is.
    """
    strength = request.conditioning.lines
    if strength == 0 or request.edges.reading == "canny":
        return image
    drawing = find_drawing(request)
    pen = read_pen(drawing, request.edges, read_painted(request))
    cover = (np.where(pen.fills, 1, pen.coverage) * 255 + 0.5).astype(np.uint8)
    picture = np.asarray(image.convert("RGB"))
    painting = Painting(picture, cover, np.zeros(cover.shape, np.int32), pen.colours)
    return Image.fromarray(lay_lines(picture, painting, strength))
