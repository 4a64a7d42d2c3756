"""Remember how long pictures took lately, to say how long those take that wait."""

from __future__ import annotations

from collections import deque
from statistics import median

LATEST = 5  # pictures of one kind
MOST_KINDS = 100


class TurnTimes:
    """TurnTimes keeps the seconds of the latest pictures, by their work: steps x width x height."""

    def __init__(self) -> None:
        self._seconds: dict[float, deque[float]] = {}

    def note(self, work: float, seconds: float) -> None:
        """Take note of what a picture took."""
        known = self._seconds.pop(work, None) or deque(maxlen=LATEST)
        known.append(seconds)
        self._seconds[work] = known  # the last one is the latest
        if len(self._seconds) > MOST_KINDS:
            del self._seconds[next(iter(self._seconds))]

    def expect(self, work: float) -> float | None:
        """Return the seconds that a picture of this work is going to take: the middle of the latest of its kind.

        Where there was none, those of the nearest kind in proportion; None before the first.
        """
        if not self._seconds:
            return None
        nearest = min(self._seconds, key=lambda known: abs(known - work))
        return median(self._seconds[nearest]) * work / nearest

    def expect_usual(self) -> float | None:
        """Return the seconds that a picture takes as they were drawn lately; None before the first."""
        return median(self._seconds[next(reversed(self._seconds))]) if self._seconds else None
