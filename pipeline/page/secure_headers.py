"""Give every answer the headers that keep a browser from running, framing or guessing what it was not meant to.

The page's policy names what Gradio forces: inline scripts and styles, and code made from texts ('unsafe-eval').
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OWN = "'self' data: blob:"
PAGE_RULES = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": OWN,
    "font-src": "'self' data:",
    "media-src": OWN,
    "connect-src": OWN,
    "worker-src": "'self' blob:",
    "frame-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
OTHER_RULES = {"default-src": "'none'", "style-src": "'unsafe-inline'", "base-uri": "'none'", "form-action": "'none'"}
LIVING = ("text/html", "text/javascript", "application/javascript")  # a worker obeys the policy of its own script
SPACE_FRAMES = "'self' https://huggingface.co https://*.huggingface.co https://*.hf.space"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
}


class SecureHeaders:
    """SecureHeaders is a middleware that adds nosniff and a Content-Security-Policy to every answer without its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        frames = SPACE_FRAMES if "SPACE_ID" in os.environ else "'self'"
        self._page, self._other = (
            write_policy({**rules, "frame-ancestors": frames}) for rules in (PAGE_RULES, OTHER_RULES)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                self._add_headers(MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, send_secured if scope["type"] == "http" else send)

    def _add_headers(self, headers: MutableHeaders) -> None:
        living = headers.get("content-type", "").partition(";")[0].strip().lower() in LIVING
        policy = {"Content-Security-Policy": self._page if living else self._other}
        for name, value in {**HEADERS, **policy}.items():
            headers.setdefault(name, value)


def write_policy(rules: Mapping[str, str]) -> str:
    """Write the rules of a Content-Security-Policy as its header."""
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())
