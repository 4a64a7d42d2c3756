"""What weights are ordered through does not stay with the process: on a processor it is the picture's memory."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from pipeline.engine.packed_convolutions import PackedConvolutions, has_packed_convolutions
from pipeline.engine.weight_modes import place_module
from pipeline.freed_memory import give_memory_back

CHANNELS, LAYERS = 640, 24
LARGE = 7_500_000  # numbers, 30 MB: glibc's largest bound between what it maps and what it keeps
SIZE = LAYERS * CHANNELS * CHANNELS * 9 * 2  # bytes of the weights

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="another system gives back by itself, or not at all")


def make_network() -> nn.Module:
    layers = [nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, dtype=torch.bfloat16) for _ in range(LAYERS)]
    return nn.Sequential(nn.Sequential(*layers), nn.Conv2d(4, 4, 3, dtype=torch.bfloat16)).requires_grad_(False)


def measure_growth(work: Callable[[], object], field: str = "VmRSS") -> int:
    """Return how many more bytes the process has after some work, or with "VmHWM" had at most on the way."""

    def read(name: str) -> int:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(next(line for line in status.splitlines() if line.startswith(name)).split()[1]) * 1024

    gc.collect()
    give_memory_back()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = read("VmRSS")
    work()
    return read(field) - before


def test_weights_are_put_into_another_order_without_a_second_copy_of_all() -> None:
    """Each layer is larger than the one before, so that none fits where another lay."""
    large = torch.ones(LARGE)
    del large  # from now on the system keeps smaller ones in its arena, as after any weight was read
    widths = range(160, 160 + 40 * LAYERS, 40)
    layers = [nn.Conv2d(width, CHANNELS, 3, dtype=torch.bfloat16) for width in widths]
    network = nn.Sequential(nn.Sequential(*layers), nn.Conv2d(4, 4, 3, dtype=torch.bfloat16)).requires_grad_(False)
    size = sum(weight.nbytes for weight in network.parameters())
    grown = measure_growth(
        lambda: place_module(network, torch.device("cpu"), torch.bfloat16, channels_last=True), "VmHWM"
    )
    assert grown < 0.3 * size, f"{grown} of {size} bytes"
    weights = [each for each in network.parameters() if each.ndim == 4]
    assert len(weights) == LAYERS + 1
    assert all(each.is_contiguous(memory_format=torch.channels_last) for each in weights)


@pytest.mark.skipif(not has_packed_convolutions(), reason="this build of torch packs no convolutions")
def test_packed_weights_take_their_own_size_and_no_more() -> None:
    network, hidden = make_network(), torch.zeros(1, CHANNELS, 8, 8, dtype=torch.bfloat16)
    convolutions = network[0]  # type: ignore[index]
    packed = PackedConvolutions(least_numbers=1000)

    def pack() -> None:
        packed.pack([network], 0)
        with torch.inference_mode():
            convolutions(hidden)

    with torch.inference_mode():
        convolutions(hidden)  # what the kernels themselves need
    grown = measure_growth(pack)
    assert packed.is_used and 0.9 * SIZE < grown < 1.3 * SIZE, f"{grown} of {SIZE} bytes"
