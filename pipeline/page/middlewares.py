"""List what looks at every request before any route of Gradio's or ours, and at every answer."""

from __future__ import annotations

from starlette.middleware import Middleware

from pipeline.page.body_limits import BodyLimits
from pipeline.page.host_link import HostLink
from pipeline.page.secure_headers import SecureHeaders
from pipeline.page.served_files import ServedFiles
from pipeline.page.trusted_hosts import TrustedHosts


def list_middlewares(hosts: frozenset[str], host_token: str) -> list[Middleware]:
    """List the middlewares of the page's server, the outermost first.

    `hosts` are the names that it is known by, `host_token` is what the host's link holds.
    """
    return [
        Middleware(SecureHeaders),
        Middleware(TrustedHosts, hosts=hosts),
        Middleware(HostLink, token=host_token),
        Middleware(BodyLimits),
        Middleware(ServedFiles),
    ]
