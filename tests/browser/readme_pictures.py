"""Take the README's pictures of the page: light, dark, on a phone, all styles, compared, started from a picture.

`python -m tests.browser.readme_pictures` draws examples in a browser with the pocket engine and writes the WebPs into
assets/readme, or into the folder that is named. Seeds are drawn anew each time: look at them before they are kept.
"""

from __future__ import annotations

import argparse
import io
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import LIVE_OFF, LOADING, PATIENCE, QUIET, TOUR_SEEN, find_browser
from tests.browser.page_actions import Point, drag_mouse, draw_and_wait
from tests.tools.serving import ROOT, run_app

FOLDER = ROOT / "assets" / "readme"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
QUALITY = 82
BUMPS = ((0.66, 0.13, 0.05), (0.75, 0.09, 0.07), (0.86, 0.1, 0.06), (0.93, 0.14, 0.04))  # of a cloud: x, y, radius
HULL: tuple[Point, ...] = ((0.03, 0.68), (0.17, 0.68), (0.14, 0.74), (0.06, 0.74), (0.03, 0.68))  # of a second boat
SAIL: tuple[Point, ...] = ((0.1, 0.67), (0.1, 0.5), (0.165, 0.65), (0.1, 0.65))
FIRST_WORDS = "a sailboat on the sea, plain colours"
WORDS = "two sailboats on the sea, watercolour"
STRENGTH_KEYS = 5  # presses of an arrow that take the strength from 0.75 to 0.5


def draw_from_own_picture(page: Page) -> None:
    """Draw an example, start from its picture, draw over it by hand, and draw again."""
    draw_example(page, "Sailboat", FIRST_WORDS)
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


def draw_example(page: Page, example: str, words: str) -> None:
    """Put an example on the sheet and draw it as words say."""
    page.locator(".example").filter(has_text=example).first.click()
    page.wait_for_selector("#picture .frame > img[data-state=done]")
    draw_and_wait(page, words)


@contextmanager
def open_page(browser: Browser, address: str, *, phone: bool = False, dark: bool = False) -> Iterator[Page]:
    """Open the page, ready to draw, without its tour and without live pictures."""
    context = browser.new_context(
        viewport=PHONE if phone else DESK,  # type: ignore[arg-type]
        color_scheme="dark" if dark else "light",
        device_scale_factor=2 if phone else 1,
        has_touch=phone,
        is_mobile=phone,
    )
    context.set_default_timeout(PATIENCE)
    for script in (TOUR_SEEN, LIVE_OFF):
        context.add_init_script(script)
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#status [data-ready=true]", state="attached", timeout=LOADING)
    yield page
    context.close()


def take_shot(page: Page, file: Path, part: str = "") -> None:
    """Write what is seen of the page, or of the element `part`, as a WebP."""
    if not part:
        page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(1500)  # until what slides in has come, and messages have gone
    shot = page.locator(part).screenshot() if part else page.screenshot()
    Image.open(io.BytesIO(shot)).convert("RGB").save(file, quality=QUALITY, method=6)


def take_pictures(browser: Browser, address: str, folder: Path) -> None:
    """Take all six."""
    with open_page(browser, address) as page:
        draw_example(page, "House", "a little house with a tree, hand-painted countryside, summer day")
        take_shot(page, folder / "page.webp")
        page.click("#chip .door.all")
        page.wait_for_selector("#all-styles .style img")
        take_shot(page, folder / "styles.webp")
        page.keyboard.press("Escape")
        page.click("[data-action=compare]")
        take_shot(page, folder / "compare.webp", "#picture")
    with open_page(browser, address, dark=True) as page:
        draw_example(page, "Flowers", "pink flowers in a vase, stained glass")
        take_shot(page, folder / "page-dark.webp")
    with open_page(browser, address, phone=True) as page:
        draw_example(page, "Fox", "a red fox in a neon city")
        take_shot(page, folder / "phone.webp")
    with open_page(browser, address) as page:
        draw_from_own_picture(page)
        take_shot(page, folder / "start.webp")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as room, run_app(Path(room)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(QUIET))
        take_pictures(browser, server.host_url, folder)
        browser.close()


if __name__ == "__main__":
    main()
