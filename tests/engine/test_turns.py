import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.engine.turns import Turns
from pipeline.errors import Cancelled, EngineChanged
from pipeline.places import Ahead, Place, hold_place
from tests.tools.waiting import wait_until


def test_one_at_a_time_and_nobody_after_it_retired():
    turns, order = Turns("The engine"), []
    holds, may_end = threading.Event(), threading.Event()

    def hold():
        with turns.take():
            holds.set()
            may_end.wait(10)
            order.append("first")

    def wait():
        try:
            with turns.take():
                order.append("drew")
        except EngineChanged as error:
            order.append(str(error))

    first = threading.Thread(target=hold)
    first.start()
    assert holds.wait(10)
    retiring = threading.Thread(target=lambda: turns.retire(lambda: order.append("replaced")))
    retiring.start()
    may_end.set()
    for thread in (first, retiring):
        thread.join(10)
    wait()
    assert order[:2] == ["first", "replaced"] and order[2].startswith("The engine was replaced")


def test_the_same_thread_may_take_its_turn_within_its_turn():
    turns = Turns("The engine")
    with turns.take(), turns.take():
        pass
    turns.retire(lambda: None)
    with pytest.raises(EngineChanged), turns.take():
        pass


def test_who_gives_way_waits_for_everybody_else():
    turns, order = Turns("The engine"), []

    def draw(name: str, gives_way: bool) -> threading.Thread:
        def run() -> None:
            with turns.take(gives_way=gives_way):
                order.append(name)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    with turns.take():
        threads = [draw("live", True), draw("another live", True)]
        threads += [draw("a draw", False)]
        wait_until(lambda: turns.is_wanted)  # the draw, which came last, waits too
    for thread in threads:
        thread.join(10)
    assert order[0] == "a draw" and len(order) == 3


