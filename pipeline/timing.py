"""Measure how long each stage of the flow takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


class StageTimer:
    """StageTimer measures wall-clock milliseconds per stage, in the order they ran."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Measure the body of a `with` as `stage`."""
        started = time.perf_counter()
        yield
        self.milliseconds[stage] = round((time.perf_counter() - started) * 1000, 1)


class Clock:
    """Clock measures milliseconds from one mark to the next, of work that the device has finished."""

    def __init__(self, device: torch.device) -> None:
        self._device, self.milliseconds = device, dict[str, float]()
        self._since = perf_counter()

    def mark(self, stage: str) -> None:
        """Wait for the device, and add the time since the last mark to `stage`."""
        if self._device.type == "cuda":
            import torch

            torch.cuda.synchronize(self._device)
        now = perf_counter()
        spent = self.milliseconds.get(stage, 0.0) + (now - self._since) * 1000
        self.milliseconds[stage], self._since = round(spent, 1), now
