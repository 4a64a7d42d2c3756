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
        self._title, self._lock, self._retired = title, threading.RLock(), False

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait for the turn and hold it. Raises EngineChanged once the engine is retired."""
        with self._lock:
            if self._retired:
                raise EngineChanged(f"{self._title} was replaced while this waited for it; send it once more.")
            yield

    def retire(self, then: Callable[[], None]) -> None:
        """Let nobody draw any more, once the picture under way is finished; `then` is called before anyone waiting."""
        with self._lock:
            self._retired = True
            then()
