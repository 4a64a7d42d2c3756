"""Let one picture be drawn at a time, or as many as there are workers, visitor by visitor, until the engine retires."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import heapreplace

from pipeline.engine.fair_order import FairOrder
from pipeline.engine.turn_times import TurnTimes
from pipeline.errors import EngineChanged, IsCancelled, raise_if_cancelled
from pipeline.places import HOST, Ahead, Place, get_place

LOOK = 0.1  # seconds between two looks whether who waits has left


@dataclass(frozen=True, eq=False)
class Turn:
    """Turn is one that waits or draws."""

    place: Place | None
    work: float  # steps x width x height; 0 for what is no picture
    is_cancelled: IsCancelled | None = None
    is_first: bool = False

    @property
    def visitor(self) -> str:
        """Return whose turn it is."""
        return HOST if self.place is None else self.place.visitor


@dataclass
class HeldTurn:
    """HeldTurn is one that draws now."""

    turn: Turn
    began: float
    gave_way: bool  # to everybody else
    depth: int = 0  # how many turns its thread took within one another


class Turns:
    """Turns lets who draws wait for those before; after the engine retired it lets nobody draw.

    Visitors (`pipeline/places.py`) take turns, each for an equal part of the work (`FairOrder`): who sends many
    pictures has one drawn, then everybody else has. Where several are drawn at once, they are of several visitors; what
    is nobody's in particular may be several.
    """

    def __init__(
        self,
        title: str,
        clock: Callable[[], float] = time.monotonic,
        count_places: Callable[[], int] = lambda: 1,
    ) -> None:
        """Take the engine's title, for the message to those who came too late, and how many may draw at once."""
        self._title, self._clock, self._retired, self._count_places = title, clock, False, count_places
        self._changed = threading.Condition()
        self._waiting = FairOrder[Turn](lambda turn: turn.work)  # those that give way to nobody
        self._held: dict[int, HeldTurn] = {}  # by the thread whose turn it is
        self._times = TurnTimes()

    @contextmanager
    def take(
        self, *, gives_way: bool = False, work: float = 0.0, is_cancelled: IsCancelled | None = None
    ) -> Iterator[None]:
        """Wait for the turn and hold it. One that gives way waits until nobody else does.

        The same thread may take a turn within its own. Raises EngineChanged once the engine is retired, and Cancelled
        soon after `is_cancelled()` turned true while it waits.
        """
        with self._hold(gives_way, Turn(get_place(), work, is_cancelled)):
            if self._retired:
                raise EngineChanged(f"{self._title} was replaced while this waited for it; send it once more.")
            began = self._held[threading.get_ident()].began
            yield
            if work and not gives_way:
                self._times.note(work, self._clock() - began)

    @property
    def is_wanted(self) -> bool:
        """Return whether somebody waits who gives way to nobody."""
        return self.count_waiting() > 0

    def count_waiting(self) -> int:
        """Return how many wait who give way to nobody."""
        return len(self._waiting)

    def look_ahead(self, place: Place) -> Ahead | None:
        """Return what comes before the picture of that place; None where none of its pictures waits."""
        with self._changed:
            ends = self._find_ends()
            own = {held.turn.visitor: self._find_rest(held) or 0.0 for held in self._held.values()}
            for before, turn in enumerate(self._waiting):
                expected = self._times.expect(turn.work)
                if ends is not None and expected is not None:
                    begins = max(ends[0], 0.0 if turn.visitor == HOST else own.get(turn.visitor, 0.0))
                    seconds = own[turn.visitor] = begins + expected
                    heapreplace(ends, seconds)
                else:
                    ends, seconds = None, None
                if turn.place is place:
                    return Ahead(before + len(self._held), seconds)
            return None

    def expect_picture(self) -> float | None:
        """Return the seconds that a picture took lately; None before the first."""
        with self._changed:
            return self._times.expect_usual()

    def retire(self, then: Callable[[], None]) -> None:
        """Let nobody draw any more, once the picture under way is finished; `then` is called before anyone waiting."""
        with self._hold(False, Turn(None, 0.0, is_first=True)):
            self._retired = True
            then()

    def _find_ends(self) -> list[float] | None:
        """Return the seconds until each place is free, the soonest first; None where one is not known."""
        rests = [self._find_rest(held) for held in self._held.values()]
        known = [rest for rest in rests if rest is not None]
        free = max(self._count_places() - len(rests), 0)
        return sorted([0.0] * free + known) if len(known) == len(rests) else None

    def _find_rest(self, held: HeldTurn) -> float | None:
        expected = self._times.expect(held.turn.work)
        return None if expected is None else max(0.0, expected - (self._clock() - held.began))

    @contextmanager
    def _hold(self, gives_way: bool, turn: Turn) -> Iterator[None]:
        self._begin(gives_way, turn)
        try:
            yield
        finally:
            self._end()

    def _begin(self, gives_way: bool, turn: Turn) -> None:
        with self._changed:
            if threading.get_ident() not in self._held:
                (self._give_way if gives_way else self._wait)(turn)
                self._held[threading.get_ident()] = HeldTurn(turn, self._clock(), gives_way)
            self._held[threading.get_ident()].depth += 1

    def _is_full(self, turn: Turn) -> bool:
        """Return whether no place is free. Who comes before everybody else, to retire the engine, needs all of them."""
        if turn.is_first or any(held.turn.is_first for held in self._held.values()):
            return len(self._held) > 0
        return len(self._held) >= self._count_places()

    def _give_way(self, turn: Turn) -> None:
        while self._is_full(turn) or self.is_wanted:
            self._sleep(turn)

    def _wait(self, turn: Turn) -> None:
        (self._waiting.add_first if turn.is_first else self._waiting.add)(turn.visitor, turn)
        try:
            while self._is_full(turn) or self._find_next() is not turn:
                self._sleep(turn)
        except BaseException:
            self._waiting.remove(turn.visitor, turn)
            self._changed.notify_all()
            raise
        self._waiting.serve(turn.visitor, turn)
        self._changed.notify_all()  # the next one may find a place, too

    def _find_next(self) -> Turn | None:
        """Return the one whose turn is next, of those whose visitors have nothing drawn now; None where all have."""
        return self._waiting.find_next({held.turn.visitor for held in self._held.values()} - {HOST})

    def _sleep(self, turn: Turn) -> None:
        """Wait until something changed. Raises Cancelled where who waits has left."""
        raise_if_cancelled(turn.is_cancelled)
        self._changed.wait(None if turn.is_cancelled is None else LOOK)

    def _end(self) -> None:
        with self._changed:
            held = self._held[threading.get_ident()]
            held.depth -= 1
            if not held.depth:
                del self._held[threading.get_ident()]
                if not held.gave_way:
                    self._waiting.end(held.turn.visitor, held.turn)
                self._changed.notify_all()
