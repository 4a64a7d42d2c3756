"""Let one picture be drawn at a time, until the engine is retired."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.errors import EngineChanged


class Turns:
    """Turns lets whoever draws wait for the one before; after the engine retired it lets nobody draw."""

    def __init__(self, title: str) -> None:
        """Take the engine's title, for the message to those who came too late."""
        self._title, self._retired = title, False
        self._changed = threading.Condition()
        self._holder: int | None = None  # the thread whose turn it is
        self._depth = 0  # how many turns it took within one another
        self._waiting = 0  # those that wait and give way to nobody

    @contextmanager
    def take(self, *, gives_way: bool = False) -> Iterator[None]:
        """Wait for the turn and hold it. One that gives way waits until nobody else does.

        The same thread may take a turn within its own. Raises EngineChanged once the engine is retired.
        """
        with self._hold(gives_way):
            if self._retired:
                raise EngineChanged(f"{self._title} was replaced while this waited for it; send it once more.")
            yield

    @property
    def is_wanted(self) -> bool:
        """Return whether somebody waits who gives way to nobody."""
        return self._waiting > 0

    def retire(self, then: Callable[[], None]) -> None:
        """Let nobody draw any more, once the picture under way is finished; `then` is called before anyone waiting."""
        with self._hold(gives_way=False):
            self._retired = True
            then()

    @contextmanager
    def _hold(self, gives_way: bool) -> Iterator[None]:
        self._begin(gives_way)
        try:
            yield
        finally:
            self._end()

    def _begin(self, gives_way: bool) -> None:
        with self._changed:
            if self._holder != threading.get_ident():
                self._waiting += not gives_way
                try:
                    self._changed.wait_for(lambda: self._holder is None and not (gives_way and self._waiting))
                finally:
                    self._waiting -= not gives_way
            self._holder = threading.get_ident()
            self._depth += 1

    def _end(self) -> None:
        with self._changed:
            self._depth -= 1
            if not self._depth:
                self._holder = None
                self._changed.notify_all()
