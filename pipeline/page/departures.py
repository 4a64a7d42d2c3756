"""Tell a call of Gradio's queue that nobody waits for it any more: it was cancelled, or its connection was dropped."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr


class Departures:
    """Departures hears what Gradio's queue hears of clients who leave, and stops the calls that are under way for them.

    The queue itself lets them run: it only sends nobody their pictures.
    """

    def __init__(self, blocks: gr.Blocks) -> None:
        self._blocks = blocks
        self._stops: dict[str, threading.Event] = {}  # by the event's id
        self._heard: Any = None  # the queue that is listened to; Blocks.queue() makes another

    @contextmanager
    def follow(self, event: str | None) -> Iterator[threading.Event]:
        """Yield the flag that is set when the client of this event leaves, and at the end; None is heard of by nobody.

        Called in the event's own task. Gradio's cancel ends all tasks of that client and endpoint: this one is named
        so that it finds it no more, and ends by its own flag.
        """
        stop = threading.Event()
        if event is not None:
            self._listen()
            self._stops[event] = stop
            if (task := asyncio.current_task()) is not None:
                task.set_name(f"croquis-{event}")
        try:
            yield stop
        finally:
            stop.set()
            self._stops.pop(event or "", None)

    def _listen(self) -> None:
        """Follow the queue's own calls: `remove_from_queue` for a cancelled event, `clean_events` for a session."""
        queue = self._blocks._queue
        if self._heard is not queue:
            self._heard = queue
            queue.remove_from_queue = self._hear_cancel(queue, queue.remove_from_queue)  # type: ignore[method-assign, assignment]
            queue.clean_events = self._hear_departure(queue, queue.clean_events)  # type: ignore[method-assign, assignment]

    def _hear_cancel(self, queue: Any, remove: Callable[[str], Awaitable[None]]) -> Callable[[str], Awaitable[None]]:
        async def heard(event_id: str) -> None:
            await remove(event_id)
            if event_id in self._stops:
                queue.event_ids_to_events[event_id].alive = False  # it is answered already
                self._stops[event_id].set()

        return heard

    def _hear_departure(self, queue: Any, clean: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def heard(*, session_hash: str | None = None, event_id: str | None = None) -> None:
            await clean(session_hash=session_hash, event_id=event_id)
            for event, stop in self._stops.items():
                if event == event_id or queue.event_ids_to_events[event].session_hash == session_hash:
                    stop.set()

        return heard
