"""POST /export/{form}: what comes back for a picture file of ours, and what is said of anything else."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pipeline.page.export import ExportDoor
from pipeline.picture.png_chunks import MAX_FILE
from pipeline.picture.png_file import read_picture, write_picture
from pipeline.values import GenerationResult, Style
from tests.exports.requests import make_request_of
from tests.tools.drawings import draw_house, encode_image, make_ring, make_stroke


class StandInStudio:
    """StandInStudio reads picture files with one style in its library."""

    def __init__(self, style: Style) -> None:
        self._style = style

    def read_picture(self, data: bytes) -> Any:
        return read_picture(data, lambda _: self._style)


@pytest.fixture(scope="module")
def client(make_style: Callable[..., Style]) -> TestClient:
    studio: Any = StandInStudio(make_style("felt", 1))
    return TestClient(Starlette(routes=ExportDoor(studio).list_routes()))


@pytest.fixture(scope="module")
def picture(make_style: Callable[..., Style]) -> bytes:
    request, canvas = make_request_of(make_style("felt", 1), make_stroke(make_ring(120), 8))
    return write_picture(GenerationResult(draw_house(512), request, (), (), {}, {}, canvas=canvas))


def test_a_sticker_comes_as_png(client: TestClient, picture: bytes) -> None:
    answer = client.post("/export/sticker", content=picture)
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/png"
    assert 'filename="croquis.png"' in answer.headers["content-disposition"]
    assert Image.open(io.BytesIO(answer.content)).mode == "RGBA"


def test_layers_come_as_openraster(client: TestClient, picture: bytes) -> None:
    answer = client.post("/export/openraster", content=picture)
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/openraster"
    assert zipfile.ZipFile(io.BytesIO(answer.content)).namelist()[0] == "mimetype"


@pytest.mark.parametrize(
    ("form", "data", "status", "said"),
    [
        ("sticker", b"", 422, "PNG file"),
        ("sticker", encode_image(draw_house(64)), 422, "carries no recipe"),
        ("openraster", b"%PDF-1.7", 422, "a PDF"),
        ("psd", None, 422, "sticker or openraster"),
        ("sticker", bytes(MAX_FILE + 1), 413, "at most 20 MB"),
    ],
)
def test_anything_else_is_refused_in_words(
    client: TestClient, picture: bytes, form: str, data: bytes | None, status: int, said: str
) -> None:
    answer = client.post(f"/export/{form}", content=picture if data is None else data)
    assert answer.status_code == status and said in json.loads(answer.content)["error"]


def test_another_sites_page_is_refused(client: TestClient, picture: bytes) -> None:
    answer = client.post("/export/sticker", content=picture, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
