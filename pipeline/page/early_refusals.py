"""Refuse a drawing call that would not be admitted before Gradio's queue takes it: 429 with Retry-After."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.errors import LineFull
from pipeline.page.own_routes import NOT_KEPT, refuse
from pipeline.studio.callers import Caller, name_caller, read_user

DRAWING_CALLS = tuple(f"/gradio_api/{kind}/draw{end}" for kind in ("call", "call/v2") for end in ("", "/"))
SESSION = b'"session_hash"'


class EarlyRefusals:
    """EarlyRefusals is a middleware that asks for a place for calls that name no session, as curl's are.

    What it lets through may still be refused in its events: others may take the last place meanwhile. Calls of a
    session, as the page and Gradio's clients have one, are refused there alone. Comes after BodyLimits: bodies come
    whole here.
    """

    def __init__(self, app: ASGIApp, expect_place: Callable[[Caller], None]) -> None:
        """`expect_place` raises LineFull where a caller would not be admitted; it is called in a thread."""
        self._app, self._expect_place = app, expect_place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in DRAWING_CALLS:
            await self._app(scope, receive, send)
            return
        first = await receive()
        if SESSION not in first.get("body", b""):
            request = Request(scope)
            caller = name_caller(None, request.client and request.client.host, read_user(request))
            try:
                await asyncio.to_thread(self._expect_place, caller)
            except LineFull as error:
                refusal = refuse(429, str(error), {**NOT_KEPT, "Retry-After": str(error.seconds)})
                await refusal(scope, receive, send)
                return
        waiting = [first]

        async def receive_again() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, receive_again, send)
