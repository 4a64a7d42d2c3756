"""What the endpoints of the real app refuse, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from pipeline.settings import ROOT
from tests.tools.image_files import draw_fox, encode_png, make_bad_files, make_blank_files
from tests.tools.serving import MARK, RequestRefused, Server


@pytest.fixture(scope="module")
def sketch(server: Server) -> dict[str, Any]:
    return server.upload("fox.png", encode_png(draw_fox()))


def draw(server: Server, sketch: Any, /, **named: Any) -> tuple[bytes, dict[str, Any]]:
    picture, details = server.call_named("draw", **({"sketch": sketch, "prompt": "a fox", "seed": 7} | named))
    return server.download(picture), details


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"num_inference_steps": float("1e308")}, "num_inference_steps"),
        ({"guidance_scale": "7"}, "guidance_scale.*str came"),
        ({"seed": 1.5}, "seed.*1.5 came"),
        ({"canny_low": 200, "canny_high": 100}, "200 and 100"),
        ({"prompt": "x" * 1_001}, "at most 1,000 characters"),
        ({"style": "cyberpnk"}, "'cyberpnk'.*cyberpunk"),
        ({"reading": "hed"}, "auto, lines, canny"),
        ({"sketch": None}, "neither came"),
        ({"sketch": "fox.png"}, "uploaded image file"),
        ({"promt": "a fox"}, "promt"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_input_is_told(server: Server, sketch: dict[str, Any], wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestRefused, match=message):
        draw(server, sketch, **wrong)


@pytest.mark.parametrize("name", make_bad_files() | make_blank_files())
def test_a_bad_file_is_told(server: Server, name: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        draw(server, server.upload(name, (make_bad_files() | make_blank_files())[name]))
    assert "went wrong" not in str(refused.value) and 10 < len(str(refused.value)) < 200


def test_a_missing_input_is_named(server: Server) -> None:
    with pytest.raises(RequestRefused, match="prompt"):
        server.call_named("find_styles")
    with pytest.raises(RequestRefused, match="takes 2 values in its data list; 1 came"):
        server.call("find_styles", "ice")


def test_an_unknown_endpoint_is_told(server: Server) -> None:
    for path in ("call/paint", "call/v2/paint", "run/paint"):
        answer = httpx.post(f"{server.api}/{path}", json={"data": []})
        assert answer.status_code == 404 and "no such endpoint" in answer.json()["error"], path


@pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd", str(ROOT / "README.md"), "a\0b", "", "."])
def test_only_uploaded_files_are_read(server: Server, path: str) -> None:
    for file in ({"path": path, "meta": MARK}, {"path": path}):
        with pytest.raises(RequestRefused, match="uploaded|read"):
            draw(server, file)


@pytest.mark.parametrize("place", ["sketch", "prompt", "style", "seed"])
def test_no_address_is_fetched_for_anybody(server: Server, sketch: dict[str, Any], place: str) -> None:
    file = {"path": "http://203.0.113.1/fox.png", "url": "http://203.0.113.1/fox.png", "meta": MARK}
    with pytest.raises(RequestRefused, match="not fetched"):
        draw(server, sketch, **{place: file})


def test_nothing_broke_on_the_server(server: Server) -> None:
    assert "Traceback" not in server.log.read_text()
