"""Whatever a person draws on or brings along -> Sketch: dark lines on white, upright, checked; or a clear refusal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import SketchError
from pipeline.sketch.canvas import paint_canvas, read_canvas
from pipeline.sketch.image_file import (
    BLACK,
    MAX_BYTES,
    MAX_PIXELS,
    MAX_SIDE,
    MIN_SIDE,
    expect_size,
    guard_pillow,
    is_see_through,
    open_image,
    to_rgb,
)
from pipeline.sketch.paper import even_out, find_ground, invert, is_blank, is_white, lies_on_dark
from pipeline.values import Sketch

__all__ = ["MAX_BYTES", "MAX_PIXELS", "MAX_SIDE", "MIN_SIDE", "guard_pillow", "read_image", "read_strokes"]

BLANK = "There is nothing on the paper yet: draw something first, or choose a picture."
TURNED_ROUND = "The drawing was light on dark; it was turned round to dark on light."
EVENED_OUT = "The paper's uneven light was evened out."
WHITE_ON_NOTHING = "The drawing was white on a transparent ground; it was turned round to dark on white."

guard_pillow()


def read_image(data: bytes | Path | Image.Image) -> Sketch:
    """Read a file's bytes, a file, or a picture that Pillow has opened.

    Raises SketchError when it is not an image, broken, blank, under 64 or over 4096 px on a side, over 16 Mpx or 20 MB.
    """
    if isinstance(data, Image.Image):
        expect_size(data.width, data.height)
        return settle_picture(data)
    if not isinstance(data, bytes | Path):
        raise SketchError(f"A drawing comes as an image file or its bytes; {type(data).__name__} came.")
    return settle_picture(open_image(data))


def read_strokes(canvas: str | Mapping[str, object]) -> Sketch:
    """Read the canvas's value: our own JSON of strokes, or the dictionary of Gradio's ImageEditor.

    Raises SketchError when nothing is drawn on it or when it is not what the canvas sends.
    """
    if isinstance(canvas, Mapping) and "composite" in canvas:
        return read_editor(canvas)
    if not isinstance(canvas, str | Mapping):
        raise SketchError(f"The canvas sends JSON text; {type(canvas).__name__} came.")
    drawing = read_canvas(canvas)
    if drawing.is_empty:
        raise SketchError(BLANK)
    return settle(paint_canvas(drawing))


def read_editor(editor: Mapping[str, object]) -> Sketch:
    """Gradio's {"background", "layers", "composite"}. Untouched, all three are empty.

    Paths are refused: a client could name any file of this machine.
    """
    composite = editor["composite"]
    if composite is None:
        raise SketchError(BLANK)
    if isinstance(composite, np.ndarray):
        composite = image_of(composite)
    if not isinstance(composite, Image.Image):
        raise SketchError(f"The editor's drawing comes as a picture or an array; {type(composite).__name__} came.")
    return read_image(composite)


def image_of(array: NDArray[np.generic]) -> Image.Image:
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or channels not in (1, 2, 3, 4) or array.size == 0:
        raise SketchError(f"The editor's drawing is an 8-bit picture; {array.dtype} {array.shape} came.")
    return Image.fromarray(array[..., 0] if array.ndim == 3 and channels == 1 else array)


def settle_picture(image: Image.Image) -> Sketch:
    """Lay a picture on white; what would vanish there, being white itself, is laid on black and turned round."""
    pixels = to_rgb(image)
    if not is_see_through(image) or not is_blank(pixels):
        return settle(pixels)
    on_black = to_rgb(image, BLACK)
    if is_blank(on_black):
        raise SketchError(BLANK)
    return Sketch(invert(on_black), turned_round=True, notices=(WHITE_ON_NOTHING,))


def settle(pixels: NDArray[np.uint8]) -> Sketch:
    """Turn round what is light on dark, make paper white, leave photographs as they are, refuse the blank."""
    if is_blank(pixels):
        raise SketchError(BLANK)
    turned = lies_on_dark(pixels)
    if turned:
        pixels = invert(pixels)
    notices = (TURNED_ROUND,) if turned else ()
    if is_white(pixels) or not (ground := find_ground(pixels)).is_paper():
        return Sketch(pixels, turned, notices)
    return Sketch(even_out(pixels, ground), turned, (*notices, EVENED_OUT))
