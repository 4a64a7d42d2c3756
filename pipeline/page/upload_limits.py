"""Bound what visitors upload: so many megabytes of each in an hour, and so many of all that lie on the disk."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from pathlib import Path

from gradio.utils import get_upload_folder
from limits import RateLimitItemPerHour
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.page.own_routes import refuse
from pipeline.settings import Settings
from pipeline.studio.callers import name_caller, read_user

UPLOAD = "/gradio_api/upload"
MEGABYTE = 10**6
LOOK_SECONDS = 10.0  # between two measurements of the folder
TOO_MUCH_EACH = "You sent more than {most} MB of files in an hour here. Try again in {minutes} minutes."
DISK_FULL = "Visitors' files fill the room that the host gives them. They go by themselves; try again in an hour."


class UploadLimits:
    """UploadLimits is a middleware that refuses uploads: 429 where one visitor sends too much, 507 where all do."""

    def __init__(self, app: ASGIApp, settings: Settings, measure: Callable[[], int] | None = None) -> None:
        self._app, self._settings = app, settings
        self._measure = measure or measure_uploads
        self._rate, self._window = RateLimitItemPerHour(settings.uploads_each), FixedWindowRateLimiter(MemoryStorage())
        self._measured, self._bytes = -math.inf, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(UPLOAD) or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        visitor = name_caller(None, (scope.get("client") or ("",))[0], read_user(Request(scope))).address
        try:
            await self._expect_room()
            self._expect_few(visitor, 1)
            await self._app(scope, self._count(receive, visitor), send)
        except HTTPException as error:
            await refuse(error.status_code, str(error.detail), error.headers or {})(scope, receive, send)

    def _count(self, receive: Receive, visitor: str) -> Receive:
        """Return `receive` that charges each whole megabyte to a visitor."""
        total, charged = 0, 1

        async def counted() -> Message:
            nonlocal total, charged
            message = await receive()
            total += len(message.get("body", b""))
            if (more := math.ceil(total / MEGABYTE) - charged) > 0:
                self._expect_few(visitor, more)
                charged += more
            return message

        return counted

    def _expect_few(self, visitor: str, megabytes: int) -> None:
        if self._window.hit(self._rate, visitor, cost=megabytes):
            return
        seconds = max(1, math.ceil(self._window.get_window_stats(self._rate, visitor).reset_time - time.time()))
        words = TOO_MUCH_EACH.format(most=self._settings.uploads_each, minutes=math.ceil(seconds / 60))
        raise HTTPException(429, words, {"Retry-After": str(seconds), "connection": "close"})

    async def _expect_room(self) -> None:
        if time.monotonic() - self._measured > LOOK_SECONDS:
            self._measured = time.monotonic()
            self._bytes = await asyncio.to_thread(self._measure)
        if self._bytes > self._settings.uploads * MEGABYTE:
            raise HTTPException(507, DISK_FULL, {"connection": "close"})


def measure_uploads() -> int:
    """Return the bytes of all files that lie in Gradio's folder: what was sent, and what was drawn lately."""
    return sum(measure_file(file) for file in Path(get_upload_folder()).rglob("*"))


def measure_file(file: Path) -> int:
    """Return the bytes of a file; none of a folder, and of a file that is gone meanwhile."""
    try:
        return file.stat().st_size if file.is_file() else 0
    except OSError:
        return 0
