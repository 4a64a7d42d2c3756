"""Order what waits: one of each visitor, then the next of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import chain, zip_longest
from typing import Generic, TypeVar

T = TypeVar("T")


class RoundRobin(Generic[T]):
    """RoundRobin holds a line of items for each visitor, and goes round the visitors.

    Who comes anew stands behind the others; who was served goes to the end of the round.
    """

    def __init__(self) -> None:
        self._lines: dict[str, deque[T]] = {}  # in the order of the round

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[T]:
        """Yield the items in the order in which they are served if nobody else comes."""
        rounds = zip_longest(*map(tuple, self._lines.values()))
        return (each for each in chain.from_iterable(rounds) if each is not None)

    def add(self, visitor: str, item: T) -> None:
        """Add an item behind the others of its visitor."""
        self._lines.setdefault(visitor, deque()).append(item)

    def add_first(self, visitor: str, item: T) -> None:
        """Add an item before all others."""
        self._lines = {visitor: deque([item, *self._lines.pop(visitor, ())]), **self._lines}

    def remove(self, visitor: str, item: T) -> None:
        """Take an item out; the visitor's next one keeps the place in the round."""
        self._lines[visitor].remove(item)
        if not self._lines[visitor]:
            del self._lines[visitor]

    def serve(self, visitor: str, item: T) -> None:
        """Take an item out whose turn it is; its visitor goes to the end of the round."""
        self.remove(visitor, item)
        if visitor in self._lines:
            self._lines[visitor] = self._lines.pop(visitor)
