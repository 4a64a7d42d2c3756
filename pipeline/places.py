"""Say whose picture a thread draws, so that the engine can let visitors take turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass

HOST = ""  # the visitor of everything that is drawn for nobody in particular: the command line, thumbnails


@dataclass(frozen=True)
class Ahead:
    """Ahead is what comes before a picture that waits: how many pictures, and the seconds until it is there itself."""

    pictures: int
    seconds: float | None  # None: nothing like them was drawn yet


@dataclass(frozen=True, eq=False)
class Place:
    """Place is one admitted call of a visitor."""

    visitor: str
    find_ahead: Callable[[Place], Ahead | None]  # None: it does not wait for the engine, or not yet
    owner: str = ""  # whose history the picture is kept in; "": nobody's
    follow: Callable[[Place], AbstractContextManager[None]] = lambda _: nullcontext()  # entered while it is drawn

    @property
    def person(self) -> str:
        """Return who this is beyond a session: the owner where there is one, which the audit and reports go by."""
        return self.owner or self.visitor


_held: ContextVar[Place | None] = ContextVar("place", default=None)


@contextmanager
def hold_place(place: Place) -> Iterator[None]:
    """Let what this thread draws be drawn for the visitor of that place."""
    token = _held.set(place)
    try:
        with place.follow(place):
            yield
    finally:
        _held.reset(token)


def get_place() -> Place | None:
    """Return the place that this thread draws for; None where it is nobody's in particular."""
    return _held.get()
