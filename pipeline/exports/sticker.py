"""Cut what is drawn out of its picture: a PNG whose ground is transparent, with a soft edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pipeline.errors import SketchError
from pipeline.inking.ground import find_thing, grow
from pipeline.inking.painted import read_painted_colours
from pipeline.values import Drawing, EdgeMap, GenerationRequest, PaintedColours

MARGIN = 0.02  # of the longer side, left around what was cut out
SOFT = 0.0022  # of the longer side, the sigma of the edge
LEAST_AREA = 0.002  # of the picture
NOTHING = "Nothing in this drawing is closed off from its ground: close its outline, then it can be cut out."


def cut_sticker(picture: Image.Image, request: GenerationRequest) -> Image.Image:
    """Return what the drawing shows of a picture as RGBA, cropped to it. Raises SketchError where it shows no thing."""
    mask = find_alpha(request)
    size = (request.width, request.height)
    whole = picture.convert("RGB") if picture.size == size else picture.convert("RGB").resize(size)
    whole.putalpha(Image.fromarray(mask))
    return whole.crop(find_box(mask))


def find_alpha(request: GenerationRequest) -> NDArray[np.uint8]:
    """Return how much (H, W) of each pixel belongs to the thing, 0 to 255, its edge soft. Raises SketchError."""
    drawing = request.colours or Drawing(np.repeat(255 - request.edges.pixels[..., None], 3, axis=2))
    thing = find_thing(drawing.pixels, request.edges, read_colours(request.colours, request.edges))
    if thing.mean() < LEAST_AREA:
        raise SketchError(NOTHING)
    side = max(thing.shape)
    wide = Image.fromarray(grow(thing, max(1, round(SOFT * side))).astype(np.uint8) * 255)
    return np.asarray(wide.filter(ImageFilter.GaussianBlur(max(0.8, SOFT * side))), np.uint8)


def read_colours(drawing: Drawing | None, edges: EdgeMap) -> PaintedColours:
    """Return what the person painted; nothing where the edge map's lines are all there is."""
    if drawing is None:
        return PaintedColours.none(edges.pixels.shape[1], edges.pixels.shape[0])
    return read_painted_colours(drawing.pixels)


def find_box(mask: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of what the mask shows, with a margin."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    margin = round(MARGIN * max(mask.shape))
    left, top = max(0, int(columns[0]) - margin), max(0, int(rows[0]) - margin)
    return left, top, min(mask.shape[1], int(columns[-1]) + 1 + margin), min(mask.shape[0], int(rows[-1]) + 1 + margin)
