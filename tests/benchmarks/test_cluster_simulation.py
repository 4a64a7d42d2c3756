"""The simulated cluster, held against what can be reckoned by hand."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest

from pipeline.settings import ROOT
from tests.benchmarks.cluster_simulation import THINKING, simulate

ROW = re.compile(r"^\| ([\d.]+)(?: to ([\d.]+))?, (measured|assumed) \|(.*)\|$", re.MULTILINE)


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


@pytest.mark.parametrize("workers", [1, 2])
def test_who_keeps_sixteen_calls_open_has_the_turns_of_one_visitor(workers: int) -> None:
    told = simulate(1_000, [0.26], workers, workers, many=16)
    turns = cast(float, told["turns of a visitor"])
    assert 0.7 * turns <= cast(int, told["pictures of who keeps many open"]) <= 1.1 * turns, told


def read_rows() -> list[tuple[list[float], str, dict[str, Any]]]:
    """Return the table's rows: the seconds of a picture, whether they were measured, and the figures."""
    rows = []
    for first, last, origin, cells in ROW.findall((ROOT / "docs/cluster/README.md").read_text()):
        visitors, workers, rate, waits, counts = (each.strip() for each in cells.split("|"))
        least, _, most = workers.partition(" to ")
        told = {"visitors": int(visitors.replace(",", "")), "least": int(least), "most": int(most or least)}
        told |= {"rate": float(rate), "waits": read_numbers(waits), "workers": read_numbers(counts)}
        rows.append(([float(each) for each in (first, last) if each], origin, told))
    return rows


def read_numbers(text: str) -> list[float]:
    return [float(each) for each in text.removesuffix(" s").split(", ")]


def test_the_rows_of_the_clusters_page_are_what_the_simulation_says() -> None:
    rows = read_rows()
    measured = {seconds[0] for seconds, origin, _ in rows if origin == "measured"}
    assert measured == {0.26, 16.0}, "pocket and sd15 have rows by the seconds that were measured"
    for seconds, _, told in rows:
        found = simulate(told["visitors"], seconds, told["least"], told["most"])
        waits = list(cast(dict[str, float], found["wait, s"]).values())
        assert [found["pictures a second"]] == pytest.approx([told["rate"]], rel=0.01)
        assert waits == pytest.approx(told["waits"], rel=0.01, abs=0.5)
        assert [found["workers, mean"], found["workers, most"]] == pytest.approx(told["workers"], abs=0.5)
