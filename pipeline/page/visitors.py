"""Decide whose history a request belongs to: who sits at the machine has one, others have theirs by a secret cookie."""

from __future__ import annotations

import hashlib
import secrets
from typing import Literal
from urllib.parse import urlsplit

import gradio as gr
from starlette.requests import cookie_parser

from pipeline.page.host import TOKEN, TOKEN_BYTES, Visitor, is_at_machine
from pipeline.settings import Settings
from pipeline.studio.callers import Caller, name_caller, read_user

Mode = Literal["on", "off", "ask"]

COOKIE = "croquis_visitor"
DESK = "desk"  # the owner of what is drawn at the machine itself, in whichever browser
COOKIE_SECONDS = 400 * 24 * 3600  # browsers keep none longer


def find_owner(visitor: Visitor, settings: Settings) -> str | None:
    """Return whose history this visitor's pictures are kept in; None where nothing of theirs is kept."""
    mode = choose_mode(visitor, settings)
    if mode == "on" and is_at_machine(visitor):
        return DESK
    return None if mode == "off" else read_owner(visitor)


def find_caller(visitor: gr.Request, settings: Settings, event: str | None = None) -> Caller:
    """Return who asks for a picture: a key or a login, a session of the page or of a client, else the address.

    Gradio makes a session up for a call that comes without one, which is called as its `event` then.
    """
    session = None if visitor.session_hash == event else visitor.session_hash
    owner = find_owner(visitor, settings)
    return name_caller(session, getattr(visitor.client, "host", None), read_user(visitor), owner)


def choose_mode(visitor: Visitor, settings: Settings) -> Mode:
    """Return whether this visitor's pictures are kept, are not, or are once the visitor says so."""
    if settings.history != "auto":
        return settings.history
    return "on" if settings.hosts == "local" and is_at_machine(visitor) else "ask"


def read_owner(visitor: Visitor) -> str | None:
    """Return the owner that a visitor's cookie stands for; None where there is none, or none of ours.

    What is stored is its hash: who reads the database cannot take anybody's place.
    """
    token = cookie_parser(visitor.headers.get("cookie", "")).get(COOKIE, "")
    return hashlib.sha256(token.encode()).hexdigest()[:32] if TOKEN.fullmatch(token) else None


def make_token() -> str:
    """Make the value of a new visitor's cookie, 256 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def make_cookie(visitor: Visitor, token: str, name: str = COOKIE) -> str:
    """Make the header that gives a browser this token, or takes it away where it is "".

    A Space's page lies in a frame of another site, where a cookie needs "SameSite=None; Secure; Partitioned".
    """
    scheme = visitor.headers.get("x-forwarded-proto", "").split(",")[0].strip() or urlsplit(str(visitor.url)).scheme
    reach = "SameSite=None; Secure; Partitioned" if scheme == "https" else "SameSite=Lax"
    return f"{name}={token}; Max-Age={COOKIE_SECONDS if token else 0}; Path=/; HttpOnly; {reach}"
