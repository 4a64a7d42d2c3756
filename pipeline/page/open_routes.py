"""Answer the routes that the page, Gradio's clients and our own API need, and no other of the many that Gradio has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from starlette.routing import BaseRoute, Match, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.page.own_routes import refuse

API = "/gradio_api"
CALLS = tuple(f"{API}/{kind}/{{api_name}}{end}" for kind in ("run", "call", "call/v2") for end in ("", "/"))
FILES = (f"{API}/file={{path:path}}", f"{API}/file/{{path:path}}")
OPEN_ROUTES: Mapping[str, Sequence[str]] = {
    "HEAD": ("/", FILES[0]),
    "GET": (
        *("/", "/config", "/config/", "/favicon.ico", "/robots.txt", "/theme.css"),
        *("/assets/{path:path}", "/static/{path:path}", *FILES),
        *(f"{API}/{name}" for name in ("app_id", "info", "info/", "openapi.json", "startup-events", "theme.css")),
        *(f"{API}/{name}" for name in ("queue/data", "heartbeat/{session_hash}")),
        *(f"{API}/{kind}/{{api_name}}/{{event_id}}" for kind in ("call", "call/v2")),
    ),
    "POST": (*CALLS, *(f"{API}/{name}" for name in ("queue/join", "cancel", "reset", "upload"))),
}
LOGIN_ROUTES: Mapping[str, Sequence[str]] = {"POST": ("/login", "/login/"), "GET": ("/logout",)}  # where people log in
LONGEST_NAME = 255  # bytes of one part of a path
NOTHING_HERE = "Nothing is served at this address; /gradio_api/info and /v1/openapi.json tell what can be called."
WRONG_METHOD = "This address takes {methods}; {method} came."


class OpenRoutes:
    """OpenRoutes is a middleware that refuses unknown addresses (404), and known ones by another method (405)."""

    def __init__(self, app: ASGIApp, own: Sequence[BaseRoute], has_login: bool = False) -> None:
        """Take our own routes, which are served beside Gradio's, and whether people log in by Gradio's page."""
        self._app, self._own = app, own
        self._open = {
            method: tuple(
                re.compile(compile_path(path)[0].pattern, re.DOTALL)
                for path in (*paths, *(LOGIN_ROUTES.get(method, ()) if has_login else ()))
            )
            for method, paths in OPEN_ROUTES.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_plain(scope["path"]):
            await refuse(404, NOTHING_HERE)(scope, receive, send)
            return
        if scope["type"] == "http" and not self._is_own(scope):
            methods = self._find_methods(scope["path"])
            if not methods:
                await refuse(404, NOTHING_HERE)(scope, receive, send)
                return
            if scope["method"] not in methods:
                words = WRONG_METHOD.format(methods=" or ".join(methods), method=scope["method"][:20])
                await refuse(405, words, {"allow": ", ".join(methods)})(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_own(self, scope: Scope) -> bool:
        return any(route.matches(scope)[0] is not Match.NONE for route in self._own)

    def _find_methods(self, path: str) -> list[str]:
        return [method for method, patterns in self._open.items() if any(each.fullmatch(path) for each in patterns)]


def is_plain(path: str) -> bool:
    """Return whether a path may be a file's: systems refuse others with errors of their own."""
    return path.isprintable() and all(len(part.encode("utf-8", "replace")) <= LONGEST_NAME for part in path.split("/"))
