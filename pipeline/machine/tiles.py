"""Cut large pictures into overlapping windows that a model draws well, by arithmetic alone."""

from __future__ import annotations

import math
from itertools import product
from typing import NamedTuple

WINDOWS_FROM = 1024  # px; a picture with a longer side is denoised in windows
WINDOW = 768  # px a side of a window, what Stable Diffusion 1.5 still draws whole
OVERLAP = 192  # px at least that two neighbours share


class Window(NamedTuple):
    """Window is a part of a picture, or of its latents, in the unit it was planned in."""

    top: int
    left: int
    height: int
    width: int

    @property
    def area(self) -> int:
        """Return how many cells it has."""
        return self.height * self.width


def plan_windows(width: int, height: int, unit: int = 1) -> tuple[Window, ...]:
    """Return the windows of a picture of this size (px), in units of so many px; one whole window where it is small.

    They lie at equal distances, so that the last one ends with the picture and the overlaps are alike.
    """
    if max(width, height) <= WINDOWS_FROM:
        return (Window(0, 0, height // unit, width // unit),)
    side, overlap = WINDOW // unit, OVERLAP // unit
    rows, columns = (place_along(size // unit, side, overlap) for size in (height, width))
    return tuple(
        Window(top, left, min(side, height // unit), min(side, width // unit)) for top, left in product(rows, columns)
    )


def place_along(size: int, side: int, overlap: int) -> tuple[int, ...]:
    """Return where windows of `side` begin along `size`, neighbours sharing `overlap` or more."""
    if size <= side:
        return (0,)
    gaps = math.ceil((size - side) / (side - overlap))
    return tuple(round(number * (size - side) / gaps) for number in range(gaps + 1))
