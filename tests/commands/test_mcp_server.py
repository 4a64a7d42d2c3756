"""`python app.py mcp`, spoken to by the client of the mcp package."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from pipeline.request.inputs import DRAW_INPUTS
from pipeline.settings import ROOT
from tests.tools.image_files import draw_fox, encode_png

LIMIT = 120  # seconds
FOX = encode_png(draw_fox())


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mcp")
    (folder / "fox.png").write_bytes(FOX)
    return folder


def speak(desk: Path, say: Callable[[Client], Awaitable[None]]) -> None:
    """Start the server and let `say` speak to it."""
    server = StdioServerParameters(
        command=sys.executable,
        args=[str(ROOT / "app.py"), "mcp", "--profile", "pocket", "--user-dir", str(desk / "user")],
        env={"HF_HUB_OFFLINE": "1", "OMP_WAIT_POLICY": "PASSIVE"},
        cwd=desk,
    )

    async def run() -> None:
        with anyio.fail_after(LIMIT):
            async with Client(server, read_timeout_seconds=LIMIT) as client:
                await say(client)

    anyio.run(run)


@pytest.mark.slow
def test_an_agent_draws_finds_and_lists(desk: Path) -> None:
    steps: list[tuple[float, float | None]] = []

    async def note_step(done: float, total: float | None, message: str | None) -> None:
        steps.append((done, total))

    async def say(client: Client) -> None:
        tools = {tool.name: tool.input_schema for tool in (await client.list_tools()).tools}
        assert list(tools) == ["draw", "find_styles", "list_styles"]
        assert list(tools["draw"]["properties"]) == [*(each.name for each in DRAW_INPUTS), "output"]

        wish: dict[str, Any] = {"prompt": "a fox", "style": "comic", "seed": 7}
        to_file = {"sketch": "fox.png", "output": "out/picture.png", **wish}
        by_path = await client.call_tool("draw", to_file, LIMIT, note_step)
        by_base64 = await client.call_tool("draw", {"sketch": base64.b64encode(FOX).decode(), **wish})
        assert not by_path.is_error, by_path.content
        image, text = by_path.content
        picture = base64.b64decode(image.data)
        assert image.mime_type == "image/png" and picture.startswith(b"\x89PNG")
        assert picture == (desk / "out" / "picture.png").read_bytes() == base64.b64decode(by_base64.content[0].data)
        details = json.loads(text.text)
        assert (
            details["seeds"] == [7]
            and details["styles"][0]["id"] == "comic"
            and details["files"] == ["out/picture.png"]
        )

        answer = await client.call_tool("find_styles", {"prompt": "in watercolour", "k": 3})
        found = json.loads(answer.content[0].text)
        assert len(found) == 3 and found[0]["id"] == "watercolor"
        listed = json.loads((await client.call_tool("list_styles", {})).content[0].text)
        assert {"comic", "watercolor"} <= {style["id"] for style in listed}

        for wrong, words in (
            ({"sketch": "nothing.png"}, "there is none at nothing.png"),
            ({"sketch": "fox.png", "seed": "7"}, "str came"),
            ({"prompt": "a fox"}, "neither came"),
            ({"sketch": "fox.png", "output": "picture.jpg"}, "path of a PNG file"),
        ):
            refused = await client.call_tool("draw", wrong)
            assert refused.is_error and words in refused.content[0].text
        assert (await client.call_tool("paint", {})).is_error

    speak(desk, say)
    assert steps and steps[-1][0] == steps[-1][1]


def test_without_the_package_the_command_that_installs_it_is_told(desk: Path) -> None:
    code = (
        "import sys; sys.modules['mcp'] = None\n"
        "from pipeline.commands.mcp_server import run_mcp\n"
        "print(run_mcp([], {}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=LIMIT)
    assert (done.stdout, done.stderr.count("pip install -r requirements-mcp.txt")) == ("2\n", 1)
