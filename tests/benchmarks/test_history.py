"""The history's benchmark runs as a person runs it, small, and among a thousand rows a search is quick."""

from __future__ import annotations

from pathlib import Path

from pipeline.store.search import Wanted
from tests.benchmarks.history import make_rows
from tests.benchmarks.history_rows import fill_rows, measure_searches
from tests.conftest import OpenHistory
from tests.store.conftest import DESK

ROWS = 1_000
SEARCH_MS = 40  # of the processor; the bar is 200 with 5,000


def test_the_benchmark_measures_what_it_names(tmp_path: Path) -> None:
    rows = {row["what"]: row for row in make_rows(tmp_path, 61)}
    assert {"keeping a picture", "database opened, first page and styles", "search by a word, by LIKE"} <= rows.keys()
    assert all(value > 0 for row in rows.values() for name, value in row.items() if name != "what")
    again = [row["what"] for row in make_rows(tmp_path, 61)]
    assert "keeping a picture" not in again, "what was filled was filled again"


def test_a_search_among_many_is_quick(open_history: OpenHistory) -> None:
    history = open_history()
    fill_rows(history, ROWS, visitors=2)
    rows = {row["what"]: row for row in measure_searches(history, ROWS)}
    assert history.find(DESK, Wanted()).total == ROWS // 2 and len(rows) == 10
    assert {what: row for what, row in rows.items() if row["processor_p95_ms"] >= SEARCH_MS} == {}
