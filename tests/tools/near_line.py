"""The cluster's line in this process: it is asked as Ray Serve's handle is."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

from pipeline.serve.line_replica import LineReplica


class NearAnswer:
    """An answer that may not be there yet."""

    def __init__(self, future: Future[Any]) -> None:
        self._future = future

    def result(self, timeout_s: float | None = None) -> Any:
        return self._future.result(timeout_s)

    def cancel(self) -> None:
        self._future.cancel()


class NearLine:
    """A handle whose methods run in an event loop of their own, until it is away."""

    def __init__(self, replica: LineReplica) -> None:
        self.replica, self.is_away = replica, False
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def __getattr__(self, method: str) -> SimpleNamespace:
        return SimpleNamespace(remote=lambda *inputs: self._call(method, *inputs))

    def _call(self, method: str, *inputs: object) -> NearAnswer:
        if self.is_away:
            raise RuntimeError("The line died.")
        called = getattr(self.replica, method)(*inputs)
        return NearAnswer(asyncio.run_coroutine_threadsafe(called, self._loop))
