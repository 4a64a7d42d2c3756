"""Drawing on the page with mouse, finger and keys."""

from __future__ import annotations

import io
from base64 import b64encode

from PIL import Image, ImageDraw
from playwright.sync_api import Page

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.page_actions import (
    CIRCLE,
    LINE,
    clear_sheet,
    count_ink,
    drag_mouse,
    draw_and_wait,
    locate_points,
    redo,
    swipe_finger,
    undo,
    wait_for_state,
)

DROP = """([data, name, kind]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: kind }));
  document.querySelector("#canvas .paper").dispatchEvent(
    new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


def drop(page: Page, data: bytes, name: str = "picture.png", kind: str = "image/png") -> None:
    page.evaluate(DROP, [b64encode(data).decode(), name, kind])


def png(size: tuple[int, int] = (600, 400)) -> bytes:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).ellipse((150, 100, 450, 300), outline="black", width=8)
    stored = io.BytesIO()
    image.save(stored, "PNG")
    return stored.getvalue()


def test_the_first_drag_of_a_mouse_leaves_a_mark(page: Page) -> None:
    assert count_ink(page) == 0
    drag_mouse(page)
    assert count_ink(page) > 1_000


def test_the_first_swipe_of_a_finger_leaves_a_mark_and_moves_nothing(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    before = page.evaluate("scrollY")
    swipe_finger(page)
    assert count_ink(page) > 1_000
    assert page.evaluate("scrollY") == before


def test_drawing_sends_nothing_once_live_is_off(open_page: OpenPage) -> None:
    page = open_page(with_live=True)
    page.wait_for_selector(".live-switch[aria-checked=true]")
    page.click(".live-switch")
    page.wait_for_timeout(500)
    sent = list[str]()
    page.on("request", lambda request: sent.append(request.url))
    drag_mouse(page)
    drag_mouse(page, LINE)
    page.wait_for_timeout(300)
    signs_of_life = ("heartbeat", "app_id")  # the page asks by itself whether its server is there
    assert not [
        url for url in sent if not url.startswith(("data:", "blob:")) and not any(s in url for s in signs_of_life)
    ]


def test_keys_undo_and_redo_strokes(page: Page) -> None:
    drag_mouse(page, LINE)
    one = count_ink(page)
    drag_mouse(page)
    two = count_ink(page)
    assert two > one
    page.keyboard.press("Control+z")
    assert count_ink(page) == one
    page.keyboard.press("Control+z")
    assert count_ink(page) == 0
    page.keyboard.press("Control+Shift+z")
    page.keyboard.press("Control+y")
    assert count_ink(page) == two


def test_undo_in_a_text_field_leaves_the_drawing_alone(page: Page) -> None:
    drag_mouse(page)
    before = count_ink(page)
    page.click("#prompt textarea")
    page.keyboard.type("a ball")
    page.keyboard.press("Control+z")
    assert count_ink(page) == before


def test_eraser_takes_ink_away_and_clear_takes_all(page: Page) -> None:
    drag_mouse(page, LINE)
    before = count_ink(page)
    page.keyboard.press("e")
    drag_mouse(page, LINE[:2])
    assert 0 < count_ink(page) < before
    clear_sheet(page)
    assert count_ink(page) == 0
    page.keyboard.press("Control+z")
    assert 0 < count_ink(page) < before


def test_a_wider_pen_leaves_more_ink(page: Page) -> None:
    drag_mouse(page, LINE)
    thin = count_ink(page)
    page.keyboard.press("Control+z")
    page.locator("#canvas .width input").fill("20")
    drag_mouse(page, LINE)
    assert count_ink(page) > 2 * thin


def test_leaving_the_paper_and_coming_back_keeps_the_stroke(page: Page) -> None:
    drag_mouse(page, ((0.5, 0.5), (1.2, 0.5), (1.2, 0.8), (0.5, 0.8)))
    drawn = count_ink(page)
    assert drawn > 1_000
    page.keyboard.press("Control+z")
    assert count_ink(page) == 0  # one gesture, one step back


def test_pen_pressure_decides_the_width(page: Page) -> None:
    def stroke(force: float) -> int:
        pen = page.context.new_cdp_session(page)
        for index, (x, y) in enumerate(locate_points(page, LINE)):
            kind = "mousePressed" if index == 0 else "mouseMoved"
            pen.send(
                "Input.dispatchMouseEvent",
                {
                    "type": kind,
                    "x": x,
                    "y": y,
                    "button": "left",
                    "buttons": 1,
                    "pointerType": "pen",
                    "force": force,
                    "clickCount": 1,
                },
            )
        pen.send(
            "Input.dispatchMouseEvent",
            {
                "type": "mouseReleased",
                "x": x,
                "y": y,
                "button": "left",
                "pointerType": "pen",
                "force": 0,
                "clickCount": 1,
            },
        )
        drawn = count_ink(page)
        page.keyboard.press("Control+z")
        return drawn

    assert stroke(1.0) > 1.5 * stroke(0.2)


def test_a_dropped_picture_lies_under_the_strokes_and_is_drawn(page: Page) -> None:
    drop(page, png())
    page.wait_for_function("document.querySelector('#canvas .hint').hidden")
    page.wait_for_timeout(200)
    assert count_ink(page) > 1_000
    draw_and_wait(page)
    page.keyboard.press("Escape")


def test_a_dropped_text_file_is_refused_with_words(page: Page) -> None:
    drop(page, b"hello", "notes.txt", "text/plain")
    page.wait_for_selector("#messages .message:has-text('notes.txt')")


def test_a_broken_picture_is_refused_with_words(page: Page) -> None:
    drop(page, b"\x89PNG\r\n\x1a\nnot a picture")
    page.wait_for_selector("#messages .message:has-text('could not be opened')")


def test_a_blank_canvas_is_told_in_words(page: Page) -> None:
    page.click("#draw")
    wait_for_state(page, "error")
    assert page.inner_text("#messages .alert").strip()
    assert page.locator("#draw").is_visible()


def test_the_same_drawing_has_the_same_ink_after_redo(page: Page) -> None:
    drag_mouse(page, CIRCLE)
    before = count_ink(page)
    for _ in range(3):
        undo(page)
        redo(page)
    assert count_ink(page) == before
