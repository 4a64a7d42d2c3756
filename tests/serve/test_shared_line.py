"""Two fronts of a cluster have one line: limits, turns and places in line hold over both."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.errors import Cancelled, LineFull
from pipeline.places import Place, hold_place
from pipeline.serve import line_replica, shared_line
from pipeline.serve.line_replica import LineReplica, Wish
from pipeline.serve.shared_line import FarLine, SharedLine, SharedTurns
from pipeline.settings import Settings
from pipeline.studio.callers import Caller
from tests.tools.near_line import NearLine
from tests.tools.waiting import PATIENCE, wait_until

ONE = Caller("address 192.0.2.1", "192.0.2.1")


class Front:
    """What one process of a cluster has of the line."""

    def __init__(self, handle: Any, settings: Settings, workers: int = 1) -> None:
        self.far = FarLine(handle)
        self.turns = SharedTurns(self.far, "The engine", lambda: workers)
        self.line = SharedLine(self.far, settings, lambda: self.turns, note_error=lambda error: None)

    def draw(self, visitor: str, order: list[str], **wish: Any) -> threading.Thread:
        """Draw a visitor's picture in a thread: it notes when its turn comes."""

        def run() -> None:
            with hold_place(Place(visitor, lambda place: None)), self.turns.take(**wish):
                order.append(visitor)
                time.sleep(0.02)

        thread = threading.Thread(target=run)
        thread.start()
        return thread


@pytest.fixture
def open_fronts() -> Iterator[Callable[..., tuple[NearLine, Front, Front]]]:
    fronts: list[Front] = []

    def open_two(workers: int = 1, **limits: Any) -> tuple[NearLine, Front, Front]:
        settings = Settings(**limits)
        handle = NearLine(LineReplica(settings, lambda: workers))
        fronts.extend(Front(handle, settings, workers) for _ in range(2))
        return handle, fronts[0], fronts[1]

    yield open_two
    for front in fronts:
        front.far.close()


def test_a_visitor_has_as_many_places_at_two_fronts_as_at_one(open_fronts: Any) -> None:
    _, first, second = open_fronts(waiting_each=2)
    with ExitStack() as stack:
        stack.enter_context(first.line.join(ONE))
        stack.enter_context(second.line.join(ONE))
        for front in (first, second):
            with pytest.raises(LineFull, match="^2 of your pictures are waiting already") as refused:
                front.line.expect_place(ONE)
            assert refused.value.seconds > 0
            with pytest.raises(LineFull), front.line.join(ONE):
                pass
        assert (first.line.count_open(), second.line.count_open()) == (1, 1)
    wait_until(lambda: not first.far.ask("enter", "x", "y", ONE))
    first.far.ask("leave", "y")


def test_an_address_has_one_rate_over_both(open_fronts: Any) -> None:
    _, first, second = open_fronts(rate="3/hour")
    for front in (first, second, first):
        with front.line.join(ONE):
            pass
    with pytest.raises(LineFull, match="^Too many pictures came from your address"), second.line.join(ONE):
        pass


def test_all_visitors_have_so_many_places_over_both(open_fronts: Any) -> None:
    _, first, second = open_fronts(waiting=2)
    two, three = Caller("two", "192.0.2.2"), Caller("three", "192.0.2.3")
    with first.line.join(ONE), second.line.join(two), pytest.raises(LineFull, match="^Too many people draw at once"):
        first.line.expect_place(three)


def test_who_waits_at_another_front_has_a_turn_before_somebodys_second_one(open_fronts: Any) -> None:
    handle, first, second = open_fronts()
    order: list[str] = []
    with first.turns.take():
        threads = [first.draw("greedy", order)]
        wait_until(lambda: handle.replica._turns.count_waiting() == 1)
        threads += [first.draw("greedy", order) for _ in range(2)]
        wait_until(lambda: handle.replica._turns.count_waiting() == 3)
        threads += [second.draw("other", order)]
        wait_until(lambda: handle.replica._turns.count_waiting() == 4)
        wait_until(lambda: second.turns.count_waiting() == 4 and second.turns.is_wanted)
    for thread in threads:
        thread.join(PATIENCE)
    assert order == ["greedy", "other", "greedy", "greedy"]


