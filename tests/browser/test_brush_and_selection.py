"""The brush's ring; straight, even and mirrored lines; strokes selected, moved, scaled, copied and deleted."""

from __future__ import annotations

import math

import pytest
from playwright.sync_api import Page

from tests.browser.canvas_actions import (
    TABLET,
    close_more,
    list_strokes,
    move_pen,
    open_more,
    read_board,
    read_canvas_json,
    touch,
)
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.page_actions import LINE, Point, drag_mouse, locate_points, read_drawing, swipe_finger, undo

AROUND: tuple[Point, ...] = ((0.05, 0.3), (0.95, 0.3), (0.95, 0.7), (0.05, 0.7))
RING = "#canvas .ring"


def list_places(stroke: dict) -> list[Point]:  # type: ignore[type-arg]
    return [(x, y) for x, y, _ in stroke["points"]]


def bound(stroke: dict) -> tuple[float, float, float, float]:  # type: ignore[type-arg]
    xs, ys = zip(*list_places(stroke), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


@pytest.mark.parametrize("by", ["mouse", "pen"])
def test_the_ring_has_the_true_size_and_lies_under_the_pointer(open_page: OpenPage, by: str) -> None:
    page = open_page(**TABLET)
    page.keyboard.press("m")
    page.locator("#canvas .width input").fill("40")
    x, y = locate_points(page, [(0.4, 0.3)])[0]
    if by == "mouse":
        page.mouse.move(x, y)
    else:
        move_pen(page.context.new_cdp_session(page), "mouseMoved", (x, y), down=False)
    ring = page.locator(RING).bounding_box()
    assert ring
    assert abs(ring["width"] - 40 * read_board(page)["width"] / 512) < 1
    assert abs(ring["x"] + ring["width"] / 2 - x) < 1 and abs(ring["y"] + ring["height"] / 2 - y) < 1
    page.keyboard.press("+")
    grown = page.locator(RING).bounding_box()
    assert grown and 1.2 < grown["width"] / ring["width"] < 1.3
    page.keyboard.press("f")
    page.mouse.move(x + 5, y)
    assert not page.locator(RING).is_visible()


def test_a_line_drawn_with_shift_is_straight(page: Page) -> None:
    page.keyboard.down("Shift")
    drag_mouse(page, ((0.2, 0.2), (0.4, 0.7), (0.5, 0.3), (0.8, 0.6)))
    page.keyboard.up("Shift")
    (stroke,) = list_strokes(page)
    (ax, ay), *_, (bx, by) = list_places(stroke)
    assert math.dist((ax, ay), (bx, by)) > 250
    away = [
        abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / math.dist((ax, ay), (bx, by)) for x, y in list_places(stroke)
    ]
    assert max(away) < 0.3


def test_shift_pressed_within_a_line_goes_on_straight_from_there(page: Page) -> None:
    first, corner, bend, last = locate_points(page, ((0.2, 0.2), (0.5, 0.2), (0.6, 0.8), (0.5, 0.7)))
    page.mouse.move(*first)
    page.mouse.down()
    page.mouse.move(*corner, steps=8)
    page.keyboard.down("Shift")
    page.mouse.move(*bend, steps=8)
    page.mouse.move(*last, steps=8)
    page.mouse.up()
    page.keyboard.up("Shift")
    (stroke,) = list_strokes(page)
    after = [(x, y) for x, y in list_places(stroke) if y > 0.3 * 512]
    assert len(after) > 5 and all(abs(x - 256) < 3 for x, _ in after)


def measure_tremble(stroke: dict) -> float:  # type: ignore[type-arg]
    """Return how far a level line strays up and down, canvas px, its ends left out."""
    ys = [y for _, y in list_places(stroke)][20:-20]
    return max(ys) - min(ys)


def test_smoothing_makes_a_trembling_line_even_and_still_ends_at_the_hand(page: Page) -> None:
    tremble = tuple((0.1 + 0.008 * n, 0.5 + (0.012 if n % 2 else -0.012)) for n in range(100))
    strayed = []
    for name in ("Off", "Some", "Strong"):
        open_more(page)
        page.click(f".more-panel .word:text-is('{name}')")
        close_more(page)
        drag_mouse(page, tremble, steps=1)
        stroke = list_strokes(page)[-1]
        strayed.append(measure_tremble(stroke))
        assert math.dist(list_places(stroke)[-1], (512 * tremble[-1][0], 512 * tremble[-1][1])) < 2
    assert strayed[0] > 2 * strayed[1] and strayed[1] > 1.2 * strayed[2]


def test_symmetry_draws_both_sides_as_ordinary_strokes(page: Page) -> None:
    page.keyboard.press("x")
    assert page.locator("#canvas .axis").is_visible()
    drag_mouse(page, ((0.1, 0.2), (0.4, 0.6)))
    left, right = list_strokes(page)
    assert [(round(512 - x, 1), y) for x, y in list_places(left)] == list_places(right)
    page.keyboard.press("x")
    assert not page.locator("#canvas .axis").is_visible()
    drag_mouse(page, LINE)
    assert len(list_strokes(page)) == 3
    undo(page)
    undo(page)
    assert list_strokes(page) == []  # both sides are one step


def select_line(page: Page) -> None:
    page.keyboard.press("s")
    drag_mouse(page, AROUND)
    page.wait_for_selector("#canvas .held:visible")


def test_a_lasso_takes_what_it_holds_and_the_mouse_moves_it(page: Page) -> None:
    drag_mouse(page, LINE)
    page.keyboard.press("b")
    drag_mouse(page, ((0.1, 0.9), (0.9, 0.9)))
    moved, stays = list_strokes(page)
    select_line(page)
    x, y = locate_points(page, [(0.5, 0.5)])[0]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y - 60, steps=5)
    page.mouse.up()
    after, same = list_strokes(page)
    scale = 512 / read_board(page)["width"]
    assert same == stays
    assert abs(bound(after)[0] - bound(moved)[0] - 20 * scale) < 0.3
    assert abs(bound(after)[1] - bound(moved)[1] + 60 * scale) < 0.3
    page.keyboard.press("Control+z")
    assert list_strokes(page) == [moved, stays]


