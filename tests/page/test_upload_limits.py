"""How much visitors may upload: each in an hour, and all on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from pipeline.page.upload_limits import UPLOAD, UploadLimits, measure_uploads
from pipeline.settings import Settings

MEGABYTES = b"x" * 1_500_000


def make_client(tmp_path: Path, on_disk: int = 0, address: str = "192.0.2.1") -> TestClient:
    async def take(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    settings = Settings(user_dir=tmp_path, uploads=10, uploads_each=4)
    guard = Middleware(UploadLimits, settings=settings, measure=lambda: on_disk)
    routes = [Route(path, take, methods=["POST"]) for path in (UPLOAD, "/other")]
    return TestClient(Starlette(routes=routes, middleware=[guard]), client=(address, 5))


def test_a_visitor_sends_so_much_in_an_hour_and_another_one_still_may(tmp_path: Path) -> None:
    client = make_client(tmp_path)
    assert [client.post(UPLOAD, content=MEGABYTES).status_code for _ in range(3)] == [200, 200, 429]
    refused = client.post(UPLOAD, content=MEGABYTES)
    assert "more than 4 MB" in refused.json()["error"] and 0 < int(refused.headers["retry-after"]) <= 3600
    assert client.post("/other", content=MEGABYTES).status_code == 200
    other = TestClient(client.app, client=("192.0.2.9", 5))
    assert other.post(UPLOAD, content=MEGABYTES).text == "1500000"


def test_small_files_count_as_a_megabyte_each(tmp_path: Path) -> None:
    client = make_client(tmp_path)
    assert [client.post(UPLOAD, content=b"x").status_code for _ in range(5)] == [200] * 4 + [429]


@pytest.mark.parametrize(("on_disk", "status"), [(10_000_000, 200), (10_000_001, 507)])
def test_all_together_fill_no_more_than_their_room(on_disk: int, status: int, tmp_path: Path) -> None:
    answer = make_client(tmp_path, on_disk).post(UPLOAD, content=b"x")
    assert answer.status_code == status and (status == 200 or "room that the host gives" in answer.json()["error"])


def test_the_folder_is_measured_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    assert measure_uploads() == 0
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(b"12345")
    assert measure_uploads() == 5
