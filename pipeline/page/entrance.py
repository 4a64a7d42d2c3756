"""Say who sends a request, by an API key, a login or a trusted proxy's header, and refuse whom nobody knows."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable
from typing import Any

from starlette.authentication import (
    AuthCredentials,
    AuthenticationBackend,
    AuthenticationError,
    BaseUser,
    SimpleUser,
)
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response

from pipeline.page.login_tries import SENDER, LoginTries
from pipeline.page.own_routes import refuse
from pipeline.page.trusted_proxies import BY_PROXY
from pipeline.settings import Settings
from pipeline.store.faults import explain_fault
from pipeline.store.keys import PREFIX
from pipeline.store.logins import Logins
from pipeline.studio.callers import name_address, read_user

NOT_A_KEY = "This API key is not known here, or was revoked."
LOG_IN = "Log in first, or send an API key as Authorization: Bearer croquis_..."
WATCHED = (  # say nothing of anybody, or look themselves who asks
    *("/health", "/ready", "/metrics"),
    "/gradio_api/startup-events",
)
TO_LOG_IN = re.compile(  # what the page to log in by needs
    r"/|/login/?|/logout|/config/?|/theme\.css|/favicon\.ico|/robots\.txt|/(assets|static)/.*"
    r"|/gradio_api/(theme\.css|app_id)"
)
COOKIES = ("access-token-{id}", "access-token-unsecure-{id}")  # of Gradio's login
STAND_IN_BYTES = 32

Authenticated = tuple[AuthCredentials, BaseUser]


class KeysAway(AuthenticationError):
    """The store cannot be asked whether a key is known."""


class Entrance(AuthenticationBackend):
    """Entrance tells Starlette's AuthenticationMiddleware who sends a request."""

    def __init__(self, settings: Settings, find_key: Callable[[str], str | None]) -> None:
        """Take what returns the name of an API key, None for one that does not work; it is called in a thread."""
        self._login, self._header, self._find_key = settings.login, settings.login_header, find_key
        self._stand_ins: dict[str, str] = {}  # for the name of each key a token of Gradio's login

    async def authenticate(self, conn: HTTPConnection) -> Authenticated | None:
        """Return who sends this; None for somebody, where nobody has to log in. Raises AuthenticationError."""
        SENDER.set(name_address(conn.client.host if conn.client else ""))
        path = conn.scope["path"]
        if path in WATCHED:
            return None
        scheme, _, given = conn.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and given.strip().startswith(PREFIX):  # others are not ours to judge
            program = f"key {await self._name_key(given.strip())}"
            if self._login == "file":
                self._log_in(conn, program)
            return AuthCredentials(["key"]), SimpleUser(program)
        user = self._find_user(conn)
        if user:
            return AuthCredentials(["login"]), SimpleUser(f"user {user}")
        if self._login == "off" or (self._login == "file" and TO_LOG_IN.fullmatch(path)):
            return None
        raise AuthenticationError(LOG_IN)

    async def _name_key(self, key: str) -> str:
        try:
            name = await asyncio.to_thread(self._find_key, key)
        except Exception as error:
            raise KeysAway(explain_fault(error)) from error
        if name is None:
            raise AuthenticationError(NOT_A_KEY)
        return name

    def _find_user(self, conn: HTTPConnection) -> str | None:
        if self._login == "proxy":
            return conn.headers.get(self._header) if conn.scope.get(BY_PROXY) else None
        return find_logged_in(conn) if self._login == "file" else None

    def _log_in(self, conn: HTTPConnection, user: str) -> None:
        """Let Gradio, which knows no keys, find a login of its own on this request; a cluster's /v1/draw has no
        Gradio, and nobody logs in there.
        """
        app = conn.scope["app"]
        if not has_logins(app):
            return
        token = self._stand_ins.setdefault(user, secrets.token_urlsafe(STAND_IN_BYTES))
        app.tokens[token] = user
        headers = MutableHeaders(raw=list(conn.scope["headers"]))
        headers["cookie"] = f"{COOKIES[0].format(id=app.cookie_id)}={token}"
        conn.scope["headers"] = headers.raw


def find_logged_in(conn: HTTPConnection) -> str | None:
    """Return who logged in by Gradio's page, as the cookie says; None where the application is none of Gradio's."""
    app = conn.scope["app"]
    if not has_logins(app):
        return None
    given = (conn.cookies.get(cookie.format(id=app.cookie_id)) for cookie in COOKIES)
    return next((app.tokens[token] for token in given if token in app.tokens), None)


def has_logins(app: Any) -> bool:
    """Return whether an application is Gradio's, which keeps who logged in."""
    return hasattr(app, "cookie_id") and hasattr(app, "tokens")


def refuse_stranger(conn: HTTPConnection, error: AuthenticationError) -> Response:
    """Answer who is not known in words."""
    if isinstance(error, KeysAway):
        return refuse(503, str(error))
    return refuse(401, str(error), {"WWW-Authenticate": "bearer", "Cache-Control": "no-store"})


def make_login_options(settings: Settings) -> dict[str, Any]:
    """Make the options by which Gradio's launch() has people log in."""
    if settings.login == "file":
        return {"auth": LoginTries(Logins(settings.logins_file)).check}
    return {"auth_dependency": read_user} if settings.login == "proxy" else {}