def test_a_corner_scales_what_is_selected(page: Page) -> None:
    drag_mouse(page, LINE)
    (before,) = list_strokes(page)
    select_line(page)
    corner = page.locator("#canvas .corner[data-corner='bottom right']").first.bounding_box()
    held = page.locator("#canvas .held").first.bounding_box()
    assert corner and held
    x, y = corner["x"] + corner["width"] / 2, corner["y"] + corner["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - held["width"] / 2, y - held["height"] / 2, steps=5)
    page.mouse.up()
    (after,) = list_strokes(page)
    assert abs((bound(after)[2] - bound(after)[0]) / (bound(before)[2] - bound(before)[0]) - 0.5) < 0.02
    assert abs(after["size"] - before["size"] / 2) < 0.2
    undo(page)
    assert list_strokes(page) == [before]


def test_a_finger_taps_a_stroke_moves_copies_and_deletes_it(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    swipe_finger(page, LINE)
    (before,) = list_strokes(page)
    page.tap("#canvas .tool.select")
    page.touchscreen.tap(*locate_points(page, [LINE[1]])[0])
    page.wait_for_selector("#canvas .held:visible")
    fingers = page.context.new_cdp_session(page)
    x, y = locate_points(page, [(0.5, 0.5)])[0]
    touch(fingers, "touchStart", (x, y))
    touch(fingers, "touchMove", (x, y + 40))
    touch(fingers, "touchEnd")
    (after,) = list_strokes(page)
    assert bound(after)[1] - bound(before)[1] > 30
    page.tap("#canvas .box-tools .duplicate")
    assert len(list_strokes(page)) == 2
    page.tap("#canvas .box-tools .delete")
    assert list_strokes(page) == [after]


def test_strokes_are_selected_moved_scaled_copied_and_deleted_by_keys(page: Page) -> None:
    drag_mouse(page, LINE)
    (before,) = list_strokes(page)
    page.keyboard.press("s")
    page.focus("#canvas .live")
    page.keyboard.press("Control+a")
    page.keyboard.press("ArrowRight")
    (moved,) = list_strokes(page)
    assert abs(bound(moved)[0] - bound(before)[0] - 8) < 0.2
    page.keyboard.press("+")
    (scaled,) = list_strokes(page)
    assert bound(scaled)[2] - bound(scaled)[0] > 1.08 * (bound(moved)[2] - bound(moved)[0])
    page.keyboard.press("Control+d")
    assert len(list_strokes(page)) == 2
    page.keyboard.press("Delete")
    assert len(list_strokes(page)) == 1
    for left in (2, 1, 1, 1):
        page.keyboard.press("Control+z")
        assert len(list_strokes(page)) == left
    assert list_strokes(page) == [before]


def test_a_filled_area_is_moved_with_its_line(page: Page) -> None:
    drag_mouse(page)
    page.keyboard.press("f")
    page.mouse.click(*locate_points(page, [(0.5, 0.5)])[0])
    page.keyboard.press("s")
    page.focus("#canvas .live")
    page.keyboard.press("Control+a")
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    line, fill = list_strokes(page)
    first = fill["runs"][0]
    undo(page)
    assert first - list_strokes(page)[1]["runs"][0] == 8 * 512
    assert line["tool"] == "pen"


def test_alt_and_a_click_pick_a_colour_while_painting(page: Page) -> None:
    page.locator("#canvas input[type=color]").fill("#12ab9c")
    page.locator("#canvas .width input").fill("30")
    drag_mouse(page, LINE)
    page.click('#canvas .swatch[aria-label="Black"]')
    page.keyboard.down("Alt")
    page.mouse.click(*locate_points(page, [LINE[1]])[0])
    page.keyboard.up("Alt")
    drag_mouse(page, ((0.2, 0.2), (0.8, 0.2)))
    assert [stroke["color"] for stroke in list_strokes(page)] == ["#12ab9c", "#12ab9c"]


def test_recent_colours_survive_a_reload(page: Page) -> None:
    for color in ("#12ab9c", "#88aa11"):
        page.locator("#canvas input[type=color]").fill(color)
    page.reload()
    page.wait_for_selector("#canvas .recent .swatch")
    kept = page.locator("#canvas .recent .swatch").evaluate_all("(all) => all.map((one) => one.dataset.color)")
    assert kept == ["#88aa11", "#12ab9c"]


def test_selecting_changes_nothing(page: Page) -> None:
    drag_mouse(page, LINE)
    drawn = read_drawing(page)
    select_line(page)
    page.keyboard.press("Escape")
    assert not page.locator("#canvas .held").first.is_visible()
    assert read_drawing(page) == drawn and read_canvas_json(page)["version"] == 3
