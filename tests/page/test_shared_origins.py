"""Pages of sites that the host lists may call the API; those of any other may not."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from pipeline.page.middlewares import list_middlewares
from pipeline.settings import Settings

SCHOOL = "https://school.example"
AT_HOME = {"host": "127.0.0.1:7860", "sec-fetch-site": "cross-site"}
PREFLIGHT = {
    **AT_HOME,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization, content-type",
}


async def answer(request: Request) -> Response:
    return PlainTextResponse("drawn", headers={"croquis-seed": "7"})


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    settings = Settings(user_dir=tmp_path, origins=f"{SCHOOL}, http://localhost:5173")
    routes = [Route(path, answer, methods=["GET", "POST"]) for path in ("/v1/draw", "/history/state")]
    guards = list_middlewares(settings, routes, lambda status: None, lambda key: None)
    return TestClient(Starlette(routes=routes, middleware=guards))


@pytest.mark.parametrize("origin", [SCHOOL, "http://localhost:5173"])
def test_a_listed_site_may_call_and_read(client: TestClient, origin: str) -> None:
    asked = client.options("/v1/draw", headers={**PREFLIGHT, "origin": origin})
    assert asked.status_code == 200 and asked.headers["access-control-allow-origin"] == origin
    assert "authorization" in asked.headers["access-control-allow-headers"].lower()
    drawn = client.post("/v1/draw", headers={**AT_HOME, "origin": origin})
    assert drawn.text == "drawn" and drawn.headers["access-control-allow-origin"] == origin
    assert "croquis-seed" in drawn.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in drawn.headers
    refused = client.post("/v1/draw", headers={**AT_HOME, "origin": origin, "authorization": "Bearer croquis_x"})
    assert refused.status_code == 401 and refused.headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize("origin", ["https://other.example", f"{SCHOOL}.x.example", "http://school.example", "null"])
def test_any_other_site_may_not(client: TestClient, origin: str) -> None:
    asked = client.options("/v1/draw", headers={**PREFLIGHT, "origin": origin})
    assert asked.status_code == 400 and "access-control-allow-origin" not in asked.headers
    refused = client.post("/v1/draw", headers={**AT_HOME, "origin": origin})
    assert refused.status_code == 403 and "access-control-allow-origin" not in refused.headers


def test_the_pages_own_routes_stay_closed_to_listed_sites(client: TestClient) -> None:
    assert client.get("/history/state", headers={**AT_HOME, "origin": SCHOOL}).status_code == 403
