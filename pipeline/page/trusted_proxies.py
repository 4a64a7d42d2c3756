"""Believe the forwarded address of proxies that the host named, and of nobody else."""

from __future__ import annotations

import os
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

BY_PROXY = "croquis.by_proxy"  # in the scope of a request that one of them sent


class TrustedProxies:
    """TrustedProxies is a middleware that puts the visitor's address in the place of a trusted proxy's, as uvicorn
    does, and notes that the request came by one.
    """

    def __init__(self, app: ASGIApp, proxies: str) -> None:
        """Take addresses and networks with commas between them."""
        known: Any = ProxyHeadersMiddleware(app, proxies)  # type: ignore[arg-type]  # uvicorn's own words for the same
        self._app, self._proxies = known, known.trusted_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope[BY_PROXY] = (scope.get("client") or ("",))[0] in self._proxies
        await self._app(scope, receive, send)


def believe_proxies(proxies: str) -> None:
    """Have uvicorn itself believe nobody where the host named proxies: it would hide who sent a request."""
    if proxies:
        os.environ["FORWARDED_ALLOW_IPS"] = ""
