"""Palettes of things: many pixels become a few colours with their shares."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.pocket.train.palette_table import reduce_colours


def test_five_colours_stand_for_many_pixels() -> None:
    pixels = np.repeat(np.array([[250, 10, 10], [10, 10, 250], [240, 240, 240]], np.uint8), (60, 30, 10), axis=0)
    colours, shares = reduce_colours(pixels)
    assert shares[:3] == pytest.approx([0.6, 0.3, 0.1], abs=0.01) and not shares[3:].any()
    assert np.abs(colours[:3].astype(int) - [[250, 10, 10], [10, 10, 250], [240, 240, 240]]).max() < 12
    assert colours.shape == (5, 3) and shares.shape == (5,)
