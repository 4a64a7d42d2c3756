"""The lowest and highest are numpy's own of the channels, and scipy's of what lies around, whatever the size; a blur
is scipy's, too."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from pipeline.sketch.channels import blur, take_highest, take_highest_near, take_lowest, take_lowest_near


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_are_as_numpy_has_them(kind: type, channels: int) -> None:
    pixels = np.random.default_rng(channels).integers(0, 256, (17, 23, channels)).astype(kind)
    lowest, highest = take_lowest(pixels), take_highest(pixels)
    assert lowest.dtype == highest.dtype == pixels.dtype
    np.testing.assert_array_equal(lowest, pixels.min(axis=2))
    np.testing.assert_array_equal(highest, pixels.max(axis=2))


@pytest.mark.parametrize("side", [1, 2, 3, 4, 7, 31])
@pytest.mark.parametrize("shape", [(64, 48), (5, 7), (1, 3)])
def test_squares_are_as_scipy_has_them(shape: tuple[int, int], side: int) -> None:
    field = np.random.default_rng(side).uniform(0, 255, (*shape, 3)).astype(np.float32)
    size = (side, side, 1)
    np.testing.assert_array_equal(take_lowest_near(field, side), ndimage.minimum_filter(field, size=size))
    np.testing.assert_array_equal(take_highest_near(field, side), ndimage.maximum_filter(field, size=size))
    lightness = field[..., 0]
    np.testing.assert_array_equal(take_highest_near(lightness, side), ndimage.maximum_filter(lightness, side))


@pytest.mark.parametrize("sigma", [0.7, 2.5, 12, 108])
@pytest.mark.parametrize("shape", [(64, 48, 3), (64, 48), (5, 7, 3), (1, 3, 3)])
def test_a_blur_is_as_scipy_has_it(shape: tuple[int, ...], sigma: float) -> None:
    field = np.random.default_rng(4).uniform(0, 255, shape).astype(np.float32)
    expected = ndimage.gaussian_filter(field, (sigma, sigma, 0)[: field.ndim])
    np.testing.assert_allclose(blur(field, sigma), expected, atol=1e-3)
