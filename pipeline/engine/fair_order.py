"""Order what waits by how much its visitors had: start-time fair queueing, one item of a visitor after the other."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")
SOON = 0.5  # of a round: who is away for longer was away, for less was on the way


@dataclass
class Account:
    """Account is what one visitor had, in virtual time."""

    end: float  # of the last item, and so the start of the next
    last: float = 0.0  # weight of the last item
    left: float = 0.0  # when the last item had been served
    served: int = 0  # items that are worked on
    is_regular: bool = False  # came back soon after the one before

    def is_soon(self, now: float) -> bool:
        """Return whether who comes back now comes soon after the last item."""
        return now < self.left + SOON * self.last


class FairOrder(Generic[T]):
    """FairOrder holds a line of items for each visitor, and says whose first item is served next.

    Each item starts at a virtual time, and ends its weight later. The earliest start is served first, among equals
    who waits longest. An item starts where its visitor's last one ended; after a longer absence, now if that is later.
    The virtual time runs by the weights that were served, divided by the number of visitors who share them: those who
    wait, those who are served, and those who came back soon before and may do so again. (Goyal, Vin and Cheng,
    "Start-time Fair Queueing", SIGCOMM 1996, with the time of Parekh and Gallager's processor sharing.)

    So each who wants more than there is has an equal part, whatever the number and weight of their items, and whether
    they send the next one before or soon after the last is done; of equal weights each has one in a round. What a
    visitor leaves is the others', and is neither saved up nor held against who had it.
    """

    def __init__(self, weigh: Callable[[T], float] = lambda item: 1.0) -> None:
        """`weigh` returns what an item is counted for, at least 0."""
        self._weigh = weigh
        self._lines: dict[str, deque[T]] = {}  # of those who wait, who waits longest first
        self._accounts: dict[str, Account] = {}
        self._first: str | None = None  # who comes before everybody else
        self._now = 0.0

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[T]:
        """Yield the items in the order in which they are served if nobody else comes."""
        rests = {visitor: iter(tuple(line)) for visitor, line in self._lines.items()}
        numbers = count()
        coming = [(self._find_start(visitor), next(numbers), visitor) for visitor in rests]
        heapify(coming)
        while coming:
            start, _, visitor = heappop(coming)
            if (item := next(rests[visitor], None)) is not None:
                yield item
                after = max(start, self._accounts[visitor].end) + self._weigh(item)
                heappush(coming, (after, next(numbers), visitor))

    def find_next(self, busy: Collection[str] = ()) -> T | None:
        """Return the item that is served next of those whose visitors are not busy; None where there is none."""
        free = (visitor for visitor in self._lines if visitor not in busy)
        visitor = min(free, key=self._find_start, default=None)
        return None if visitor is None else self._lines[visitor][0]

    def add(self, visitor: str, item: T) -> None:
        """Add an item behind the others of its visitor."""
        account = self._accounts.setdefault(visitor, Account(self._now))
        if not self._is_here(visitor):
            account.is_regular = account.is_soon(self._now)
            account.end = max(account.end, self._now - account.is_regular * self._weigh(item))
        self._lines.setdefault(visitor, deque()).append(item)

    def add_first(self, visitor: str, item: T) -> None:
        """Add an item before all others."""
        self.add(visitor, item)
        self._lines[visitor].rotate(1)
        self._first = visitor

    def remove(self, visitor: str, item: T) -> None:
        """Take an item out that is not served; the visitor's next one has its place."""
        self._lines[visitor].remove(item)
        if not self._lines[visitor]:
            del self._lines[visitor]
        if visitor == self._first:
            self._first = None

    def serve(self, visitor: str, item: T) -> None:
        """Take an item out whose turn it is, until its `end`."""
        self.remove(visitor, item)
        if visitor in self._lines:
            self._lines[visitor] = self._lines.pop(visitor)
        account = self._accounts[visitor]
        account.last = self._weigh(item)
        account.end += account.last
        account.served += 1

    def end(self, visitor: str, item: T) -> None:
        """Say that an item was served."""
        self._now += self._weigh(item) / sum(map(self._is_sharing, self._accounts))
        account = self._accounts[visitor]
        account.served -= 1
        account.left = self._now
        for name in [each for each in self._accounts if not self._is_here(each)]:
            if self._accounts[name].end <= self._now and not self._accounts[name].is_soon(self._now):
                del self._accounts[name]

    def _is_here(self, visitor: str) -> bool:
        return visitor in self._lines or self._accounts[visitor].served > 0

    def _is_sharing(self, visitor: str) -> bool:
        account = self._accounts[visitor]
        return self._is_here(visitor) or (account.is_regular and account.is_soon(self._now))

    def _find_start(self, visitor: str) -> float:
        return -math.inf if visitor == self._first else self._accounts[visitor].end
