"""The lowest and highest channel are numpy's own, whatever the type and the number of channels."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.sketch.channels import take_highest, take_lowest


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_are_as_numpy_has_them(kind: type, channels: int) -> None:
    pixels = np.random.default_rng(channels).integers(0, 256, (17, 23, channels)).astype(kind)
    lowest, highest = take_lowest(pixels), take_highest(pixels)
    assert lowest.dtype == highest.dtype == pixels.dtype
    np.testing.assert_array_equal(lowest, pixels.min(axis=2))
    np.testing.assert_array_equal(highest, pixels.max(axis=2))
