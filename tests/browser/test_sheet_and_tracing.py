"""Sheets of other proportions, and a picture under the drawing: moved, scaled, faded, locked, traced only."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page

from pipeline.sketch.canvas import paint_canvas, read_canvas
from pipeline.sketch.intake import read_strokes
from tests.browser.canvas_actions import close_more, list_strokes, open_more, read_board, read_canvas_json, touch
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.page_actions import LINE, drag_mouse, draw_and_wait, locate_points, read_drawing, swipe_finger, undo
from tests.browser.test_canvas_by_hand import drop, png

SIZES = {"Square": (512, 512), "Portrait": (480, 640), "Landscape": (640, 480), "Wide": (736, 416)}
HAS_SIZE = """([width, height]) => {
  const image = document.querySelector("#picture .frame img");
  return image.complete && image.naturalWidth === width && image.naturalHeight === height;
}"""


def choose_sheet(page: Page, name: str) -> None:
    open_more(page)
    page.click(f".more-panel .proportions:has-text('{name}')")
    close_more(page)


@pytest.mark.parametrize("name", ["Portrait", "Landscape", "Wide"])
def test_a_sheet_of_other_proportions_is_drawn_on_true(page: Page, name: str) -> None:
    choose_sheet(page, name)
    width, height = SIZES[name]
    board = read_board(page)
    assert abs(board["width"] / board["height"] - width / height) < 0.01
    drag_mouse(page, ((0.5, 0.1), (0.5, 0.9)))
    canvas = read_canvas_json(page)
    assert (canvas["width"], canvas["height"]) == (width, height)
    (stroke,) = canvas["strokes"]
    assert abs(stroke["points"][-1][1] - 0.9 * height) < 2 and abs(stroke["points"][0][0] - width / 2) < 2
    assert paint_canvas(read_canvas(read_drawing(page))).shape == (height, width, 3)


def test_the_screens_own_proportions(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    choose_sheet(page, "This screen")
    canvas = read_canvas_json(page)
    assert abs(canvas["width"] / canvas["height"] - 390 / 844) < 0.04
    swipe_finger(page, LINE)
    assert len(list_strokes(page)) == 1


def test_the_bucket_fills_on_a_sheet_that_is_not_square(page: Page) -> None:
    choose_sheet(page, "Wide")
    drag_mouse(page)
    page.keyboard.press("f")
    page.mouse.click(*locate_points(page, [(0.5, 0.5)])[0])
    painted = paint_canvas(read_canvas(read_drawing(page)))
    assert tuple(painted[208, 368]) == (217, 69, 47) and tuple(painted[10, 10]) == (255, 255, 255)


def test_what_was_drawn_stays_when_the_sheet_changes_and_undo_brings_it_back(page: Page) -> None:
    drag_mouse(page)
    before = read_canvas_json(page)
    choose_sheet(page, "Wide")
    xs, ys = zip(*[(x, y) for x, y, _ in list_strokes(page)[0]["points"]], strict=True)
    assert min(xs) > 0 and max(xs) < 736 and min(ys) > 0 and max(ys) < 416
    undo(page)
    assert read_canvas_json(page) == before


def test_the_picture_has_the_sheets_proportions(page: Page) -> None:
    choose_sheet(page, "Portrait")
    drag_mouse(page)
    draw_and_wait(page, "a red ball")
    page.wait_for_function(HAS_SIZE, arg=[480, 640])


def lay_picture(page: Page) -> None:
    drop(page, png())
    page.wait_for_function("JSON.parse(croquis.readDrawing()).placement")
    page.wait_for_timeout(300)


def read_under(page: Page, x: int, y: int) -> int:
    """Return how opaque the picture's bitmap is at a place of the sheet, 0 to 255."""
    return int(
        page.evaluate(
            """([x, y]) => {
              const canvas = document.querySelector("#canvas .under"), scale = canvas.width / 512;
              return canvas.getContext("2d").getImageData(x * scale, y * scale, 1, 1).data[3];
            }""",
            [x, y],
        )
    )


