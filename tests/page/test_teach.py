"""What asks for a lesson is counted before it is parsed, and what asks for less has a small body."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pipeline.page.teach import PATH, Begin, TeachDoor
from pipeline.settings import Settings

JSON = {"content-type": "application/json"}


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[TestClient]:
    """Return a visitor who may teach."""
    studio: Any = SimpleNamespace(
        settings=Settings(user_dir=tmp_path, teaching="on"),
        loading=SimpleNamespace(ready=True),
        teacher=SimpleNamespace(),
    )
    yield TestClient(Starlette(routes=TeachDoor(studio).list_routes()))


@pytest.mark.parametrize("piece", [b"[],", b'{"a":1},', b'"",', b"0,"])
def test_millions_of_values_are_refused_unparsed(
    visitor: TestClient, piece: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Begin, "model_validate_json", lambda body: pytest.fail("it was parsed"))
    body = b'{"name":"x","pictures":[' + piece * (60_000_000 // len(piece)) + b"{}]}"
    began = time.monotonic()
    answer = visitor.post(f"{PATH}/begin", content=body, headers=JSON)
    assert answer.status_code == 422 and "more came" in answer.json()["error"] and time.monotonic() - began < 30


def test_eighty_pictures_with_commas_in_their_names_are_read(visitor: TestClient) -> None:
    pictures = [{"name": "a, b" * 40, "data": "no base64"}] * 80
    answer = visitor.post(f"{PATH}/begin", content=json.dumps({"name": "x", "pictures": pictures}), headers=JSON)
    assert answer.status_code == 422 and "arrived broken" in answer.json()["error"]


@pytest.mark.parametrize("path", ["stop", "go-on", "discard"])
def test_what_takes_no_pictures_takes_no_megabytes(visitor: TestClient, path: str) -> None:
    assert visitor.post(f"{PATH}/{path}", content=b" " * 1_001, headers=JSON).status_code == 413
