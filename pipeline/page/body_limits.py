"""Bound what a request sends, in bytes, in time, in depth and in count, before anything of it is parsed at length."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from python_multipart.multipart import parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.page.arrivals import Arrivals
from pipeline.page.own_routes import refuse
from pipeline.strict_json import holds_more_values
from pipeline.studio.callers import name_address

MOST_BYTES = 128_000_000  # of any request; our own routes take less
MOST_JSON_BYTES = 40_000_000  # of what Gradio's routes read as JSON: a drawing with a photograph
MOST_OTHER_BYTES = 1_000_000  # of Gradio's other routes, which take no drawing
SMALL_BYTES = 100_000  # of JSON that is looked at where everybody's requests are served, within some milliseconds
IDLE_SECONDS = 20.0  # without a byte
GRACE_SECONDS = 30.0  # then a body has to have come at LEAST_RATE
LEAST_RATE = 8_000.0  # bytes a second: a weak telephone's; what drips in holds its place no longer than the grace
MOST_BOUNDARY = 200  # letters between a form's parts; RFC 2046 has 70
WHOLE_SECONDS = 300.0  # 20 MB through 0.6 Mbit/s
MOST_DEPTH = 40  # lists and objects within one another
MOST_NODES = 20_000  # values: an event of the page has some hundred
MOST_FILES = 64
GRADIO = "/gradio_api/"
UPLOAD = "/gradio_api/upload"
DRAWINGS = ("/gradio_api/run/", "/gradio_api/call/", "/gradio_api/queue/join")  # what takes a drawing or a photograph
CLOSE = {"connection": "close"}  # what is left of the body is not read
TOO_LARGE = "A request has at most {most} MB here; more came."
TOO_SLOW = "The request did not arrive in time. Send it again."
TOO_DEEP = f"An input has at most {MOST_DEPTH} lists and objects within one another; more came."
TOO_MUCH = f"A call has at most {MOST_NODES:,} values and {MOST_FILES} files; more came."
LONG_BOUNDARY = f"A form's boundary has at most {MOST_BOUNDARY} letters; more came."
NOT_JSON = "A call's body is a JSON object; what came cannot be read as JSON."


class BodyLimits:
    """BodyLimits is a middleware that refuses bodies that are too large (413), too slow (408), too many at once
    (503), or shaped so that Gradio would work on them for minutes (422).
    """

    def __init__(self, app: ASGIApp, idle: float = IDLE_SECONDS, whole: float = WHOLE_SECONDS) -> None:
        self._app, self._idle, self._whole, self._arrivals = app, idle, whole, Arrivals()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        try:
            body = Body(scope, receive, self._arrivals, self._idle, self._whole)
            await self._pass_on(scope, body, send)
        except HTTPException as error:
            await refuse(error.status_code, str(error.detail), error.headers or CLOSE)(scope, receive, send)

    async def _pass_on(self, scope: Scope, body: Body, send: Send) -> None:
        """Hand the request on: Gradio's JSON once it was looked at, any other as it comes. Raises HTTPException."""
        expect_short_boundary(scope)
        body.begin()
        try:
            if scope["path"].startswith(GRADIO) and not scope["path"].startswith(UPLOAD):
                await look_at(await body.read())
            await self._app(scope, body.receive, send)
        finally:
            body.end()


