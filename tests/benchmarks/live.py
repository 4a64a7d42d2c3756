"""Measure live drawing in a real browser: how soon a stroke's picture is there, and whether the canvas stays smooth.

`python -m tests.benchmarks.live [--strokes 60]` starts the app, draws by mouse as a hand does, and prints what issue
17 asks for. Run it on an otherwise idle machine: it says how busy that was.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import BROWSERS, DESK, LOADING, QUIET
from tests.tools.image_files import draw_fox, encode_png
from tests.tools.serving import ROOT, Server, run_app

SKETCHES = ("house", "boat", "cat", "castle")
STROKE, PAUSE = 0.35, 0.45  # seconds
EVENT = 0.012  # seconds from one move of the mouse to the next
WORDS = "a house by the sea in watercolour"
NOTE = """() => {
  const noted = window.noted = { ends: [], runs: [], shown: [], frames: [] };
  const send = window.fetch;
  window.fetch = async (address, options) => {
    if (!String(address).endsWith("/live") || options?.method !== "POST") return send(address, options);
    const run = { sent: performance.now(), done: Infinity, status: 0 };
    noted.runs.push(run);
    const answer = await send(address, options);
    Object.assign(run, { done: performance.now(), status: answer.status });
    return answer;
  };
  document.querySelector("#canvas canvas.live").addEventListener("pointerup", () => noted.ends.push(performance.now()));
  document.querySelector(".live-picture").addEventListener("shown", () => {
    const whole = noted.runs.filter(({ status }) => status === 200);
    noted.shown.push({ at: performance.now(), sent: whole.at(-1).sent });
  });
  let before = performance.now();
  const count = (now) => { noted.frames.push(now - before); before = now; requestAnimationFrame(count); };
  requestAnimationFrame(count);
}"""


@dataclass(frozen=True)
class Figures:
    """Figures holds what the browser noted, in ms."""

    waits: list[float]  # from the end of each stroke to the first picture that holds it
    frames: list[float]
    overlaps: int  # pictures that were drawn while another was
    runs: int

    @classmethod
    def read(cls, noted: dict[str, Any]) -> Figures:
        """Read them from what NOTE noted. A picture holds the strokes that ended before it was asked for."""
        waits = [
            next((shown["at"] - end for shown in noted["shown"] if shown["sent"] >= end), float("inf"))
            for end in noted["ends"]
        ]
        runs = sorted((run["sent"], run["done"]) for run in noted["runs"] if run["status"] == 200)
        overlaps = sum(begun < ended for (_, ended), (begun, _) in pairwise(runs))
        return cls(waits, noted["frames"][2:], overlaps, len(runs))


def list_strokes(count: int) -> list[list[tuple[float, float]]]:
    """List strokes of real drawings as shares of the paper."""
    found: list[list[tuple[float, float]]] = []
    for name in SKETCHES:
        drawn = json.loads((ROOT / "tests" / "data" / "sketches" / f"{name}.json").read_text())
        for stroke in drawn["strokes"]:
            found.append([(x / drawn["width"], y / drawn["height"]) for x, y, _ in stroke["points"]])
    return found[:count]


def draw_stroke(page: Page, points: Sequence[tuple[float, float]]) -> None:
    """Draw one stroke in STROKE seconds, as the pointer of a hand moves."""
    box = page.locator("#canvas canvas.live").bounding_box()
    assert box is not None
    moves = round(STROKE / EVENT)
    places = [points[min(len(points) - 1, at * len(points) // moves)] for at in range(moves)] + [points[-1]]
    for at, (x, y) in enumerate(places):
        began = time.monotonic()
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if at == 0:
            page.mouse.down()
        time.sleep(max(0.0, EVENT - (time.monotonic() - began)))
    page.mouse.up()


def open_live_page(playwright: Any, server: Server) -> Page:
    """Open the page with live drawing on and the words written."""
    program = next(found for name in BROWSERS if (found := shutil.which(name)))
    page: Page = playwright.chromium.launch(executable_path=program, args=list(QUIET)).new_page(**DESK)
    page.goto(server.url)
    page.wait_for_selector("#status [data-ready=true]", timeout=LOADING)
    page.wait_for_selector(".live-switch[aria-checked=true]")
    page.fill("#prompt textarea", WORDS)
    return page


def time_draws(server: Server, sketch: dict[str, Any]) -> Iterator[float]:
    """Yield the ms of one Draw after another, by another visitor."""
    while True:
        began = time.monotonic()
        server.call_named("draw", sketch=sketch, prompt="a fox", seed=3)
        yield 1000 * (time.monotonic() - began)


def measure(count: int) -> None:
    """Draw, and print the figures."""
    with tempfile.TemporaryDirectory() as folder, run_app(Path(folder)) as server, sync_playwright() as playwright:
        page = open_live_page(playwright, server)
        draw_stroke(page, [(0.1, 0.1), (0.2, 0.12)])  # whatever happens once happens now
        page.wait_for_selector(".live-picture:visible")
        page.wait_for_timeout(2_000)
        sketch = server.upload("fox.png", encode_png(draw_fox()))
        draws = time_draws(server, sketch)
        alone = min(next(draws) for _ in range(4))
        page.evaluate(NOTE)
        for points in list_strokes(count):
            draw_stroke(page, points)
            time.sleep(PAUSE)
        page.wait_for_timeout(1_500)
        figures = Figures.read(page.evaluate("window.noted"))
        beside = measure_second_visitor(page, draws)
        report(figures, alone, beside)


def measure_second_visitor(page: Page, draws: Iterator[float]) -> list[float]:
    """Return the ms of another visitor's Draws while this one goes on drawing."""
    took = list[float]()
    ended = threading.Event()
    thread = threading.Thread(target=lambda: [took.append(next(draws)) for _ in iter(ended.is_set, True)])
    thread.start()
    for points in list_strokes(12):
        draw_stroke(page, points)
        time.sleep(PAUSE)
    ended.set()
    thread.join()
    return took


def report(figures: Figures, alone: float, beside: list[float]) -> None:
    """Print the figures beside what is asked for."""
    waits, frames = sorted(figures.waits), sorted(figures.frames)
    at = lambda values, share: values[min(len(values) - 1, int(share * len(values)))]  # noqa: E731
    print(
        f"{len(waits)} strokes, {figures.runs} live pictures, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    print(f"end of a stroke to its picture: median {at(waits, 0.5):.0f} ms (350), 95th {at(waits, 0.95):.0f} ms (700)")
    smooth = sum(frame < 20 for frame in frames) / len(frames)
    print(f"frames under 20 ms: {smooth:.1%} (99 %), longest {frames[-1]:.0f} ms (50)")
    print(f"pictures drawn while another was: {figures.overlaps} (0)")
    print(
        f"another visitor's Draw: {alone:.0f} ms alone, {statistics.median(beside):.0f} ms beside live drawing (median)"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strokes", type=int, default=60)
    measure(parser.parse_args().strokes)
