"""Time pictures of 512 px while the browser on the same machine is idle, and while it is busy, in turns.

    python -m tests.benchmarks.busy_browser [--pictures 24] [--turns 2] [--circles 100]

It starts the app with the pocket model and opens its page in Chromium, live drawing off, beside a page of animation.
Pictures are drawn by /draw, each idle one with a busy one of the same drawing and style in other words. Busy: a mouse
draws on the canvas all the time, and the other page moves. Rows: the median and the slowest picture in seconds, by the
client's clock and by the app's (`drawn`), how much of a core the browser takes, and how many frames a second the
animation shows; then how many times as long pictures take by either clock, the ratio of medians with its 95 % interval
by bootstrap of the pairs. Take OMP_* out of the environment first: the app would keep to them.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import TypeVar

import numpy as np
import psutil
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from pipeline.pocket.evaluate.drawings import load_drawings
from pipeline.pocket.evaluate.measures import draw_resamples, find_interval
from pipeline.styles.library import StyleLibrary
from tests.benchmarks.first_picture import prepare_drawing
from tests.benchmarks.live import draw_stroke, list_strokes
from tests.benchmarks.report import Row, print_rows
from tests.browser.conftest import DESK, LIVE_OFF, LOADING, QUIET, TOUR_SEEN, find_browser
from tests.browser.page_actions import clear_sheet
from tests.tools.serving import ROOT, Server, run_app

BAR = 1.5  # times as long beside a busy browser (issue 15)
STROKES = 60  # other ones of real drawings; then the sheet is cleared
SETTLING = 1.0  # seconds after a change of the browser's state
T = TypeVar("T")
ANIMATION = """<style>
  body { margin: 0; background: linear-gradient(#203050, #f0c080); }
  .wheel { display: inline-block; width: 120px; height: 120px; margin: 20px; border: 20px dashed white;
    border-radius: 50%; animation: turn 3s linear infinite; animation-play-state: paused; }
  .moving .wheel { animation-play-state: running; }
  @keyframes turn { to { transform: rotate(1turn); } }
</style>
<div class="wheel"></div><div class="wheel"></div><div class="wheel"></div><br>
<canvas width="960" height="540"></canvas>
<script>
  const brush = document.querySelector("canvas").getContext("2d");
  let frames = 0, isMoving = false, circles = 0;
  function paint(now) {
    if (!isMoving) return;
    frames += 1;
    brush.fillStyle = "#101828";
    brush.fillRect(0, 0, 960, 540);
    for (let n = 0; n < circles; n += 1) {
      brush.fillStyle = `hsl(${3.6 * (n % 100)} 80% 60% / 0.7)`;
      brush.beginPath();
      brush.arc(480 + 400 * Math.sin(now / 900 + n), 270 + 220 * Math.cos(now / 700 + 2 * n), 24, 0, 7);
      brush.fill();
    }
    requestAnimationFrame(paint);
  }
  function move(moves, count) {
    [isMoving, circles] = [moves, count];
    document.body.classList.toggle("moving", moves);
    if (moves) requestAnimationFrame(paint);
  }
</script>"""


@dataclass(frozen=True)
class Asked:
    """Asked is one picture that is to be drawn: a drawing, and twice the words with its style."""

    drawing: bytes  # PNG
    prompts: tuple[str, str]  # idle, busy; no prompt is drawn twice, since the app knows a picture that it drew
    style: str


@dataclass
class Turns:
    """Turns holds what was measured in one state of the browser, over all of its turns."""

    clock: list[float] = field(default_factory=list)  # seconds that the client waited for each picture
    drawn: list[float] = field(default_factory=list)  # seconds that the app says it took
    seconds: float = 0.0
    processor: float = 0.0  # seconds, the browser's processes together
    frames: int = 0  # of the animation

    def describe(self, what: str) -> Row:
        """Return the row of this state."""
        return {
            "what": what,
            "pictures": len(self.clock),
            "median_s": round(statistics.median(self.clock), 3),
            "slowest_s": round(max(self.clock), 3),
            "drawn_median_s": round(statistics.median(self.drawn), 3),
            "drawn_slowest_s": round(max(self.drawn), 3),
            "browser_cores": round(self.processor / self.seconds, 2),
            "frames_per_s": round(self.frames / self.seconds, 1),
        }


class OpenBrowser:
    """OpenBrowser is a Chromium with the app's page and a page of animation, idle or busy."""

    def __init__(self, browser: Browser, server: Server, circles: int) -> None:
        context = browser.new_context(**DESK)  # type: ignore[arg-type]
        self._page, self._animation = open_app(context, server), context.new_page()
        self._animation.set_content(ANIMATION)
        self._circles = circles  # that the animation moves
        self._strokes = cycle(enumerate(list_strokes(STROKES)))

    def run_turn(self, work: Callable[[], T], is_busy: bool, noted: Turns) -> T:
        """Return what `work`, which runs in a thread beside this one, returns; note what the browser took meanwhile."""
        self._animation.evaluate("(how) => move(...how)", [is_busy, self._circles])
        time.sleep(SETTLING)
        before, frames, began = read_processor_time(), self._animation.evaluate("frames"), time.monotonic()
        with ThreadPoolExecutor(1) as thread:
            future = thread.submit(work)
            while is_busy and not future.done():
                self._draw_stroke()
            done = future.result()
        noted.seconds += time.monotonic() - began
        noted.processor += read_processor_time() - before
        noted.frames += self._animation.evaluate("frames") - frames
        return done

    def _draw_stroke(self) -> None:
        number, points = next(self._strokes)
        draw_stroke(self._page, points)
        if number == STROKES - 1:
            clear_sheet(self._page)


def open_app(context: BrowserContext, server: Server) -> Page:
    """Open the app's page, live drawing off, and wait until its models are ready."""
    for script in (TOUR_SEEN, LIVE_OFF):
        context.add_init_script(script)
    page = context.new_page()
    page.goto(server.url)
    page.wait_for_selector("#status [data-ready=true]", state="attached", timeout=LOADING)
    return page


def read_processor_time() -> float:
    """Return the seconds of processor time that this process's browser has taken, all of its processes together."""
    spent = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            if "chrom" in process.name():
                times = process.cpu_times()
                spent += times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return spent


def list_pictures(count: int) -> list[Asked]:
    """List `count` pictures to draw, the drawings all different, the styles spread over the library."""
    styles = StyleLibrary(ROOT / "styles", ROOT / "no-such-folder").all()
    asked = []
    for number, drawing in enumerate(load_drawings()[:count]):
        (png, idle), (_, busy) = prepare_drawing(drawing, number), prepare_drawing(drawing, number + 1)
        asked.append(Asked(png, (idle, busy), styles[number * len(styles) // count].id))
    return asked


def draw_pictures(server: Server, asked: Sequence[Asked], is_busy: bool, noted: Turns) -> None:
    """Have pictures drawn one after the other, and note how long each took."""
    for one in asked:
        began = time.monotonic()
        sketch = server.upload("drawing.png", one.drawing)
        _, details = server.call_named("draw", sketch=sketch, prompt=one.prompts[is_busy], style=one.style)
        noted.clock.append(time.monotonic() - began)
        noted.drawn.append(sum(details["milliseconds"].values()) / 1000)


def compare_turns(what: str, idle: Sequence[float], busy: Sequence[float]) -> Row:
    """Return the row of the ratio of two medians over the same pictures, which are resampled in pairs."""
    one, other = np.asarray(idle), np.asarray(busy)
    chosen = draw_resamples(len(one))
    low, high = find_interval(np.median(other[chosen], axis=1) / np.median(one[chosen], axis=1))
    ratio = statistics.median(busy) / statistics.median(idle)
    return {
        "what": what,
        "ratio": round(ratio, 2),
        "from": round(low, 2),
        "to": round(high, 2),
        "bar": BAR,
        "met": ratio <= BAR,
    }


def measure(pictures: int, turns: int, circles: int) -> Iterator[Row]:
    """Draw each picture with the browser idle and with it busy, in turns; yield the rows."""
    asked = list_pictures(pictures + 1)
    noted = Turns(), Turns()
    with tempfile.TemporaryDirectory() as folder, run_app(Path(folder)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(QUIET))
        opened = OpenBrowser(browser, server, circles)
        draw_pictures(server, asked[-1:], False, Turns())  # whatever happens once happens now
        for turn in range(turns):
            part = asked[turn:-1:turns]
            for is_busy in (False, True):
                mine = noted[is_busy]
                opened.run_turn(
                    lambda part=part, is_busy=is_busy, mine=mine: draw_pictures(server, part, is_busy, mine),
                    is_busy,
                    mine,
                )
        browser.close()
    idle, busy = noted
    yield idle.describe("idle browser")
    yield busy.describe("busy browser")
    yield compare_turns("times as long", idle.clock, busy.clock)
    yield compare_turns("times as long, drawn", idle.drawn, busy.drawn)


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=24, help="in each state of the browser")
    parser.add_argument("--turns", type=int, default=2, help="of each state")
    parser.add_argument("--circles", type=int, default=100, help="how many the animation moves: how busy it is")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(given)
    print_rows(measure(chosen.pictures, chosen.turns, chosen.circles), chosen.json)


if __name__ == "__main__":
    main()