class Body:
    """Body receives one request's messages, and raises HTTPException where they are too many or too slow."""

    def __init__(self, scope: Scope, receive: Receive, arrivals: Arrivals, idle: float, whole: float) -> None:
        self._receive, self._arrivals, self._idle = receive, arrivals, idle
        self._address = name_address((scope.get("client") or ("",))[0])
        self._most = find_most_bytes(scope["path"])
        self._total = 0
        self._again: list[Message] = []
        self._ended = False
        self._began, self._whole = asyncio.get_running_loop().time(), whole
        announced = Request(scope).headers.get("content-length", "0")
        self._expect_size(int(announced) if announced.isascii() and announced.isdigit() and len(announced) < 20 else 0)

    def begin(self) -> None:
        """Say that the body is on its way, until `end`."""
        self._arrivals.begin(self._address)

    async def read(self) -> bytes:
        """Return the whole body; `receive` gives it once more then."""
        chunks = []
        while True:
            message = await self.receive()
            if message["type"] != "http.request":
                self._again = [message]
                return b""
            chunks.append(message.get("body", b""))
            if not message.get("more_body"):
                break
        whole = b"".join(chunks)
        self._again = [{"type": "http.request", "body": whole, "more_body": False}]
        return whole

    async def receive(self) -> Message:
        """Return the next message; once the body is whole, whatever comes, however late."""
        if self._again:
            return self._again.pop()
        if self._ended:
            return await self._receive()
        until = self._began + min(self._whole, GRACE_SECONDS + self._total / LEAST_RATE)
        left = until - asyncio.get_running_loop().time()
        try:
            message = await asyncio.wait_for(self._receive(), max(0.001, min(self._idle, left)))
        except TimeoutError:
            raise HTTPException(408, TOO_SLOW, CLOSE) from None
        self._add(len(message.get("body", b"")))
        if not message.get("more_body"):
            self.end()
        return message

    def end(self) -> None:
        """Say that nothing more of the body is expected."""
        if not self._ended:
            self._ended = True
            self._arrivals.end(self._address, self._total)

    def _add(self, size: int) -> None:
        self._expect_size(self._total + size)
        self._arrivals.add(self._address, size)
        self._total += size

    def _expect_size(self, size: int) -> None:
        if size > self._most:
            raise HTTPException(413, TOO_LARGE.format(most=self._most // 10**6), CLOSE)


def find_most_bytes(path: str) -> int:
    """Return how many bytes a request to this path has at most."""
    if not path.startswith(GRADIO) or path.startswith(UPLOAD):
        return MOST_BYTES
    return MOST_JSON_BYTES if path.startswith(DRAWINGS) else MOST_OTHER_BYTES


def expect_short_boundary(scope: Scope) -> None:
    """Raise HTTPException 400 where a form's boundary is longer than its parsers take."""
    _, options = parse_options_header(Request(scope).headers.get("content-type"))
    if len(options.get(b"boundary", b"")) > MOST_BOUNDARY:
        raise HTTPException(400, LONG_BOUNDARY, CLOSE)


async def look_at(body: bytes) -> None:
    """Raise HTTPException unless a body is plain JSON; a large one is looked at in a thread."""
    if len(body) > SMALL_BYTES:
        await asyncio.to_thread(expect_plain_json, body)
    else:
        expect_plain_json(body)


def expect_plain_json(body: bytes) -> None:
    """Raise HTTPException unless a body is JSON of bounded depth, with bounded numbers of values and files."""
    if holds_more_values(body, MOST_NODES):
        raise HTTPException(422, TOO_MUCH)
    try:
        value = json.loads(body or b"{}")
    except RecursionError:
        raise HTTPException(422, TOO_DEEP) from None
    except ValueError:
        raise HTTPException(422, NOT_JSON) from None
    expect_bounds(value)


def expect_bounds(value: Any) -> None:
    """Raise HTTPException where a JSON value is nested too deeply or holds too much."""
    level, nodes, files = [value], 0, 0
    for _ in range(MOST_DEPTH):
        nodes += len(level)
        files += sum(isinstance(each, dict) and "path" in each for each in level)
        if nodes > MOST_NODES or files > MOST_FILES:
            raise HTTPException(422, TOO_MUCH)
        level = [inner for each in level for inner in list_inner(each)]
        if not level:
            return
    raise HTTPException(422, TOO_DEEP)


def list_inner(value: Any) -> list[Any]:
    """Return the values that a JSON value holds itself."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
