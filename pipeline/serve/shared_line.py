"""Let a front of a cluster admit calls and take turns in the cluster's one line; by itself while that is away."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from pipeline.engine.turns import Turn, Turns
from pipeline.errors import Cancelled, LineFull, raise_if_cancelled
from pipeline.places import Ahead, Place
from pipeline.serve.line_replica import Wish
from pipeline.settings import Settings
from pipeline.studio.callers import Caller
from pipeline.studio.line import ENDING, ENDING_SECONDS, Line, TimedEngine

if TYPE_CHECKING:
    from ray.serve.handle import DeploymentHandle

log = logging.getLogger(__name__)

ANSWER = 5.0  # seconds that the line has to answer
AWAY = 10.0  # seconds that it is not asked again where it did not
BEAT = 0.5  # seconds between two words to it
LOOK = 0.1  # seconds between two looks whether who waits has left


class LineAway(Exception):
    """The cluster's line does not answer."""


class LineBack(Exception):
    """The cluster's line answers again, which who waits here did not wait for so far."""


class FarLine:
    """FarLine asks the cluster's line, and tells it twice a second that this front is there. For many threads."""

    def __init__(self, handle: DeploymentHandle[Any]) -> None:
        self._handle, self.front = handle, uuid.uuid4().hex
        self.waiting = 0  # pictures of all fronts that wait, as of half a second ago
        self._answered = True  # when it was asked last
        self._asked_again = 0.0  # when it may be asked after it was away
        self._wishes: set[str] = set()
        self._names, self._naming = WeakKeyDictionary[Place, str](), threading.Lock()
        self._is_over = threading.Event()
        self._threads = ThreadPoolExecutor(8, "croquis-line")  # a loop that asks has to be none of asyncio's
        threading.Thread(target=self._keep_telling, name="croquis-front", daemon=True).start()

    @property
    def is_near(self) -> bool:
        """Return whether it answered when it was asked last, and may be asked now."""
        return self._answered and time.monotonic() >= self._asked_again

    def close(self) -> None:
        """Tell the line no more that this front is there."""
        self._is_over.set()

    def name_call(self, place: Place | None) -> str:
        """Return the name of a call in the cluster's line; "" for none."""
        if place is None:
            return ""
        with self._naming:
            return self._names.setdefault(place, uuid.uuid4().hex)

    def ask(self, method: str, *inputs: object) -> Any:
        """Return the answer of a method of LineReplica. Raises LineAway."""
        return self._expect_answer(lambda: self._threads.submit(self._call, method, *inputs).result())

    def take(self, turn: Turn, *, gives_way: bool) -> str:
        """Wait for a turn and return its name. Raises LineAway, and Cancelled where who waits left."""
        visitor = None if turn.place is None else turn.place.visitor
        wish = Wish(self.front, uuid.uuid4().hex, self.name_call(turn.place), visitor, turn.work, gives_way)
        self._wishes.add(wish.id)
        try:
            if self._expect_answer(lambda: self._wait(wish, turn)):
                return wish.id
            raise LineAway("the turn was given up there")
        except BaseException:
            self.release(wish.id)
            raise

    def release(self, wish: str) -> None:
        """End a turn, or the wait for it."""
        self._wishes.discard(wish)
        self.tell("release", wish)

    def tell(self, method: str, *inputs: object) -> None:
        """Call a method of LineReplica and wait for no answer; what is lost is made up for after a silence."""
        try:
            getattr(self._handle, method).remote(*inputs)
        except Exception as error:
            log.warning("The cluster's line could not be told: %r", error)

    def _call(self, method: str, *inputs: object) -> Any:
        return getattr(self._handle, method).remote(*inputs).result(timeout_s=ANSWER)

    def _wait(self, wish: Wish, turn: Turn) -> bool:
        answer = self._handle.take.remote(wish)
        try:
            while True:
                raise_if_cancelled(turn.is_cancelled)
                self._expect_near()
                try:
                    return bool(answer.result(timeout_s=LOOK))
                except TimeoutError:
                    continue
        except BaseException:
            answer.cancel()
            raise

    def _expect_answer(self, call: Callable[[], Any]) -> Any:
        self._expect_near()
        try:
            answer = call()
        except (Cancelled, LineAway):
            raise
        except Exception as error:  # whatever Ray raises
            self._asked_again, self._answered = time.monotonic() + AWAY, False
            log.warning("The cluster's line does not answer; this front counts by itself: %r", error)
            raise LineAway(str(error)) from error
        self._answered = True
        return answer

    def _expect_near(self) -> None:
        if time.monotonic() < self._asked_again:
            raise LineAway("it did not answer just now")

    def _keep_telling(self) -> None:
        while not self._is_over.wait(BEAT):
            try:
                self.waiting = self._expect_answer(lambda: self._call("hear", self.front, tuple(self._wishes)))
            except LineAway:
                self.waiting = 0


