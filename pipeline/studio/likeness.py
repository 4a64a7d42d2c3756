"""Find the styles whose pictures look most like a given picture."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.values import Style

Float = NDArray[np.float32]


class Likeness:
    """Likeness compares pictures by the style network's numbers (Ghiasi et al. 2017), as far as they differ among the
    library's styles. Safe to use from many threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # the first comparison reads every style's picture; the others wait for it

    def find_similar(self, image: Image.Image, styles: Sequence[Style]) -> tuple[Style, ...]:
        """Return the styles, the most similar first. Raises StyleError where a picture cannot be read."""
        from pipeline.engine.styling import read_picture_style, read_style

        with self._lock:
            known = np.stack([read_style(style.image, style.sha256).numbers for style in styles])
        asked = read_picture_style(image).numbers
        distances = measure_distances(asked, known)
        return tuple(styles[place] for place in np.argsort(distances, kind="stable"))


def measure_distances(asked: Float, known: Float) -> Float:
    """Return the cosine distances in [0, 2] of numbers (n,) from the rows of (styles, n), each number on one scale."""
    middle, spread = known.mean(axis=0), np.maximum(known.std(axis=0), 1e-6)
    rows = np.concatenate([asked[None], known]) - middle
    rows /= spread
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return np.asarray(1 - rows[1:] @ rows[0], np.float32)
