"""Keep the page as Gradio wrote it, plain and packed: it is the same for everybody who asks by the same address.

Gradio copies and walks the whole description of the page for each visitor, which holds all other work up meanwhile.
"""

from __future__ import annotations

import gzip
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ADDRESS_HEADERS = ("host", "x-forwarded-host", "x-forwarded-proto", "x-gradio-server")  # Gradio writes links from them
MOST_ADDRESSES = 16  # one is the rule; who makes them up costs others nothing but Gradio's own time
Address = tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """Page is an answer of the server: its headers, its body and its body packed by gzip."""

    headers: list[tuple[bytes, bytes]]
    body: bytes
    packed: bytes


class KeptPage:
    """KeptPage is a middleware that answers GET / from what it kept. Where people log in it keeps nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._pages = OrderedDict[Address, Page]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not is_page(scope):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        address = (scope["scheme"], scope.get("root_path", ""), *(headers.get(name, "") for name in ADDRESS_HEADERS))
        page = self._pages.get(address) or await self._read_page(scope, receive, send)
        if page is not None:
            self._keep(address, page)
            await send_page(page, "gzip" in headers.get("accept-encoding", ""), send)

    async def _read_page(self, scope: Scope, receive: Receive, send: Send) -> Page | None:
        """Have Gradio write the page; send what it answers in its place, and return None."""
        told: list[Message] = []

        async def note(message: Message) -> None:
            told.append(message)

        await self._app(scope, receive, note)
        start, *rest = told
        headers = Headers(raw=start["headers"])
        if start["status"] != 200 or "set-cookie" in headers or "content-encoding" in headers:
            for message in told:
                await send(message)
            return None
        body = b"".join(message.get("body", b"") for message in rest)
        return Page(list(start["headers"]), body, gzip.compress(body, mtime=0))

    def _keep(self, address: Address, page: Page) -> None:
        self._pages[address] = page
        self._pages.move_to_end(address)
        while len(self._pages) > MOST_ADDRESSES:
            self._pages.popitem(last=False)


def is_page(scope: Scope) -> bool:
    """Return whether a request asks for the page itself, without a query, where nobody has to log in."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"]:
        return False
    app: Any = scope["app"]
    needs_login = getattr(app, "auth", None) is not None or getattr(app, "auth_dependency", None) is not None
    return not needs_login and scope["path"].removeprefix(scope.get("root_path", "")) in ("", "/")


async def send_page(page: Page, is_packed: bool, send: Send) -> None:
    """Send the page, packed for those who can unpack it."""
    body = page.packed if is_packed else page.body
    headers = MutableHeaders(raw=list(page.headers))
    headers["content-length"] = str(len(body))
    headers.add_vary_header("accept-encoding")
    if is_packed:
        headers["content-encoding"] = "gzip"
    await send({"type": "http.response.start", "status": 200, "headers": headers.raw})
    await send({"type": "http.response.body", "body": body})
