"""Time a fresh start, its first picture and later ones, quietly and beside a process that only computes.

    python -m tests.benchmarks.first_picture [--starts 3] [--pictures 15]

Each start is `python app.py` with an empty folder of its own; pictures are drawn by /draw at 512 px with the pocket
model, the words and the drawing new each time. Rows: seconds until the page answers, until the first picture after
that, the median of later ones alone and beside one process that takes a core (a browser that is busy), their ratio,
and the most memory that the process held.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from pipeline.pocket.evaluate.drawings import Drawing, load_drawings
from tests.benchmarks.report import print_rows
from tests.benchmarks.thread_waiting import start_neighbours
from tests.tools.image_files import encode_png
from tests.tools.serving import Server, run_app

MIB = 1024
COLOURS = ("red", "green", "blue", "yellow", "purple")


def time_start(pictures: int) -> dict[str, float]:
    """Start the program once and return its figures: seconds, a ratio, and MiB."""
    drawings = load_drawings()[: pictures + 1]
    asked, again = ([prepare_drawing(one, n + more) for n, one in enumerate(drawings)] for more in (0, 1))
    with tempfile.TemporaryDirectory() as folder, run_app(Path(folder)) as server:
        first, *later = (time_picture(server, *one) for one in asked)
        with start_neighbours(1):
            busy = statistics.median(time_picture(server, *one) for one in again[1:])
        quiet = statistics.median(later)
        return {
            "page_s": round(server.seconds_to_page, 2),
            "first_s": round(first, 2),
            "later_s": round(quiet, 3),
            "beside_a_busy_process_s": round(busy, 3),
            "ratio": round(busy / quiet, 2),
            "most_memory_mib": round(read_peak(server.process.pid) / MIB),
        }


def prepare_drawing(drawing: Drawing, number: int) -> tuple[bytes, str]:
    """Return a drawing by hand as PNG, and its prompt."""
    return encode_png(Image.fromarray(drawing.sketch.pixels)), f"a {COLOURS[number % len(COLOURS)]} {drawing.thing}"


def time_picture(server: Server, drawing: bytes, prompt: str) -> float:
    """Send a drawing, have it drawn, and return the seconds until the picture's address is there."""
    started = time.monotonic()
    server.call_named("draw", sketch=server.upload("drawing.png", drawing), prompt=prompt)
    return time.monotonic() - started


def read_peak(process: int) -> int:
    """Return the most memory that a process held so far, KiB (Linux)."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def measure_starts(starts: int, pictures: int) -> Iterator[dict[str, Any]]:
    """Yield one row for each start."""
    for number in range(starts):
        yield {"what": f"start {number + 1}", **time_start(pictures)}


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--pictures", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(given)
    print_rows(measure_starts(chosen.starts, chosen.pictures), chosen.json)


if __name__ == "__main__":
    main()
