"""Believe the forwarded address of proxies that the host named, on a Space of its front, and of nobody else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from pipeline.studio.callers import unwrap_address

PRIVATE = "10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,172.16.0.0/12,192.168.0.0/16,::1,fc00::/7"  # RFC 1918, 6598, 4193
BY_PROXY = "croquis.by_proxy"  # in the scope of a request that one of them sent


def list_proxies(named: str, environment: Mapping[str, str] = os.environ) -> str:
    """List the proxies that are believed: those that the host named, on a Space every private address, else "".

    A Space's front has a private address there (10.16.3.80, say) and gives the visitor's in X-Forwarded-For:
    https://github.com/embeddings-benchmark/mteb/pull/4754. The right-most address that is not private is taken, which
    the front itself wrote: a visitor's own header stands left of it.
    """
    return named or (PRIVATE if "SPACE_ID" in environment else "")


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
            host, port = scope.get("client") or ("", 0)
            host = unwrap_address(host)
            scope["client"], scope[BY_PROXY] = (host, port), host in self._proxies
        await self._app(scope, receive, send)


def believe_proxies(proxies: str) -> None:
    """Have uvicorn itself believe nobody where the host named proxies: it would hide who sent a request."""
    if proxies:
        os.environ["FORWARDED_ALLOW_IPS"] = ""
