"""Which routes are answered: those that the page, the clients and our API need."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from pipeline.page.open_routes import NOTHING_HERE, OpenRoutes
from tests.tools.server_routes import list_gradio_routes

NEEDED_BY_NOBODY = (
    *("dev/reload", "process_recording", "component_server", "vibe-edit", "undo-vibe-edit", "vibe-code", "runs"),
    *("queue/status", "deep_link", "token", "proxy=https://x.hf.space", "stream/x", "stream/x/y/1/playlist.m3u8"),
    *("upload_progress", "api/draw", "custom_component/a/client/b/c", "vibe-starter-queries", "run-history/buckets"),
)


async def answer(request: Request) -> Response:
    return PlainTextResponse("served")


def call(method: str, path: str) -> Response:
    own = [Route("/history/state", answer), Mount("/v1", PlainTextResponse("served"))]
    routes = [*own, Route("/{path:path}", answer, methods=["GET", "POST", "DELETE"])]
    app = Starlette(routes=routes, middleware=[Middleware(OpenRoutes, own=own)])
    return TestClient(app).request(method, path)


@pytest.mark.parametrize("name", NEEDED_BY_NOBODY)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_what_nobody_needs_is_closed(method: str, name: str) -> None:
    refused = call(method, f"/gradio_api/{name}")
    assert refused.status_code == 404 and refused.json() == {"error": NOTHING_HERE}


@pytest.mark.parametrize("path", ["/monitoring", "/monitoring/summary", "/pwa_icon", "/svelte/x.js", "/openapi.json"])
def test_what_lies_beside_gradios_api_is_closed_too(path: str) -> None:
    assert call("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("HEAD", "/"),
        ("GET", "/config"),
        ("GET", "/assets/index.js"),
        ("GET", "/gradio_api/file=/a/b.png"),
        ("HEAD", "/gradio_api/file=/a/b.png"),
        ("GET", "/gradio_api/heartbeat/x"),
        ("POST", "/gradio_api/call/draw"),
        ("POST", "/gradio_api/call/v2/draw"),
        ("GET", "/gradio_api/call/draw/7"),
        ("POST", "/gradio_api/queue/join"),
        ("GET", "/history/state"),
        ("POST", "/v1/draw"),
    ],
)
def test_what_the_page_and_the_clients_need_is_open(method: str, path: str) -> None:
    assert call(method, path).status_code == 200


@pytest.mark.parametrize("path", ["/assets/a%00b", "/assets/" + "a" * 256, "/gradio_api/heartbeat/a%0d%0ab"])
def test_a_path_that_no_file_has_is_refused_before_the_system_does(path: str) -> None:
    assert call("GET", path).json() == {"error": NOTHING_HERE}


def test_another_method_is_told_in_words() -> None:
    refused = call("POST", "/gradio_api/info")
    assert refused.status_code == 405 and refused.headers["allow"] == "GET"
    assert refused.json() == {"error": "This address takes GET; POST came."}


def test_each_open_route_is_one_that_gradio_has() -> None:
    from pipeline.page.open_routes import OPEN_ROUTES

    theirs = {(method, path.partition("{")[0]) for method, path in list_gradio_routes()}
    ours = {(method, path.partition("{")[0]) for method, paths in OPEN_ROUTES.items() for path in paths}
    assert ours <= theirs
