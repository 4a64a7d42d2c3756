"""Do on the page what a person does, and read what they see of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page

Point = tuple[float, float]  # share of the paper's width and height

CIRCLE: tuple[Point, ...] = (
    (0.5, 0.2),
    (0.75, 0.3),
    (0.8, 0.5),
    (0.7, 0.75),
    (0.5, 0.8),
    (0.25, 0.7),
    (0.2, 0.45),
    (0.3, 0.25),
    (0.5, 0.2),
)
LINE: tuple[Point, ...] = ((0.2, 0.5), (0.4, 0.45), (0.6, 0.55), (0.8, 0.5))
INK = """() => {
  let count = 0;
  for (const canvas of document.querySelectorAll("#canvas canvas:not(.live)")) {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 128 && data[i] < 128) count += 1;
  }
  return count;
}"""
RECORD = """() => {
  const part = document.querySelector("#picture [data-state]");
  window.seen = [];
  const note = () => window.seen.push([part.dataset.state, part.querySelector("img").src.slice(0, 40)]);
  new MutationObserver(note).observe(part, { attributes: true, subtree: true, attributeFilter: ["data-state", "src"] });
}"""

NOTE_END = """() => {
  const part = document.querySelector("#picture [data-state]");
  window.ended = null;
  new MutationObserver((_, me) => {
    if (!["done", "error"].includes(part.dataset.state)) return;
    window.ended = part.dataset.state;
    me.disconnect();
  }).observe(part, { attributes: true, attributeFilter: ["data-state"] });
}"""  # a picture may come between two looks of Playwright's
STOP_AT_ONCE = """() => {
  const part = document.querySelector("#picture [data-state]");
  new MutationObserver((_, me) => {
    if (part.dataset.state !== "drawing") return;
    me.disconnect();
    setTimeout(() => document.querySelector("#stop").click(), 100);  // no hand is quicker
  }).observe(part, { attributes: true, attributeFilter: ["data-state"] });
}"""


def locate_points(page: Page, points: Sequence[Point]) -> list[Point]:
    """Return points of the paper as px of the window."""
    page.locator("#canvas .live").scroll_into_view_if_needed()
    box = page.locator("#canvas .live").bounding_box()
    assert box is not None
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]


def drag_mouse(page: Page, points: Sequence[Point] = CIRCLE, steps: int = 4) -> None:
    """Draw a line through points of the paper with the mouse, in so many moves from each to the next."""
    first, *others = locate_points(page, points)
    page.mouse.move(*first)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=steps)
    page.mouse.up()


class Fingers:
    """Fingers touch a page, all at once."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)

    def send(self, kind: str, *points: tuple[float, float], **more: float) -> None:
        touches = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches, **more})

    def tap_twice(self, x: float, y: float) -> None:
        """Tap twice within 150 ms by the events' own clock, however long a busy machine takes to send them."""
        now = time.time()
        for begin in (now, now + 0.1):
            self.send("touchStart", (x, y), timestamp=begin)
            self.send("touchEnd", timestamp=begin + 0.05)


def swipe_finger(page: Page, points: Sequence[Point] = CIRCLE) -> None:
    """Draw a line through points of the paper with a finger."""
    fingers, (first, *others) = Fingers(page), locate_points(page, points)
    fingers.send("touchStart", first)
    for place in others:
        fingers.send("touchMove", place)
    fingers.send("touchEnd")


def undo(page: Page) -> None:
    page.click("[data-action=undo]")


def redo(page: Page) -> None:
    page.click("[data-action=redo]")


def clear_sheet(page: Page) -> None:
    """Clear the sheet by the button in the panel of the less usual tools."""
    page.click("#canvas .tool.more")
    page.click(".more-panel button:has-text('Clear the sheet')")


def count_ink(page: Page) -> int:
    """Count dark pixels on the settled canvas."""
    return int(page.evaluate(INK))


def read_drawing(page: Page) -> str:
    """Return the drawing as the page would send it, JSON."""
    return str(page.evaluate("croquis.readDrawing()"))


def read_state(page: Page) -> str:
    return page.locator("#picture [data-state]").first.get_attribute("data-state") or ""


def wait_for_state(page: Page, *states: str) -> None:
    wanted = ", ".join(f"#picture :not(img)[data-state={name}]" for name in states)
    page.wait_for_selector(wanted, state="attached")


def draw_and_wait(page: Page, words: str = "a red ball") -> None:
    page.fill("#prompt textarea", words)
    page.evaluate(NOTE_END)
    page.click("#draw")
    page.wait_for_function("window.ended")
    assert read_state(page) == "done", page.inner_text("#messages .alert")
    page.wait_for_function("document.querySelector('#picture .frame > img').dataset.state === 'done'")  # decoded, shown


def read_picture_address(page: Page) -> str:
    """Return the address of the picture shown."""
    return page.locator("#picture .frame > img").get_attribute("src") or ""


def open_panel(page: Page, panel: str) -> None:
    page.click(f"#{panel} .fold-button")


def set_number(page: Page, control: str, value: float) -> None:
    """Set a control of the settings panel by its number field."""
    field = page.locator(f"#{control} input[type=number]")
    field.fill(str(value))
    field.press("Tab")


def choose_option(page: Page, dropdown: str, words: str) -> None:
    """Open a dropdown by mouse and choose what is called `words`."""
    page.locator(f"#{dropdown} input").click()
    page.get_by_role("option", name=words, exact=True).click()


def choose_own_picture(page: Page, file: Path) -> None:
    """Choose a picture file as a style of one's own."""
    with page.expect_file_chooser() as chooser:
        page.click("#chip .door.mine")
    chooser.value.set_files(file)
