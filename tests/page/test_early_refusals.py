"""A call of curl's that is one too many is answered 429 with Retry-After before Gradio's queue takes it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pipeline.errors import LineFull
from pipeline.page.body_limits import BodyLimits
from pipeline.page.early_refusals import EarlyRefusals
from pipeline.studio.callers import Caller

WORDS = "16 of your pictures are waiting already. Try again in 7 seconds."


def open_page(asked: list[Caller], *, is_full: bool) -> TestClient:
    """Open a page that answers with the body it got; its line may be full."""

    def expect_place(caller: Caller) -> None:
        asked.append(caller)
        if is_full:
            raise LineFull(WORDS, 7)

    async def answer(request: Request) -> JSONResponse:
        return JSONResponse(json.loads(await request.body()))

    paths = ("/gradio_api/call/draw", "/gradio_api/call/v2/draw", "/gradio_api/call/styles", "/gradio_api/queue/join")
    guards = [Middleware(BodyLimits), Middleware(EarlyRefusals, expect_place=expect_place)]
    return TestClient(Starlette(routes=[Route(path, answer, methods=["POST"]) for path in paths], middleware=guards))


@pytest.mark.parametrize("path", ["/gradio_api/call/draw", "/gradio_api/call/v2/draw"])
def test_a_call_too_many_is_told_by_its_status(path: str) -> None:
    asked: list[Caller] = []
    answer = open_page(asked, is_full=True).post(path, json={"data": [1, 2]})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json() == {"error": WORDS} and [each.visitor for each in asked] == ["address testclient"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/gradio_api/call/draw", {"data": [1], "session_hash": "abc"}),
        ("/gradio_api/call/styles", {"data": []}),
        ("/gradio_api/queue/join", {"data": [1], "fn_index": 3, "session_hash": "abc"}),
    ],
)
def test_calls_of_a_session_and_what_does_not_draw_are_let_through(path: str, body: dict[str, Any]) -> None:
    asked: list[Caller] = []
    answer = open_page(asked, is_full=True).post(path, json=body)
    assert answer.status_code == 200 and answer.json() == body and not asked


def test_a_call_that_has_a_place_arrives_whole() -> None:
    body = {"data": ["x" * 300_000]}
    answer = open_page([], is_full=False).post("/gradio_api/call/draw", json=body)
    assert answer.status_code == 200 and answer.json() == body