def test_a_picture_beneath_is_moved_and_scaled_by_the_mouse(page: Page) -> None:
    lay_picture(page)
    open_more(page)
    page.click(".more-panel .word:has-text('Move and size')")
    x, y = locate_points(page, [(0.5, 0.5)])[0]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 60, steps=4)
    page.mouse.up()
    scale = 512 / read_board(page)["width"]
    left, top, width, height = read_canvas_json(page)["placement"]["place"]
    assert abs(left - 40 * scale) < 1 and abs(top - (512 - 512 * 400 / 600) / 2 - 60 * scale) < 1
    page.keyboard.press("-")
    smaller = read_canvas_json(page)["placement"]["place"]
    assert abs(smaller[2] / width - 1 / 1.1) < 0.01 and abs(smaller[3] / height - 1 / 1.1) < 0.01
    assert read_under(page, 5, 256) == 0


def test_a_finger_moves_the_picture_beneath(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    lay_picture(page)
    page.tap("#canvas .tool.more")
    page.tap(".more-panel .word:has-text('Move and size')")
    fingers = page.context.new_cdp_session(page)
    x, y = locate_points(page, [(0.5, 0.5)])[0]
    touch(fingers, "touchStart", (x, y))
    touch(fingers, "touchMove", (x, y - 50))
    touch(fingers, "touchEnd")
    assert read_canvas_json(page)["placement"]["place"][1] < 50
    assert list_strokes(page) == []


def test_a_locked_picture_is_not_moved_and_a_faded_one_is_seen_through(page: Page) -> None:
    lay_picture(page)
    open_more(page)
    page.click(".more-panel .word:has-text('Lock')")
    assert page.locator(".more-panel .word:has-text('Move and size')").is_disabled()
    page.locator(".more-panel input[type=range]").fill("40")
    placement = read_canvas_json(page)["placement"]
    assert placement["locked"] and placement["opacity"] == 0.4
    assert abs(read_under(page, 256, 100) - 102) < 3
    sketch = read_strokes(read_drawing(page))
    assert 140 < int(sketch.pixels.min()) < 165  # black at 40 %


def test_a_traced_picture_is_no_part_of_the_drawing(page: Page) -> None:
    lay_picture(page)
    open_more(page)
    page.click(".more-panel .word:has-text('Only to trace')")
    close_more(page)
    drag_mouse(page, ((0.6, 0.05), (0.9, 0.05)))  # through what lies on the corner
    assert read_under(page, 256, 256) == 255  # it is still seen
    sketch = read_strokes(read_drawing(page))
    dark = np.asarray(sketch.pixels.min(axis=2) < 128)
    assert dark[:60].any() and not dark[60:].any()
    open_more(page)
    page.click(".more-panel .word:has-text('Only to trace')")
    assert (read_strokes(read_drawing(page)).pixels.min(axis=2)[60:] < 128).any()


def test_what_is_traced_stops_no_bucket_and_no_eraser_takes_it_away(page: Page) -> None:
    lay_picture(page)
    open_more(page)
    page.click(".more-panel .word:has-text('Only to trace')")
    close_more(page)
    page.keyboard.press("f")
    page.mouse.click(*locate_points(page, [(0.5, 0.5)])[0])
    assert tuple(paint_canvas(read_canvas(read_drawing(page)))[2, 2]) == (217, 69, 47)


def test_the_picture_beneath_is_taken_away(page: Page) -> None:
    lay_picture(page)
    drag_mouse(page, LINE)
    open_more(page)
    page.click(".more-panel .word:has-text('Take it away')")
    canvas = read_canvas_json(page)
    assert canvas["picture"] is None and len(canvas["strokes"]) == 1


def test_a_wide_picture_lies_where_the_server_lays_it(page: Page) -> None:
    wide = io.BytesIO()
    picture = Image.new("RGB", (600, 200), "#3f8f52")
    ImageDraw.Draw(picture).ellipse((200, 30, 400, 170), "#f7cf46")
    picture.save(wide, "PNG")
    drop(page, wide.getvalue())
    page.wait_for_function("JSON.parse(croquis.readDrawing()).picture")
    page.wait_for_timeout(300)
    assert read_under(page, 256, 256) == 255 and read_under(page, 256, 120) == 0
