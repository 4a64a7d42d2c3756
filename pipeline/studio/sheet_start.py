"""Draw from the picture that lies on the sheet: all of it, a part of it anew, or more around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import SettingError
from pipeline.request.presets import Menu, get_menu
from pipeline.request.starting import expect_proportions
from pipeline.sketch.intake import convert_start, draw_over_start
from pipeline.sketch.sheet_start import SheetStart, find_start
from pipeline.studio.drawing_anew import draw_more_around
from pipeline.studio.going_on import NO_MORE_AROUND, Asked, add_repaint, ask_for_part, read_part_words
from pipeline.values import EdgeMap, GenerationRequest, Sketch

if TYPE_CHECKING:
    from pipeline.request.order import Order
    from pipeline.studio.studio import Studio

LAID_UNDER = "The image lies under the drawing: this engine paints from both as from one picture."
NO_START = "Put a picture on the sheet and choose “Start from it” first."


def take_sheet_start(menu: Menu, sketch: Sketch, named: Mapping[str, Any]) -> tuple[Sketch, dict[str, Any]]:
    """Return a drawing and inputs of parse_order with the picture that its sheet says to start from as their `image`.

    An image or a strength among the inputs counts before the sheet's. For an engine that starts from the drawing alone
    the picture is part of that. Raises SketchError, and SettingError for an image of other proportions.
    """
    image = named.get("image")
    if image is not None and not menu.starts_from_pictures:
        return lay_over_picture(sketch, image), {**named, "image": None}
    if image is not None or (start := find_start(sketch)) is None:
        return sketch, dict(named)
    given = {**named, "strength": start.strength if named.get("strength") is None else named["strength"]}
    if menu.starts_from_pictures:
        return sketch, {**given, "image": start.pixels}
    return draw_over_start(sketch), given


def lay_over_picture(sketch: Sketch, image: NDArray[np.uint8]) -> Sketch:
    """Return a drawing that lies over a picture, (h, w, 3) RGB, as a layer that darkens what is under it.

    Raises SettingError for a picture of other proportions, SketchError where nothing of both can be seen.
    """
    expect_proportions(image, sketch.pixels)
    height, width = sketch.pixels.shape[:2]
    under = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS)).astype(np.uint16)
    both = ((under * sketch.pixels + 127) // 255).astype(np.uint8)
    return replace(convert_start(both), notices=(*sketch.notices, LAID_UNDER))


def complete_order(studio: Studio, order: Order) -> GenerationRequest:
    """Return the request of an order, its lines read and its styles chosen; nothing is drawn."""
    edges = studio.read_lines(order)
    request = studio.make_request(order, edges, studio.choose_style(order).mix)
    return replace(request, hints=studio.read_hints(order, edges).hints)


def ask_to_repaint_sheet(
    studio: Studio, order: Order, mask: NDArray[np.uint8], words: object, strength: object = None
) -> Asked:
    """Ask for a part of the picture on the sheet to be drawn anew as words say, the rest kept; the pocket engine draws
    the whole and gives the part other colours.

    mask: (h, w) uint8 of any size, stretched over the sheet, white where the part is. strength: as ask_to_repaint_file
    takes it. Raises SketchError, StyleError or SettingError.
    """
    start = expect_start(order)
    request = complete_order(studio, order)
    if request.start is None:
        changed = add_repaint(studio.profile, request, mask, words)
    else:
        free = clear_lines(request, mask) if start.lines is None else request
        changed = ask_for_part(free, Image.fromarray(request.start.pixels), mask, words, strength)
    return changed, order.sketch.canvas


def ask_to_outpaint_sheet(studio: Studio, order: Order, sides: Mapping[str, bool], words: object) -> Asked:
    """Ask for more around the picture on the sheet, on the sides that are true. Raises as ask_to_outpaint_file does."""
    if not get_menu(studio.profile.name).starts_from_pictures:
        raise SettingError(NO_MORE_AROUND.format(studio.profile.title))
    image = Image.fromarray(expect_start(order).pixels)
    request = complete_order(studio, order)
    return draw_more_around(studio.profile, request, image, sides, read_part_words(words)), None


def expect_start(order: Order) -> SheetStart:
    """Return the picture to start from on an order's sheet. Raises SettingError where there is none."""
    if (start := find_start(order.sketch)) is None:
        raise SettingError(NO_START)
    return start


def clear_lines(request: GenerationRequest, mask: NDArray[np.uint8]) -> GenerationRequest:
    """Return the request without the lines under a mask, (h, w) of any size: what was there need not come again."""
    size = request.width, request.height
    part = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.BOX)) > 127

    def clear(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.where(part.reshape(*part.shape, *[1] * (pixels.ndim - 2)), np.uint8(0), pixels)

    edges = EdgeMap(clear(request.edges.pixels), request.edges.reading)
    hints = tuple(replace(each, pixels=clear(each.pixels)) for each in request.hints)
    return replace(request, edges=edges, hints=hints)
