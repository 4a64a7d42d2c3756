"""Pictures at twice their size: nearer to the large one than Lanczos, the same each time, cancellable."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pipeline.engine.enlarger import RIM, TILE, double_picture
from pipeline.errors import Cancelled
from pipeline.settings import ROOT


@pytest.fixture(scope="module")
def large() -> Image.Image:
    """Return a part of a comic, with lines and flat colours, (256, 192) px."""
    with Image.open(ROOT / "styles" / "comic" / "reference.webp") as image:
        return image.convert("RGB").resize((512, 512), Image.Resampling.LANCZOS).crop((100, 120, 356, 312))


def measure_psnr(one: Image.Image, other: Image.Image) -> float:
    difference = np.asarray(one, np.float64)[8:-8, 8:-8] - np.asarray(other, np.float64)[8:-8, 8:-8]
    return float(10 * np.log10(255**2 / (difference**2).mean()))


def test_it_is_nearer_to_the_large_picture_than_lanczos(large: Image.Image) -> None:
    small = large.resize((128, 96), Image.Resampling.BOX)
    made = double_picture(small)
    assert made.size == large.size and made.mode == "RGB"
    assert measure_psnr(made, large) > measure_psnr(small.resize(large.size, Image.Resampling.LANCZOS), large) + 2
    np.testing.assert_array_equal(np.asarray(made), np.asarray(double_picture(small)))


def test_tiles_have_no_seams(large: Image.Image) -> None:
    """A picture wider than a tile has the same px on both sides of the seam as one whose tiles lie elsewhere."""
    wide = large.resize((TILE + 40, 40), Image.Resampling.BOX)
    whole = np.asarray(double_picture(wide), np.int16)
    part = np.asarray(double_picture(wide.crop((TILE - 30, 0, TILE + 40, 40))), np.int16)
    inside = 2 * RIM
    assert np.abs(whole[:, 2 * (TILE - 30) + inside :] - part[:, inside:]).max() <= 1


def test_progress_is_told_and_it_stops(large: Image.Image) -> None:
    told: list[tuple[int, int]] = []
    double_picture(large, on_tile=lambda done, of: told.append((done, of)))
    assert told == [(n, 4) for n in range(1, 5)]
    with pytest.raises(Cancelled):
        double_picture(large, is_cancelled=lambda: True)
