"""A part of a picture is drawn anew, and more of it around, on sd15: by mouse, finger, pen and keys, in any window."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from playwright.sync_api import Page

from pipeline.request.faithfulness import ENDS
from tests.browser.canvas_actions import move_pen
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.page_actions import (
    NOTE_END,
    Fingers,
    Point,
    drag_mouse,
    draw_and_wait,
    open_panel,
    read_state,
    set_number,
)
from tests.browser.test_accessibility_and_layout import serious_findings
from tests.browser.test_choose_by_hand import read_pixels
from tests.browser.test_faithful_by_hand import SLIDER, wait_for_number
from tests.tools.serving import Server

SIDE = 256  # px, of the pictures here
TABLET = {"viewport": {"width": 820, "height": 1180}, "has_touch": True}
VIEWS = {
    "1366": {"viewport": {"width": 1366, "height": 768}},
    "820": TABLET,
    "390": PHONE,
}
PART, AROUND = "A part anew", "More around it"


@pytest.fixture(scope="module")
def server(sd15_server: Server) -> Server:
    return sd15_server


def draw_small(page: Page) -> np.ndarray[Any, Any]:
    """Draw a small picture and return its pixels."""
    open_panel(page, "settings")
    for side in ("width", "height"):
        set_number(page, side, SIDE)
    set_number(page, "num_inference_steps", 2)
    drag_mouse(page)
    draw_and_wait(page)
    return cast("np.ndarray[Any, Any]", read_pixels(page).astype(int))


def open_going_on(page: Page, title: str) -> None:
    """Open one of the dialogs from the finished picture; on a narrow page the picture is enlarged first."""
    if page.locator("#picture .enlarge-inset").is_visible():
        page.locator("#picture .enlarge-inset").tap()
    page.click("[data-action=go-on]")
    page.click(f".go-on button:has-text('{title}')")
    page.wait_for_selector(".repaint .go")


def locate_on_picture(page: Page, *shares: Point) -> list[Point]:
    """Return places of the dialog's picture, given as shares of its sides, as px of the window."""
    box = page.locator(".mask-sheet canvas").bounding_box()
    assert box is not None
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in shares]


def finish(page: Page) -> np.ndarray[Any, Any]:
    """Press "Draw it", wait for the picture and return its pixels."""
    page.evaluate(NOTE_END)
    page.click(".repaint .go")
    page.wait_for_function("window.ended")
    assert read_state(page) == "done", page.inner_text("#messages .alert")
    page.wait_for_function("document.querySelector('#picture .frame > img').dataset.state === 'done'")
    return cast("np.ndarray[Any, Any]", read_pixels(page).astype(int))


def brush_middle(page: Page) -> None:
    """Brush over the middle of the picture in the dialog by mouse."""
    start, *others = locate_on_picture(page, (0.4, 0.5), (0.6, 0.5), (0.6, 0.55), (0.45, 0.5))
    page.mouse.move(*start)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=3)
    page.mouse.up()


def expect_part_alone(before: np.ndarray[Any, Any], after: np.ndarray[Any, Any]) -> None:
    """Expect that the middle was drawn anew, and that the rim stays to the level."""
    moved = np.abs(after - before).max(axis=2)
    assert moved[120:136, 120:136].mean() > 1
    assert not moved[:60].any() and not moved[-60:].any()


def test_a_part_is_brushed_by_mouse_and_drawn_by_its_words(open_page: OpenPage) -> None:
    page = open_page(**VIEWS["1366"])
    before = draw_small(page)
    open_going_on(page, PART)
    assert page.locator(".repaint .go").is_disabled()
    brush_middle(page)
    page.fill(".repaint input[type=text]", "a lemon")
    after = finish(page)
    expect_part_alone(before, after)
    page.click("[data-action=undo]")  # the sheet's own undo still works: the dialog is gone
    assert page.locator("dialog[open]").count() == 0


