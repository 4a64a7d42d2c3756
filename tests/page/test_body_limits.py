"""What is too large, too slow, too deep or too many is refused before it is parsed at length."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any

import anyio
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from pipeline.page import arrivals, body_limits
from pipeline.page.body_limits import BodyLimits, expect_bounds
from tests.tools.serving import Server

CALL = "/gradio_api/call/draw"
FILE = {"path": "/x", "meta": {"_type": "gradio.FileData"}}


async def answer(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


def make_app(**options: float) -> Starlette:
    routes = [Route("/{path:path}", answer, methods=["GET", "POST"])]
    return Starlette(routes=routes, middleware=[Middleware(BodyLimits, **options)])


def post(path: str, body: bytes) -> tuple[int, str]:
    answer = TestClient(make_app()).post(path, content=body)
    return answer.status_code, answer.text


def test_a_plain_call_goes_through_whole() -> None:
    body = json.dumps({"data": [FILE, "a fox", None, 7, ["x"]]}).encode()
    assert post(CALL, body) == (200, str(len(body)))
    assert post("/export/sticker", b"\x89PNG") == (200, "4")
    assert TestClient(make_app()).get(CALL).status_code == 200


@pytest.mark.parametrize(
    "data",
    [[FILE] * 10_000, [[FILE] * 65], [None] * 30_000, {str(each): each for each in range(30_000)}],
)
def test_many_files_and_values_are_refused_quickly(data: Any) -> None:
    began = time.monotonic()
    status, words = post(CALL, json.dumps({"data": data}).encode())
    assert status == 422 and "more came" in words and time.monotonic() - began < 5


@pytest.mark.parametrize("piece", [b"[],", b'{"":0},', b'"\\\\",', b'"' + b"a" * 90 + b'",'])
def test_a_body_of_millions_of_values_is_never_parsed(piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "loads", lambda *_: pytest.fail("it was parsed"))
    status, words = post(CALL, b"[" + piece * (4_000_000 // len(piece)) + b"0]")
    assert status == 422 and "more came" in words


def test_commas_within_words_count_for_nothing() -> None:
    body = json.dumps({"data": ["a,b, \\" + '"c,' * 30_000, "," * 30_000, "a fox"]}).encode()
    assert post(CALL, body)[0] == 200
    assert post(CALL, b'{"data": ["' + b"," * 30_000)[0] == 422  # a string that never ends


@pytest.mark.parametrize("depth", [41, 500, 100_000])
def test_deep_json_is_refused(depth: int) -> None:
    status, words = post(CALL, b"[" * depth + b"]" * depth)
    assert status == 422 and "within one another" in words
    assert post(CALL, b"[" * 30 + b"]" * 30)[0] == 200


def test_what_is_no_json_is_refused() -> None:
    assert post(CALL, b"\xff")[0] == post(CALL, b"{")[0] == 422


def test_a_large_body_is_refused_when_it_is_announced_and_when_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limits, "MOST_JSON_BYTES", 1_000)
    monkeypatch.setattr(body_limits, "MOST_BYTES", 2_000)
    assert post(CALL, b" " * 1_001)[0] == 413 and post("/gradio_api/upload", b" " * 1_500)[0] == 200
    assert post("/export/sticker", b" " * 2_001)[0] == 413

    def pieces() -> Any:
        yield from (b" " * 300 for _ in range(10))

    assert TestClient(make_app()).post(CALL, content=pieces()).status_code == 413
    assert TestClient(make_app()).post("/live", content=pieces()).status_code == 413


def test_routes_that_take_no_drawing_take_a_megabyte() -> None:
    body = b'{"data": ["' + b"a" * 1_000_000 + b'"]}'
    assert {post(f"/gradio_api/{name}", body)[0] for name in ("cancel", "reset", "reset/")} == {413}
    assert {post(f"/gradio_api/{name}", body)[0] for name in ("run/draw", "call/draw", "queue/join")} == {200}


@pytest.mark.parametrize(("size", "is_apart"), [(1_000, False), (1_000_000, True)])
def test_a_large_body_is_looked_at_beside_everybody_elses(
    size: int, is_apart: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = list[str]()
    monkeypatch.setattr(body_limits, "expect_plain_json", lambda body: threads.append(threading.current_thread().name))
    assert post(CALL, b" " * size)[0] == 200
    assert threads[0].startswith("asyncio_") == is_apart


@pytest.mark.parametrize("path", ["/gradio_api/upload", "/v1/draw", "/login"])
def test_a_long_boundary_is_refused_in_words(path: str) -> None:
    for letters, status in ((257, 400), (60_000, 400), (70, 200)):
        kind = f"multipart/form-data; boundary={'a' * letters}"
        answer = TestClient(make_app()).post(path, content=b"--a", headers={"content-type": kind})
        assert answer.status_code == status and ("boundary" in answer.text) == (status == 400)


@pytest.mark.slow
def test_a_body_that_drips_in_is_given_up_and_a_slow_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limits, "GRACE_SECONDS", 0.3)

    async def run(size: int) -> int:
        status, sent = 0, 0

        async def receive() -> dict[str, Any]:
            nonlocal sent
            await anyio.sleep(0.1)
            sent += 1
            return {"type": "http.request", "body": b" " * size, "more_body": sent < 20}

        async def send(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)

        scope = {"type": "http", "method": "POST", "path": "/export/x", "headers": [], "query_string": b""}
        await BodyLimits(make_app())(scope, receive, send)
        return status

    assert anyio.run(run, 1) == 408 and anyio.run(run, 16_000) == 200


def test_half_a_body_is_answered_in_time_and_its_place_is_free_again() -> None:
    async def run() -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not sent and not asked:
                asked.append(1)
                return {"type": "http.request", "body": b"x", "more_body": True}
            await anyio.sleep_forever()
            raise AssertionError

        async def send(message: Any) -> None:
            sent.append(message)

        asked: list[int] = []
        app = BodyLimits(make_app(), idle=0.05)
        scope = {"type": "http", "method": "POST", "path": CALL, "headers": [], "query_string": b""}
        with anyio.fail_after(20):
            await app(scope, receive, send)
        assert app._arrivals.bodies == app._arrivals.size == 0
        return sent

    head = anyio.run(run)[0]
    assert head["status"] == 408 and (b"connection", b"close") in head["headers"]


def test_no_more_bodies_are_open_than_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "MOST_OPEN", 0)
    answer = TestClient(make_app()).post(CALL, content=b"{}")
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0


def test_bounds_let_a_page_event_pass() -> None:
    expect_bounds({"data": [{"strokes": [[1, 2, 3]] * 100}], "fn_index": 3})
    with pytest.raises(HTTPException):
        expect_bounds([[FILE] * 65])


def test_the_running_server_refuses_a_body_that_would_stop_everybody(server: Server) -> None:
    import httpx

    body = json.dumps({"data": [[FILE] * 10_000, 3]})
    answer = httpx.post(f"{server.api}/call/find_styles", content=body, timeout=60)
    assert answer.status_code == 422 and "64 files" in answer.json()["error"]
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as half:
        half.sendall(
            f"POST /gradio_api/upload HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            "Content-Length: 900\r\n\r\n--x".encode()
        )
        assert b"408" in half.recv(4_000)
