"""The clients in examples/, run as they stand: Python, JavaScript and curl give the same bytes.

Their picture is the canvas's, whose file carries its strokes beside that: an image file of the drawing has none.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from pipeline.picture import carried_strokes
from pipeline.picture.png_chunks import read_texts
from pipeline.picture.png_file import read_carried_strokes
from pipeline.request.order import parse_order
from pipeline.settings import ROOT, read_settings
from pipeline.sketch.intake import read_strokes
from pipeline.studio.studio import Studio
from tests.tools.serving import Server

EXAMPLES = ROOT / "examples"
CLIENTS = ("draw.py", "draw.mjs", "draw.sh")  # of Gradio's queue
CALLS = {
    "python": ("call.py",),
    "js": ("call.mjs",),
    "sh": ("call.sh", "wider.sh"),
}  # of /v1/draw, by README's fences
URL = "http://127.0.0.1:7860"  # in each of them
PROMPT, SEED = "a red fox in a neon city", 7  # the same
LIMIT = 300  # seconds
NODE_PACKAGES = ROOT / "tests" / "node" / "node_modules"


def canvas() -> str:
    """The fox that the page offers as an example, as the canvas sends it."""
    example = next((ROOT / "assets" / "examples").glob("*fox.json"))
    return json.dumps(json.loads(example.read_text(encoding="utf-8"))["canvas"])


@pytest.fixture
def desk(tmp_path: Path, server: Server) -> Path:
    """A folder with drawing.png and the clients, which speak to the test's own server."""
    shutil.copy(EXAMPLES / "drawing.png", tmp_path)
    for name in (*CLIENTS, *chain(*CALLS.values())):
        (tmp_path / name).write_text((EXAMPLES / name).read_text(encoding="utf-8").replace(URL, server.url))
    return tmp_path


@pytest.fixture(scope="module")
def by_the_canvas(server: Server) -> bytes:
    """What Studio draws of the strokes themselves, in this process, with the server's assets."""
    named = {name: value for name, value in server.settings.items() if name != "CROQUIS_USER_DIR"}
    studio = Studio(read_settings(["--user-dir", str(server.log.parent / "own")], named))
    order = parse_order(studio.profile, sketch=read_strokes(canvas()), prompt=PROMPT, seed=SEED)
    return studio.write_picture(studio.draw(order)).read_bytes()


