"""Gradio's file route gives out what was drawn and the page's own files; every answer tells browsers what it may do."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.page.drawn_files import DrawnFiles
from pipeline.page.secure_headers import PAGE_RULES, SecureHeaders
from pipeline.page.served_files import ServedFiles, is_below, is_drawn, resolve_paths, resolve_plain
from pipeline.settings import ROOT
from tests.tools.image_files import draw_fox, encode_png
from tests.tools.serving import ANSWER_LIMIT, Server

ANSWERS = ("/", "/gradio_api/info", "/v1/openapi.json", "/manifest.json", "/config", "/history/state", "/nothing")


def get(address: str | httpx.URL) -> httpx.Response:
    return httpx.get(address, timeout=ANSWER_LIMIT)


def get_raw(server: Server, path: str) -> httpx.Response:
    """Get a path as it is written, doubled slashes and all."""
    return get(httpx.URL(server.url).copy_with(raw_path=path.encode()))


@pytest.mark.parametrize(
    "path",
    [
        "file=http://203.0.113.1/x.png",
        "file=https://203.0.113.1/x.png",
        "file=HTTP://203.0.113.1/x.png",
        "file=//203.0.113.1/x.png",
        "file/http://203.0.113.1/x.png",
        f"file={ROOT}/README.md",
        "file=/etc/passwd",
        f"file={ROOT}/assets/css/../../README.md",
        "file=README.md",
        "file=",
    ],
)
def test_no_address_and_no_other_file_is_answered(server: Server, path: str) -> None:
    answer = get(f"{server.api}/{path}")
    assert answer.status_code == 403 and "error" in answer.json(), answer.text


FOREIGN = "http://203.0.113.1/x.html/gradio_api/file="  # an address whose tail looks like a path of the page's own
PAGE_FILE, NO_FILE = f"{ROOT}/assets/app.js", f"{ROOT}/assets/css/none.png"


@pytest.mark.parametrize("tail", [PAGE_FILE, NO_FILE])
@pytest.mark.parametrize("route", ["file=", "file/", "file%3D", "%66ile=", "/file=", "proxy="])
def test_an_address_with_a_page_files_path_behind_it_is_refused(server: Server, route: str, tail: str) -> None:
    for start in ("/gradio_api/", "//gradio_api/"):
        for address in (FOREIGN, FOREIGN.replace("://", ":%2F%2F")):
            answer = get_raw(server, f"{start}{route}{address}{tail}")
            assert answer.status_code in (403, 404) and "error" in answer.json(), answer.text


def test_what_looks_like_an_address_never_comes_to_gradio() -> None:
    reached = list[str]()

    async def gradio(scope: Any, *_: object) -> None:
        reached.append(scope["path"])

    async def ignore(_: object) -> None: ...

    served = ServedFiles(gradio)
    for start in ("/gradio_api/file=", "/gradio_api/file/", "//gradio_api/file=", "/file=", "/proxy=", "/x/file="):
        for tail in (f"{FOREIGN}{NO_FILE}", f"{FOREIGN}{PAGE_FILE}", NO_FILE):
            scope = {"type": "http", "method": "GET", "path": start + tail, "headers": [], "root_path": "/x"}
            asyncio.run(served(scope, ignore, ignore))  # type: ignore[arg-type]
    assert reached == []


def test_a_page_file_that_is_none_is_not_found(server: Server) -> None:
    assert get(f"{server.api}/file={NO_FILE}").status_code == 404
    assert get(f"{server.api}/file={ROOT}/assets").status_code in (403, 404)


def test_an_upload_is_given_to_nobody_and_a_drawn_picture_to_who_has_its_address(server: Server) -> None:
    sketch = server.upload("fox.png", encode_png(draw_fox()))
    assert get(f"{server.api}/file={sketch['path']}").status_code == 403
    first, second = (server.call_named("draw", sketch=sketch, prompt="a fox", seed=7)[0] for _ in range(2))
    assert server.download(first) == server.download(second)
    assert first["path"] != second["path"] and re.search(r"/[0-9a-f]{32}/", first["path"])


def test_the_pages_own_files_are_served(server: Server) -> None:
    for file in (ROOT / "assets" / "app.js", next((ROOT / "assets" / "css").glob("*.css"))):
        assert get(f"{server.api}/file={file.as_posix()}").status_code == 200


def test_what_is_served_lies_in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    assert is_drawn(str(resolve_plain(DrawnFiles(str(tmp_path)).keep_bytes(b"", "fox.png"))))
    assert not is_drawn(f"{tmp_path}/fox.png")
    assert [resolve_plain(path) for path in (f"{tmp_path}/drawn/../drawn/fox.png", "drawn/fox.png", "/a\0b")] == [
        None
    ] * 3


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_has_nosniff_and_a_policy(server: Server, path: str) -> None:
    headers = get(server.url + path).headers
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy and "*" not in policy
    assert ("script-src" in policy) == (path == "/") and ("default-src 'none'" in policy) == (path != "/")


def test_a_spaces_page_may_be_framed_by_hugging_face_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(*_: object) -> None: ...

    assert "https" not in SecureHeaders(nobody)._page
    monkeypatch.setenv("SPACE_ID", "someone/croquis")
    frames = SecureHeaders(nobody)._page.partition("frame-ancestors ")[2].split()
    assert "https://huggingface.co" in frames and "*" not in frames and "*" not in PAGE_RULES["default-src"]


def test_a_file_beside_a_served_one_with_a_longer_name_is_not_served(tmp_path: Path) -> None:
    folder, beside = tmp_path / "css", tmp_path / "css-of-another"
    link = folder / "link.css"
    folder.mkdir()
    beside.mkdir()
    link.symlink_to(beside / "secret")
    folders = resolve_paths((str(folder),))
    assert is_below(str(folder), folders) and is_below(str(folder / "a" / "b.css"), folders)
    assert not is_below(str(beside / "b.css"), folders) and not is_below(str(resolve_plain(str(link))), folders)
