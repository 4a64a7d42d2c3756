"""Say where bare modules are drawn with for a measurement of memory: on the GPU where there is one."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from pipeline.machine.device import choose_dtype, name_dtype
from pipeline.machine.plan import MemoryMode
from tests.benchmarks.memory import MemoryMeter
from tests.benchmarks.report import Row


@dataclass(frozen=True)
class Place:
    """Place is where modules lie, their number format, and what counts their bytes."""

    device: torch.device
    dtype: torch.dtype
    meter: MemoryMeter

    @property
    def kind(self) -> str:
        """Return "cuda" where torch's own allocator counts, else "cpu"."""
        return "cuda" if self.meter.is_cuda else "cpu"

    @property
    def mode(self) -> MemoryMode:
        """Return the memory mode that keeps all of it there."""
        return "full" if self.meter.is_cuda else "cpu"

    @property
    def numbers(self) -> str:
        """Return the number format by its name."""
        return name_dtype(self.dtype)

    def describe_peak(self, planned: int) -> Row:
        """Return the most bytes that there ever were beside the plan: allocated on CUDA, resident on a processor."""
        measured = self.meter.read_peak_bytes()
        row = {"device": self.kind, "dtype": self.numbers, "measured": measured, "planned": planned}
        return row | {"of_measured": round(planned / measured, 3)} | self.meter.list_totals()


def find_place(dtype: str = "auto") -> Place:
    """Find the GPU, else the processor, there in 32 bits unless asked otherwise."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    numbers = "float32" if dtype == "auto" and device.type == "cpu" else dtype
    return Place(device, choose_dtype(device, numbers), MemoryMeter(device))
