"""Who is served next: in simulated time, with pictures of a second where nothing else is said."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial

import pytest

from pipeline.engine.fair_order import FairOrder
from tests.tools.fair_line import FairLine

OTHERS = [f"other {number}" for number in range(5)]


def play_many(pause: float, workers: int = 1, seconds: float = 600.0, noise: float = 0.0) -> FairLine:
    """Let one visitor keep sixteen calls open, and five others ask again some time after each picture."""
    line, chance = FairLine(workers), random.Random(0)
    for _ in range(16):
        line.keep_asking("many", seconds=lambda: chance.uniform(1 - noise, 1 + noise))
    for other in OTHERS:
        line.keep_asking(other, lambda: chance.uniform(0.8, 1.2) * pause, lambda: chance.uniform(1 - noise, 1 + noise))
    line.run(seconds)
    return line


def ask_often(line: FairLine, visitor: str) -> None:
    """Ask for sixteen pictures at once."""
    for _ in range(16):
        line.ask(visitor)


@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize("pause", [0.0, 0.5, 1.0, 2.0])
def test_who_comes_back_soon_has_as_much_as_who_sends_sixteen(pause: float, noise: float) -> None:
    line = play_many(pause, noise=noise)
    assert max(line.worked.values()) - min(line.worked.values()) <= 8, line.worked
    longest = max(wait for other in OTHERS for wait in line.waits[other])
    assert longest <= (2 if noise else 1.2) * 6  # six share the time


@pytest.mark.parametrize("pause", [0.0, 0.5, 1.0])
def test_several_workers_share_out_their_time_alike(pause: float) -> None:
    worked = play_many(pause, workers=2).worked
    assert max(worked.values()) - min(worked.values()) <= 6, worked


def test_who_thinks_for_longer_waits_no_longer_for_it() -> None:
    line, chance = FairLine(), random.Random(0)
    for number in range(100):  # who think for half a round to two rounds
        line.keep_asking(str(number), lambda: chance.uniform(25.0, 100.0))
    line.keep_asking("many")
    line.run(2_000)
    waits = sorted(wait for visitor, each in line.waits.items() if visitor != "many" for wait in each[1:])
    median, longest = waits[len(waits) // 2], waits[-1]
    assert longest <= 1.4 * median
    assert abs(len(line.waits["many"]) - 2_000 / median) <= 0.1 * 2_000 / median


def test_what_the_others_leave_is_used() -> None:
    line = play_many(pause=20.0)
    assert sum(line.worked.values()) > 598
    assert max(wait for other in OTHERS for wait in line.waits[other]) <= 6


def test_large_pictures_have_fewer_turns() -> None:
    line = FairLine()
    line.keep_asking("large", seconds=lambda: 10.0)
    for _ in range(2):
        line.keep_asking("small")
    line.run(1_000)
    assert abs(line.worked["large"] - line.worked["small"]) <= 20
    assert max(line.waits["small"]) <= 12


def test_nobody_saves_turns_up_by_a_large_picture() -> None:
    line = FairLine()
    line.ask("large", 60.0)
    line.keep_asking("other")
    line.plan(170.0, partial(ask_often, line, "large"))
    line.run(200)
    assert "large large" not in " ".join(line.began[5:])


def test_nobody_saves_turns_up_by_staying_away() -> None:
    line = FairLine()
    for name in ("away", "one", "two"):
        (line.ask if name == "away" else line.keep_asking)(name)
    line.plan(100.0, partial(ask_often, line, "away"))
    line.run(120)
    since = line.began[101:]
    assert since.count("away") <= 8, since


def test_nothing_is_held_against_who_had_what_nobody_claimed() -> None:
    line = FairLine()
    line.keep_asking("alone")
    line.plan(100.5, lambda: line.keep_asking("new"))
    line.run(120)
    drawn = Counter(line.began[101:])
    assert abs(drawn["alone"] - drawn["new"]) <= 1 and line.began[101] == "new"


@pytest.mark.parametrize("fakes", [16, 60])
def test_who_makes_up_a_visitor_for_each_call_gets_a_turn_for_each_that_waits_and_no_more(fakes: int) -> None:
    line = FairLine()

    def come(number: int) -> None:
        line.ask(f"fake {number}", then=lambda: come(number + fakes))

    for number in range(fakes):
        line.plan(0.0, partial(come, number))
    line.keep_asking("many")
    for other in OTHERS:
        line.keep_asking(other, lambda: 0.5)
    line.run(3_000)
    rounds = 3_000 / (fakes + 6)
    drawn = Counter(line.began)
    assert all(drawn[each] >= 0.9 * rounds for each in (*OTHERS, "many")), drawn
    assert len(line.order._accounts) < 4 * (fakes + 6)


def test_a_stream_of_new_visitors_starves_nobody() -> None:
    line = FairLine()
    line.keep_asking("old")
    for number in range(300):  # two a second, where one a second is served
        line.plan(number / 2, partial(line.ask, f"new {number}"))
    line.run(150)
    waits = line.waits["old"]
    assert len(waits) >= 3 and max(waits) <= 75, waits  # the line is as long after 150 s


def test_the_order_that_is_told_is_the_order_that_comes() -> None:
    line, chance = FairLine(), random.Random(1)
    for visitor in ("one", "two", "three"):
        for seconds in (3.0, 1.0, 2.0):
            line.plan(chance.uniform(0, 3), partial(line.ask, visitor, seconds))
    line.run(5)
    told, before = [each.visitor for each in line.order], len(line.began)
    line.run(50)
    assert told and line.began[before:] == told


def test_who_comes_before_everybody_does_once() -> None:
    order = FairOrder[str]()
    order.add("one", "a")
    order.add("host", "b")
    order.add_first("host", "first")
    assert list(order) == ["first", "a", "b"] and order.find_next() == "first"
    order.remove("host", "first")
    assert list(order) == ["a", "b"] and len(order) == 2


def test_what_weighs_nothing_goes_in_plain_rounds() -> None:
    order, served = FairOrder[str](lambda item: 0.0), list[str]()
    for item in ("a1", "a2", "a3", "b1", "c1", "b2"):
        order.add(item[0], item)
    while (next_one := order.find_next()) is not None:
        order.serve(next_one[0], next_one)
        order.end(next_one[0], next_one)
        served.append(next_one)
    assert served == ["a1", "b1", "c1", "a2", "b2", "a3"] and not order._accounts
