"""Let one live picture be drawn at a time, of each page's the newest alone, and let callers take turns."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pipeline.errors import Cancelled, IsCancelled

T = TypeVar("T")
Visitor = tuple[str, str]  # a caller and their page
MOST_WAITING = 64  # visitors; who comes then is told so
MOST_EACH = 16  # of them by one key, login or address: a class behind one address, not all of the lane


class LaneFull(Exception):
    """More visitors wait for a live picture than ever will get one in time."""


@dataclass(eq=False)
class LiveRun:
    """LiveRun is one picture that is to be drawn, or is being drawn."""

    number: int  # the visitor counts
    work: Callable[[IsCancelled], Any]
    answer: asyncio.Future[Any]
    caller: str
    dropped: threading.Event = field(default_factory=threading.Event)


class LiveLane:
    """LiveLane draws live pictures one after the other, in the order in which visitors came; callers take turns.

    A visitor is a page, by a number that its browser makes up; a caller is a key, a login or an address, and nobody
    drops another caller's picture by its number.

    Used from one event loop; the work itself is done in a thread beside it.
    """

    def __init__(self) -> None:
        self._newest: dict[Visitor, LiveRun] = {}  # waiting or under way
        self._waiting: dict[Visitor, LiveRun] = {}
        self._thread = ThreadPoolExecutor(1, "croquis-live")
        self._drawing: asyncio.Task[None] | None = None

    async def run(self, page: str, number: int, work: Callable[[IsCancelled], T], caller: str = "") -> T | None:
        """Return what `work` returns when its turn has come; None where a newer one of this visitor took its place.

        `number` says which is newer: they may overtake each other on their way here.
        `work` is given a function that says whether that has happened, and may raise Cancelled then. Raises LaneFull,
        and what `work` raises.
        """
        visitor = caller, page
        if visitor in self._newest and self._newest[visitor].number > number:
            return None
        self.drop(visitor)
        of_caller = sum(each.caller == caller for each in self._waiting.values())
        if len(self._waiting) >= MOST_WAITING or of_caller >= MOST_EACH:
            raise LaneFull
        run = LiveRun(number, work, asyncio.get_running_loop().create_future(), caller)
        self._newest[visitor] = self._waiting[visitor] = run
        if self._drawing is None or self._drawing.done():
            self._drawing = asyncio.create_task(self._draw_waiting())
        try:
            answer: T | None = await run.answer
            return answer
        finally:
            if self._newest.get(visitor) is run:
                del self._newest[visitor]

    def drop(self, visitor: Visitor) -> None:
        """Drop what a visitor has waiting or under way: it is answered with nothing, at once."""
        before = self._newest.pop(visitor, None)
        self._waiting.pop(visitor, None)
        if before is not None:
            before.dropped.set()
            if not before.answer.done():
                before.answer.set_result(None)

    async def _draw_waiting(self) -> None:
        """Draw until nobody waits."""
        while self._waiting:
            run = self._waiting.pop(next(iter(self._waiting)))
            for visitor in [each for each, other in self._waiting.items() if other.caller == run.caller]:
                self._waiting[visitor] = self._waiting.pop(visitor)  # behind everybody else
            await self._draw(run)

    async def _draw(self, run: LiveRun) -> None:
        loop = asyncio.get_running_loop()
        try:
            made = await loop.run_in_executor(self._thread, run.work, run.dropped.is_set)
        except Cancelled:
            made = None
        except Exception as error:  # handed on to who waits for it
            if not run.answer.done():
                run.answer.set_exception(error)
            return
        if not run.answer.done():
            run.answer.set_result(made)