def test_only_so_many_draw_at_both_as_there_are_workers(open_fronts: Any) -> None:
    handle, first, second = open_fronts(workers=2)
    order: list[str] = []
    with first.turns.take(), second.turns.take():
        thread = second.draw("third", order)
        wait_until(lambda: handle.replica._turns.count_waiting() == 1)
        time.sleep(0.2)
        assert order == []
    thread.join(PATIENCE)
    assert order == ["third"]


def test_a_place_in_line_counts_who_waits_at_the_other_front(open_fronts: Any) -> None:
    handle, first, second = open_fronts()
    order: list[str] = []
    with first.turns.take(), first.line.join(Caller("two", "192.0.2.2")) as place:
        ahead = [second.draw("one", order)]
        wait_until(lambda: handle.replica._turns.count_waiting() == 1)

        def run() -> None:
            with hold_place(place), first.turns.take():
                order.append("two")

        (mine := threading.Thread(target=run)).start()
        wait_until(lambda: handle.replica._turns.count_waiting() == 2)
        found = place.find_ahead(place)
        assert found is not None and found.pictures == 2  # the one that is drawn, and the other front's
    for thread in (*ahead, mine):
        thread.join(PATIENCE)
    assert order == ["one", "two"]


def test_who_leaves_while_waiting_gives_the_turn_up(open_fronts: Any) -> None:
    handle, first, second = open_fronts()
    with first.turns.take():
        with (
            pytest.raises(Cancelled),
            second.turns.take(is_cancelled=lambda: handle.replica._turns.count_waiting() > 0),
        ):
            pass
        wait_until(lambda: not handle.replica._wishes or handle.replica._turns.count_waiting() == 0)
    with second.turns.take():
        wait_until(lambda: len(handle.replica._wishes) == 1)


def test_a_turn_within_a_turn_is_taken_once(open_fronts: Any) -> None:
    handle, first, _ = open_fronts()
    with first.turns.take(), first.turns.take():
        assert len(handle.replica._wishes) == 1
    wait_until(lambda: not handle.replica._wishes)


def test_without_the_line_each_front_counts_by_itself(open_fronts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_line, "AWAY", 0.3)
    handle, first, second = open_fronts(waiting_each=1)
    handle.is_away = True
    with first.line.join(ONE), second.line.join(ONE), pytest.raises(LineFull), first.line.join(ONE):
        pass
    with first.turns.take(), second.turns.take():
        pass
    handle.is_away = False
    wait_until(lambda: time.monotonic() > first.far._asked_again and time.monotonic() > second.far._asked_again)
    with first.line.join(ONE), pytest.raises(LineFull), second.line.join(ONE):
        pass


def test_who_waits_alone_goes_back_to_the_line(open_fronts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_line, "AWAY", 0.3)
    handle, first, _ = open_fronts()
    order: list[str] = []
    handle.is_away = True
    with first.turns.take():
        threads = [first.draw("many", order) for _ in range(3)]
        wait_until(lambda: len(first.turns._waiting) == 3)
        handle.is_away = False
        wait_until(lambda: handle.replica._turns.count_waiting() == 2)  # one of three has the line's only place
        assert len(first.turns._waiting) <= 1
    for each in threads:
        each.join(PATIENCE)
    assert order == ["many"] * 3
    wait_until(lambda: not handle.replica._wishes)


def test_what_a_dead_front_held_goes_after_a_silence() -> None:
    clock = SimpleNamespace(now=100.0)
    replica = LineReplica(Settings(waiting_each=1), lambda: 1, lambda: clock.now)

    async def play() -> None:
        assert await replica.enter("dead", "call", ONE) is None
        assert await replica.take(Wish("dead", "held", "call", "one", 0.0, gives_way=False))
        waiting = asyncio.create_task(replica.take(Wish("alive", "next", "", "two", 0.0, gives_way=False)))
        refusal = await replica.enter("alive", "other", ONE)
        assert refusal is not None and "waiting already" in refusal[0]
        clock.now += line_replica.SILENCE - 1
        await replica.hear("alive", ("next",))
        assert not waiting.done()
        clock.now += 2
        await replica.hear("alive", ("next",))
        assert await asyncio.wait_for(waiting, PATIENCE)
        assert await replica.enter("alive", "other", ONE) is None
        clock.now += line_replica.SILENCE + 1
        await replica.hear("alive", ())  # it lost its turn on the way here
        assert await asyncio.wait_for(replica.take(Wish("alive", "last", "", "two", 0.0, gives_way=False)), PATIENCE)
        await replica.release("last")

    asyncio.run(play())
