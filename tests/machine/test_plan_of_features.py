"""The plan of pictures with LoRAs beside what was measured at SD 1.5's size on a processor."""

from __future__ import annotations

import pytest

from pipeline.machine.plan import plan_memory
from pipeline.models.catalog import SD15
from tests.benchmarks.feature_memory import FEATURES, measure_feature

# tests/benchmarks/feature_memory.py on 2026-11-28: 2 cores, x86-64, 24 GB, Linux, torch 2.13 cpu, float32, 256 x 256
MEASURED = {0: 6_582_755_328, 134_504_448: 6_976_372_736}  # bytes of LoRAs in 16 bits -> most bytes resident


@pytest.mark.parametrize("loras", MEASURED)
def test_the_plan_is_near_what_was_measured(loras: int) -> None:
    plan = plan_memory(SD15, 256, 256, 1, "cpu", "cpu", "float32", loras=loras)
    assert plan.peak == pytest.approx(MEASURED[loras], rel=0.1)


@pytest.mark.parametrize("name", FEATURES)
def test_each_feature_runs_and_its_loras_are_planned(name: str) -> None:
    row = measure_feature(name, 64, tiny=True)
    bare = plan_memory(SD15, 64, 64, 1, "cpu", "cpu", "float32").peak
    assert row["measured"] > 0
    headers = row["planned"] - bare - row["loras"]  # of the files, counted along
    assert 0 <= headers <= 300_000 * len(FEATURES[name].ranks)
    assert (row["loras"] > 0) == bool(FEATURES[name].ranks)