class SharedLine(Line):
    """SharedLine is the line of one front: the cluster's line admits, this one keeps what was admitted here."""

    def __init__(
        self,
        far: FarLine,
        settings: Settings,
        find_engine: Callable[[], TimedEngine | None],
        note_error: Callable[[Exception], None],
        follow: Callable[[Place], AbstractContextManager[None]] = lambda _: nullcontext(),
    ) -> None:
        super().__init__(settings, find_engine, note_error=note_error, follow=follow)
        self._far = far

    def expect_place(self, caller: Caller) -> None:
        """Raise LineFull where a call would not be admitted now."""
        try:
            with self._note_errors():
                self._expect_admitted("expect_place", caller)
        except LineAway:
            super().expect_place(caller)

    def _enter(self, caller: Caller, place: Place) -> None:
        try:
            self._expect_admitted("enter", self._far.front, self._far.name_call(place), caller)
        except LineAway:
            super()._enter(caller, place)
        else:
            with self._lock:
                self._note(place, caller.address)

    def _leave(self, place: Place, address: str) -> None:
        super()._leave(place, address)
        self._far.tell("leave", self._far.name_call(place))

    def _expect_admitted(self, method: str, *inputs: object) -> None:
        if self.is_ending:
            raise LineFull(ENDING, ENDING_SECONDS)
        if (refusal := self._far.ask(method, *inputs)) is not None:
            raise LineFull(*refusal)


class SharedTurns(Turns):
    """SharedTurns takes a turn in the cluster's line first, then one here, which is free where the line is right.

    While the line is away turns are taken here alone; who waits for one goes back to the line once it answers.
    """

    def __init__(self, far: FarLine, title: str, count_places: Callable[[], int]) -> None:
        super().__init__(title, count_places=count_places)
        self._far, self._far_turns = far, dict[int, str]()  # by thread

    def count_waiting(self) -> int:
        """Return how many of all fronts wait who give way to nobody."""
        return max(super().count_waiting(), self._far.waiting)

    def look_ahead(self, place: Place) -> Ahead | None:
        """Return what comes before the picture of that place, whichever front it waits at."""
        try:
            ahead: Ahead | None = self._far.ask("look_ahead", self._far.name_call(place))
        except LineAway:
            return super().look_ahead(place)
        return ahead

    def _begin(self, gives_way: bool, turn: Turn) -> None:
        mine = threading.get_ident()
        while True:
            is_alone = False
            if mine not in self._held and not turn.is_first:
                is_alone = not self._take_far(mine, gives_way, turn)
            try:
                return super()._begin(gives_way, self._look_for_line(turn) if is_alone else turn)
            except LineBack:
                continue
            except BaseException:
                self._give_far_back(mine)
                raise

    def _end(self) -> None:
        super()._end()
        self._give_far_back(threading.get_ident())

    def _take_far(self, mine: int, gives_way: bool, turn: Turn) -> bool:
        """Take a turn in the cluster's line; return False where it is away."""
        try:
            self._far_turns[mine] = self._far.take(turn, gives_way=gives_way)
        except LineAway as error:
            log.info("This front takes turns by itself: %s", error)
            return False
        return True

    def _look_for_line(self, turn: Turn) -> Turn:
        """Return the same turn whose wait ends in LineBack once the line answers."""

        def look() -> bool:
            if self._far.is_near:
                raise LineBack
            return turn.is_cancelled is not None and turn.is_cancelled()

        return replace(turn, is_cancelled=look)

    def _give_far_back(self, mine: int) -> None:
        if mine not in self._held and mine in self._far_turns:
            self._far.release(self._far_turns.pop(mine))
