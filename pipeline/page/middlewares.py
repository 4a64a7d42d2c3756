"""List what looks at every request before any route of Gradio's or ours, and at every answer."""

from __future__ import annotations

from starlette.middleware import Middleware

from pipeline.page.secure_headers import SecureHeaders
from pipeline.page.served_files import ServedFiles


def list_middlewares() -> list[Middleware]:
    """List the middlewares of the page's server, the outermost first."""
    return [Middleware(SecureHeaders), Middleware(ServedFiles)]
