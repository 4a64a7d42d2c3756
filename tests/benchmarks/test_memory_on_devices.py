"""The benchmarks of memory where torch's allocator counts, run for real with one that stands in for CUDA's."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from pipeline.machine.plan import plan_memory
from pipeline.models.catalog import SD15
from tests.benchmarks.controlnets_memory import measure_row
from tests.benchmarks.feature_memory import FEATURES, measure_feature, plan_feature
from tests.benchmarks.memory import MemoryMeter
from tests.benchmarks.places import Place, find_place
from tests.tools.tensor_memory import TensorByteCounter

TOTAL, BLOCK = 16 * 2**30, 2 * 2**20  # bytes of the card that is pretended, and of what its allocator takes at once


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[TensorByteCounter]:
    """Count every tensor of the test as CUDA's allocator would, in whole blocks."""
    counter = TensorByteCounter(iter(()))

    def round_up(size: int) -> int:
        return -(-size // BLOCK) * BLOCK

    counts = {
        "memory_allocated": lambda: counter.current,
        "max_memory_allocated": lambda: counter.peak,
        "max_memory_reserved": lambda: round_up(counter.peak),
        "reset_peak_memory_stats": lambda: setattr(counter, "peak", counter.current),
        "synchronize": lambda: None,
        "mem_get_info": lambda: (TOTAL - round_up(counter.current), TOTAL),
    }
    for name, count in counts.items():
        monkeypatch.setattr(torch.cuda, name, count)
    with counter:
        yield counter


@pytest.fixture
def place() -> Place:
    """A processor whose bytes are read as a GPU's are."""
    device: Any = SimpleNamespace(type="cuda")
    return Place(torch.device("cpu"), torch.bfloat16, MemoryMeter(device))


@pytest.mark.parametrize("name", FEATURES)
def test_each_feature_is_measured_by_the_devices_allocator(cuda: TensorByteCounter, place: Place, name: str) -> None:
    row = measure_feature(name, 64, tiny=True, place=place)
    assert (row["device"], row["dtype"], row["measured"]) == ("cuda", "bfloat16", cuda.peak)
    assert row["measured"] == row["peak_allocated"] <= row["peak_reserved"] < row["device_used"] + cuda.peak
    planned = plan_feature(FEATURES[name], 64, place=place).peak + row["loras"]
    assert row["planned"] == pytest.approx(planned, abs=10_000), "in the mode that keeps all of it on the GPU"


def test_several_controlnets_are_measured_by_the_devices_allocator(cuda: TensorByteCounter, place: Place) -> None:
    one, three = (measure_row(count, 64, tiny=True, place=place) for count in (1, 3))
    assert three["measured"] == cuda.peak > one["measured"] > 0
    assert three["planned"] == plan_memory(SD15, 64, 64, 1, "full", "cuda", "bfloat16", controlnets=3).peak


def test_the_meter_tells_a_stage_from_what_was_there_before(cuda: TensorByteCounter, place: Place) -> None:
    row: dict[str, Any] = {}
    kept = torch.zeros(1000)
    with place.meter.measure_stage(row, "stage"):
        torch.ones(500)
    assert row["stage"] == 4 * 500 and kept.nbytes == place.meter.read_current_bytes() == 4000


def test_without_a_gpu_the_processor_measures_in_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    here = find_place()
    assert (here.kind, here.mode, here.numbers) == ("cpu", "cpu", "float32")
    assert find_place("bfloat16").numbers == "bfloat16"
