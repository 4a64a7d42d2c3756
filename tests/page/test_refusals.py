"""Refusals have one form, and what failed is answered: no traceback leaves the server, and none is logged in vain."""

from __future__ import annotations

import logging
import weakref
from collections.abc import AsyncIterator
from contextvars import Context, copy_context

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pipeline.errors import LineFull, SettingError
from pipeline.page.endpoint_calls import make_message
from pipeline.page.guard import list_exception_handlers
from pipeline.page.refusals import WORDS, Refusals, note_failure
from pipeline.studio.messages import UNEXPECTED_ERROR


def call(answer: Response | Exception, method: str = "GET", path: str = "/x") -> Response:
    async def respond(request: Request) -> Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    routes = [Route("/{path:path}", respond, methods=["GET", "POST"])]
    handlers = dict(list_exception_handlers())
    app = Starlette(routes=routes, middleware=[Middleware(Refusals)], exception_handlers=handlers)
    return TestClient(app, raise_server_exceptions=True).request(method, path)


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (Response(status_code=404), 404, WORDS[404]),
        (PlainTextResponse("Upload not found", 404), 404, WORDS[404]),
        (JSONResponse({"detail": "Session hash not found."}, 400), 400, "Session hash not found."),
        (JSONResponse({"detail": "Incorrect credentials"}, 400), 400, "Incorrect credentials."),
        (JSONResponse({"detail": [{"loc": ["body"]}]}, 422), 422, WORDS[400]),
        (JSONResponse({"error": None}, 500), 500, UNEXPECTED_ERROR),
        (JSONResponse({"error": UNEXPECTED_ERROR}, 500), 500, UNEXPECTED_ERROR),
        (JSONResponse({"error": "seed is a whole number."}, 500), 422, "seed is a whole number."),
        (JSONResponse({"error": "Not now, but later."}, 503), 503, "Not now, but later."),
        (SettingError("seed is a whole number."), 422, "seed is a whole number."),
        (LineFull("Too many people draw at once.", 7), 429, "Too many people draw at once."),
        (OSError(28, "No space left on device"), 507, "The disk of the machine"),
        (ValueError("secret"), 500, UNEXPECTED_ERROR),
    ],
)
def test_each_refusal_has_words(answer: Response | Exception, status: int, words: str) -> None:
    refused = call(answer)
    assert refused.status_code == status and refused.json()["error"].startswith(words)
    assert int(refused.headers["content-length"]) == len(refused.content) and "secret" not in refused.text


def test_what_is_no_refusal_goes_through_as_it_is() -> None:
    assert call(PlainTextResponse("seen")).text == "seen"
    assert call(Response(status_code=404), "HEAD").status_code == 404


def test_a_call_that_gradio_answers_with_500_has_the_status_of_what_it_failed_with() -> None:
    async def respond(request: Request) -> Response:
        message = make_message(LineFull("Too many people draw at once.", 7))
        return JSONResponse({"error": message.message}, 500)

    app = Starlette(routes=[Route("/", respond)], middleware=[Middleware(Refusals)])
    refused = TestClient(app).get("/")
    assert refused.status_code == 429 and refused.headers["retry-after"]


def test_no_error_is_kept_in_the_context_that_the_queue_goes_on_in() -> None:
    """Gradio's queue is started by the first request of all, and runs in a copy of its context for good."""
    contexts: list[Context] = []

    async def respond(request: Request) -> Response:
        contexts.append(copy_context())
        return PlainTextResponse("begun")

    TestClient(Starlette(routes=[Route("/", respond)], middleware=[Middleware(Refusals)])).get("/")
    error = SettingError("seed is a whole number.")
    held = weakref.ref(error)
    contexts[0].run(note_failure, error)
    del error
    assert held() is None


@pytest.mark.parametrize(("error", "is_logged"), [(HTTPException(404), False), (ValueError("a"), True)])
def test_a_stream_that_ends_in_an_error_is_logged_unless_it_was_told(
    error: Exception, is_logged: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def stream() -> AsyncIterator[str]:
        yield "data: told\n\n"
        raise error

    with caplog.at_level(logging.ERROR):
        assert call(StreamingResponse(stream(), media_type="text/event-stream")).text == "data: told\n\n"
    assert bool(caplog.records) is is_logged


def test_unknown_names_are_the_callers_fault_where_gradio_looks_them_up() -> None:
    assert call(KeyError("x"), "POST", "/gradio_api/call/v2/x").status_code == 404
    assert call(KeyError("x"), "POST", "/gradio_api/queue/join").status_code == 404
    assert call(KeyError("x"), path="/").status_code == 404
    assert call(TypeError("There is no input x."), "POST", "/gradio_api/call/v2/x").status_code == 422
    for error in (TypeError("File is not an instance"), AttributeError("filename")):
        assert call(error, "POST", "/gradio_api/upload").status_code == 400
    assert call(KeyError("x"), path="/other").status_code == call(TypeError("x")).status_code == 500


def test_a_body_of_another_form_is_told_without_what_came() -> None:
    error = RequestValidationError([{"loc": ("body", "data\ud83d"), "msg": "Field required", "input": "\ud83d"}])
    refused = call(error)
    assert refused.status_code == 422 and "body.data?: Field required" in refused.json()["error"]
