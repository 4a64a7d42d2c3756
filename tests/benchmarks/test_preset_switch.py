"""The timing of the switch between Draft and Balanced, on small modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.engine import adapters
from tests.benchmarks.preset_switch import measure_switches, read_options


@pytest.mark.usefixtures("one_thread")
def test_draft_s_weights_are_read_once_and_kept_for_the_next_switch(
    sd15_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    real = adapters.read_lora
    monkeypatch.setattr(adapters, "read_lora", lambda file, networks: read.append(file) or real(file, networks))
    rows = list(measure_switches(read_options([str(sd15_folder), "--tiny", "--rounds", "2", "--device", "cpu"])))
    assert [(row["round"], row["to"]) for row in rows] == [(1, "draft"), (1, "balanced"), (2, "draft"), (2, "balanced")]
    assert len(read) == 1 and len({row["kept"] for row in rows}) == 1 and rows[0]["kept"] > 0
    assert all(row["most_s"] >= 0 and row["processor_s"] >= 0 and row["most"] >= 0 for row in rows)
