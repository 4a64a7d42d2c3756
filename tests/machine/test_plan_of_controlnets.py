"""The plan with several ControlNets: against peaks that were measured, and by its parts."""

from __future__ import annotations

import pytest

from pipeline.machine.figures import measure_weights, read_figures
from pipeline.machine.plan import plan_memory
from pipeline.models.catalog import SD15
from tests.benchmarks.controlnets_memory import measure_row

# tests/benchmarks/controlnets_memory.py on 2026-11-28: 2 cores, x86-64, 24 GB, Linux, torch 2.13 cpu, float32, other
# programs running beside it
MEASURED = {2: 8_032_120_832, 3: 9_526_792_192}  # ControlNets -> most bytes resident at 256 x 256


@pytest.mark.parametrize("count", MEASURED)
def test_the_plan_is_near_what_was_measured(count: int) -> None:
    plan = plan_memory(SD15, 256, 256, 1, "cpu", "cpu", "float32", controlnets=count)
    assert plan.peak == pytest.approx(MEASURED[count], rel=0.1)


@pytest.mark.parametrize(("mode", "device"), [("full", "cuda"), ("fp8", "cuda"), ("streamed", "cuda"), ("cpu", "cpu")])
def test_each_controlnet_adds_its_weights_and_what_it_keeps(mode: str, device: str) -> None:
    one, two, three = (plan_memory(SD15, 512, 512, 1, mode, device, controlnets=count) for count in (1, 2, 3))
    assert plan_memory(SD15, 512, 512, 1, mode, device) == one
    for fewer, more in ((one, two), (two, three)):
        assert more.weights - fewer.weights == pytest.approx(more.controlnet, abs=1)
    wide = 2 if device == "cpu" else 1
    kept = 512 * 512 * wide * read_figures()["residual_bytes_per_px"]
    assert two.steps - one.steps == pytest.approx(kept, rel=0.01)
    whole = {"full": 1.0, "fp8": read_figures()["devices"]["cuda"]["fp8_share"], "streamed": 0.0, "cpu": 2.0}
    assert one.controlnet == pytest.approx(whole[mode] * measure_weights(SD15).controlnet, abs=1)


def test_a_row_of_the_benchmark() -> None:
    row = measure_row(2, 64, tiny=True)
    assert row["measured"] > 0 and row["planned"] == plan_memory(SD15, 64, 64, 1, "cpu", "cpu", controlnets=2).peak
