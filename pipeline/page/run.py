"""Run work that draws in a thread of its own, and follow what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event
from typing import Any

from pipeline.values import GenerationResult, StepPreview

Coming = StepPreview | GenerationResult | bytes | tuple[int, int]  # the last: parts done, of how many


class Run:
    """Run calls work in a thread of its own and iterates over what comes: previews, then each picture's result.

    Leaving the loop early sets `stopped` and waits for the work to end, at most one step.
    """

    def __init__(self, work: Callable[..., Any], stopped: Event) -> None:
        """Take the work, which is called with `on_step`, `on_result` and `is_cancelled`."""
        self._work, self._stopped = work, stopped

    def __iter__(self) -> Generator[Coming, None, None]:
        """Yield each preview and each result as soon as there is one. Raises what the work raised."""
        coming: SimpleQueue[Coming | None] = SimpleQueue()
        with ThreadPoolExecutor(1, "croquis-drawing") as worker:
            done = worker.submit(
                self._work, on_step=coming.put, on_result=coming.put, is_cancelled=self._stopped.is_set
            )
            done.add_done_callback(lambda _: coming.put(None))
            try:
                while (shown := coming.get()) is not None:
                    yield shown
            except GeneratorExit:
                self._stopped.set()
                raise
            done.result()
