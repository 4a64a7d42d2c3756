"""Changes of the engine, as the page meets them: who may make one, and what a run does that one overtook."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import TypeVar

import gradio as gr

from pipeline.errors import EngineChanged
from pipeline.settings import Settings

T = TypeVar("T")

FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "x-forwarded-host")  # a proxy speaks for somebody else


def is_host(visitor: gr.Request, settings: Settings) -> bool:
    """Whether this visitor may fetch models and change the engine, which are everybody's.

    By itself only who sits at the machine, or came through a tunnel of their own: on a Space that is nobody.
    """
    if settings.hosts != "local":
        return settings.hosts == "anyone"
    return not any(name in visitor.headers for name in FORWARDED) and is_loopback(getattr(visitor.client, "host", ""))


def is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def once_more(work: Callable[[], T]) -> T:
    """`work()`, and again where another engine took over in its middle: what it reads anew is that one's."""
    try:
        return work()
    except EngineChanged:
        return work()
