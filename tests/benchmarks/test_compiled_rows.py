"""The benchmark's compiled rows and its bars, on small modules; torch traces them, and compiles no kernel."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from pipeline.engine.acceleration import Compiler
from tests.benchmarks import denoise, drawing_comparison, drawing_modes
from tests.benchmarks.denoise import prepare_comparison, read_options
from tests.benchmarks.drawing_comparison import DrawingComparison, DrawingTimes
from tests.benchmarks.drawing_modes import PLAIN, list_modes
from tests.benchmarks.memory import MemoryMeter
from tests.tools.models import write_shallow_sd15

CPU = torch.device("cpu")
COMPILED = ("compiled", "compiled_without_graphs", "balanced_compiled")


@pytest.mark.usefixtures("one_thread")
def test_compiled_rows_are_drawn_and_their_picture_is_plains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch._dynamo.reset()
    monkeypatch.setattr(drawing_modes, "Compiler", partial(Compiler, backend="eager"))
    monkeypatch.setattr(denoise, "write_sd15", lambda folder, parts: write_shallow_sd15(folder))  # quicker to trace
    given = ["--tiny", "--device", "cpu", "--repeats", "1", "--warm-up", "0", "--compile", "--steps", "2"]
    asked = read_options([*given, "--dtypes", "float32", "--only", *COMPILED])
    rows = {str(row.get("row")): row for row in prepare_comparison(tmp_path, asked).measure_rows()}
    assert [rows[name]["how"] for name in COMPILED] == ["drawn"] * 3
    assert all(rows[name]["largest_difference"] <= 1 for name in COMPILED[:2])
    assert rows["balanced_compiled"]["steps"] == 2 and rows["balanced_compiled"]["seconds"] > 0


def test_a_row_goes_without_cuda_graphs() -> None:
    modes = {mode.name: mode for mode in list_modes(4, CPU, torch.float32, compiled=True)}
    assert [(modes[name].compiled, modes[name].graphs) for name in COMPILED] == [
        (True, True),
        (True, False),
        (True, True),
    ]
    gpu = torch.device("cuda")
    assert [Compiler(True, graphs=on)._choose_mode(gpu) for on in (True, False)] == ["reduce-overhead", None]
    assert Compiler(True)._choose_mode(CPU) is None


@pytest.mark.parametrize(("draft", "reached"), [(1.0, True), (1.3, False)])
def test_a_gpu_is_held_to_the_bars_of_balanced_and_draft(
    monkeypatch: pytest.MonkeyPatch, draft: float, reached: bool
) -> None:
    def run(*seconds: float) -> DrawingTimes:
        return DrawingTimes(MemoryMeter(CPU), rounds=[0, 1], seconds=list(seconds), processor=list(seconds))

    runs = {"float16": {PLAIN: run(9, 10), "balanced": run(3, 3), "draft": run(draft, draft)}}
    sides: Any = [SimpleNamespace(dtype="float16")]
    for kind, bars in (("cuda", {2.5, 8.0}), ("cpu", {None})):
        monkeypatch.setattr(DrawingComparison, "device", SimpleNamespace(type=kind))
        summary = list(DrawingComparison(sides, 2, 0).summarize(runs))
        assert {row.get("bar") for row in summary} == bars and len(summary) == 2
        told = [row.get("reached") for row in summary]
        assert told == ([True, reached] if kind == "cuda" else [None, None])
    assert drawing_comparison.BARS["draft"] == 8.0
