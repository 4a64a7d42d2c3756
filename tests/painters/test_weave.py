"""What repeats in a style picture: found where it is, sewn into an endless sheet, laid over a picture in its style."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.painters.style_network import paint_like, read_style_picture
from pipeline.painters.weave import WINDOW, Weave, find_weave, measure_repeats, read_texture
from pipeline.settings import ROOT
from pipeline.values import Painting

PERIOD = 16  # px of a 512 picture


def lamps(side: int = 512) -> np.ndarray:
    """Round lamps in a dark grid, teal over red."""
    y, x = np.mgrid[:side, :side] * (512 / side) % PERIOD - PERIOD / 2
    lit = (np.hypot(x, y) < 6)[..., None]
    colour = np.full((side, side, 3), (60, 190, 180), np.uint8)
    colour[side // 2 :] = (210, 80, 60)
    return np.where(lit, colour, np.uint8((20, 22, 30)))


def clouds() -> np.ndarray:
    """A picture in which nothing repeats: noise of many sizes and a few rims."""
    rng = np.random.default_rng(4)
    total = np.zeros((512, 512), np.float32)
    for cell in (4, 16, 64):
        total += cv2.resize(rng.uniform(-40, 40, (512 // cell,) * 2).astype(np.float32), (512, 512))
    picture = np.repeat(np.clip(128 + total, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    cv2.circle(picture, (200, 240), 130, (20, 20, 20), 6)
    return picture


def reference(style: str) -> np.ndarray:
    with Image.open(ROOT / "styles" / style / "reference.webp") as image:
        return np.asarray(image.convert("RGB"))


def found(picture: np.ndarray) -> Weave:
    weave = find_weave(picture)
    assert weave is not None
    return weave


@pytest.mark.parametrize("side", [256, 512, 900])
def test_lamps_are_found_in_pictures_of_any_size(side: int) -> None:
    weave = found(lamps(side))
    assert weave.share == 1
    assert np.abs(weave.sheet.mean()) < 0.01
    assert weave.sheet.std() > 15


@pytest.mark.parametrize("style", ["oil-painting", "watercolor", "cartoon-3d", "ghibli", "plain", "low-poly"])
def test_strokes_and_flat_colours_are_no_weave(style: str) -> None:
    assert find_weave(reference(style)) is None


def test_stitches_are_a_weave_and_noise_or_nothing_is_none() -> None:
    assert found(reference("cross-stitch")).share > 0.8
    assert find_weave(clouds()) is None
    assert find_weave(np.full((64, 64, 3), 200, np.uint8)) is None


def test_a_line_repeats_along_itself_only() -> None:
    window = np.zeros((WINDOW, WINDOW), np.float32)
    cv2.line(window, (0, 30), (WINDOW, 90), 40, 5)
    assert measure_repeats(window) == 0
    assert measure_repeats(read_texture(lamps())[:WINDOW, :WINDOW]) > 0.9


def test_the_sheet_goes_on_over_its_rims() -> None:
    """Where two sheets meet the pattern is as regular as in the midst of one."""
    sheet = found(lamps()).sheet
    n = len(sheet)
    joined = np.roll(sheet, (n // 2, n // 2), axis=(0, 1))
    middle = (n - WINDOW) // 2
    assert measure_repeats(np.ascontiguousarray(joined[middle : middle + WINDOW, middle : middle + WINDOW])) > 0.8


def test_a_cover_has_the_pictures_size_and_moves_with_the_seed() -> None:
    weave = found(lamps())
    first, again, other = (weave.cover((384, 160), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (160, 384)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.slow
def test_a_picture_in_the_style_of_lamps_has_lamps() -> None:
    colours = np.full((512, 512, 3), (90, 170, 90), np.uint8)
    painting = Painting(colours, np.zeros((512, 512), np.uint8), np.zeros((512, 512), np.int32))
    picture = paint_like(painting, read_style_picture(lamps()), 1, np.random.default_rng(3))
    texture = read_texture(picture)
    windows = [texture[k : k + WINDOW, k : k + WINDOW] for k in (64, 192, 320)]
    assert min(measure_repeats(np.ascontiguousarray(window)) for window in windows) > 0.7
    hue = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)[..., 0].astype(float) * 2
    assert abs(np.median(hue) - 120) < 40  # of the green that was asked for
