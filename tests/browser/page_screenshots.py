"""Take a picture of every state of the page at several sizes, light and dark, to be looked at.

`python -m tests.browser.page_screenshots FOLDER` writes there a PNG for each size, theme and state, named after them.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import LOADING, PATIENCE, QUIET, TOUR_SEEN, find_browser
from tests.browser.page_states import visit_states
from tests.tools.serving import run_app

SIZES = ("1440x900", "1366x768", "820x1180", "390x844")
NARROW = 900  # px; narrower windows are touched


def take_screenshots(browser: Browser, address: str, folder: Path, size: str, scheme: str) -> None:
    """Visit every state at one size and theme, and write each as a PNG."""
    width, height = map(int, size.split("x"))
    is_touched = width < NARROW
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        has_touch=is_touched,
        is_mobile=is_touched,
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#status [data-ready=true]", state="attached", timeout=LOADING)
    page.wait_for_timeout(1500)
    page.screenshot(path=folder / f"{width}-{scheme}-tour.png")
    context.add_init_script(TOUR_SEEN)
    page.reload()
    page.wait_for_selector("#status [data-ready=true]", state="attached")
    for name in visit_states(page):
        page.screenshot(path=folder / f"{width}-{scheme}-{name}.png")
    context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", nargs="+", default=SIZES)
    parser.add_argument("--schemes", nargs="+", default=("light", "dark"))
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as room, run_app(Path(room)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(QUIET))
        for size in asked.sizes:
            for scheme in asked.schemes:
                take_screenshots(browser, server.url, asked.folder, size, scheme)
        browser.close()


if __name__ == "__main__":
    main()
