"""Measure the history with thousands of pictures: python -m tests.benchmarks.history [--json] [--count N] [--browser].

It keeps N pictures (5,000 without it) in a temporary folder, files, thumbnails and rows as the page keeps them: the
styles' reference pictures at 512 px, each a file of its own, with words made of a few hundred. Then it measures,
through the page's own routes: opening the database anew with the first page of pictures and styles; a search by one
and two words, by words with style, by star, by LIKE in place of FTS5, and a page deep inside; as wall time, and as
processor time, which a busy machine does not stretch. With --browser a Chromium opens the history of the running app.
--folder keeps what was filled, and a later run takes it as it is.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pipeline.page.history_routes import HistoryDoor
from pipeline.page.visitors import DESK
from pipeline.settings import ROOT, Settings
from pipeline.store.facts import Facts, Worn
from pipeline.store.keeper import Keeper
from tests.benchmarks.report import Row, print_progress, print_rows

SIDE = 512  # px
TIMES = 60  # searches of each kind
STAR_EVERY = 10
PROMPTS = ROOT / "tests" / "data" / "style_prompts.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--browser", action="store_true")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        print_rows(make_rows(asked.folder or Path(temporary), asked.count, asked.browser), asked.json)


def make_rows(folder: Path, count: int, browser: bool = False) -> Iterator[Row]:
    yield from fill_history(folder / "user", count)
    yield from measure_routes(folder / "user", count)
    if browser:
        yield from measure_browser(folder)


def fill_history(user_dir: Path, count: int) -> Iterator[Row]:
    """Keep pictures until there are `count`."""
    keeper = Keeper(Settings(user_dir=user_dir), str)
    there = sum(1 for _ in keeper.open().files.list_pictures())
    files, prompts = make_pictures(), read_prompts()
    rng, started = random.Random(7), time.perf_counter()
    for number in range(there, count):
        style, data = files[number % len(files)]
        words = f"{prompts[number % len(prompts)]}, {rng.choice(prompts).split()[-1]} {number}"
        facts = Facts(words, "blurred", (Worn(style, style.title(), 1.0),), "pocket", number, SIDE, SIDE)
        id = keeper.open().keep(data + number.to_bytes(4), facts, DESK)  # what follows a PNG's end is not read
        if number % STAR_EVERY == 0:
            keeper.open().set_favourite(DESK, id, True)
        if number % 1_000 == 999:
            print_progress(f"{number + 1} pictures kept")
    seconds = time.perf_counter() - started
    keeper.close()
    made = count - there
    if made > 0:
        yield {"what": "keeping a picture", "pictures": made, "mean_ms": round(1e3 * seconds / made, 1)}
    database = (user_dir / "history" / "history.sqlite3").stat().st_size
    yield {"what": "the database", "pictures": count, "megabytes": round(database / 1e6, 1)}


def make_pictures() -> list[tuple[str, bytes]]:
    """Return (style's id, PNG file) of every style's reference picture."""
    made = []
    for folder in sorted(file.parent for file in (ROOT / "styles").glob("*/style.json")):
        source = next(file for file in sorted(folder.iterdir()) if file.suffix in (".webp", ".png", ".jpg"))
        stream = io.BytesIO()
        with Image.open(source) as image:
            image.convert("RGB").resize((SIDE, SIDE)).save(stream, "PNG")
        made.append((folder.name, stream.getvalue()))
    return made


def read_prompts() -> list[str]:
    rows = json.loads(PROMPTS.read_text(encoding="utf-8"))["labelled"]
    return [row["prompt"] for row in rows]


def measure_routes(user_dir: Path, count: int) -> Iterator[Row]:
    """Measure what the page asks for, each through its route, without a network."""
    settings = Settings(user_dir=user_dir)
    started, started_processor = time.perf_counter(), time.process_time()
    keeper = Keeper(settings, str)
    app = Starlette(routes=HistoryDoor(SimpleNamespace(settings=settings, keeper=keeper)).list_routes())  # type: ignore[arg-type]
    page = TestClient(app, base_url="http://127.0.0.1:7860/history", client=("127.0.0.1", 5))
    first = page.get("/pictures", params={"styles": 1, "count": 60}).json()
    opened, processor = time.perf_counter() - started, time.process_time() - started_processor
    assert first["total"] == count, first["total"]
    yield {
        "what": "database opened, first page and styles",
        "ms": round(1e3 * opened, 1),
        "processor_ms": round(1e3 * processor),
    }
    ids = [picture["id"] for picture in first["pictures"]]
    yield time_calls("a thumbnail", lambda n: page.get(f"/pictures/{ids[n % len(ids)]}.webp"))
    words = [text.split()[-1] for text in read_prompts()]
    searches: dict[str, Callable[[int], dict[str, object]]] = {
        "search by a word": lambda n: {"words": words[n % len(words)]},
        "search by two beginnings of words": lambda n: {"words": f"a {words[n % len(words)][:3]}"},
        "search by word and style": lambda n: {"words": "a", "style": first["styles"][n % 40]["id"]},
        "search that finds nothing": lambda n: {"words": f"zz{n}"},
        "search by star": lambda n: {"favourites": "1", "words": "a" if n % 2 else ""},
        "a page deep inside": lambda n: {"before": str(60 + n * count // (2 * TIMES))},
    }
    for what, build in searches.items():
        yield time_calls(what, lambda n, build=build: page.get("/pictures", params=build(n)))  # type: ignore[misc]
    keeper.open().database.has_text_search = False
    yield time_calls(
        "search by a word, by LIKE", lambda n: page.get("/pictures", params={"words": words[n % len(words)]})
    )
    keeper.close()


def time_calls(what: str, call: Callable[[int], object]) -> Row:
    """Return the median, the 95th percentile and the longest of a call's milliseconds, and the processor's own."""
    call(0)
    wall, processor = [], []
    for number in range(TIMES):
        started, started_processor = time.perf_counter(), time.process_time()
        call(number)
        wall.append(1e3 * (time.perf_counter() - started))
        processor.append(1e3 * (time.process_time() - started_processor))
    return {
        "what": what,
        "median_ms": round(statistics.median(wall), 1),
        "p95_ms": round(float(np.quantile(wall, 0.95)), 1),
        "most_ms": round(max(wall), 1),
        "processor_median_ms": round(statistics.median(processor), 1),
        "processor_p95_ms": round(float(np.quantile(processor, 0.95)), 1),
    }


ARE_SHOWN = """() => {
  const images = [...document.querySelectorAll(".kept-card img")];
  const shown = images.filter((image) => image.getBoundingClientRect().top < innerHeight);
  return shown.length > 0 && shown.every((image) => image.complete && image.naturalWidth > 0);
}"""


def measure_browser(folder: Path) -> Iterator[Row]:
    """Measure what a person waits for: from the click until the thumbnails in sight are there, and a typed search."""
    from shutil import which

    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import BROWSERS, LOADING, QUIET
    from tests.browser.conftest import DESK as WINDOW
    from tests.tools.serving import run_app

    program = next(found for name in BROWSERS if (found := which(name)))
    with run_app(folder) as server, sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=program, args=list(QUIET)).new_page(**WINDOW)  # type: ignore[arg-type]
        page.goto(server.url)
        page.wait_for_selector("#status [data-ready=true]", state="attached", timeout=LOADING)
        started = time.perf_counter()
        page.click("#header [data-action=history]")
        page.wait_for_function(ARE_SHOWN, polling="raf")
        yield {
            "what": "browser: history opened, thumbnails in sight",
            "ms": round(1e3 * (time.perf_counter() - started)),
        }
        started = time.perf_counter()
        page.fill(".kept-search input", "4321")
        page.wait_for_function("document.querySelectorAll('.kept-card').length === 1", polling="raf")
        yield {"what": "browser: search typed until found", "ms": round(1e3 * (time.perf_counter() - started))}


if __name__ == "__main__":
    main()
