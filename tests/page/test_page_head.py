"""The lines that stand in the page's head before Gradio's scripts, and in no other answer."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pipeline.page.page_head import STOPPED_CLOCK, PageHead

PAGE = "<!doctype html><html><head><title>Croquis</title></head><body><p>&lt;head></p></body></html>"
WITH_CLOCK = PAGE.replace("<head>", f"<head>{STOPPED_CLOCK}")


def get(path: str, answer: Response) -> httpx.Response:
    async def show(request: Request) -> Response:
        return answer

    app = Starlette(routes=[Route("/{rest:path}", show)], middleware=[Middleware(PageHead)])
    return TestClient(app).get(path)


@pytest.mark.parametrize("path", ["/", "/?__theme=dark"])
def test_the_page_gets_them_first_of_all_and_says_how_long_it_is(path: str) -> None:
    answer = get(path, HTMLResponse(PAGE))
    assert answer.text == WITH_CLOCK
    assert int(answer.headers["content-length"]) == len(WITH_CLOCK)


def test_a_page_that_comes_in_pieces_is_whole() -> None:
    pieces = StreamingResponse(iter([PAGE[:30].encode(), PAGE[30:].encode()]), media_type="text/html")
    assert get("/", pieces).text == WITH_CLOCK


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/help", HTMLResponse(PAGE)),
        ("/", JSONResponse({"page": PAGE})),
        ("/", HTMLResponse("no head")),
        ("/", HTMLResponse(PAGE, headers={"content-encoding": "identity"})),
    ],
    ids=["another address", "not HTML", "no head", "packed by another"],
)
def test_any_other_answer_stays_as_it_is(path: str, answer: Response) -> None:
    assert get(path, answer).text == bytes(answer.body).decode()
