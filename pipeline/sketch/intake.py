"""Turn whatever a person draws or brings along into a Sketch: dark lines on white, upright; or refuse it clearly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import SketchError
from pipeline.freed_memory import give_memory_back
from pipeline.sketch.canvas import MOST_SAMPLES, Canvas, can_be_seen, paint_canvas, read_canvas, write_canvas
from pipeline.sketch.fitting import lay_picture
from pipeline.sketch.image_file import expect_size, limit_pillow, open_image
from pipeline.sketch.paper import Paper
from pipeline.sketch.sheet_start import SheetStart, SketchOverStart, lay_start, paint_over
from pipeline.values import Sketch

if TYPE_CHECKING:
    from pipeline.sketch.transparency import LaidPicture

BLANK = "There is nothing on the paper yet: draw something first, or choose a picture."
TOO_FAINT = "Hardly anything can be seen in this picture. Draw stronger lines, or photograph it in more light."
TURNED_ROUND = "The drawing was light on dark; it was turned round to dark on light."
STRAIGHTENED = "The sheet of paper was found in the photo and laid straight."
UNRULED = "The paper's printed lines were left out."
EVENED_OUT = "The paper's uneven light was evened out."
WHITE_ON_NOTHING = "The drawing was white on a transparent ground; it was turned round to dark on white."
WHITE_SHAPES = "White shapes on the transparent ground were given their outline."
LARGE = 4_000_000  # pixels from which what reading one freed is given back to the system

limit_pillow()


def read_image(data: bytes | Path | Image.Image) -> Sketch:
    """Read a file's bytes, a file, or a picture that Pillow has opened.

    Raises SketchError when it is not an image, broken, blank, under 64 or over 4096 px on a side, over 16 Mpx or 20 MB.
    """
    if isinstance(data, Image.Image):
        expect_size(data.width, data.height)
        return convert_picture(data)
    if not isinstance(data, bytes | Path):
        raise SketchError(f"A drawing comes as an image file or its bytes; {type(data).__name__} came.")
    laid = lay_file(data)  # what Pillow holds of it is gone now
    try:
        return convert_laid(laid)
    finally:
        if laid.pixels.shape[0] * laid.pixels.shape[1] >= LARGE:
            give_memory_back()


def lay_file(data: bytes | Path) -> LaidPicture:
    """Return the picture of a file on white. Raises SketchError."""
    from pipeline.sketch.transparency import lay_on_white

    return lay_on_white(open_image(data))


def read_strokes(
    canvas: str | Mapping[str, object], most_samples: int = MOST_SAMPLES, is_whole: bool = False
) -> Sketch:
    """Read the canvas's value: our own JSON of strokes, or the dictionary of Gradio's ImageEditor.

    most_samples: as `paint_canvas` takes it. is_whole: for an engine that starts from the drawing alone; a picture to
    start from is part of that then, as `draw_over_start` makes it.
    Raises SketchError when nothing is drawn on it or when it is not what the canvas sends.
    """
    if isinstance(canvas, Mapping) and "composite" in canvas:
        return read_editor(canvas)
    if not isinstance(canvas, str | Mapping):
        raise SketchError(f"The canvas sends JSON text; {type(canvas).__name__} came.")
    drawn = read_canvas(canvas)
    written = write_canvas(drawn)
    if drawn.strength is not None:
        return convert_over_start(SheetStart(drawn, drawn.strength, most_samples), written, is_whole)
    return replace(convert_canvas(drawn, most_samples), canvas=written)


def convert_canvas(canvas: Canvas, most_samples: int = MOST_SAMPLES) -> Sketch:
    """Make a sketch of strokes on white, or over the picture that lies under them and is part of the drawing."""
    if canvas.picture is None or not canvas.has_drawn_picture:
        return convert_own_sheet(canvas, most_samples)
    placement = canvas.laid
    laid = lay_picture(canvas.picture, (canvas.width, canvas.height), placement.place, placement.opacity)
    painted = replace(laid, pixels=paint_canvas(canvas, laid.pixels, most_samples))
    return convert_plain(painted.pixels) if placement.plain else convert_laid(painted)


def convert_over_start(start: SheetStart, written: str, is_whole: bool) -> SketchOverStart:
    """Make a sketch of the pen's lines over a picture that another one starts from; of that picture where nothing of
    them can be seen, and of all that is seen where `is_whole`. `written` is its canvas as JSON.
    """
    if is_whole:
        shown = convert_seen(start.canvas)
    else:
        shown = convert_plain(start.sheet_pixels if start.lines is None else start.lines)
    return SketchOverStart(
        shown.pixels,
        shown.is_drawing,
        strokes=shown.strokes,
        canvas=written,
        is_start=shown.is_start,
        start=start,
        is_whole=is_whole,
    )


def draw_over_start(sketch: Sketch) -> Sketch:
    """Return a sketch of all that is seen on its sheet, for an engine that starts from the drawing alone.

    What was drawn lies over the picture that it was to start from; a sketch without one stays as it is.
    """
    if not isinstance(sketch, SketchOverStart) or sketch.is_whole:
        return sketch
    return convert_over_start(sketch.start, sketch.canvas or "", is_whole=True)


def convert_seen(canvas: Canvas, most_samples: int = MOST_SAMPLES) -> Sketch:
    """Make a sketch of all that is seen on a sheet, a picture to start from too."""
    if canvas.strength is None:
        return convert_canvas(canvas, most_samples)
    return convert_start(paint_over(lay_start(canvas), canvas.keep("pen", "eraser")))


def convert_start(pixels: NDArray[np.uint8]) -> Sketch:
    """Make a sketch of a picture to start from, (H, W, 3), with what was drawn over it: of lines on white there are no
    colours to start from. Raises SketchError where nothing can be seen.
    """
    sketch = convert_plain(pixels)
    return replace(sketch, is_start=not sketch.is_drawing)


def convert_plain(pixels: NDArray[np.uint8]) -> Sketch:
    """Make a sketch of a drawing of this app that came back as a picture, (H, W, 3) on white: as it is.

    Raises SketchError where nothing can be seen.
    """
    if not can_be_seen(pixels):
        raise SketchError(BLANK)
    return make_sketch(Paper(pixels), inverted=False, notices=())


def read_editor(editor: Mapping[str, object]) -> Sketch:
    """Read Gradio's {"background", "layers", "composite"}. Untouched, all three are empty.

    Paths are refused: a client could name any file of this machine. Raises SketchError.
    """
    composite = editor["composite"]
    if composite is None:
        raise SketchError(BLANK)
    if isinstance(composite, np.ndarray):
        composite = convert_array(composite)
    if not isinstance(composite, Image.Image):
        raise SketchError(f"The editor's drawing comes as a picture or an array; {type(composite).__name__} came.")
    return read_image(composite)


def convert_array(array: NDArray[np.generic]) -> Image.Image:
    """Return an array (H, W) or (H, W, 1 to 4) uint8 as a picture. Raises SketchError for any other."""
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or channels not in (1, 2, 3, 4) or array.size == 0:
        raise SketchError(f"The editor's drawing is an 8-bit picture; {array.dtype} {array.shape} came.")
    return Image.fromarray(array[..., 0] if array.ndim == 3 and channels == 1 else array)


def convert_own_sheet(canvas: Canvas, most_samples: int = MOST_SAMPLES) -> Sketch:
    """Make a sketch of what was drawn on the app's own white sheet: as it is, a single dot too.

    What lies under the lines is known, so the lines are read without it. Raises SketchError where nothing can be seen.
    """
    from pipeline.sketch.filling import draw_rims
    from pipeline.sketch.greys import paint_greys

    pixels = paint_canvas(canvas, most_samples=most_samples)
    if not canvas.has_colour_beneath:
        return convert_plain(pixels)
    if not can_be_seen(pixels):
        raise SketchError(BLANK)
    lines, colours = (
        paint_canvas(canvas.keep(*tools), most_samples=most_samples)
        for tools in (("pen", "eraser"), ("marker", "fill", "eraser"))
    )
    # where the pen drew nothing, the colours' own rims are the drawing
    is_drawn = can_be_seen(lines)
    strokes = lines if is_drawn else draw_rims(colours)
    return Sketch(pixels, is_drawing=True, strokes=strokes, greys=paint_greys(canvas, lines))


def convert_picture(image: Image.Image) -> Sketch:
    """Lay a picture on white, so that what is white itself does not vanish there, and make a sketch of it."""
    from pipeline.sketch.transparency import lay_on_white

    return convert_laid(lay_on_white(image))


def convert_laid(laid: LaidPicture) -> Sketch:
    """Make a sketch of a picture on white, and say what was done for it to be seen there."""
    sketch = convert_paper(Paper(laid.pixels), photographed=not laid.is_changed)
    return replace(sketch, inverted=sketch.inverted or laid.turned_round, notices=explain_laying(laid) + sketch.notices)


def explain_laying(laid: LaidPicture) -> tuple[str, ...]:
    """Say what was done to a transparent picture for it to be seen on white."""
    return (WHITE_ON_NOTHING,) * laid.turned_round + (WHITE_SHAPES,) * laid.outlined


def convert_paper(paper: Paper, photographed: bool = True) -> Sketch:
    """Invert what is light on dark, make paper white, leave photographs as they are, refuse the blank.

    A sheet on a desk and printed lines are looked for unless the drawing is known to be no photograph.
    """
    from pipeline.sketch.rulings import remove_rulings
    from pipeline.sketch.sheet import straighten_sheet

    notices: tuple[str, ...] = ()
    if photographed and (sheet := straighten_sheet(paper.pixels)) is not None:
        paper, notices = Paper(sheet), (STRAIGHTENED,)
    if paper.is_blank:
        raise SketchError(TOO_FAINT if photographed and not paper.is_plain else BLANK)
    inverted = paper.is_light_on_dark
    lit = paper.inverse if inverted else paper
    notices += (TURNED_ROUND,) if inverted else ()
    if not lit.is_white and lit.ground.is_paper:
        lit = Paper(lit.even_out())
        notices += (EVENED_OUT,)
    if photographed and lit.is_white and (unruled := remove_rulings(lit.pixels)) is not None:
        lit = Paper(unruled)
        notices += (UNRULED,)
    return make_sketch(lit, inverted, notices)


def make_sketch(paper: Paper, inverted: bool, notices: tuple[str, ...]) -> Sketch:
    """Make a sketch of dark on white, what is coloured in between drawn lines told from them."""
    from pipeline.sketch.filling import find_filling

    filling = find_filling(paper.pixels) if paper.is_white else None
    if filling is None or not filling.is_outlined:
        return Sketch(paper.pixels, paper.is_line_drawing, inverted, notices)
    return Sketch(paper.pixels, Paper(filling.strokes).is_line_drawing, inverted, notices, filling.strokes)
