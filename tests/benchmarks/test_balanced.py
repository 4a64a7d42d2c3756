from __future__ import annotations

import pytest

from tests.benchmarks.balanced import BARS, measure, read_options
from tests.benchmarks.report import Row


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return list(measure(read_options(["--tiny", "--dtypes", "float32", "--repeats", "2"])))


def test_the_table_has_both_stock_rows_and_both_bars(rows: list[Row]) -> None:
    timed = {row["row"]: row for row in rows if "row" in row}
    assert {name: row["steps"] for name, row in timed.items()} == {"plain": 15, "plain at 20": 20, "balanced": 15}
    assert all(row["processor_s"] > 0 and row["side"] == 64 for row in timed.values())
    told = {row["summary"]: row for row in rows if "summary" in row}
    assert [row["bar"] for row in told.values()] == list(BARS.values())


def test_balanced_is_the_quicker_one_even_at_a_few_channels(rows: list[Row]) -> None:
    assert all(row["processor_ratio"] > 1 for row in rows if "summary" in row)
