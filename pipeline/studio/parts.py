"""Fit a drawing, what is brushed on it and what it starts from to the picture."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pipeline.request.margins import Margins
from pipeline.request.presets import get_menu
from pipeline.values import Drawing, EdgeMap, GenerationRequest, StartPicture

if TYPE_CHECKING:
    from pipeline.request.order import Order

Pixels = NDArray[np.uint8]
OVERLAP = 1 / 32  # of the longer side: so much of the old picture's rim is drawn anew with what is added


def fit_part(pixels: NDArray[np.uint8], order: Order) -> NDArray[np.uint8]:
    """Return a brushed part, (H, W) of any size, at the picture's size, where the order's drawing lies in it."""
    from pipeline.sketch.edges import fit_mask

    return fit_mask(pixels, order.sketch, (order.width, order.height))


def fit_start(order: Order) -> StartPicture | None:
    """Return the order's picture to start from at the picture's size, where its drawing lies in it."""
    from pipeline.sketch.edges import fit_picture

    if (start := order.start) is None:
        return None
    size = order.width, order.height
    mask = None if start.mask is None else fit_part(start.mask, order)
    return StartPicture(fit_picture(start.pixels, order.sketch, size), mask, start.prompt)


def lay_margins(request: GenerationRequest, margins: Margins) -> GenerationRequest:
    """Return the request of a picture on a sheet that is larger by these margins; one that starts from a picture draws
    what comes anew, and softly some of that picture's rim.
    """
    if not margins:
        return request
    shape = request.height, request.width
    width, height = margins.widen((request.width, request.height))
    return replace(
        request,
        width=width,
        height=height,
        edges=EdgeMap(margins.pad(request.edges.pixels, 0), request.edges.reading),
        colours=None if request.colours is None else pad_drawing(request.colours, margins),
        hints=tuple(replace(each, pixels=margins.pad(each.pixels, 0)) for each in request.hints),
        mask=None if request.mask is None else replace(request.mask, pixels=margins.pad(request.mask.pixels, 0)),
        repaints=tuple(replace(each, pixels=margins.pad(each.pixels, 0)) for each in request.repaints),
        start=None if request.start is None else pad_start(request.start, make_free_rim(shape, margins), margins),
    )


def make_free_rim(shape: tuple[int, int], margins: Margins) -> Pixels:
    """Return the mask, (H, W), of what is drawn: all that comes to a picture of `shape`, and softly some of its rim."""
    overlap = round(OVERLAP * max(shape))
    inset = Margins(**{side: overlap if added else 0 for side, added in asdict(margins).items()})
    kept = np.zeros((shape[0] - inset.top - inset.bottom, shape[1] - inset.left - inset.right), np.uint8)
    whole = margins.pad(inset.pad(kept, 255), 255)
    soft = np.asarray(Image.fromarray(whole).filter(ImageFilter.GaussianBlur(overlap / 2)), np.uint8)
    return np.maximum(soft, margins.pad(np.zeros(shape, np.uint8), 255))


def pad_start(start: StartPicture, rim: Pixels, margins: Margins) -> StartPicture:
    """Return a picture to start from on a larger sheet, of which the rim is drawn anew beside what was before."""
    mask = rim if start.mask is None else np.maximum(rim, margins.pad(start.mask, 0))
    return StartPicture(margins.pad(start.pixels), mask, start.prompt)


def pad_drawing(drawing: Drawing, margins: Margins) -> Drawing:
    """Return a drawing on a larger sheet of white paper."""
    greys = None if drawing.greys is None else margins.pad(drawing.greys, 0)
    return replace(drawing, pixels=margins.pad(drawing.pixels, 255), greys=greys)


def take_drawing(order: Order) -> Drawing | None:
    """Return the drawing at the picture's size, as the engine takes it beside its lines; None where it decides no
    pixel.
    """
    is_inked = get_menu(order.engine).inks_drawing or order.conditioning.lines > 0
    is_start = order.start is None and order.sampling.strength < 1
    if not is_inked and not is_start:
        return None
    from pipeline.engine.ink import has_paint
    from pipeline.sketch.edges import fit_drawing

    drawing = fit_drawing(order.sketch, (order.width, order.height))
    return drawing if is_inked or has_paint(drawing) else None
