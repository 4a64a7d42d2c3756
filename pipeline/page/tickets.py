"""Keep which runs are under way and which of them someone has stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

TICKET_LIMIT = 64  # characters of a ticket, which the browser makes up
MAX_FLAGS = 1_000  # tickets stopped before their run began


class Tickets:
    """Tickets keeps a stop flag per run. The browser names its run with a random ticket, so that nobody stops
    another's.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flags: dict[str, threading.Event] = {}
        self._sessions: dict[str, set[str]] = {}

    @contextmanager
    def open(self, ticket: object, session: str) -> Iterator[threading.Event]:
        """Open a run and yield its flag, already set when Stop came while the run waited in the queue. It is set in any
        case at the end.
        """
        name = str(ticket)[:TICKET_LIMIT]
        with self._lock:
            flag = self._flags.setdefault(name, threading.Event())
            self._sessions.setdefault(session, set()).add(name)
        try:
            yield flag
        finally:
            flag.set()
            self._close(name, session)

    def stop(self, ticket: object) -> None:
        """Set the flag of one run, also of a run that has not begun."""
        with self._lock:
            self._flags.setdefault(str(ticket)[:TICKET_LIMIT], threading.Event()).set()
            while len(self._flags) > MAX_FLAGS:
                self._forget_oldest()

    def stop_session(self, session: str) -> None:
        """Stop all that a visitor who closed the page had under way."""
        with self._lock:
            for name in self._sessions.get(session, ()):
                self._flags[name].set()

    def _close(self, name: str, session: str) -> None:
        with self._lock:
            self._flags.pop(name, None)
            names = self._sessions.get(session, set())
            names.discard(name)
            if not names:
                self._sessions.pop(session, None)

    def _forget_oldest(self) -> None:
        running = set().union(*self._sessions.values())
        oldest = next((name for name in self._flags if name not in running), None)
        self._flags.pop(oldest or next(iter(self._flags)))
