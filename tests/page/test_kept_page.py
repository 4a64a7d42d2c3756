"""The page is written once for each address, and sent packed to those who can unpack it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from pipeline.page import kept_page
from pipeline.page.kept_page import KeptPage

Answer = Callable[[Request, int], Response]


def write_page(request: Request, number: int) -> Response:
    return HTMLResponse(f"page {number} of {request.headers['host']} " + "x" * 1000)


def make_client(answer: Answer = write_page) -> TestClient:
    """Make a server that counts how often it wrote its page."""
    written = []

    def show(request: Request) -> Response:
        written.append(request)
        return answer(request, len(written))

    return TestClient(Starlette(routes=[Route("/", show)], middleware=[Middleware(KeptPage)]))


def read(client: TestClient, **headers: str) -> str:
    return client.get("/", headers=headers).text.split(" x")[0]


def test_the_page_is_written_once_for_each_address() -> None:
    client = make_client()
    assert [read(client), read(client)] == ["page 1 of testserver"] * 2
    assert read(client, host="other") == "page 2 of other"
    assert read(client, **{"x-forwarded-proto": "https"}) == "page 3 of testserver"
    assert read(client, host="other") == "page 2 of other"


def test_it_is_packed_for_those_who_can_unpack_it() -> None:
    client = make_client()
    plain = client.get("/", headers={"accept-encoding": "identity"})
    packed = client.get("/", headers={"accept-encoding": "gzip, br"})
    assert packed.headers["content-encoding"] == "gzip" and packed.text == plain.text
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) == len(plain.text)
    assert "content-encoding" not in plain.headers and plain.headers["vary"] == packed.headers["vary"]


def test_made_up_addresses_cost_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_page, "MOST_ADDRESSES", 2)
    client = make_client()
    for host in ("one", "two", "one", "three"):
        read(client, host=host)
    assert read(client, host="one") == "page 1 of one", "what was asked for last was forgotten first"
    assert read(client, host="two") == "page 4 of two"


@pytest.mark.parametrize(
    "answer",
    [
        lambda request, number: HTMLResponse(f"{number}", headers={"set-cookie": "a=b"}),
        lambda request, number: HTMLResponse(f"{number}", status_code=503),
    ],
    ids=["a cookie", "an error"],
)
def test_what_is_one_visitors_is_not_kept(answer: Answer) -> None:
    client = make_client(answer)
    assert [client.get("/").text, client.get("/").text] == ["1", "2"]


def test_nothing_is_kept_where_people_log_in() -> None:
    client = make_client()
    client.app.auth = {"a": "b"}  # type: ignore[attr-defined]
    assert [read(client), read(client)] == ["page 1 of testserver", "page 2 of testserver"]


def test_a_query_and_other_methods_go_to_gradio() -> None:
    client = make_client()
    assert read(client) == "page 1 of testserver"
    assert client.get("/?deep_link=x").text.startswith("page 2") and client.head("/").status_code == 200
    assert read(client) == "page 1 of testserver"
