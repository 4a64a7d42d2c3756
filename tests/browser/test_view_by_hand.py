"""The sheet zoomed, moved and mirrored by fingers, wheel, keys and buttons; the drawing knows nothing of it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.canvas_actions import (
    TABLET,
    close_more,
    list_strokes,
    move_pen,
    open_more,
    pinch,
    read_board,
    read_canvas_json,
    tap_fingers,
    touch,
)
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.page_actions import LINE, drag_mouse, locate_points, read_drawing, swipe_finger


def test_two_fingers_zoom_and_move_the_sheet_and_draw_nothing(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    swipe_finger(page, LINE)
    before, drawn = read_board(page), read_drawing(page)
    pinch(page, (0.5, 0.5), 80, 200, (30, 12))
    after = read_board(page)
    assert 2 < after["width"] / before["width"] < 2.8
    assert read_drawing(page) == drawn and page.evaluate("scrollY") == 0
    # what lay between the fingers lies there still, but for their shift
    middle = after["x"] + after["width"] / 2 - (before["x"] + before["width"] / 2)
    assert 20 < middle < 45


def test_a_line_on_the_zoomed_sheet_lies_where_it_was_drawn(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    pinch(page, (0.5, 0.5), 80, 200)
    box = page.locator("#canvas .paper.sheet").bounding_box()
    assert box
    board = read_board(page)
    fingers = page.context.new_cdp_session(page)
    first = (box["x"] + 60, box["y"] + 90)
    touch(fingers, "touchStart", first)
    touch(fingers, "touchMove", (first[0] + 120, first[1]))
    touch(fingers, "touchEnd")
    (stroke,) = list_strokes(page)
    x, y, _ = stroke["points"][0]
    assert abs(x - 512 * (first[0] - board["x"]) / board["width"]) < 1
    assert abs(y - 512 * (first[1] - board["y"]) / board["height"]) < 1
    assert abs((stroke["points"][-1][0] - x) - 512 * 120 / board["width"]) < 1.5


def test_a_tap_of_two_fingers_undoes_and_of_three_redoes(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    swipe_finger(page, LINE)
    swipe_finger(page)
    tap_fingers(page, (0.3, 0.3), (0.6, 0.3))
    assert len(list_strokes(page)) == 1
    tap_fingers(page, (0.3, 0.3), (0.6, 0.3))
    assert len(list_strokes(page)) == 0
    tap_fingers(page, (0.3, 0.3), (0.6, 0.3), (0.5, 0.6))
    assert len(list_strokes(page)) == 1


def test_two_taps_of_a_finger_show_the_whole_zoomed_sheet(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    swipe_finger(page, LINE)
    before, drawn = read_board(page), read_drawing(page)
    pinch(page, (0.5, 0.5), 80, 200)
    box = page.locator("#canvas .paper.sheet").bounding_box()
    assert box
    place = (box["x"] + 100, box["y"] + 100)
    fingers = page.context.new_cdp_session(page)
    for _ in range(2):
        touch(fingers, "touchStart", place)
        touch(fingers, "touchEnd")
    assert read_board(page) == before
    assert read_drawing(page) == drawn


def test_a_finger_that_joins_late_ends_no_stroke(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    fingers = page.context.new_cdp_session(page)
    first, last, palm = locate_points(page, [(0.1, 0.5), (0.7, 0.5), (0.8, 0.9)])
    touch(fingers, "touchStart", first)
    page.wait_for_timeout(350)
    touch(fingers, "touchMove", last)
    touch(fingers, "touchStart", last, palm)
    touch(fingers, "touchEnd")
    (stroke,) = list_strokes(page)
    assert stroke["points"][-1][0] - stroke["points"][0][0] > 250


def test_a_pen_draws_on_the_zoomed_sheet_while_fingers_rest(open_page: OpenPage) -> None:
    page = open_page(**TABLET)
    pinch(page, (0.5, 0.5), 80, 160)
    hand = page.context.new_cdp_session(page)
    box = page.locator("#canvas .paper.sheet").bounding_box()
    assert box
    x, y = box["x"] + 80, box["y"] + 80
    board = read_board(page)
    touch(hand, "touchStart", (x + 150, y + 200))
    move_pen(hand, "mousePressed", (x, y))
    move_pen(hand, "mouseMoved", (x + 60, y))
    move_pen(hand, "mouseReleased", (x + 60, y), down=False)
    touch(hand, "touchEnd")
    assert len(list_strokes(page)) == 1 and read_board(page) == board


def test_the_wheel_with_ctrl_zooms_where_the_mouse_is(page: Page) -> None:
    before = read_board(page)
    x, y = locate_points(page, [(0.25, 0.25)])[0]
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    after = read_board(page)
    assert after["width"] > 1.5 * before["width"]
    assert abs((x - after["x"]) / after["width"] - 0.25) < 0.01
    page.mouse.wheel(0, 400)  # once it is zoomed the wheel alone does
    assert read_board(page)["width"] < after["width"]


def test_the_wheel_alone_leaves_the_whole_sheet_and_scrolls_the_page(page: Page) -> None:
    before = read_board(page)
    page.set_viewport_size({"width": 1440, "height": 500})
    before = read_board(page)
    page.mouse.move(*locate_points(page, [(0.5, 0.3)])[0])
    page.mouse.wheel(0, 120)
    page.wait_for_timeout(300)
    assert read_board(page)["width"] == before["width"]


def test_space_and_the_middle_button_drag_the_sheet(page: Page) -> None:
    page.keyboard.press("+")
    before = read_board(page)
    x, y = locate_points(page, [(0.5, 0.5)])[0]
    page.mouse.move(x, y)
    page.keyboard.down("Space")
    page.mouse.down()
    page.mouse.move(x + 40, y + 25, steps=4)
    page.mouse.up()
    page.keyboard.up("Space")
    after = read_board(page)
    assert (round(after["x"] - before["x"]), round(after["y"] - before["y"])) == (40, 25)
    page.mouse.down(button="middle")
    page.mouse.move(x, y, steps=4)
    page.mouse.up(button="middle")
    assert round(read_board(page)["x"]) == round(before["x"])
    assert list_strokes(page) == []


@pytest.mark.parametrize("by", ["keys", "buttons"])
def test_keys_and_buttons_zoom_and_fit(page: Page, by: str) -> None:
    before = read_board(page)
    if by == "keys":
        page.keyboard.press("+")
    else:
        open_more(page)
        page.click(".more-panel [aria-label='Zoom in']")
        assert page.inner_text(".more-panel output") == "125 %"
        close_more(page)
    assert read_board(page)["width"] > 1.2 * before["width"]
    if by == "keys":
        page.keyboard.press("0")
    else:
        page.click("#canvas .tool.fit")
    assert read_board(page) == before


def test_the_mirror_turns_the_view_and_not_the_drawing(page: Page) -> None:
    drag_mouse(page, ((0.1, 0.2), (0.3, 0.2)))
    drawn = read_drawing(page)
    page.keyboard.press("h")
    assert read_drawing(page) == drawn
    drag_mouse(page, ((0.1, 0.8), (0.3, 0.8)))  # on the left of the screen
    first, second = list_strokes(page)
    assert max(x for x, _, _ in first["points"]) < 200
    assert min(x for x, _, _ in second["points"]) > 300
    assert abs((512 - second["points"][0][0]) - first["points"][0][0]) < 1


def test_nothing_of_the_view_enters_the_drawing(page: Page) -> None:
    drag_mouse(page)
    drawn, width = read_canvas_json(page), "document.querySelector('#canvas .lines').width"
    before = page.evaluate(width)
    page.keyboard.press("+")
    page.keyboard.press("h")
    page.wait_for_function(f"{width} > 1.2 * {before}")  # the bitmaps have grown finer
    assert read_canvas_json(page) == drawn
