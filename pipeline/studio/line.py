"""Admit calls that draw: so many at once, of all visitors and of each, and so many in a time from each address."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from pipeline.errors import LineFull, SettingError
from pipeline.places import Ahead, Place
from pipeline.settings import Settings
from pipeline.studio.callers import Caller

SHARE = 0.75  # of all places that calls from one address may have: who makes up sessions leaves others some
UNKNOWN = 5.0  # seconds that a picture is taken to need before one was drawn
OFF = "off"
ENDING_SECONDS = 60  # after which another start may be expected
ENDING = f"Croquis is being stopped, and takes no more pictures. Try again in {ENDING_SECONDS} seconds."


class TimedEngine(Protocol):
    """TimedEngine is what the line asks of an engine."""

    def look_ahead(self, place: Place) -> Ahead | None: ...

    def expect_picture(self) -> float | None: ...


class Line:
    """Line counts the calls of one studio that wait or are drawn. In which order they are drawn, the engine says.

    Safe to call from many threads.
    """

    def __init__(
        self,
        settings: Settings,
        find_engine: Callable[[], TimedEngine | None],
        clock: Callable[[], float] = time.monotonic,
        note_error: Callable[[Exception], None] = lambda error: None,
        follow: Callable[[Place], AbstractContextManager[None]] = lambda _: nullcontext(),
    ) -> None:
        """Take the host's limits, and what returns the engine that draws. Raises SettingError for a wrong rate.

        `note_error` is called with what each call ended in, a refusal too; `follow` is entered by the thread that draws
        a call, while it does.
        """
        self._settings, self._find_engine, self._clock = settings, find_engine, clock
        self.note_error, self._follow = note_error, follow
        self.hold: Callable[[Place], AbstractContextManager[None]] = lambda _: nullcontext()  # entered by `admit`
        self._lock = threading.Lock()
        self._joined: dict[Place, float] = {}  # when each open call came, the oldest first
        self._open: Counter[str] = Counter()  # calls by visitor
        self._open_from: Counter[str] = Counter()  # calls by address
        self.is_ending = False
        self._promised = 0.0  # when the latest of those who were refused was told to come back
        self._rate = read_rate(settings.rate)
        self._window = MovingWindowRateLimiter(MemoryStorage())

    @contextmanager
    def join(self, caller: Caller) -> Iterator[Place]:
        """Admit a call for as long as it lasts. Raises LineFull."""
        place = Place(caller.visitor, self._look_ahead, caller.owner, self._follow)
        with self._note_errors():
            self._enter(caller, place)
            try:
                yield place
            finally:
                self._leave(place, caller.address)

    @contextmanager
    def admit(self, caller: Caller) -> Iterator[Place]:
        """Admit a call as `join` does, and have it in the store before anything is told: not for an event loop."""
        with self.join(caller) as place, self.hold(place):
            yield place

    def expect_place(self, caller: Caller) -> None:
        """Raise LineFull where a call would not be admitted now."""
        with self._note_errors(), self._lock:
            self._expect_place(caller)
            if self._rate is not None and not self._window.test(self._rate, caller.address):
                raise self._refuse_rate(self._rate, caller)

    def end(self) -> None:
        """Admit nobody any more; calls that were admitted go on to their end."""
        self.is_ending = True

    def count_open(self) -> int:
        """Return how many calls wait or are drawn."""
        return self._open.total()

    def find_oldest_age(self) -> float:
        """Return the seconds since the oldest call that waits or is drawn came; 0 where there is none."""
        with self._lock:
            return 0.0 if not self._joined else self._clock() - next(iter(self._joined.values()))

    @contextmanager
    def _note_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.note_error(error)
            raise

    def _enter(self, caller: Caller, place: Place) -> None:
        with self._lock:
            self._expect_place(caller)
            if self._rate is not None and not self._window.hit(self._rate, caller.address):
                raise self._refuse_rate(self._rate, caller)
            self._note(place, caller.address)

    def _note(self, place: Place, address: str) -> None:
        self._open[place.visitor] += 1
        self._open_from[address] += 1
        self._joined[place] = self._clock()

    def _expect_place(self, caller: Caller) -> None:
        if self.is_ending:
            raise LineFull(ENDING, ENDING_SECONDS)
        own = self._open[caller.visitor]
        if own >= self._settings.waiting_each:
            seconds = math.ceil(self._expect_picture() * self._count_visitors())
            raise LineFull(
                f"{own} of your pictures are waiting already. Try again in {max(1, seconds)} seconds.", max(1, seconds)
            )
        if self._open_from[caller.address] >= max(self._settings.waiting_each, int(SHARE * self._settings.waiting)):
            seconds = self._promise()
            raise LineFull(f"Too many people draw at once from your address. Try again in {seconds} seconds.", seconds)
        if self._open.total() >= self._settings.waiting:
            seconds = self._promise()
            raise LineFull(f"Too many people draw at once. Try again in {seconds} seconds.", seconds)

    def _refuse_rate(self, rate: RateLimitItem, caller: Caller) -> LineFull:
        seconds = max(1, math.ceil(self._window.get_window_stats(rate, caller.address).reset_time - time.time()))
        return LineFull(f"Too many pictures came from your address. Try again in {seconds} seconds.", seconds)

    def _promise(self) -> int:
        """Return the seconds until a place is free that nobody else who was refused was told of."""
        now, each = self._clock(), self._expect_picture()
        self._promised = min(max(self._promised, now) + each, now + each * self._open.total())
        return max(1, math.ceil(self._promised - now))

    def _expect_picture(self) -> float:
        engine = self._find_engine()
        expected = None if engine is None else engine.expect_picture()
        return UNKNOWN if expected is None else expected

    def _look_ahead(self, place: Place) -> Ahead | None:
        engine = self._find_engine()
        return None if engine is None else engine.look_ahead(place)

    def _count_visitors(self) -> int:
        return sum(count > 0 for count in self._open.values())

    def _leave(self, place: Place, address: str) -> None:
        with self._lock:
            del self._joined[place]
            for counted, name in ((self._open, place.visitor), (self._open_from, address)):
                counted[name] -= 1
                if not counted[name]:
                    del counted[name]


def read_rate(text: str) -> RateLimitItem | None:
    """Read how many pictures an address may ask for in a time; None for "off". Raises SettingError."""
    if text == OFF:
        return None
    try:
        return parse(text)
    except ValueError:
        raise SettingError(
            f'rate (CROQUIS_RATE) is "off", or a number of pictures in a time such as 30/minute; {text!r} came.'
        ) from None
