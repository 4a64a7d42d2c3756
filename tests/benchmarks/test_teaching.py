"""The benchmark of teaching, run for real on small modules."""

from __future__ import annotations

import argparse
import subprocess
from types import SimpleNamespace
from typing import Any

import pytest

from tests.benchmarks import teaching
from tests.benchmarks.teaching import measure_rows


def test_rows_are_measured_beside_the_plan_each_in_a_process() -> None:
    """What an earlier test let go would be taken again here, and be measured as nothing."""
    rows = list(measure_rows(argparse.Namespace(sides=[64], steps=2, tiny=True, dtype="auto")))
    assert [row["checkpointing"] for row in rows] == [False, True]
    for row in rows:
        assert (row["what"], row["side"], row["tiny"]) == ("teaching", 64, True)
        assert row["bytes"] > 0 and row["bytes_s"] > 0 and row["dtype"] in ("float32", "bfloat16")
        assert row["of_plan"] == pytest.approx(row["planned"] / row["bytes"], abs=0.001)


def test_each_row_has_a_process_and_how_it_ended_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def run(command: list[str], **options: Any) -> Any:
        ran.append(command[-1])
        ends = len(ran) == 2
        return SimpleNamespace(returncode=int(ends), stdout='{"what": "teaching"}\n', stderr="no memory")

    monkeypatch.setattr(subprocess, "run", run)
    asked = argparse.Namespace(sides=[64], steps=2, tiny=True, dtype="auto")
    one, other = measure_rows(asked)
    assert one == {"what": "teaching"} and other["outcome"] == "ended with 1" and other["said"] == "no memory"
    assert '"checkpointing": false' in ran[0] and '"checkpointing": true' in ran[1]
    assert teaching.ROOT.joinpath("tests", "benchmarks").is_dir()
