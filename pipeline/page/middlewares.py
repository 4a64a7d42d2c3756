"""List what looks at every request before any route of Gradio's or ours, and at every answer."""

from __future__ import annotations

from starlette.middleware import Middleware

from pipeline.page.body_limits import BodyLimits
from pipeline.page.secure_headers import SecureHeaders
from pipeline.page.served_files import ServedFiles
from pipeline.page.trusted_hosts import TrustedHosts


def list_middlewares(hosts: frozenset[str]) -> list[Middleware]:
    """List the middlewares of the page's server, the outermost first; `hosts` are the names that it is known by."""
    return [
        Middleware(SecureHeaders),
        Middleware(TrustedHosts, hosts=hosts),
        Middleware(BodyLimits),
        Middleware(ServedFiles),
    ]
