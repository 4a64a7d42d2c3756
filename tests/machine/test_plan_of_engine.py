"""The plan beside what a whole engine of SD 1.5's size took, read from a tree: with all that stays beside a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.machine.plan import plan_memory
from pipeline.machine.teaching_plan import plan_teaching
from pipeline.models.catalog import SD15
from tests.benchmarks.engine_memory import WORKS, measure_work, read_options
from tests.tools.sd15_tree import write_sd15_tree

# tests/benchmarks/engine_memory.py on 2026-11-30: 2 cores, AMD EPYC, busy, 24 GB, Linux, torch 2.13 cpu, bf16, 256 px
MEASURED: dict[str, tuple[int, dict[str, Any]]] = {  # most bytes, what the plan is asked for
    "plain": (5_238_185_984, {}),
    "two ControlNets": (6_225_420_288, {"controlnets": 2}),
    "three ControlNets": (7_277_031_424, {"controlnets": 3}),
    "an IP-Adapter of one's own": (5_220_233_216, {}),
    "styles in the background": (7_681_634_304, {"new_style": True}),
}
LOADING, TEACHING = 3_567_255_552, 4_085_153_792


@pytest.mark.parametrize("name", MEASURED)
def test_the_plan_is_near_what_was_measured(name: str) -> None:
    """With packed convolutions, for which memory was free in each row."""
    measured, given = MEASURED[name]
    plan = plan_memory(SD15, 256, 256, 1, "cpu", "cpu", "bfloat16", **given)
    assert plan.peak + plan.packed == pytest.approx(measured, rel=0.1)


def test_loading_and_teaching_are_planned_near_what_was_measured() -> None:
    plan = plan_teaching(SD15, 256, "cpu", "bfloat16", checkpointing=False)
    assert plan.peak == pytest.approx(TEACHING, rel=0.1)
    assert plan_memory(SD15, 256, 256, 1, "cpu", "cpu", "bfloat16").peak == pytest.approx(LOADING, rel=0.1)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sd15_tree(tmp_path_factory.mktemp("tree") / "sd15", small=True)


@pytest.mark.parametrize("name", WORKS)
def test_each_row_is_measured_on_a_small_tree(name: str, tree: Path) -> None:
    (published,) = SD15.parts["ip_adapter"].files
    adapter = tree / "ip_adapter" / published.path
    row = measure_work(name, read_options([str(tree), "--dtype", "float32", "--adapter", str(adapter)]))
    assert row["what"] == name and row["dtype"] == "float32"
    assert 0 < row["measured"] < row["planned"] and row["loading"] > 0, "small modules beside the plan of SD 1.5"
