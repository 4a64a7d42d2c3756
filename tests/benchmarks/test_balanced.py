from __future__ import annotations

import pytest

from tests.benchmarks.balanced import BARS, main, measure, read_options
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


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_it_exits_with_1_where_a_ratio_is_below_its_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], as_json: list[str]
) -> None:
    """In any of the number formats, by the processor's seconds."""
    (same, at_same), (own, at_own) = BARS.items()

    def run(*found: float) -> None:
        names, bars = (same, own) * 2, (at_same, at_own) * 2
        rows: list[Row] = [{"row": "balanced", "processor_s": 1.0}]
        for number, (name, bar, ratio) in enumerate(zip(names, bars, found, strict=True)):
            dtype = ("float32", "bfloat16")[number // 2]
            rows.append({"summary": f"balanced {name}", "dtype": dtype, "processor_ratio": ratio, "bar": bar})
        monkeypatch.setattr("tests.benchmarks.balanced.measure", lambda asked: iter(rows))
        main()

    monkeypatch.setattr("sys.argv", ["balanced", *as_json])
    run(at_same, at_own, at_same, at_own)
    with pytest.raises(SystemExit) as ended:
        run(2.71, 3.54, 2.19, 2.9)
    assert ended.value.code == "balanced against 20 steps in bfloat16: 2.9 is below the bar of 3."  # so that it is 1
    with pytest.raises(SystemExit) as ended:
        run(1.99, 3.54, 2.19, 2.9)
    assert len(str(ended.value.code).splitlines()) == 2
    assert "processor_ratio" in capsys.readouterr().out
