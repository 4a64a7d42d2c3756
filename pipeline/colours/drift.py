"""Let painted colours drift towards what the model would have chosen in their place."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.colours.oklab import from_oklab, to_oklab
from pipeline.values import PaintedColours

Float = NDArray[np.float32]


def drift_colours(painted: PaintedColours, field: Float, strength: float) -> PaintedColours:
    """Return the painted colours, each mixed in OKLab with the mean of what the field has where it was painted.

    field: RGB in [0, 1], (h, w, 3), stretched over the painting. strength: how much of the painted colour stays, from 0
    to 1; at 1 nothing changes. What has one colour keeps one colour.
    """
    if strength == 1 or not painted.mask.any():
        return painted
    height, width = painted.mask.shape
    stretched = cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR)
    kinds, places = np.unique(painted.colours[painted.mask], axis=0, return_inverse=True)
    own = to_oklab(np.asarray(kinds / np.float32(255), np.float32))
    proposed = to_oklab(mean_by_kind(stretched[painted.mask], places.ravel(), len(kinds)))
    mixed = from_oklab(np.asarray(proposed + np.float32(strength) * (own - proposed), np.float32))
    colours = painted.colours.copy()
    colours[painted.mask] = np.round(255 * np.clip(mixed, 0, 1)).astype(np.uint8)[places.ravel()]
    return PaintedColours(colours, painted.mask)


def mean_by_kind(colours: Float, kinds: NDArray[np.intp], count: int) -> Float:
    """Return the mean colour, (count, 3), of the places (n, 3) of each kind (n,)."""
    counts = np.bincount(kinds, minlength=count).astype(np.float32)
    sums = [np.bincount(kinds, colours[:, channel], count) for channel in range(3)]
    return np.asarray(np.stack(sums, axis=1) / counts[:, None], np.float32)
