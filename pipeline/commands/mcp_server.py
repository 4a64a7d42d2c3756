"""Serve Croquis to agents over the Model Context Protocol, on standard input and output: `python app.py mcp`."""

from __future__ import annotations

import base64
import json
import logging
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.commands.draw import DONE, USAGE, name_picture
from pipeline.errors import CroquisError, SettingError
from pipeline.request.input_schema import describe_inputs
from pipeline.request.inputs import INPUT_BY_NAME, decode_file, is_file_input
from pipeline.request.notation import name_kind
from pipeline.settings import OptionParser, add_setting_options, read_given_settings

MISSING = "The MCP server needs the package mcp: pip install -r requirements-mcp.txt"
INSTRUCTIONS = (
    "Croquis turns a drawing and a few words into a picture in a style. draw needs a drawing: the path of an image "
    "file, its base64, or strokes. Words are English; a style is found in them unless one is chosen."
)
LOCAL_FILE = {"type": "string", "description": "Path of an image file on this machine, or its base64 or data URL."}
OUTPUT = {"type": "string", "description": "Path of a PNG file to write the picture to, beside returning it."}
PATH_LIMIT = 1_000  # characters; systems refuse longer paths

Report = Callable[[float, float], None]  # how far a run is: steps done, of how many


def run_mcp(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Serve until standard input ends; return the exit code."""
    parser = OptionParser(prog="python app.py mcp", description=INSTRUCTIONS, allow_abbrev=False)
    add_setting_options(parser)
    try:
        settings = read_given_settings(parser.parse_args(list(arguments)), environment)
        import mcp  # noqa: F401 - asked for before anything else is loaded
    except (SettingError, ImportError) as error:
        sys.stderr.write(f"{error if isinstance(error, SettingError) else MISSING}\n")
        return USAGE
    import anyio

    from pipeline.studio.studio import Studio

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    studio = Studio(settings)
    studio.start_loading()
    anyio.run(serve_stdio, Tools(studio))
    return DONE


async def serve_stdio(tools: Tools) -> None:
    """Serve the tools on standard input and output."""
    from mcp.server.stdio import stdio_server

    server = build_server(tools)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def build_server(tools: Tools) -> Any:
    """Build the server that offers the tools."""
    import anyio
    import anyio.from_thread
    import anyio.to_thread
    import mcp_types as types
    from mcp.server.lowlevel import Server

    from pipeline.studio.messages import explain_error

    async def list_tools(context: Any, parameters: Any) -> types.ListToolsResult:
        described = [
            types.Tool(name=name, description=text, input_schema=schema) for name, (text, schema) in describe_tools()
        ]
        return types.ListToolsResult(tools=described)

    async def call_tool(context: Any, parameters: types.CallToolRequestParams) -> types.CallToolResult:
        stopped = threading.Event()

        def report(done: float, total: float) -> None:
            anyio.from_thread.run(context.session.report_progress, done, total)

        work = partial(tools.call, parameters.name, parameters.arguments or {}, report, stopped.is_set)
        try:
            pictures, answer = await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
        except Exception as error:  # the edge of the program: every error becomes words
            text = types.TextContent(text=explain_error(error))
            return types.CallToolResult(content=[text], is_error=True)
        finally:
            stopped.set()
        coded = [base64.b64encode(picture).decode() for picture in pictures]
        images = [types.ImageContent(data=data, mime_type="image/png") for data in coded]
        return types.CallToolResult(content=[*images, types.TextContent(text=json.dumps(answer))])

    return Server("croquis", instructions=INSTRUCTIONS, on_list_tools=list_tools, on_call_tool=call_tool)


def describe_tools() -> list[tuple[str, tuple[str, dict[str, Any]]]]:
    """Return each tool's name with what it does and the JSON Schema of its arguments."""
    draw = describe_inputs(LOCAL_FILE)
    for name in (name for name, each in INPUT_BY_NAME.items() if each.is_file):
        draw["properties"][name]["description"] += f" {LOCAL_FILE['description']}"
    draw["properties"]["output"] = OUTPUT
    words = {"type": "string", "description": INPUT_BY_NAME["prompt"].meaning}
    count = {"type": "integer", "description": "How many styles.", "minimum": 1, "default": 5}
    find = {"type": "object", "properties": {"prompt": words, "k": count}, "required": ["prompt"]}
    return [
        ("draw", ("Draw a picture that follows a drawing, shows what the words say and wears a style.", draw)),
        ("find_styles", ("Find the styles nearest to what words say of the look, best first.", find)),
        ("list_styles", ("List every style there is.", {"type": "object", "properties": {}})),
    ]


class Tools:
    """Tools does what the tools of one studio promise. Safe to call from many threads."""

    def __init__(self, studio: Any) -> None:
        self._studio = studio

    def call(
        self, name: str, arguments: Mapping[str, object], report: Report, is_cancelled: Callable[[], bool]
    ) -> tuple[list[bytes], Any]:
        """Return the PNG files that a tool makes, and its answer as JSON. Raises CroquisError."""
        if name == "draw":
            return self.draw(dict(arguments), report, is_cancelled)
        if name == "find_styles":
            return [], self.find_styles(arguments)
        if name == "list_styles":
            from pipeline.studio.answers import describe_style

            return [], [describe_style(style) for style in self._studio.library.all()]
        raise SettingError(f"There are the tools draw, find_styles and list_styles; {name[:40]!r} was called.")

    def find_styles(self, arguments: Mapping[str, object]) -> list[Any]:
        """Return the styles that words find, as /find_styles answers."""
        from pipeline.request.order import parse_count
        from pipeline.request.words import parse_prompt
        from pipeline.studio.answers import describe_match
        from pipeline.studio.studio import MATCHES_SHOWN
        from pipeline.styles.search import MOST_MATCHES

        words = parse_prompt("The prompt", arguments.get("prompt"))
        count = parse_count("k", arguments.get("k", MATCHES_SHOWN), 1, MOST_MATCHES)
        return [describe_match(match) for match in self._studio.find_styles(words, count).matches]

    def draw(
        self, arguments: dict[str, object], report: Report, is_cancelled: Callable[[], bool]
    ) -> tuple[list[bytes], dict[str, Any]]:
        """Return the pictures of a drawing, and the details of the first as /draw answers them."""
        from pipeline.studio.answers import describe_result
        from pipeline.studio.calls import draw_call, read_call

        output = read_output(arguments.pop("output", None))
        files = {name: read_file(name, value) for name, value in arguments.items() if is_file_input(name)}
        results = draw_call(
            self._studio,
            read_call(arguments | files),
            on_step=lambda step: report(step.step, step.of),
            is_cancelled=is_cancelled,
        )
        pictures = [self._studio.outputs.encode_picture(result) for result in results]
        written = [] if output is None else write_files(output, pictures)
        seeds = [result.request.sampling.seed for result in results]
        return pictures, describe_result(results[0]) | {"seeds": seeds, "files": written}


def read_file(name: str, value: object) -> bytes | Path | None:
    """Return an image file that an agent names by its path or sends as base64. Raises SettingError for neither."""
    if isinstance(value, str) and len(value) <= PATH_LIMIT and "\0" not in value:
        path = Path(value).expanduser()
        if path.is_file():
            return path
        if path.suffix or path.is_dir():
            raise SettingError(f"{name} is an image file; there is none at {path}.")
    return decode_file(name, value)


def read_output(value: object) -> Path | None:
    """Return the path of the file to write. Raises SettingError unless it is that of a PNG file."""
    if value is None:
        return None
    if not isinstance(value, str) or "\0" in value or Path(value).suffix.lower() != ".png":
        came = repr(value)[:60] if isinstance(value, str) else name_kind(value)
        raise SettingError(f"output is the path of a PNG file; {came} came.")
    return Path(value).expanduser()


def write_files(first: Path, pictures: Sequence[bytes]) -> list[str]:
    """Write the pictures to files; return their paths. Raises CroquisError where one cannot be written."""
    paths = [name_picture(first, number) for number in range(1, len(pictures) + 1)]
    try:
        first.parent.mkdir(parents=True, exist_ok=True)
        for path, picture in zip(paths, pictures, strict=True):
            path.write_bytes(picture)
    except OSError as error:
        raise CroquisError(f"The picture cannot be written to {first}: {error.strerror}.") from error
    return [str(path) for path in paths]
