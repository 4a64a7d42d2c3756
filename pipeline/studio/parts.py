"""Fit what is brushed on a drawing to the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pipeline.request.order import Order


def fit_part(pixels: NDArray[np.uint8], order: Order) -> NDArray[np.uint8]:
    """Return a brushed part, (H, W) of any size, at the picture's size, where the order's drawing lies in it."""
    from pipeline.sketch.edges import fit_mask

    return fit_mask(pixels, order.sketch, (order.width, order.height))
