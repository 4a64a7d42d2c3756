"""Draw in a real browser, let the page end in the middle of it, open it again, and measure what of the drawing is lost.

`python -m tests.benchmarks.reload_loss` does so at 40 moments: reload, back, a closed tab, a crashed renderer, and
kill -9 of the server. A loss is the time from the oldest move of the mouse that is not there again to the end.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.benchmarks.report import Row, print_rows
from tests.browser.conftest import BROWSERS, LOADING, PATIENCE, QUIET
from tests.browser.page_actions import locate_points, read_drawing
from tests.tools.serving import Server, find_free_port, run_app

ENDS = ("reload", "back", "close", "crash", "server")  # in turn
SEED = 17
LONGEST = 6.0  # seconds of drawing before the end
NEAR = 3.0  # canvas px, about as far as a drawn point may lie from its move
PITCH = 2.0  # canvas px by which the spiral grows with each radian, so that no place is passed twice
SIDE = 512  # canvas px
BLANK = "about:blank"
COMES_BACK = 15_000  # ms within which a busy machine shows what was kept


@dataclass
class Hand:
    """Hand draws spirals with the mouse, and remembers when it was where."""

    page: Page
    moves: list[tuple[float, float, float]] = field(default_factory=list)  # seconds, x and y in canvas px

    def draw(self, seconds: float, draw: random.Random) -> None:
        """Draw a spiral for that long, a new stroke now and then; the last one is not ended."""
        ((left, top), (right, _)) = locate_points(self.page, [(0, 0), (1, 0)])
        scale, end, turn = (right - left) / SIDE, time.monotonic() + seconds, 0.0
        is_down = False
        while time.monotonic() < end and (radius := 20 + PITCH * turn) < SIDE * 0.47:
            turn += 0.11
            x, y = SIDE / 2 + radius * math.cos(turn), SIDE / 2 + radius * math.sin(turn)
            self.page.mouse.move(left + x * scale, top + y * scale)
            if not is_down:
                self.page.mouse.down()
            self.moves.append((time.monotonic(), x, y))
            is_down = draw.random() > 0.02
            if not is_down:
                self.page.mouse.up()

    def measure_loss(self, ended: float, points: list[list[float]]) -> float:
        """Return the seconds from the first move that is not among the points until the end; 0 where all are."""
        kept = {(round(x / NEAR), round(y / NEAR)) for x, y, _ in points}

        def is_kept(x: float, y: float) -> bool:
            column, row = round(x / NEAR), round(y / NEAR)
            return any((column + i, row + k) in kept for i in (-1, 0, 1) for k in (-1, 0, 1))

        newest = max((at for at, x, y in self.moves if is_kept(x, y)), default=self.moves[0][0])
        lost = [at for at, _, _ in self.moves if at > newest]
        return ended - lost[0] if lost else 0.0


@dataclass
class Scene:
    """Scene holds a browser and a server that may fall."""

    browser: Browser
    folder: Path
    port: int
    server: ExitStack = field(default_factory=ExitStack)

    def start_server(self) -> Server:
        """Start the app at the same address as before."""
        running = self.server.enter_context(run_app(self.folder, port=self.port))
        self.pid = running.process.pid
        return running

    def kill_server(self) -> None:
        """Kill the app with no time to say anything."""
        os.kill(self.pid, signal.SIGKILL)
        self.server.close()

    def measure(self, end: str, draw: random.Random) -> Row:
        """Draw for a while, end the page in one way, open it again, and return what was lost."""
        url = f"http://127.0.0.1:{self.port}"
        context = self.browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(PATIENCE)
        page = open_page(context.new_page(), url)
        hand = Hand(page)
        seconds = draw.uniform(0.4, LONGEST)
        hand.draw(seconds, draw)
        after, ended = self.end_page(end, page, url)
        with suppress(Error):  # nothing comes back of a drawing that ended before it was first written
            after.wait_for_selector("#keeping p", timeout=COMES_BACK)
        strokes = json.loads(read_drawing(after))["strokes"]
        loss = hand.measure_loss(ended, [point for stroke in strokes for point in stroke["points"]])
        context.close()
        return {"what": end, "drawn s": round(seconds, 1), "moves": len(hand.moves), "lost s": round(loss, 2)}

    def end_page(self, end: str, page: Page, url: str) -> tuple[Page, float]:
        """End the page, and return the one that stands there then, and when it ended."""
        context, ended = page.context, time.monotonic()
        if end == "reload":
            page.reload()
        elif end == "back":
            page.goto(BLANK)
            page.go_back()
        elif end == "server":
            self.kill_server()
            self.start_server()
            page.reload()
        else:
            with suppress(Error):  # that the page is gone
                if end == "crash":
                    page.goto("chrome://crash")
                else:
                    page.close()
            page = open_page(context.new_page(), url)
        return page, ended


def open_page(page: Page, url: str) -> Page:
    """Open the app and wait until it can be drawn on."""
    page.goto(url)
    page.wait_for_selector("#chip .style-strip [data-style=ghibli]", state="attached", timeout=LOADING)
    page.wait_for_timeout(700)  # until the page knows that nothing was kept, as long as a hand takes to reach the sheet
    return page


def measure_losses(moments: int, ends: tuple[str, ...], folder: Path) -> Iterator[Row]:
    """Yield a row for each moment, and the worst of all."""
    draw, worst = random.Random(SEED), 0.0
    program = next(found for name in BROWSERS if (found := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        scene = Scene(browser, folder, find_free_port())
        scene.start_server()
        try:
            for moment in range(moments):
                row = scene.measure(ends[moment % len(ends)], draw)
                worst = max(worst, row["lost s"])
                yield row
        finally:
            scene.server.close()
            browser.close()
    yield {"what": "worst", "moments": moments, "lost s": worst}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.reload_loss", description=__doc__)
    parser.add_argument("--moments", type=int, default=40)
    parser.add_argument("--ends", nargs="+", choices=ENDS, default=list(ENDS))
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        print_rows(measure_losses(asked.moments, tuple(asked.ends), Path(folder)), asked.json)


if __name__ == "__main__":
    main(sys.argv[1:])
