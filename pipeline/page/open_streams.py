"""Bound the answers that have no end of their own, of each address and of all: each holds a connection."""

from __future__ import annotations

import re
from collections import Counter

from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.page.own_routes import refuse
from pipeline.studio.callers import name_address

STREAMS = re.compile(r"/gradio_api/(heartbeat/[^/]+|queue/data|call/(v2/)?[^/]+/[^/]+)/?")
MOST_EACH = 256  # of one address: a page has two, and a school's classes have one address
SHARE_EACH = 0.75  # of all, at most
SHARE = 3 / 8  # of the process's handles; bodies on their way have half, see `arrivals`
MOST = 4_096
USUAL_HANDLES = 1_024  # where the system does not say
TOO_MANY = "Too many pages are open here from where you are; close some, or try again in a moment."


class OpenStreams:
    """OpenStreams is a middleware that refuses (503) streams of events beyond what an address, or all, may have."""

    def __init__(self, app: ASGIApp, most: int | None = None) -> None:
        """Take how many streams all have at most; by itself a share of the process's handles."""
        self._app, self._most = app, most or min(MOST, int(SHARE * count_handles()))
        self._each = min(MOST_EACH, int(SHARE_EACH * self._most))
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not STREAMS.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        address = name_address((scope.get("client") or ("",))[0])
        if self._open[address] >= self._each or self._open.total() >= self._most:
            self._forget(address)
            await refuse(503, TOO_MANY, {"Retry-After": "5", "connection": "close"})(scope, receive, send)
            return
        self._open[address] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open[address] -= 1
            self._forget(address)

    def _forget(self, address: str) -> None:
        """Keep nothing of an address that has no stream."""
        if not self._open[address]:
            del self._open[address]


def count_handles() -> int:
    """Return how many files and connections this process may have open."""
    try:
        import resource
    except ImportError:  # Windows
        return USUAL_HANDLES
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft > 0 else USUAL_HANDLES  # -1: without a bound
