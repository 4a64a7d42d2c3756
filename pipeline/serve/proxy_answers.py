"""Put what Ray's proxy says by itself into Croquis's words: every refusal is {"error": a sentence}.

The proxy stands between visitors and the replicas of /v1/draw. Where a replica is killed in the middle of a call, it
ends the call without an answer, of which its server makes a bare "Internal Server Error"; and it lists its routes to
whoever asks.
Source: Ray Serve calls what RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.page.own_routes import refuse
from pipeline.page.secure_headers import SecureHeaders

CALLBACK = "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH"
CALLBACK_PATH = "pipeline.serve.proxy_answers:list_middlewares"
LOST = "What was to draw this picture ended before it did. Send it once more."
AGAIN_SECONDS = 5  # after which another replica answers
NOT_HERE = "There is nothing at this address."
ROUTES = "/-/routes"  # of Ray's; its /-/healthz stays, which Kubernetes asks
OURS = "content-security-policy"  # a header that every answer of a replica has


def list_middlewares() -> Sequence[Any]:
    """Return what Ray's proxy passes its calls through, the innermost first, for Ray to call."""
    return [Middleware(ProxyAnswers), Middleware(SecureHeaders)]


class ProxyAnswers:
    """ProxyAnswers is a middleware that says in words, as 503, where no replica answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"].rstrip("/") == ROUTES:
            await refuse(404, NOT_HERE, {})(scope, receive, send)
            return
        is_begun = is_lost = False

        async def send_own(message: Message) -> None:
            nonlocal is_begun, is_lost
            if message["type"] == "http.response.start":
                is_lost = message["status"] >= 500 and OURS not in Headers(raw=message.get("headers", []))
                is_begun = not is_lost
            if not is_lost:
                await send(message)

        try:
            await self._app(scope, receive, send_own)
        finally:
            if not is_begun:
                await refuse(503, LOST, {"Retry-After": str(AGAIN_SECONDS)})(scope, receive, send)
