"""Bound what Gradio keeps of those who call it: by itself each call without a session leaves some 300 kB for good.

A session holds what its page's components were changed to (Gradio's `SessionState`). A call that names no session gets
one called by its event's own number, which nobody asks for again: it is not kept. Of the others are kept so many, and
without the settings and last values of every component written out, which Gradio's deep links alone read.
"""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import copy
from typing import Any

from gradio import routes
from gradio.blocks import Blocks
from gradio.route_utils import FileUploadProgress
from gradio.routes import App
from gradio.state_holder import SessionState, StateHolder

MOST_SESSIONS = 2_000  # some 30 kB each; Gradio's queue holds the messages of as many
MOST_TIMES = 100  # events whose times Gradio sums up after each one
SECONDS_WHEN_CLOSED = 3_600  # as Gradio has it


class Session(SessionState):
    """Session is a session without its components' settings and values written out."""

    def __init__(self, blocks: Blocks) -> None:
        self.blocks_config = copy(blocks.default_config)
        self.config_values = NothingKept()
        self.state_data = {}
        self._state_ttl = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = SECONDS_WHEN_CLOSED

    def _update_config(self, key: int) -> None:
        pass

    def _update_value_in_config(self, key: int, value: Any) -> None:
        pass


class NothingKept(dict[int, Any]):
    """NothingKept is a dictionary that stays empty."""

    def __setitem__(self, key: int, value: Any) -> None:
        pass


class Sessions(StateHolder):
    """Sessions holds the sessions of those who named one."""

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id in self.blocks._queue.event_ids_to_events:
            return Session(self.blocks)
        if session_id not in self.session_data:
            self.session_data[session_id] = Session(self.blocks)
        session = self.session_data[session_id]
        self.time_last_used[session_id] = datetime.datetime.now()
        self.update(session_id)
        return session


class EventNumbers(dict[str, set[str]]):
    """EventNumbers holds which events each session waits for, and forgets those that wait for none.

    Gradio itself forgets a session only where its events are cleaned up, not where they are done.
    """

    def __setitem__(self, session_id: str, numbers: set[str]) -> None:
        if len(self) >= 2 * MOST_SESSIONS:
            self._forget()
        super().__setitem__(session_id, numbers)

    def _forget(self) -> None:
        """Forget who waits for nothing, and then the oldest, whose messages the queue has dropped by now."""
        for session_id in [each for each, numbers in self.items() if not numbers]:
            del self[session_id]
        for session_id in list(self)[: max(0, len(self) - MOST_SESSIONS)]:
            del self[session_id]


class NoProgress(FileUploadProgress):
    """NoProgress forgets how far uploads are: the route that asks for it is closed, and Gradio forgets none unasked."""

    def track(self, upload_id: str) -> None:
        pass

    def append(self, upload_id: str, filename: str, message_bytes: bytes) -> None:
        pass

    def set_done(self, upload_id: str) -> None:
        pass


@asynccontextmanager
async def bound_sessions(app: App) -> AsyncIterator[None]:
    """Give a Gradio app sessions that are bounded, before it answers its first request."""
    blocks = app.get_blocks()
    app.state_holder = Sessions()  # type: ignore[no-untyped-call]
    app.state_holder.set_blocks(blocks)
    blocks._queue.pending_event_ids_session = EventNumbers()
    blocks._queue.ANALYTICS_MAX_EVENTS = MOST_TIMES
    routes.file_upload_statuses = NoProgress()
    yield
