"""The timing beside a busy browser, with one picture in each state of the browser."""

from __future__ import annotations

import pytest

from tests.benchmarks import busy_browser
from tests.benchmarks.busy_browser import compare_turns, list_pictures, main
from tests.benchmarks.report import Row


@pytest.mark.slow
@pytest.mark.browser
def test_pictures_are_timed_beside_an_idle_browser_and_a_busy_one(monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[Row] = []
    monkeypatch.setattr(busy_browser, "print_rows", lambda rows, as_json: printed.extend(rows))
    main(["--pictures", "1", "--turns", "1"])
    idle, busy, ratio, _ = printed
    assert idle["pictures"] == busy["pictures"] == 1
    assert 0 < idle["drawn_median_s"] < idle["median_s"] and 0 < busy["drawn_median_s"] < busy["median_s"]
    assert idle["frames_per_s"] == 0 and busy["frames_per_s"] > 0
    assert idle["browser_cores"] < busy["browser_cores"]
    assert ratio["ratio"] == pytest.approx(busy["median_s"] / idle["median_s"], abs=0.02)


def test_no_picture_is_drawn_twice() -> None:
    asked = list_pictures(24)
    assert len({one.drawing for one in asked}) == len({one.style for one in asked}) == 24
    assert all(idle != busy for idle, busy in (one.prompts for one in asked))


def test_a_ratio_is_that_of_the_medians_and_pairs_are_resampled_together() -> None:
    idle = [0.2, 0.4, 0.6, 0.8, 1.0]
    row = compare_turns("times as long", idle, [1.6 * each for each in idle])
    assert (row["ratio"], row["from"], row["to"], row["met"]) == (1.6, 1.6, 1.6, False)
    assert compare_turns("times as long", idle, idle)["met"]
