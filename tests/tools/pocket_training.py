"""Help tests of the training code: a clock that counts, a checkpoint that tells how far a run got."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pipeline.pocket.train import loop
from pipeline.pocket.train.loop import Plan


def count_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each look at the training loop's clock take a second, so that a step costs one second of the budget."""
    clock = iter(range(1_000_000))
    monkeypatch.setattr(loop, "read_clock", lambda: float(next(clock)))


def write_checkpoint(folder: Path, plan: Plan, step: int) -> None:
    """Write the checkpoint of a run that got so far, as much as tells where its lessons go on."""
    torch.save({"step": step, "spent": 2.0 * step}, folder / f"{plan.name}.pt")
