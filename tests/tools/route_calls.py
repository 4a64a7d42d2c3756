"""Make calls that no client sends, of any route: junk in the path, the query, the headers and the body."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.settings import ROOT
from tests.test_fuzz import JUNK, NO_NUMBERS, NO_TEXTS
from tests.tools.serving import MARK

API = "/gradio_api"
PARTS = (  # of a path or a query, as they travel
    *(
        "x",
        "draw",
        "find_styles",
        "styles",
        "remove_style",
        "1",
        "-1",
        "0",
        "9" * 30,
        "NaN",
        "true",
        "null",
        "png",
        "sticker",
    ),
    *(
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/",
        "%00",
        "%ff%fe",
        "%F0%9F%A6%8A",
        "a%0d%0ab",
        "%3Cscript%3E",
        "%22",
        "~",
        ".",
    ),
    *(f"http://203.0.113.1/x{API}/{kind}{ROOT}/assets/css/none.png" for kind in ("file=", "file/", "proxy=")),
    *(f"/{API}/file/http:%2F%2F203.0.113.1{API}/file={ROOT}/assets/app.js", f"{ROOT}/assets/none.js"),
    *("a" * 3_000, "%25", "http://203.0.113.1/x.png", "/etc/passwd", "a/b/c/d", "", "[]", "0" * 32, "f" * 32, "auto"),
)
QUERIES = (
    "session_hash",
    "upload_id",
    "page",
    "deep_link",
    "all_endpoints",
    "host",
    "__theme",
    "words",
    "before",
    "limit",
)
HEADERS: Mapping[str, Sequence[str]] = {
    "range": ("bytes=5-1", "bytes=0-0,2-2,4-4", "bytes=-", "x", f"bytes=0-{10**30}"),
    "if-none-match": ("*", '"', "W/"),
    "if-range": ("x", "Thu, 99 Foo 2020"),
    "accept": ("image/png;q=x", "x", "*/*;q=0", "text/event-stream", ""),
    "accept-language": ("xx", "de;q=7", "\x7f", "-" * 900),
    "accept-encoding": ("br;q=nan", "br", "x" * 900),
    "cookie": ("croquis_visitor=x", "a=b; a", "=;=", f"croquis_visitor={'a' * 43}", "access-token-x=1"),
    "authorization": ("Bearer", "Bearer x", "Basic eDp5", "x" * 900),
    "x-forwarded-proto": ("https", "junk://", ""),
    "x-forwarded-for": ("203.0.113.1", "x", ""),
    "content-length": ("0",),
    "expect": ("x",),
}
TYPES = (
    "application/json",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=" + "x" * 257,
    "text/plain",
    "x",
    "",
    "application/x-ndjson",
)
SESSIONS = 400  # names that a visitor's calls take in turn
SHAPES = (
    b"",
    b"{",
    b"[]",
    b"7",
    b"null",
    b"\xff\xfe",
    b'{"data": [NaN, ',
    b"[" * 100_000,
    b'{"data": ' + b"[" * 3_000,
    b"\0" * 50,
)
Route = tuple[str, str]


@dataclass(frozen=True)
class RouteCall:
    """One call: a method, a path with its query as it travels, headers and a body."""

    route: Route
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def method(self) -> str:
        return self.route[0]


class RouteFaults:
    """RouteFaults draws calls of a server's routes; it knows how many inputs each of the page's events takes."""

    def __init__(
        self, draw: random.Random, inputs: Mapping[int, int], endpoints: Sequence[str], file: Mapping[str, Any]
    ) -> None:
        """Take the seeded chance, events with their numbers of inputs, the names of endpoints and an uploaded file."""
        self._draw, self._inputs, self._endpoints, self._file = draw, inputs, endpoints, file

    def make_calls(self, routes: Sequence[Route]) -> Iterator[RouteCall]:
        """Yield calls without end: every route in turn, in an order of chance."""
        while True:
            yield from map(self.make_call, self._draw.sample(routes, len(routes)))

    def make_call(self, route: Route) -> RouteCall:
        """Return one call of a route."""
        path = re.sub(r"\{[^}]*\}", lambda _: self._pick_part(), route[1])
        headers = {name: self._pick(values) for name, values in HEADERS.items() if self._chance(0.06)}
        if route[0] != "POST":
            headers.pop("content-length", None)
            return RouteCall(route, path + self._make_query(), headers)
        kind, body = self._make_body(route[1])
        if "content-length" in headers:
            body = b""
        return RouteCall(route, path + self._make_query(), {"content-type": kind, **headers}, body)

    def _pick(self, values: Sequence[Any]) -> Any:
        return self._draw.choice(values)

    def _chance(self, share: float) -> bool:
        return self._draw.random() < share

    def _pick_part(self) -> str:
        return self._pick(self._endpoints) if self._endpoints and self._chance(0.3) else self._pick(PARTS)

    def _make_query(self) -> str:
        names = [*self._draw.sample(QUERIES, self._pick((0, 1, 1, 2)))]
        given = [f"{name}={self._session() if name == 'session_hash' else self._pick(PARTS)}" for name in names]
        return f"?{'&'.join(given)}" if given else ""

    def _session(self) -> str:
        return f"fuzz{self._draw.randrange(SESSIONS)}"

    def _make_body(self, path: str) -> tuple[str, bytes]:
        kinds = (self._make_call_body, self._make_junk, self._make_form, self._make_shape)
        return self._draw.choices(kinds, (6 if path.startswith(API) else 1, 3, 2, 2))[0]()

    def _make_call_body(self) -> tuple[str, bytes]:
        """Return an event's call, whose number of inputs is right more often than not."""
        index = self._pick(list(self._inputs))
        count = self._inputs[index] if self._chance(0.8) else self._draw.randrange(30)
        body = {
            "data": [self._value() for _ in range(count)],
            "fn_index": index if self._chance(0.8) else self._value(),
            "session_hash": self._session() if self._chance(0.8) else self._value(),
            "event_id": self._pick(("x", "0" * 32, *JUNK)),
            "trigger_id": self._pick((1, None, *JUNK)),
            "event_data": self._value() if self._chance(0.3) else None,
            "simple_format": self._pick((True, False, 7)),
            "batched": self._pick((True, False, None, "x")),
        }
        for name in self._draw.sample(list(body), self._pick((0, 0, 1, 2, 5))):
            del body[name]
        return "application/json", json.dumps(body).encode()

    def _value(self) -> Any:
        file = {
            "path": self._pick(("/etc/passwd", "x.png", "http://203.0.113.1/x.png", self._file["path"])),
            "meta": MARK,
        }
        return self._pick((file, self._file, "x", "{}", "[]", 7, 0.5, None, *JUNK, *NO_NUMBERS[-8:], *NO_TEXTS[-6:-1]))

    def _make_junk(self) -> tuple[str, bytes]:
        names = (
            "ids",
            "id",
            "favourite",
            "keep",
            "name",
            "prompt",
            "seed",
            "sketch",
            "fn_name",
            "component_id",
            "x" * 900,
        )
        body = {name: self._value() for name in self._draw.sample(names, self._pick((1, 2, 3)))}
        return self._pick(TYPES), json.dumps(self._pick((body, body, [body], [body] * 9))).encode()

    def _make_form(self) -> tuple[str, bytes]:
        name = self._pick(("files", "file", "sketch", "data", "username", "a" * 900))
        file = self._pick(("x.png", "", "../../x", "a" * 900, "a\0b", "ü.png"))
        head = f'Content-Disposition: form-data; name="{name}"; filename="{file}"\r\nContent-Type: image/png\r\n\r\n'
        head = self._pick((head, head, head.partition("; filename")[0] + "\r\n\r\n", "x\r\n\r\n", ""))
        end = self._pick(("\r\n--x--\r\n", "\r\n--x", ""))
        return "multipart/form-data; boundary=x", f"--x\r\n{head}".encode() + self._draw.randbytes(40) + end.encode()

    def _make_shape(self) -> tuple[str, bytes]:
        return self._pick(TYPES), self._pick(SHAPES)
