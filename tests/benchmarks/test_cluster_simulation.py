"""The simulated cluster, held against what can be reckoned by hand."""

from __future__ import annotations

from typing import cast

import pytest

from tests.benchmarks.cluster_simulation import THINKING, simulate


@pytest.mark.parametrize("workers", [1, 2, 10])
def test_workers_that_are_never_idle_draw_in_proportion(workers: int) -> None:
    told = simulate(1_000, [3.0], workers, workers, minutes=60)
    assert cast(float, told["pictures a second"]) == pytest.approx(workers / 3.0, rel=0.03)


def test_where_nobody_waits_visitors_set_the_pace() -> None:
    told = simulate(100, [3.0], 50, 50, minutes=60)
    assert cast(float, told["pictures a second"]) == pytest.approx(100 / (sum(THINKING) / 2 + 3.0), rel=0.05)
    assert told["wait, s"] == {"50": 0.0, "95": 0.0, "99": 0.0}


def test_a_queue_calls_for_workers_and_a_quiet_time_sends_them_back() -> None:
    grown = simulate(1_000, [3.0], 5, 50, start=30.0)
    assert cast(int, grown["workers, most"]) > 30 and cast(int, grown["still waiting"]) < 20
    assert simulate(50, [3.0], 5, 50)["workers, most"] == 5
