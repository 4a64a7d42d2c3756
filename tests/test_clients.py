"""The README's own examples, run as they stand: Python, JavaScript, curl and the canvas give the same bytes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from pipeline.request.order import parse_order
from pipeline.settings import ROOT, read_settings
from pipeline.sketch.intake import read_strokes
from pipeline.studio.studio import Studio
from tests.tools.image_files import png
from tests.tools.serving import Server

README_URL = "http://127.0.0.1:7860"
PROMPT, SEED = "a red fox in a neon city", 7  # as in the README
LIMIT = 300  # seconds
NODE_PACKAGES = ROOT / "tests" / "node" / "node_modules"


def canvas() -> str:
    """The fox that the page offers as an example, as the canvas sends it."""
    example = next((ROOT / "assets" / "examples").glob("*fox.json"))
    return json.dumps(json.loads(example.read_text(encoding="utf-8"))["canvas"])


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with drawing.png: the canvas's drawing as the server rasterised it."""
    (tmp_path / "drawing.png").write_bytes(png(Image.fromarray(read_strokes(canvas()).pixels)))
    return tmp_path


@pytest.fixture(scope="module")
def by_the_canvas(server: Server) -> bytes:
    """What Studio draws of the strokes themselves, in this process, with the server's assets."""
    named = {name: value for name, value in server.settings.items() if name != "CROQUIS_USER_DIR"}
    studio = Studio(read_settings(["--user-dir", str(server.log.parent / "own")], named))
    order = parse_order(studio.profile, sketch=read_strokes(canvas()), prompt=PROMPT, seed=SEED)
    return studio.write(studio.draw(order)).read_bytes()


def example(language: str, server: Server) -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code = next(block for block in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL) if README_URL in block)
    return str(code.replace(README_URL, server.url))


def run(command: list[str], desk: Path) -> tuple[bytes, str]:
    done = subprocess.run(
        command,
        cwd=desk,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return (desk / "picture.png").read_bytes(), done.stdout


def test_python_gives_the_bytes_of_the_canvas(server: Server, desk: Path, by_the_canvas: bytes) -> None:
    (desk / "example.py").write_text(example("python", server))
    picture, said = run([sys.executable, "example.py"], desk)
    assert said.splitlines()[-1] == f"{SEED} Cyberpunk"
    assert picture == by_the_canvas


@pytest.mark.clients
def test_javascript_gives_the_bytes_of_the_canvas(server: Server, desk: Path, by_the_canvas: bytes) -> None:
    assert NODE_PACKAGES.is_dir(), "python -m tests installs @gradio/client"
    (desk / "node_modules").symlink_to(NODE_PACKAGES)
    (desk / "example.mjs").write_text(example("js", server))
    picture, said = run(["node", "example.mjs"], desk)
    assert said.splitlines()[-1] == f"{SEED} Cyberpunk"
    assert picture == by_the_canvas


@pytest.mark.clients
def test_curl_gives_the_bytes_of_the_canvas(server: Server, desk: Path, by_the_canvas: bytes) -> None:
    assert shutil.which("curl"), "python -m tests installs curl"
    picture, _ = run(["bash", "-euo", "pipefail", "-c", example("sh", server)], desk)
    assert picture == by_the_canvas