@pytest.mark.parametrize("fence", CALLS)
def test_readme_shows_the_files(fence: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = [block for block in re.findall(rf"```{fence}\n(.*?)```", readme, re.DOTALL) if URL in block]
    assert shown == [(EXAMPLES / name).read_text(encoding="utf-8") for name in CALLS[fence]]


def test_the_drawing_is_the_fox_that_the_page_offers() -> None:
    drawn = np.asarray(Image.open(EXAMPLES / "drawing.png").convert("RGB"))
    assert np.array_equal(drawn, read_strokes(canvas()).pixels)


def run(command: list[str], desk: Path, **environment: str) -> tuple[bytes, str]:
    done = subprocess.run(
        command,
        cwd=desk,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "HF_HUB_OFFLINE": "1", **environment},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return (desk / "picture.png").read_bytes(), done.stdout


@pytest.fixture(scope="module")
def by_the_drawing(server: Server, by_the_canvas: bytes) -> bytes:
    """The canvas's picture without its strokes: what the server answers to the uploaded drawing, byte for byte."""
    drawing = server.upload("drawing.png", (EXAMPLES / "drawing.png").read_bytes())
    answer, _ = server.call_named("draw", sketch=drawing, prompt=PROMPT, seed=SEED)
    picture = server.download(answer)
    expect_picture_of_the_canvas(picture, by_the_canvas)
    return picture


def expect_picture_of_the_canvas(picture: bytes, by_the_canvas: bytes) -> None:
    """Pixels are equal, and texts, the recipe among them; the canvas's file alone carries strokes, and they are its."""
    assert np.array_equal(Image.open(io.BytesIO(picture)), Image.open(io.BytesIO(by_the_canvas)))
    texts, of_the_canvas = read_texts(picture), read_texts(by_the_canvas)
    strokes = read_carried_strokes({carried_strokes.KEYWORD: of_the_canvas.pop(carried_strokes.KEYWORD)})
    assert texts == of_the_canvas
    assert json.loads(str(strokes))["strokes"] == json.loads(canvas())["strokes"]


def test_python_gives_the_picture_of_the_canvas(desk: Path, by_the_drawing: bytes) -> None:
    picture, said = run([sys.executable, "draw.py"], desk)
    assert said.splitlines()[-1] == f"{SEED} Cyberpunk"
    assert picture == by_the_drawing


def test_strokes_give_the_bytes_of_the_canvas(server: Server, by_the_canvas: bytes) -> None:
    for strokes in (json.loads(canvas()), canvas()):
        picture, details = server.call_named("draw", strokes=strokes, prompt=PROMPT, seed=SEED)
        assert server.download(picture) == by_the_canvas and details["reading"] == "lines"


def test_the_model_cards_code_gives_the_pixels_of_the_canvas(desk: Path, by_the_canvas: bytes) -> None:
    card = (ROOT / "pipeline" / "pocket" / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    (desk / "examples").symlink_to(EXAMPLES)  # as in the repository's folder
    picture, _ = run([sys.executable, "-c", code], desk, PYTHONPATH=str(ROOT), XDG_DATA_HOME=str(desk / "user"))
    assert np.array_equal(Image.open(io.BytesIO(picture)), Image.open(io.BytesIO(by_the_canvas)))


@pytest.mark.clients
def test_javascript_gives_the_picture_of_the_canvas(desk: Path, by_the_drawing: bytes) -> None:
    assert NODE_PACKAGES.is_dir(), "python -m tests installs @gradio/client"
    (desk / "node_modules").symlink_to(NODE_PACKAGES)
    picture, said = run(["node", "draw.mjs"], desk)
    assert said.splitlines()[-1] == f"{SEED} Cyberpunk"
    assert picture == by_the_drawing


@pytest.mark.clients
def test_curl_gives_the_picture_of_the_canvas(desk: Path, by_the_drawing: bytes) -> None:
    assert shutil.which("curl"), "python -m tests installs curl"
    picture, _ = run(["bash", "-euo", "pipefail", "draw.sh"], desk)
    assert picture == by_the_drawing


def test_one_call_in_python_gives_the_picture_of_the_canvas(desk: Path, by_the_drawing: bytes) -> None:
    picture, said = run([sys.executable, "call.py"], desk)
    assert said == f"{SEED} cyberpunk\n" and picture == by_the_drawing


@pytest.mark.clients
@pytest.mark.parametrize(
    ("command", "said"), [(["node", "call.mjs"], f"{SEED} cyberpunk\n"), (["bash", "-euo", "pipefail", "call.sh"], "")]
)
def test_one_call_gives_the_picture_of_the_canvas(
    desk: Path, by_the_drawing: bytes, command: list[str], said: str
) -> None:
    assert shutil.which(command[0]) and shutil.which("curl"), "python -m tests installs node and curl"
    assert run(command, desk) == (by_the_drawing, said)


def test_strokes_in_one_call_give_the_bytes_of_the_canvas(server: Server, by_the_canvas: bytes) -> None:
    wish = {"strokes": json.loads(canvas()), "prompt": PROMPT, "seed": SEED}
    answer = httpx.post(f"{server.url}/v1/draw", json=wish, timeout=LIMIT)
    assert answer.content == by_the_canvas, answer.text[:200]


@pytest.mark.clients
def test_one_call_draws_more_around_a_picture(desk: Path) -> None:
    picture, _ = run(["bash", "-euo", "pipefail", "wider.sh"], desk)
    width, height = Image.open(EXAMPLES / "drawing.png").size
    assert Image.open(io.BytesIO(picture)).size == (width + 256, height)
