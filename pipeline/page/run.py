"""Run work that draws in a thread of its own, and follow what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any

from pipeline.errors import watch_cancel
from pipeline.places import Ahead, Place, hold_place
from pipeline.values import GenerationResult, StepPreview

LOOK = 0.5  # seconds without news until a run that waits hears where in line it is

Coming = StepPreview | GenerationResult | bytes | tuple[int, int] | Ahead  # the tuple: parts done, of how many


class Run:
    """Run calls work in a thread of its own and iterates over what comes: previews, then each picture's result.

    While others are drawn first it yields what is ahead. Leaving the loop early sets `stopped` and waits for the work
    to end, at most one step.
    """

    def __init__(self, work: Callable[..., Any], stopped: Event, place: Place | None = None) -> None:
        """Take the work, which is called with `on_step`, `on_result` and `is_cancelled`, and its place in line."""
        self._work, self._stopped, self._place = work, stopped, place
        self._ahead: Ahead | None = None

    def __iter__(self) -> Generator[Coming, None, None]:
        """Yield each preview and each result as soon as there is one. Raises what the work raised."""
        coming: SimpleQueue[Coming | None] = SimpleQueue()
        with ThreadPoolExecutor(1, "croquis-drawing") as worker:
            done = worker.submit(self._do, on_step=coming.put, on_result=coming.put, is_cancelled=self._stopped.is_set)
            done.add_done_callback(lambda _: coming.put(None))
            try:
                while (shown := self._wait(coming)) is not None:
                    yield shown
            except GeneratorExit:
                self._stopped.set()
                raise
            done.result()

    def _do(self, **followers: Any) -> None:
        with nullcontext() if self._place is None else hold_place(self._place), watch_cancel(self._stopped.is_set):
            self._work(**followers)

    def _wait(self, coming: SimpleQueue[Coming | None]) -> Coming | None:
        """Return what comes next: what is ahead where nothing came for a while and that has changed."""
        while True:
            try:
                return coming.get(timeout=LOOK)
            except Empty:
                ahead = None if self._place is None else self._place.find_ahead(self._place)
                if ahead is not None and ahead != self._ahead:
                    self._ahead = ahead
                    return ahead