class Clock:
    """Clock is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def wait_in_line(
    turns: Turns, order: list[str], visitor: str, draw: Callable[[], None] = lambda: None, **options: Any
) -> tuple[Place, threading.Thread]:
    """Let a visitor wait for a turn in a thread, and return once it waits."""
    place, before = Place(visitor, turns.look_ahead), len(turns._waiting)

    def run() -> None:
        try:
            with hold_place(place), turns.take(**options):
                draw()
                order.append(visitor)
        except Cancelled:
            order.append(f"{visitor} left")

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: len(turns._waiting) != before, every=0.001)
    return place, thread


def test_visitors_take_turns_whoever_sends_more():
    clock = Clock()
    turns, order = Turns("The engine", clock), []

    def draw() -> None:
        clock.now += 1.0

    with turns.take():
        waiting = [wait_in_line(turns, order, name, draw) for name in ["many"] * 4 + ["one", "two", "one"]]
    for _, thread in waiting:
        thread.join(10)
    assert order == ["many", "one", "two", "many", "one", "many", "many"]


def test_who_leaves_while_waiting_is_gone_at_once():
    turns, order, left = Turns("The engine"), [], threading.Event()
    with turns.take():
        place, thread = wait_in_line(turns, order, "gone", is_cancelled=left.is_set)
        _, other = wait_in_line(turns, order, "other")
        left.set()
        thread.join(10)  # though the picture under way is not finished
        assert order == ["gone left"] and turns.look_ahead(place) is None
    other.join(10)
    assert order == ["gone left", "other"]


def test_the_time_left_is_that_of_the_latest_pictures():
    clock = Clock()
    turns, order = Turns("The engine", clock), []
    for seconds in (2.0, 30.0, 3.0):
        with turns.take(work=100):
            clock.now += seconds
    assert turns.expect_picture() == 3.0
    with turns.take(work=100):
        mine, thread = wait_in_line(turns, order, "one", work=200)
        later, last = wait_in_line(turns, order, "two", work=100)
        clock.now += 1.0
        assert turns.look_ahead(mine) == Ahead(1, 2.0 + 6.0)
        assert turns.look_ahead(later) == Ahead(2, 2.0 + 6.0 + 3.0)
    for each in (thread, last):
        each.join(10)


def test_another_engine_takes_over_before_everybody_who_waits():
    turns, order = Turns("The engine"), []
    with turns.take():
        threads = [threading.Thread(target=lambda: turns.retire(lambda: order.append("retired")))]
        wait = threading.Thread(target=lambda: try_turn(turns, order))
        wait.start()
        wait_until(lambda: turns.is_wanted, every=0.001)
        threads[0].start()
        wait_until(lambda: len(turns._waiting) == 2, every=0.001)
    for thread in (*threads, wait):
        thread.join(10)
    assert order == ["retired", "too late"]


def try_turn(turns: Turns, order: list[str]) -> None:
    try:
        with turns.take():
            order.append("drew")
    except EngineChanged:
        order.append("too late")


def test_as_many_draw_at_once_as_there_are_places():
    turns, order, count = Turns("The engine", count_places=lambda: 2), [], threading.Barrier(2)

    def draw() -> None:
        with turns.take():
            count.wait(10)  # both are inside, or this raises
            order.append(len(turns._held))

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert len(order) == 4 and max(order) == 2


def test_one_picture_at_a_time_is_drawn_for_a_visitor_however_many_places_are_free():
    turns, lock, drawn, most = Turns("The engine", count_places=lambda: 3), threading.Lock(), Counter(), Counter()
    both = threading.Barrier(2)

    def draw(visitor: str) -> None:
        with hold_place(Place(visitor, turns.look_ahead)), turns.take():
            with lock:
                drawn[visitor] += 1
                most[visitor] = max(most[visitor], drawn[visitor])
            both.wait(20)  # the other visitor's is drawn meanwhile
            with lock:
                drawn[visitor] -= 1

    threads = [threading.Thread(target=draw, args=(name,)) for name in ("one", "other") * 4]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert most == {"one": 1, "other": 1}


def test_the_time_left_knows_that_one_is_drawn_at_a_time_for_a_visitor():
    clock = Clock()
    turns, order = Turns("The engine", clock, lambda: 2), []
    with turns.take(work=100):
        clock.now += 10.0
    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with hold_place(Place("one", turns.look_ahead)), turns.take(work=100):
            inside.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert inside.wait(10)
    second, one = wait_in_line(turns, order, "one", work=100)
    third, two = wait_in_line(turns, order, "one", work=100)
    assert turns.look_ahead(second) == Ahead(1, 20.0) and turns.look_ahead(third) == Ahead(2, 30.0)
    done.set()
    for each in (holder, one, two):
        each.join(10)


def test_the_time_left_counts_every_place():
    clock = Clock()
    turns, order = Turns("The engine", clock, lambda: 2), []
    with turns.take(work=100):
        clock.now += 10.0
    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with turns.take(work=100):
            inside.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert inside.wait(10)
    clock.now += 4.0
    with turns.take(work=100):
        first, one = wait_in_line(turns, order, "one", work=100)
        second, two = wait_in_line(turns, order, "two", work=100)
        assert turns.look_ahead(first) == Ahead(2, 6.0 + 10.0)
        assert turns.look_ahead(second) == Ahead(3, 10.0 + 10.0)
        done.set()
    for each in (holder, one, two):
        each.join(10)


def test_an_engine_retires_once_every_place_is_free():
    turns, order, done = Turns("The engine", count_places=lambda: 2), [], threading.Event()
    holder = threading.Thread(target=lambda: hold_until(turns, done))
    holder.start()
    wait_until(lambda: turns._held, every=0.001)
    retiring = threading.Thread(target=lambda: turns.retire(lambda: order.append(len(turns._held))))
    retiring.start()
    wait_until(lambda: turns.is_wanted, every=0.001)
    assert order == []
    done.set()
    for each in (holder, retiring):
        each.join(10)
    assert order == [1]


def hold_until(turns: Turns, done: threading.Event) -> None:
    with turns.take():
        assert done.wait(10)
