"""Decide which visitors may fetch models and change the engine, and which may teach styles.

The first is what concerns everybody: only who has the host's token may, which the terminal prints as a link. An address
says nothing: a proxy on the machine, or any program on it, has the machine's own.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import gradio as gr
from starlette.requests import Request, cookie_parser

from pipeline.settings import Settings

NOT_HERE = "The host of this Croquis teaches no styles to visitors; CROQUIS_TEACHING=on allows it."
PROXY_HEADERS = (  # a proxy speaks for somebody else
    *("forwarded", "x-forwarded-for", "x-real-ip", "x-forwarded-host", "x-forwarded-proto", "via"),
    *("x-client-ip", "cf-connecting-ip", "true-client-ip", "x-cluster-client-ip", "fly-client-ip"),
)
TOKEN_FILE = "host-token"  # noqa: S105 the file's name
TOKEN_BYTES = 32
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # as secrets.token_urlsafe writes 32 bytes


class Visitor(Protocol):
    """Visitor is what Gradio's and Starlette's requests have in common."""

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def client(self) -> Any: ...

    @property
    def url(self) -> Any: ...


def is_host(visitor: gr.Request, settings: Settings) -> bool:
    """Return whether this visitor may fetch models and change the engine, which are everybody's.

    By itself only who opened the link that the terminal prints, which left the token in a cookie.
    """
    if settings.hosts != "local":
        return settings.hosts == "anyone"
    return has_host_token(visitor, settings)


def has_host_token(visitor: Visitor, settings: Settings) -> bool:
    """Return whether this visitor's browser has opened the link that the terminal prints."""
    token = read_host_token(settings.user_dir)
    given = cookie_parser(visitor.headers.get("cookie", "")).get(name_host_cookie(token), "")
    return is_token(given, token)


def name_host_cookie(token: str) -> str:
    """Name the cookie that holds a token: browsers share cookies among all ports of a machine, and each Croquis there
    has a token of its own.
    """
    return f"croquis_host_{hashlib.sha256(token.encode()).hexdigest()[:8]}"


def is_token(given: str, token: str) -> bool:
    """Return whether what was given is the token, in a time that says nothing of it."""
    return secrets.compare_digest(given.encode("utf-8", "replace"), token.encode())


@cache
def read_host_token(folder: Path) -> str:
    """Return the host's token, 256 random bits kept in a person's folder, so that it outlasts a restart.

    Where nothing can be kept it is that of this start alone.
    """
    token, file = secrets.token_urlsafe(TOKEN_BYTES), folder / TOKEN_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as written:
            written.write(token)
    except FileExistsError:
        kept = read_kept_token(file)
        return kept if TOKEN.fullmatch(kept) else token
    except OSError:
        return token
    return token


def read_kept_token(file: Path) -> str:
    """Return what a file holds, "" for one that cannot be read or is no plain file."""
    try:
        return file.read_text("ascii").strip() if file.is_file() else ""
    except (OSError, UnicodeDecodeError):
        return ""


def may_teach(visitor: Request | gr.Request, settings: Settings) -> bool:
    """Return whether this visitor may teach a style: it takes the machine for minutes, and is everybody's then."""
    if settings.teaching == "auto":
        return is_at_machine(visitor)
    return settings.teaching == "on"


def may_share_styles(visitor: Request | gr.Request, settings: Settings) -> bool:
    """Return whether styles that this visitor adds are everybody's, and whether they may change their own of those."""
    if settings.sharing == "auto":
        return is_at_machine(visitor)
    return settings.sharing == "on"


def may_read_metrics(visitor: Request, settings: Settings) -> bool:
    """Return whether this visitor may read /metrics: who sits at the machine, or sends the host's token as a bearer's,
    as Prometheus does with a file of credentials.
    """
    if settings.metrics != "auto":
        return settings.metrics == "on"
    scheme, _, given = visitor.headers.get("authorization", "").partition(" ")
    has_token = scheme.lower() == "bearer" and is_token(given.strip(), read_host_token(settings.user_dir))
    return has_token or is_at_machine(visitor)


def is_at_machine(visitor: Visitor) -> bool:
    """Return whether a request comes from this machine, by its own name, and through no proxy; never on a Space.

    By its own name: a page whose foreign name was pointed at this machine is not somebody sitting here. A tunnel of
    one's own counts as sitting here.
    """
    proxied = any(name in visitor.headers for name in PROXY_HEADERS)
    if proxied or "SPACE_ID" in os.environ or not is_loopback(getattr(visitor.client, "host", "")):
        return False
    try:
        name = urlsplit(f"//{visitor.headers.get('host', '')}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or is_loopback(name)


def is_loopback(address: str) -> bool:
    """Return whether an address is this machine's own; False for what is no address."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
