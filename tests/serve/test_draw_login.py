"""Who comes in at a cluster's /v1/draw, which is no application of Gradio's: programs with a key, by every login."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from pipeline.serve.fronts import build_draw_app
from pipeline.settings import Settings
from pipeline.store.keys import PREFIX
from pipeline.studio.studio import Studio

KEY = PREFIX + "k" * 43


@pytest.fixture(params=["file", "proxy", "off"])
def visitor(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Return a visitor of /v1/draw where people log in by this way."""
    studio = Studio(Settings(user_dir=tmp_path, login=request.param, proxies="192.0.2.1", profile="pocket"))
    monkeypatch.setattr(studio.keeper, "find_key", lambda key: "class 4b" if key == KEY else None)
    with TestClient(
        build_draw_app(studio), base_url="http://127.0.0.1:8000", raise_server_exceptions=False
    ) as visiting:
        visiting.headers["cookie"] = "access-token-x=1"
        yield visiting
    studio.close()


def test_a_key_comes_in_and_a_stranger_does_not(visitor: TestClient, request: pytest.FixtureRequest) -> None:
    known = visitor.post("/v1/draw", json={}, headers={"authorization": f"Bearer {KEY}"})
    assert known.status_code == 422 and "sketch" in known.json()["error"], known.text  # past the entrance
    assert visitor.post("/v1/draw", json={}, headers={"authorization": f"Bearer {KEY}x"}).status_code == 401
    stranger = visitor.post("/v1/draw", json={})
    assert stranger.status_code == (422 if "[off]" in request.node.name else 401) and "error" in stranger.json()


@pytest.mark.parametrize("headers", [{}, {"authorization": f"Bearer {KEY}x"}])
def test_who_watches_is_asked_for_no_login(visitor: TestClient, headers: dict[str, str]) -> None:
    assert visitor.get("/health", headers=headers).json() == {"healthy": True}
    ready = visitor.get("/ready", headers=headers)
    assert ready.status_code == 503 and "not loaded yet" in ready.json()["error"]
