"""Keep the one line of a cluster: whom its fronts admit, and whose picture is drawn next. Fronts are the page and the
replicas of /v1/draw.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from pipeline.engine.turns import Turns
from pipeline.errors import Cancelled, LineFull
from pipeline.metrics.gathered import Measured
from pipeline.metrics.worker_measurements import LineMeasurements
from pipeline.places import Ahead, Place, hold_place
from pipeline.serve.names import find_own_name
from pipeline.serve.ray_workers import WorkerCount
from pipeline.settings import Settings
from pipeline.studio.callers import Caller
from pipeline.studio.line import Line

SILENCE = 15.0  # seconds without a word after which a front is taken for dead, and a turn it does not name for over
Refusal = tuple[str, int]  # words for the person, and the seconds after which to try again


@dataclass(frozen=True)
class Wish:
    """Wish is a picture of a front that waits for its turn."""

    front: str
    id: str
    call: str  # the admitted call that it belongs to; "": none
    visitor: str | None  # None: nobody's in particular
    work: float
    gives_way: bool


@dataclass(frozen=True, eq=False)
class HeldWish:
    """HeldWish is a wish that waits, or whose picture is drawn."""

    front: str
    since: float
    over: threading.Event = field(default_factory=threading.Event)


class LineReplica:
    """LineReplica holds the same Line and Turns that a studio of one machine has, for all fronts of a cluster.

    What a front that died had here goes after a silence; what a line that died held, its fronts go on with.
    """

    def __init__(
        self,
        settings: Settings,
        count_workers: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        count = WorkerCount(settings.workers_most).get if count_workers is None else count_workers
        self._turns, self._clock = Turns("The engine", count_places=count), clock
        self._measured = LineMeasurements()
        self._line = Line(settings, lambda: self._turns, note_error=self._measured.note_error)
        self._heard: dict[str, float] = {}  # when each front was heard of
        self._calls: dict[str, tuple[str, Place, ExitStack]] = {}  # front, place, how it leaves
        self._wishes: dict[str, HeldWish] = {}
        watch = self._measured.watch
        watch("calls_open", "Calls of all fronts that wait or are drawn", self._line.count_open)
        watch("oldest_call_seconds", "Age of the oldest of them", self._line.find_oldest_age)
        watch("pictures_waiting", "Pictures of all fronts that wait", self._turns.count_waiting)
        watch("fronts", "Fronts that were heard of lately", lambda: len(self._heard))

    async def expect_place(self, caller: Caller) -> Refusal | None:
        """Return why a call would not be admitted now; None where it would."""
        try:
            self._line.expect_place(caller)
        except LineFull as error:
            return str(error), error.seconds
        return None

    async def enter(self, front: str, call: str, caller: Caller) -> Refusal | None:
        """Admit a front's call until `leave`; return why it is not admitted, or None."""
        stack = ExitStack()
        try:
            place = stack.enter_context(self._line.join(caller))
        except LineFull as error:
            return str(error), error.seconds
        self._heard.setdefault(front, self._clock())
        self._calls[call] = front, place, stack
        return None

    async def leave(self, call: str) -> None:
        """Let a call go; nothing where it is not known."""
        if call in self._calls:
            self._calls.pop(call)[2].close()

    async def take(self, wish: Wish) -> bool:
        """Wait for a wish's turn, which is held until `release`; return False where it was released before."""
        loop = asyncio.get_running_loop()
        granted: asyncio.Future[bool] = loop.create_future()
        held = self._wishes[wish.id] = HeldWish(wish.front, self._clock())

        def tell(is_granted: bool) -> None:
            loop.call_soon_threadsafe(lambda: None if granted.done() else granted.set_result(is_granted))

        threading.Thread(target=self._hold, args=(wish, held, tell), name="croquis-turn", daemon=True).start()
        try:
            return await granted
        except asyncio.CancelledError:  # the front went away
            held.over.set()
            raise

    async def release(self, wish: str) -> None:
        """End a wish that waits or whose picture is drawn; nothing where it is not known."""
        if wish in self._wishes:
            self._wishes[wish].over.set()

    async def measure(self) -> Measured:
        """Return this replica's name and what was counted here, for the fronts' /metrics."""
        return find_own_name(), self._measured.collect()

    async def look_ahead(self, call: str) -> Ahead | None:
        """Return what comes before the picture of a call; None where none of its pictures waits."""
        return self._turns.look_ahead(self._calls[call][1]) if call in self._calls else None

    async def hear(self, front: str, wishes: Collection[str]) -> int:
        """Hear that a front is there and has these wishes; return how many pictures of all fronts wait."""
        now = self._heard[front] = self._clock()
        dead = {name for name, heard in self._heard.items() if now - heard > SILENCE}
        for name, held in list(self._wishes.items()):
            is_forgotten = held.front == front and name not in wishes and now - held.since > SILENCE
            if is_forgotten or held.front in dead:
                held.over.set()
        for call, (name, _, stack) in list(self._calls.items()):
            if name in dead:
                del self._calls[call]
                stack.close()
        for name in dead:
            del self._heard[name]
        return self._turns.count_waiting()

    def _hold(self, wish: Wish, held: HeldWish, tell: Callable[[bool], None]) -> None:
        """Take the wish's turn and hold it until it is over."""
        with ExitStack() as stack:
            if wish.visitor is not None:
                known = self._calls.get(wish.call)
                place = Place(wish.visitor, self._turns.look_ahead) if known is None else known[1]
                stack.enter_context(hold_place(place))
            stack.callback(self._wishes.pop, wish.id, None)
            with (
                suppress(Cancelled),
                self._turns.take(gives_way=wish.gives_way, work=wish.work, is_cancelled=held.over.is_set),
            ):
                tell(True)
                held.over.wait()
                return
        tell(False)
