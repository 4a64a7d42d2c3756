"""Send 500 hostile images to the running app: `python -m tests.benchmarks.hostile_images [--count 500]`.

Each is uploaded and its lines are read (/read_edges), one after the other. One line of JSON: how they ended, what was
answered without words, tracebacks in the log, the most memory over the idle server, and the images that took the most
memory and time. Some ten minutes on two cores. Linux only.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from pipeline.studio.messages import UNEXPECTED_ERROR
from tests.benchmarks.fuzz import wait_for_models
from tests.tools.hostile_images import COUNT, Hostile, make_hostile_images
from tests.tools.image_files import draw_fox, encode_png
from tests.tools.serving import RequestRefused, Server, run_app

SHOWN = 5


@dataclass(frozen=True)
class Ending:
    """Ending is how one image ended: read, refused or failed; its seconds, and MB of memory over the idle server."""

    name: str
    how: str
    told: str
    seconds: float
    megabytes: float


class Watch:
    """Watch measures the most memory that a process has had (Linux's VmHWM), from idle on."""

    def __init__(self, process: int) -> None:
        self._folder = Path(f"/proc/{process}")
        self._idle = self._read("VmRSS")

    def begin(self) -> None:
        """Forget the highest so far."""
        (self._folder / "clear_refs").write_text("5")

    def measure(self) -> float:
        """Return by how many MB the highest since `begin` lies over idle."""
        return self._read("VmHWM") - self._idle

    def _read(self, name: str) -> float:
        status = dict(line.split(":", 1) for line in (self._folder / "status").read_text().splitlines())
        return int(status[name].split()[0]) / 1024


def send_images(server: Server, images: Iterable[Hostile]) -> list[Ending]:
    """Send images one after the other; return how each ended."""
    server.call("read_edges", server.upload("fox.png", encode_png(draw_fox())), "auto", 50, 150)
    watch = Watch(server.process.pid)
    return [send_image(server, watch, name, data) for name, data in images]


def send_image(server: Server, watch: Watch, name: str, data: bytes) -> Ending:
    """Upload an image and have its lines read; return how it ended."""
    watch.begin()
    began = time.monotonic()
    how, told = read_lines(server, data)
    return Ending(name, how, told, time.monotonic() - began, watch.measure())


def read_lines(server: Server, data: bytes) -> tuple[str, str]:
    """Return "read", "refused" or "failed", and what was told."""
    try:
        server.call("read_edges", server.upload("hostile.png", data), "auto", 50, 150)
    except RequestRefused as error:
        told = str(error)
        return "failed" if UNEXPECTED_ERROR in told or len(told) < 12 else "refused", told
    except httpx.HTTPError as error:
        return "failed", repr(error)
    return "read", ""


def summarise(endings: Sequence[Ending], log: str) -> dict[str, Any]:
    """Return the figures."""
    large = sorted(endings, key=lambda each: -each.megabytes)[:SHOWN]
    slow = sorted(endings, key=lambda each: -each.seconds)[:SHOWN]
    return {
        "images": len(endings),
        "ended": dict(Counter(each.how for each in endings)),
        "failed": [f"{each.name}: {each.told}" for each in endings if each.how == "failed"],
        "tracebacks in the log": log.count("Traceback"),
        "most over idle, MB": round(large[0].megabytes, 1),
        "largest": {each.name: round(each.megabytes, 1) for each in large},
        "slowest, s": {each.name: round(each.seconds, 2) for each in slow},
    }


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, run_app(Path(folder)) as server:
        wait_for_models(server)
        endings = send_images(server, islice(make_hostile_images(given.seed), given.count))
        print(json.dumps(summarise(endings, server.log.read_text()), indent=1))


if __name__ == "__main__":
    main()
