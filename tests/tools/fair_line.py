"""Play visitors and workers at the order of the engine's line, in simulated time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import count

from pipeline.engine.fair_order import FairOrder

PICTURE = 1.0  # second


def do_nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, eq=False)
class Asked:
    """Asked is a picture that was asked for."""

    visitor: str
    at: float
    seconds: float
    then: Callable[[], None]  # called when it is there


@dataclass
class FairLine:
    """FairLine lets visitors wait for so many workers, who draw one picture at a time for each of them."""

    workers: int = 1
    now: float = 0.0
    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))  # seconds, by visitor
    worked: dict[str, float] = field(default_factory=lambda: defaultdict(float))  # seconds, by visitor
    began: list[str] = field(default_factory=list)  # whose pictures, in the order in which they began

    def __post_init__(self) -> None:
        self.order = FairOrder[Asked](lambda asked: asked.seconds)
        self._busy: set[str] = set()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def plan(self, after: float, act: Callable[[], None]) -> None:
        """Have something done in so many seconds."""
        heappush(self._events, (self.now + after, next(self._numbers), act))

    def ask(self, visitor: str, seconds: float = PICTURE, then: Callable[[], None] = do_nothing) -> None:
        """Ask for a picture that takes so many seconds; `then` is called when it is there."""
        self.order.add(visitor, Asked(visitor, self.now, seconds, then))

    def keep_asking(
        self, visitor: str, pause: Callable[[], float] = lambda: 0.0, seconds: Callable[[], float] = lambda: PICTURE
    ) -> None:
        """Ask for a picture, and after a pause for the next one, and so on."""

        def ask() -> None:
            self.ask(visitor, seconds(), lambda: self.plan(pause(), ask))

        self.plan(0.0, ask)

    def run(self, until: float) -> None:
        """Let time pass."""
        while self._events and self._events[0][0] <= until:
            self.now, _, act = heappop(self._events)
            act()
            if not self._events or self._events[0][0] > self.now:  # all that comes at one time is there first
                self._serve()

    def _serve(self) -> None:
        while len(self._busy) < self.workers and (asked := self.order.find_next(self._busy)) is not None:
            self.order.serve(asked.visitor, asked)
            self._busy.add(asked.visitor)
            self.began.append(asked.visitor)
            self.plan(asked.seconds, partial(self._end, asked))

    def _end(self, asked: Asked) -> None:
        self._busy.remove(asked.visitor)
        self.order.end(asked.visitor, asked)
        self.waits[asked.visitor].append(self.now - asked.at)
        self.worked[asked.visitor] += asked.seconds
        asked.then()
