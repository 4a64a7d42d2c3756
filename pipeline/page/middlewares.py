"""List what looks at every request before any route of Gradio's or ours, and at every answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from pipeline.page.body_limits import BodyLimits
from pipeline.page.counted_answers import CountedAnswers
from pipeline.page.host_link import HostLink
from pipeline.page.kept_page import KeptPage
from pipeline.page.open_routes import OpenRoutes
from pipeline.page.refusals import Refusals
from pipeline.page.secure_headers import SecureHeaders
from pipeline.page.served_files import ServedFiles
from pipeline.page.trusted_hosts import TrustedHosts


def list_middlewares(
    hosts: frozenset[str], host_token: str, routes: Sequence[BaseRoute], note_answer: Callable[[int], None]
) -> list[Middleware]:
    """List the middlewares of the page's server, the outermost first.

    `hosts` are the names that it is known by, `host_token` is what the host's link holds,
    `routes` are our own beside Gradio's, `note_answer` is called with each answer's status.
    """
    return [
        Middleware(CountedAnswers, note=note_answer),
        Middleware(SecureHeaders),
        Middleware(Refusals),
        Middleware(TrustedHosts, hosts=hosts),
        Middleware(HostLink, token=host_token),
        Middleware(OpenRoutes, own=routes),
        Middleware(BodyLimits),
        Middleware(ServedFiles),
        Middleware(KeptPage),
    ]
