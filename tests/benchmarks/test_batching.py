"""What the script says of a batch: whether it is quicker, and whether each picture is the one that it is alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from tests.benchmarks.batching import compare, measure_unet


def test_pictures_that_depend_on_their_neighbour_are_told() -> None:
    def draw(numbers: Sequence[int]) -> Tensor:
        rows = torch.arange(len(numbers), dtype=torch.float32)[:, None] * 0 + torch.tensor(numbers)[:, None]
        return rows + (0.5 if len(numbers) > 1 else 0.0)

    found = compare(draw, 2)
    assert not found["equal bytes"] and found["largest difference"] == 0.5
    assert compare(lambda numbers: torch.tensor(numbers, dtype=torch.float32), 1)["equal bytes"]


@pytest.mark.slow
def test_the_small_unet_is_measured() -> None:
    found = measure_unet(True, 1, 64)
    assert found["s together"] > 0 and found["largest difference"] < 1e-3
