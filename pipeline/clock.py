"""How long each stage of a picture takes on the device that draws it."""

from __future__ import annotations

from time import perf_counter

import torch


class Clock:
    """Milliseconds from one mark to the next, of work that is truly done."""

    def __init__(self, device: torch.device) -> None:
        self._device, self.milliseconds = device, dict[str, float]()
        self._since = perf_counter()

    def mark(self, stage: str) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        now = perf_counter()
        self.milliseconds[stage], self._since = round((now - self._since) * 1000, 1), now
