"""What the page asks for a finished picture: the handlers, and what they refuse."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from pipeline.models.catalog import POCKET
from pipeline.page.drawn_files import DrawnFiles
from pipeline.page.easel import SETTINGS, Easel
from pipeline.page.going_on import GONE, GoingOn, read_settings
from pipeline.picture.png_file import read_picture, write_picture
from pipeline.request.order import parse_order
from pipeline.sketch.intake import read_strokes
from pipeline.studio.studio import Studio
from tests.page.test_easel import CANVAS
from tests.studio.test_studio import settings, studio  # noqa: F401 - fixtures

VISITOR = SimpleNamespace(session_hash="s1", headers={}, client=SimpleNamespace(host="127.0.0.1"), cookies={})


@pytest.fixture(scope="module")
def data(studio: Studio) -> bytes:  # noqa: F811
    order = parse_order(POCKET, sketch=read_strokes(CANVAS), prompt="a leaf", style="plain", width=128, height=128)
    return write_picture(studio.draw(order))


@pytest.fixture
def easel(studio: Studio, tmp_path: Path) -> Easel:  # noqa: F811
    return Easel(studio, DrawnFiles(str(tmp_path)))


def write_url(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def ask(data: bytes, **more: Any) -> Any:
    return SimpleNamespace(**{"ticket": "t1", "image": write_url(data), "settings": {"prompt": "a leaf"}} | more)


def read_served(easel: Easel, picture: Mapping[str, Any]) -> bytes:
    (file,) = [each for each in easel.files.paths if each.endswith(picture["name"])]
    return Path(file).read_bytes()


def test_a_picture_is_enlarged_with_progress_and_served(easel: Easel, studio: Studio, data: bytes) -> None:  # noqa: F811
    *shown, (picture, strip) = GoingOn(easel).enlarge(VISITOR, ask(data))  # type: ignore[arg-type]
    assert shown and all(each["state"] == "drawing" and each["step"] <= each["of"] for each, _ in shown)
    assert picture["state"] == "done" and picture["settings"]["prompt"] == "a leaf" and strip["seed"] >= 0
    written = read_served(easel, picture)
    assert Image.open(io.BytesIO(written)).size == (256, 256)
    assert read_picture(written, studio.library.get).request.enlargement == 2
    again = SimpleNamespace(**vars(ask(data)) | {"image": picture["image"]})  # by its address this time
    *_, (larger, _) = GoingOn(easel).enlarge(VISITOR, again)  # type: ignore[arg-type]
    assert Image.open(io.BytesIO(read_served(easel, larger))).size == (512, 512)


def test_a_part_is_repainted(easel: Easel, studio: Studio, data: bytes) -> None:  # noqa: F811
    mask, stored = Image.new("L", (64, 64), 0), io.BytesIO()
    mask.paste(255, (24, 24, 40, 40))
    mask.save(stored, "PNG")
    event = ask(data, mask=write_url(stored.getvalue()), words="blue")
    *_, (picture, _) = GoingOn(easel).repaint(VISITOR, event)  # type: ignore[arg-type]
    assert picture["state"] == "done", picture["message"]
    (part,) = read_picture(read_served(easel, picture), studio.library.get).request.repaints
    assert part.prompt.text == "blue" and part.pixels.shape == (128, 128) and part.pixels.max() == 255


def test_a_film_is_made_and_stopped(easel: Easel, data: bytes) -> None:
    handlers = GoingOn(easel)
    *shown, last = handlers.film(VISITOR, ask(data))  # type: ignore[arg-type]
    assert [each["step"] for each in shown] == list(range(1, len(shown) + 1)) and last["ticket"] == "t1"
    assert Image.open(next(file for file in easel.files.paths if file.endswith(".webp"))).format == "WEBP"
    handlers.cancel(ask(data))
    assert list(handlers.film(VISITOR, ask(data))) == [{"ticket": "t1", "problem": "Stopped."}]  # type: ignore[arg-type]


@pytest.mark.parametrize("image", ["gradio_api/file=/etc/passwd", "/etc/passwd", "", 7, None])
def test_only_pictures_of_this_page_are_read(easel: Easel, data: bytes, image: object) -> None:
    event = ask(data, image=image)
    ((picture, _),) = GoingOn(easel).enlarge(VISITOR, event)  # type: ignore[arg-type]
    assert picture == {"state": "error", "message": GONE, "ticket": "t1"}
    assert list(GoingOn(easel).film(VISITOR, event)) == [{"ticket": "t1", "problem": GONE}]  # type: ignore[arg-type]


def test_settings_are_taken_by_name_alone() -> None:
    assert list(read_settings({"prompt": "a", "other": 1})) == list(SETTINGS)
    assert read_settings(json.loads("[1]"))["prompt"] is None
