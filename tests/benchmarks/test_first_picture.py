"""The timing of a fresh start, once and with one picture after the first."""

from __future__ import annotations

import pytest

from pipeline.pocket.evaluate.drawings import load_drawings
from tests.benchmarks import first_picture
from tests.benchmarks.first_picture import COLOURS, main, prepare_drawing
from tests.benchmarks.report import Row


@pytest.mark.slow
def test_a_start_is_timed_until_its_first_picture_and_after(monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[Row] = []
    monkeypatch.setattr(first_picture, "print_rows", lambda rows, as_json: printed.extend(rows))
    main(["--starts", "1", "--pictures", "1"])
    (row,) = printed
    assert row["what"] == "start 1"
    assert 0 < row["later_s"] < row["first_s"] and row["page_s"] > 0 and row["beside_a_busy_process_s"] > 0
    assert 200 < row["most_memory_mib"] < 4000


def test_no_prompt_is_drawn_twice() -> None:
    drawing = load_drawings()[0]
    prompts = {prepare_drawing(drawing, number)[1] for number in range(len(COLOURS))}
    assert len(prompts) == len(COLOURS)
