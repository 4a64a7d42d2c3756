"""Do with fingers, pen and mouse what a person does to the sheet, and read how it lies and what is on it."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import CDPSession, Page

from tests.browser.page_actions import Point, locate_points, read_drawing

TABLET = {"viewport": {"width": 1024, "height": 768}, "has_touch": True}


def touch(fingers: CDPSession, kind: str, *at: Point) -> None:
    """Send a touch event with all fingers that are down after it."""
    points = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(at)]
    fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def move_pen(pen: CDPSession, kind: str, at: Point, down: bool = True) -> None:
    """Send a pen's event: "mousePressed", "mouseMoved" or "mouseReleased"."""
    button = {"button": "left", "buttons": int(down), "clickCount": 1} if down or kind == "mouseReleased" else {}
    pen.send(
        "Input.dispatchMouseEvent",
        {"type": kind, "x": at[0], "y": at[1], "pointerType": "pen", "force": 0.5 if down else 0, **button},
    )


def tap_fingers(page: Page, *places: Point) -> None:
    """Tap places of the paper with as many fingers at once."""
    fingers = page.context.new_cdp_session(page)
    at = locate_points(page, places)
    for count in range(1, len(at) + 1):
        touch(fingers, "touchStart", *at[:count])
    touch(fingers, "touchEnd")


def pinch(page: Page, middle: Point, wide: float, wider: float, shift: Point = (0, 0)) -> None:
    """Lay two fingers on the paper `wide` px apart, draw them `wider` px apart and `shift` px away, and lift them."""
    fingers = page.context.new_cdp_session(page)
    x, y = locate_points(page, [middle])[0]

    def place(apart: float, dx: float, dy: float) -> list[Point]:
        return [(x + dx - apart / 2, y + dy), (x + dx + apart / 2, y + dy)]

    start = place(wide, 0, 0)
    touch(fingers, "touchStart", start[0])
    touch(fingers, "touchStart", *start)
    for n in range(1, 9):
        share = n / 8
        touch(fingers, "touchMove", *place(wide + (wider - wide) * share, shift[0] * share, shift[1] * share))
    touch(fingers, "touchEnd")


def list_strokes(page: Page) -> list[dict[str, Any]]:
    return list(json.loads(read_drawing(page))["strokes"])


def read_canvas_json(page: Page) -> dict[str, Any]:
    return dict(json.loads(read_drawing(page)))


def read_board(page: Page) -> dict[str, float]:
    """Return where the sheet lies on the screen, px: x, y, width, height."""
    box = page.locator("#canvas .board").bounding_box()
    assert box is not None
    return dict(box)


def open_more(page: Page) -> None:
    page.click("#canvas .tool.more")
    page.wait_for_selector(".more-panel:popover-open")


def close_more(page: Page) -> None:
    page.keyboard.press("Escape")
    page.wait_for_selector(".more-panel:popover-open", state="hidden")
