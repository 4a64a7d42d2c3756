"""Compare the memory plan, and the published formula, with what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.machine.plan import compute_published_stages, plan_memory
from pipeline.models.profile import ModelProfile


@dataclass(frozen=True)
class Comparison:
    """One measurement beside what both formulas give for it. In bytes."""

    row: Mapping[str, Any]  # of figures.json
    measured: int
    ours: int
    published: int

    @property
    def errors(self) -> tuple[float, float]:
        """Errors of our formula and of the published one, as shares of what was measured."""
        return self.ours / self.measured - 1, self.published / self.measured - 1


def compare_with_measurement(profile: ModelProfile, row: Mapping[str, Any]) -> Comparison:
    """Compare a stage with a stage, a whole run with the peak; the published formula knows no tiles and no modes."""
    width, height, batch = row["width"], row["height"], row["batch"]
    plan = plan_memory(profile, width, height, batch, row["mode"], row["device"], row["dtype"])
    published = compute_published_stages(width, height, batch)
    ours = {"decode": plan.decode, "steps": plan.steps, "peak": plan.peak}[row["what"]]
    theirs = {"decode": published["decode"], "steps": published["unet"], "peak": plan.published}[row["what"]]
    return Comparison(row, row["bytes"], ours, theirs)
