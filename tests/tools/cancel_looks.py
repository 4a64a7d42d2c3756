"""Measure how long work goes on between two looks for a cancel: so long a cancel may be in vain."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise


class CancelLooks:
    """CancelLooks is an `is_cancelled` that notes when it was asked, and says no until it was asked often enough."""

    def __init__(self, until: int | None = None, clock: Callable[[], float] = time.thread_time) -> None:
        """Take at which look it says yes, from 1, None for never; `clock` counts the seconds of the thread that asks.

        By the usual clock other programs count for nothing; looks of other threads are left out then.
        """
        self._until, self._clock = until, clock
        self._thread = threading.get_ident()
        self.times, self.count = [clock()], 0  # how often it was asked

    def __call__(self) -> bool:
        self.count += 1
        if self._clock is not time.thread_time or threading.get_ident() == self._thread:
            self.times.append(self._clock())
        return self._until is not None and self.count >= self._until

    def end(self) -> None:
        """Note that the work is over, or that its next part begins."""
        self.times.append(self._clock())

    @property
    def whole(self) -> float:
        """Return the seconds from its making until the last note."""
        return self.times[-1] - self.times[0]

    @property
    def longest(self) -> float:
        """Return the seconds of the longest part between two looks."""
        return max(after - before for before, after in pairwise(self.times))
