"""Draw thousands of pictures in a row in the running app: `python -m tests.benchmarks.endurance [--count 5000]`.

It prints a line of JSON for each hundred pictures and one for all: what the app holds of memory, file handles, threads
and temporary files. Served pictures have so little room that it is full after some hundreds: the last line says whether
they kept to it. Pictures are small and come in turn by `POST /v1/draw`, `/call/draw` and the page's queue, with a
seed, a style and every now and then a session of their own. 5,000 take 15 to 40 minutes on two cores. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import numpy as np

from pipeline.page.drawn_files import FOLDER
from tests.benchmarks.visitors import LIMIT, Visitor, make_inputs, read_endpoint, wait_for_models
from tests.tools.image_files import draw_fox, encode_png
from tests.tools.serving import Server, run_app

SIDE = 128  # px
EVERY = 100  # pictures between two looks
SESSION = 20  # pictures by the queue of one session
ROOM = 40  # MB, CROQUIS_UPLOADS: half of it is for served pictures
WARM_UP = 1_000  # pictures until each style was drawn often and allocators have settled
THINGS = ("a red fox", "a house by the sea", "an owl at night", "a teapot", "two boats in the snow")


@dataclass(frozen=True)
class Held:
    """Held is what a process has at a moment."""

    pictures: int
    rss_mb: float
    handles: int
    threads: int
    files: int  # below its temporary folders
    files_mb: float
    drawn_mb: float  # of them pictures that are served


def look(server: Server, pictures: int, folders: list[Path]) -> Held:
    """Look at what the app holds now."""
    process = Path(f"/proc/{server.process.pid}")
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    sizes = {file: file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file()}
    drawn = [size for file, size in sizes.items() if FOLDER in file.parts]
    return Held(
        pictures,
        round(int(status["VmRSS"].split()[0]) / 1024, 1),
        len(list((process / "fd").iterdir())),
        int(status["Threads"]),
        len(sizes),
        round(sum(sizes.values()) / 1e6, 1),
        round(sum(drawn) / 1e6, 1),
    )


def name_inputs(server: Server) -> list[str]:
    """List the names of /draw's inputs in their order."""
    listed = httpx.get(f"{server.api}/info", timeout=LIMIT).json()["named_endpoints"]["/draw"]["parameters"]
    return [each["parameter_name"] for each in listed]


class Sender:
    """Sender asks for one picture after the other, each time by the next way in."""

    def __init__(self, server: Server, http: httpx.AsyncClient) -> None:
        self._server, self._http = server, http
        self._index, count = read_endpoint(server)
        self._data, self._names = make_inputs(server, count), name_inputs(server)
        listed = server.call("styles")
        self._styles = [each["id"] for each in listed]

    async def draw(self, number: int) -> None:
        """Draw one picture. Raises RuntimeError where there is none."""
        ways = (self._draw_by_service, self._draw_by_call, self._draw_by_queue)
        end = await ways[number % len(ways)](number)
        if end != "drawn":
            raise RuntimeError(f"Picture {number}: {end}")

    def _choose(self, number: int) -> dict[str, str | int]:
        style = self._styles[number // 3 % len(self._styles)]
        return {"prompt": THINGS[number % 5], "seed": number, "style": style, "width": SIDE, "height": SIDE}

    def _fill(self, number: int) -> list[object]:
        chosen = self._choose(number)
        return [chosen.get(name, value) for name, value in zip(self._names, self._data, strict=True)]

    async def _draw_by_service(self, number: int) -> str:
        files = {"sketch": ("fox.png", encode_png(draw_fox()))}
        answer = await self._http.post(f"{self._server.url}/v1/draw", files=files, data=self._choose(number))
        return "drawn" if answer.content.startswith(b"\x89PNG") else f"{answer.status_code}: {answer.text[:200]}"

    async def _draw_by_call(self, number: int) -> str:
        sent = await self._http.post(f"{self._server.api}/call/draw", json={"data": self._fill(number)})
        answer = await self._http.get(f"{self._server.api}/call/draw/{sent.json()['event_id']}")
        return "drawn" if "event: complete" in answer.text else answer.text[-200:]

    async def _draw_by_queue(self, number: int) -> str:
        visitor = Visitor(self._server, self._http, self._index, number // 3 // SESSION)
        return await visitor.draw(self._fill(number))


async def measure(server: Server, count: int, folders: list[Path]) -> list[Held]:
    """Draw `count` pictures; print and return what was held after each EVERY."""
    seen = []
    async with httpx.AsyncClient(timeout=LIMIT) as http:
        await wait_for_models(server, http)
        sender = Sender(server, http)
        for number in range(1, count + 1):
            await sender.draw(number)
            if number % EVERY == 0:
                seen.append(look(server, number, folders))
                print(json.dumps(asdict(seen[-1])), flush=True)
    return seen


def summarise(seen: list[Held], warm_up: int = WARM_UP, room: float = ROOM / 2) -> dict[str, float | str]:
    """Return the slope of memory (MB per 100 pictures, least squares) after the warm-up, the most of the rest, and
    whether served pictures kept to their `room` (MB).
    """
    late = [each for each in seen if each.pictures >= warm_up]
    slope, _ = np.polyfit([each.pictures / 100 for each in late], [each.rss_mb for each in late], 1)
    most = {
        name: max(asdict(each)[name] for each in late)
        for name in ("handles", "threads", "files", "files_mb", "drawn_mb")
    }
    kept = "never full" if most["drawn_mb"] < 0.9 * room else "kept to" if most["drawn_mb"] <= room else "exceeded"
    grown = {f"{name} at the end less at {late[0].pictures}": rise for name, rise in list_rises(late)}
    return {"MB per 100 pictures": round(float(slope), 3), **most, **grown, f"room of {room:g} MB for drawn ones": kept}


def list_rises(late: list[Held]) -> Iterator[tuple[str, float]]:
    """Yield by how much each count rose."""
    for name in ("rss_mb", "handles", "threads", "files"):
        yield name, round(asdict(late[-1])[name] - asdict(late[0])[name], 1)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (temporary := folder / "temporary").mkdir()
        with run_app(folder, TMPDIR=str(temporary), CROQUIS_UPLOADS=str(ROOM)) as server:
            seen = asyncio.run(measure(server, given.count, [temporary, folder / "gradio", folder / "user"]))
    print(json.dumps(summarise(seen, min(WARM_UP, given.count // 2))))


if __name__ == "__main__":
    main()
