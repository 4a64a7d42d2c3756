from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from pipeline.page.secure_headers import SecureHeaders
from pipeline.serve.proxy_answers import LOST, list_middlewares


def ask(answer: Response, path: str = "/v1/draw", is_ours: bool = False) -> Any:
    async def reply(_: Any) -> Response:
        return answer

    own = [Middleware(SecureHeaders)] if is_ours else []
    inner = Starlette(routes=[Route(path, reply)], middleware=own)
    app: Any = inner
    for each in list_middlewares():  # as Ray does
        app = each.cls(app, *each.args, **each.kwargs)
    return TestClient(app).get(path)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_what_the_proxy_says_of_a_lost_replica_is_told_in_words(status: int) -> None:
    answer = ask(PlainTextResponse("Internal Server Error", status))
    assert answer.status_code == 503 and answer.json() == {"error": LOST}
    assert int(answer.headers["retry-after"]) > 0 and answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_call_that_ends_without_an_answer_gets_one() -> None:
    async def end(scope: Any, receive: Any, send: Any) -> None:
        """End as Ray's proxy does once the replica is gone."""

    app: Any = end
    for each in list_middlewares():
        app = each.cls(app, *each.args, **each.kwargs)
    answer = TestClient(app).post("/v1/draw")
    assert answer.status_code == 503 and answer.json() == {"error": LOST} and answer.headers["retry-after"]


@pytest.mark.parametrize(
    "given", [JSONResponse({"error": "Full."}, 503), PlainTextResponse("fine"), Response(b"", 404)]
)
def test_what_a_replica_says_stays(given: Response) -> None:
    answer = ask(given, is_ours=True)
    assert (answer.status_code, answer.content) == (given.status_code, given.body)


def test_routes_are_told_to_nobody_and_health_to_all() -> None:
    assert ask(PlainTextResponse("/v1"), "/-/routes").json() == {"error": "There is nothing at this address."}
    assert ask(PlainTextResponse("success"), "/-/healthz").text == "success"
