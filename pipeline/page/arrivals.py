"""Count the bodies that are on their way: how many come from each address, and how many bytes of them are here."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.exceptions import HTTPException

MOST_OPEN = 512  # bodies of all: half of the 1,024 handles that a process usually has
MOST_OPEN_EACH = 128  # of one address: a school has one, and a class sends its drawings at once
MOST_BYTES = 256_000_000  # of all bodies that are not whole yet
MOST_BYTES_EACH = 128_000_000  # of one address: one body of the largest size
TRY_AGAIN = {"Retry-After": "5", "connection": "close"}  # seconds; what is left of the body is not read
TOO_MANY = "Too many requests are on their way here; send this one again in a moment."


@dataclass
class Sender:
    """Sender is one address that sends: its open bodies, and their bytes that are here."""

    bodies: int = 0
    size: int = 0


class Arrivals:
    """Arrivals counts open bodies by their address. Called from one event loop only."""

    def __init__(self) -> None:
        self._senders: dict[str, Sender] = {}

    @property
    def bodies(self) -> int:
        """Return how many bodies are open."""
        return sum(each.bodies for each in self._senders.values())

    @property
    def size(self) -> int:
        """Return how many bytes of open bodies are here."""
        return sum(each.size for each in self._senders.values())

    def begin(self, address: str) -> None:
        """Count one more body. Raises HTTPException 503 where there are too many."""
        sender = self._senders.get(address, Sender())
        if sender.bodies >= MOST_OPEN_EACH or self.bodies >= MOST_OPEN:
            raise HTTPException(503, TOO_MANY, TRY_AGAIN)
        sender.bodies += 1
        self._senders[address] = sender

    def add(self, address: str, size: int) -> None:
        """Count bytes that came of an open body. Raises HTTPException 503 where there are too many."""
        sender = self._senders[address]
        if sender.size + size > MOST_BYTES_EACH or self.size + size > MOST_BYTES:
            raise HTTPException(503, TOO_MANY, TRY_AGAIN)
        sender.size += size

    def end(self, address: str, size: int) -> None:
        """Forget a body, of which so many bytes were counted."""
        sender = self._senders[address]
        sender.bodies -= 1
        sender.size -= size
        if not sender.bodies:
            del self._senders[address]
