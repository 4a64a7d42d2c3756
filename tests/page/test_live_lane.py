"""The lane of live pictures: one at a time, the newest of each visitor, everybody's turn."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.errors import Cancelled
from pipeline.page import live_lane
from pipeline.page.live_lane import LaneFull, LiveLane

Work = Callable[[Callable[[], bool]], Any]


class Studio:
    """Studio draws by hand: each picture waits until it may end, and the most at once are counted."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.most, self._now, self._may_end = 0, 0, threading.Semaphore(0)

    def draw(self, name: str) -> Work:
        def work(is_dropped: Callable[[], bool]) -> str:
            self._now += 1
            self.most = max(self.most, self._now)
            self.began.append(name)
            try:
                while not self._may_end.acquire(timeout=0.01):
                    if is_dropped():
                        raise Cancelled
            finally:
                self._now -= 1
            return name

        return work

    def finish(self, count: int = 1) -> None:
        self._may_end.release(count)

    async def wait_for(self, name: str) -> None:
        while name not in self.began:
            await asyncio.sleep(0.005)


def test_the_newest_of_a_visitor_is_drawn_and_the_dropped_are_answered_at_once() -> None:
    async def run() -> None:
        lane, studio = LiveLane(), Studio()
        other = asyncio.create_task(lane.run("other", 0, studio.draw("other")))
        await studio.wait_for("other")
        mine = [asyncio.create_task(lane.run("me", n, studio.draw(f"me {n}"))) for n in range(5)]
        dropped = await asyncio.wait_for(asyncio.gather(*mine[:4]), 5)  # while the other's is still drawn
        assert dropped == [None] * 4 and studio.began == ["other"]
        studio.finish(2)
        assert await asyncio.gather(other, mine[4]) == ["other", "me 4"]
        assert studio.began == ["other", "me 4"] and studio.most == 1

    asyncio.run(run())


def test_a_newer_drawing_ends_the_picture_under_way() -> None:
    async def run() -> None:
        lane, studio = LiveLane(), Studio()
        whole = asyncio.create_task(lane.run("me", 0, studio.draw("whole")))
        await studio.wait_for("whole")
        newer = asyncio.create_task(lane.run("me", 1, studio.draw("newer")))
        assert await asyncio.wait_for(whole, 5) is None
        await studio.wait_for("newer")
        studio.finish()
        assert await newer == "newer" and studio.most == 1

    asyncio.run(run())


def test_an_older_drawing_that_was_overtaken_on_its_way_is_dropped() -> None:
    async def run() -> None:
        lane, studio = LiveLane(), Studio()
        newer = asyncio.create_task(lane.run("me", 2, studio.draw("newer")))
        await studio.wait_for("newer")
        assert await lane.run("me", 1, studio.draw("older")) is None
        studio.finish()
        assert await newer == "newer" and studio.began == ["newer"]

    asyncio.run(run())


def test_visitors_take_turns_in_the_order_they_came() -> None:
    async def run() -> None:
        lane, studio = LiveLane(), Studio()
        names = [f"visitor {n}" for n in range(4)]
        tasks = [asyncio.create_task(lane.run(name, 0, studio.draw(name))) for name in names]
        studio.finish(4)
        assert await asyncio.gather(*tasks) == names == studio.began
        assert studio.most == 1

    asyncio.run(run())


def test_an_error_reaches_who_waits_and_nobody_else() -> None:
    def fail(is_dropped: Callable[[], bool]) -> None:
        raise ValueError("broken")

    async def run() -> None:
        lane, studio = LiveLane(), Studio()
        studio.finish()
        broken, whole = lane.run("me", 0, fail), lane.run("other", 0, studio.draw("other"))
        answers = await asyncio.gather(broken, whole, return_exceptions=True)
        assert isinstance(answers[0], ValueError) and answers[1] == "other"

    asyncio.run(run())


def test_who_comes_to_a_full_lane_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_lane, "MOST_WAITING", 2)

    async def run() -> None:
        lane, studio = LiveLane(), Studio()
        tasks = [asyncio.create_task(lane.run("first", 0, studio.draw("first")))]
        await studio.wait_for("first")
        tasks += [asyncio.create_task(lane.run(f"v{n}", 0, studio.draw(f"v{n}"))) for n in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(LaneFull):
            await lane.run("late", 0, studio.draw("late"))
        studio.finish(3)
        await asyncio.gather(*tasks)

    asyncio.run(run())


def test_callers_take_turns_and_none_fills_the_lane_or_drops_another_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_lane, "MOST_EACH", 2)

    async def run() -> None:
        lane, studio = LiveLane(), Studio()
        asked = [asyncio.create_task(lane.run("page 0", 0, studio.draw("a 0"), "a"))]
        await studio.wait_for("a 0")
        for page, caller in (("page 1", "a"), ("page 2", "a"), ("page 1", "b")):
            asked.append(asyncio.create_task(lane.run(page, 9, studio.draw(f"{caller} {page}"), caller)))
        await asyncio.sleep(0)
        with pytest.raises(LaneFull):
            await lane.run("page 3", 0, studio.draw("never"), "a")
        studio.finish(4)
        await asyncio.gather(*asked)
        assert studio.began == ["a 0", "a page 1", "b page 1", "a page 2"]

    asyncio.run(run())
