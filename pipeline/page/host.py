"""Decide which visitors may fetch models and change the engine."""

from __future__ import annotations

from ipaddress import ip_address

import gradio as gr
from starlette.requests import Request

from pipeline.settings import Settings

NOT_HERE = "The host of this Croquis teaches no styles to visitors; CROQUIS_TEACHING=on allows it."
PROXY_HEADERS = (  # a proxy speaks for somebody else
    *("forwarded", "x-forwarded-for", "x-real-ip", "x-forwarded-host", "x-forwarded-proto", "via"),
    *("x-client-ip", "cf-connecting-ip", "true-client-ip", "x-cluster-client-ip", "fly-client-ip"),
)


def is_host(visitor: gr.Request, settings: Settings) -> bool:
    """Return whether this visitor may fetch models and change the engine, which are everybody's.

    By itself only who sits at the machine, or came through a tunnel of their own: on a Space that is nobody.
    """
    if settings.hosts != "local":
        return settings.hosts == "anyone"
    return is_at_machine(visitor)


def may_teach(visitor: Request | gr.Request, settings: Settings) -> bool:
    """Return whether this visitor may teach a style: it takes the machine for minutes, and is everybody's then."""
    if settings.teaching == "auto":
        return is_at_machine(visitor)
    return settings.teaching == "on"


def is_at_machine(visitor: Request | gr.Request) -> bool:
    """Return whether a visitor sits at the machine, or came through a tunnel of their own."""
    proxied = any(name in visitor.headers for name in PROXY_HEADERS)
    return not proxied and is_loopback(getattr(visitor.client, "host", ""))


def is_loopback(address: str) -> bool:
    """Return whether an address is this machine's own; False for what is no address."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