def test_a_part_is_brushed_by_finger_without_words_and_rubbed_out_by_a_pen(open_page: OpenPage) -> None:
    page = open_page(**TABLET)
    before = draw_small(page)
    open_going_on(page, PART)
    fingers, go = Fingers(page), page.locator(".repaint .go")
    left, right = locate_on_picture(page, (0.4, 0.5), (0.6, 0.5))
    fingers.send("touchStart", left)
    fingers.send("touchMove", right)
    fingers.send("touchEnd")
    assert go.is_enabled()
    page.locator(".mask-bar button").nth(1).tap()  # the eraser
    page.locator(".mask-bar input").fill("0.4")
    pen = page.context.new_cdp_session(page)
    move_pen(pen, "mousePressed", left)
    move_pen(pen, "mouseMoved", right)
    move_pen(pen, "mouseReleased", right, down=False)
    assert go.is_disabled(), "the eraser took all of it away"
    page.locator(".mask-bar button[aria-label=Undo]").tap()
    assert go.is_enabled()
    expect_part_alone(before, finish(page))


def test_a_part_is_brushed_by_keys(open_page: OpenPage) -> None:
    page = open_page()
    before = draw_small(page)
    open_going_on(page, PART)
    page.focus(".mask-sheet canvas")
    for key in (" ", "ArrowRight", "ArrowLeft", " "):
        page.keyboard.press(key)
    expect_part_alone(before, finish(page))


def test_more_is_drawn_on_the_sides_that_are_chosen_by_mouse(open_page: OpenPage) -> None:
    page = open_page()
    before = draw_small(page)
    open_going_on(page, AROUND)
    page.click(".side[data-side=left]")  # left and right are chosen at first
    page.click(".side[data-side=above]")
    page.fill(".repaint input[type=text]", "a night sky")
    after = finish(page)
    assert after.shape == (SIDE + 64, SIDE + 64, 3)
    rim = 48  # px of the old picture, at the sides that grew, that are drawn anew softly
    assert np.array_equal(after[64 + rim :, : SIDE - rim], before[rim:, : SIDE - rim])
    assert after[:64].std() > 1 and after[:, SIDE:].std() > 1
    assert [page.locator(f"#{side} input[type=number]").input_value() for side in ("width", "height")] == ["256"] * 2


def test_more_is_chosen_by_touch_and_by_keys(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    draw_small(page)
    open_going_on(page, AROUND)
    go = page.locator(".repaint .go")
    for side in ("left", "right"):
        page.locator(f".side[data-side={side}]").tap()
    assert go.is_disabled()
    page.focus(".side[data-side=below]")
    page.keyboard.press("Enter")
    assert page.get_attribute(".side[data-side=below]", "aria-pressed") == "true" and go.is_enabled()
    assert finish(page).shape == (SIDE + 64, SIDE, 3)


@pytest.mark.parametrize(("view", "scheme"), [("1366", "light"), ("820", "dark"), ("390", "dark")])
def test_both_dialogs_fit_their_window_and_axe_finds_nothing(open_page: OpenPage, view: str, scheme: str) -> None:
    page = open_page(color_scheme=scheme, **VIEWS[view])
    draw_small(page)
    for title in (PART, AROUND):
        open_going_on(page, title)
        assert serious_findings(page) == [] and page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        body = page.locator("dialog[open] .dialog-body")
        assert body.evaluate("node => node.scrollHeight <= node.clientHeight + 1"), f"{title} is scrolled"
        if view in ("820", "390"):
            for box in page.locator("dialog[open] button").evaluate_all(
                "nodes => nodes.map((node) => [node.offsetWidth, node.offsetHeight])"
            ):
                assert min(box) >= 44, box
        page.keyboard.press("Escape")


def test_the_slider_moves_how_far_painted_colours_may_go(open_page: OpenPage) -> None:
    page = open_page()
    open_panel(page, "settings")
    for key, place in {"End": 0, "Home": 1}.items():
        page.focus(SLIDER)
        page.keyboard.press(key)
        wait_for_number(page, "strength", ENDS["sd15"][place]["strength"])
