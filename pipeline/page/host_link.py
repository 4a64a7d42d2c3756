"""Make the link that lets the host fetch models and change the engine, and take it when it is opened."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.page.host import is_token, name_host_cookie, read_host_token
from pipeline.page.visitors import make_cookie
from pipeline.settings import Settings

WORD = "host"  # of the link's query


def announce_host(address: str, settings: Settings, environment: Mapping[str, str]) -> str:
    """Print where the page is, and the host's link where there is one; return the address to open."""
    space = environment.get("SPACE_HOST", "").strip()
    shown = f"https://{space}/" if space else address
    lines = [f"Croquis is at {shown}"]
    if settings.hosts == "local":
        shown = f"{shown}?{urlencode({WORD: read_host_token(settings.user_dir)})}"
        lines.append(f"Your own link, to fetch models and choose the engine; give it to nobody: {shown}")
    sys.stdout.write("\n".join([*lines, ""]))
    sys.stdout.flush()
    return shown


class HostLink:
    """HostLink is a middleware that leaves the token of an opened link in a cookie, and shows the page without it."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or f"{WORD}=".encode() not in scope["query_string"]:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = dict(query).get(WORD)
        if given is None or not request.url.path.endswith("/"):
            await self._app(scope, receive, send)
            return
        rest = urlencode([each for each in query if each[0] != WORD])
        answer = RedirectResponse(f"./?{rest}" if rest else "./", 303, {"Cache-Control": "no-store"})
        if is_token(given, self._token):
            answer.headers["Set-Cookie"] = make_cookie(request, given, name_host_cookie(given))
        await answer(scope, receive, send)
