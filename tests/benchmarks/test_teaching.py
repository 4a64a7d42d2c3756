"""The benchmark of teaching, run for real on small modules."""

from __future__ import annotations

import argparse
import subprocess
from types import SimpleNamespace
from typing import Any

import pytest

from tests.benchmarks import teaching
from tests.benchmarks.teaching import measure_row, measure_rows

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("checkpointing", [False, True])
def test_a_row_is_measured_beside_the_plan(checkpointing: bool) -> None:
    row = measure_row(64, checkpointing, 2, True, "auto")
    assert (row["what"], row["side"], row["checkpointing"], row["tiny"]) == ("teaching", 64, checkpointing, True)
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
