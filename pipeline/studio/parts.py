"""Fit a drawing, what is brushed on it and what it starts from to the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.request.presets import get_menu
from pipeline.values import Drawing, StartPicture

if TYPE_CHECKING:
    from pipeline.request.order import Order


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
