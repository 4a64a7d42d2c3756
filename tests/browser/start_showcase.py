"""Take the README's picture of starting from a picture: Croquis's own, drawn on, and what comes of both.

`python -m tests.browser.start_showcase [FILE]` draws the example of the sailboat, starts from its picture, draws a
cloud and a second boat over it with the pen, and draws again in another style with the pocket engine; the page goes
into FILE, assets/readme/start.webp unless another one is named.
"""

from __future__ import annotations

import argparse
import io
import math
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import LIVE_OFF, LOADING, PATIENCE, QUIET, TOUR_SEEN, find_browser
from tests.browser.page_actions import Point, drag_mouse, draw_and_wait
from tests.tools.serving import ROOT, run_app

FILE = ROOT / "assets" / "readme" / "start.webp"
VIEW = {"width": 1440, "height": 900}
QUALITY = 82
BUMPS = ((0.66, 0.13, 0.05), (0.75, 0.09, 0.07), (0.86, 0.1, 0.06), (0.93, 0.14, 0.04))  # of a cloud: x, y, radius
HULL: tuple[Point, ...] = ((0.03, 0.68), (0.17, 0.68), (0.14, 0.74), (0.06, 0.74), (0.03, 0.68))  # of a second boat
SAIL: tuple[Point, ...] = ((0.1, 0.67), (0.1, 0.5), (0.165, 0.65), (0.1, 0.65))
FIRST_WORDS = "a sailboat on the sea, plain colours"
WORDS = "two sailboats on the sea, watercolour"
STRENGTH_KEYS = 5  # presses of an arrow that take the strength from 0.75 to 0.5


def draw_from_own_picture(page: Page) -> None:
    """Draw an example, start from its picture, draw over it by hand, and draw again."""
    page.locator(".example").filter(has_text="Sailboat").click()
    page.wait_for_selector("#picture .frame > img[data-state=done]")
    draw_and_wait(page, FIRST_WORDS)
    page.click("[data-action=go-on]")
    page.click(".go-on [data-way=start]")
    page.wait_for_selector(".under-chip .start-strength")
    page.click(".under-chip .thumb")  # closes the list of what it is for
    page.focus(".under-chip .start-strength input")
    for _ in range(STRENGTH_KEYS):
        page.keyboard.press("ArrowLeft")
    for line in (outline_cloud(), HULL, SAIL):
        drag_mouse(page, line)
    draw_and_wait(page, WORDS)


def outline_cloud() -> list[Point]:
    """Return a cloud's outline: the upper halves of its bumps from left to right, and its flat underside."""
    arcs = [
        (x - radius * math.cos(angle * math.pi / 8), y + 0.05 - radius * math.sin(angle * math.pi / 8))
        for x, y, radius in BUMPS
        for angle in range(9)
    ]
    return [*arcs, arcs[0]]


def take_picture(browser: Browser, address: str) -> Image.Image:
    """Return what the page shows of it, drawing and picture side by side."""
    context = browser.new_context(viewport=VIEW, color_scheme="light")
    context.set_default_timeout(PATIENCE)
    for script in (TOUR_SEEN, LIVE_OFF):
        context.add_init_script(script)
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#status [data-ready=true]", state="attached", timeout=LOADING)
    draw_from_own_picture(page)
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(1000)  # until what slides in has come
    shot = page.screenshot()
    context.close()
    return Image.open(io.BytesIO(shot)).convert("RGB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=FILE)
    file = parser.parse_args().file
    with tempfile.TemporaryDirectory() as room, run_app(Path(room)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(QUIET))
        take_picture(browser, server.host_url).save(file, quality=QUALITY, method=6)
        browser.close()


if __name__ == "__main__":
    main()
