"""Colour on the page: pen, marker, bucket and picked colours, by mouse, finger and keys, as the server paints them."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page

from pipeline.sketch.canvas import paint_canvas, read_canvas
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.page_actions import (
    CIRCLE,
    LINE,
    Point,
    count_ink,
    drag_mouse,
    draw_and_wait,
    locate_points,
    read_drawing,
    swipe_finger,
    undo,
)

SEEN = """() => {
  const sheet = new OffscreenCanvas(512, 512), context = sheet.getContext("2d");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, 512, 512);
  context.imageSmoothingQuality = "high";
  for (const canvas of document.querySelectorAll("#canvas canvas:not(.live)"))
    context.drawImage(canvas, 0, 0, 512, 512);
  return new Uint8Array(context.getImageData(0, 0, 512, 512).data.buffer).toBase64();
}"""  # as numbers a million of them would be told one by one


def read_seen(page: Page) -> NDArray[np.uint8]:
    """Return what the sheet shows, (512, 512, 3)."""
    return np.frombuffer(base64.b64decode(page.evaluate(SEEN)), np.uint8).reshape(512, 512, 4)[..., :3]


def list_marks(page: Page) -> list[dict[str, Any]]:
    return list(json.loads(read_drawing(page))["strokes"])


def choose(page: Page, tool: str, color: str) -> None:
    page.click(f"#canvas .tool.{tool}")
    page.click(f'#canvas .swatch[aria-label="{color}"]')


def click_paper(page: Page, place: Point) -> None:
    page.mouse.click(*locate_points(page, [place])[0])


def test_a_pen_of_each_colour_leaves_that_colour(page: Page) -> None:
    swatches = page.locator("#canvas .swatch[data-color]")
    assert swatches.count() == 14
    for n in range(14):
        swatches.nth(n).click()
        drag_mouse(page, ((0.1, 0.05 + 0.06 * n), (0.9, 0.05 + 0.06 * n)))
    colors = [mark["color"] for mark in list_marks(page)]
    assert colors == [swatches.nth(n).get_attribute("data-color") for n in range(14)]
    assert len(set(colors)) == 14


def test_the_server_paints_what_the_page_shows(page: Page) -> None:
    drag_mouse(page)
    choose(page, "fill", "Red")
    click_paper(page, (0.5, 0.5))
    choose(page, "marker", "Light blue")
    drag_mouse(page, ((0.05, 0.1), (0.95, 0.5)))
    page.keyboard.press("e")
    drag_mouse(page, ((0.1, 0.9), (0.9, 0.1)))
    choose(page, "pen", "Green")
    drag_mouse(page, LINE)
    painted = paint_canvas(read_canvas(read_drawing(page)))
    apart = np.abs(painted.astype(int) - read_seen(page)).max(axis=2)
    assert [mark["tool"] for mark in list_marks(page)] == ["pen", "fill", "marker", "eraser", "pen"]
    assert apart.mean() < 2.5 and (apart > 96).mean() < 0.004, (apart.mean(), (apart > 96).mean())


def test_the_server_rounds_a_quick_hands_line_as_the_page_does(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    swipe_finger(page)  # nine points for a whole circle
    assert len(list_marks(page)[0]["points"]) == 9
    painted = paint_canvas(read_canvas(read_drawing(page)))
    apart = np.abs(painted.astype(int) - read_seen(page)).max(axis=2)
    assert apart.mean() < 1 and (apart > 128).mean() < 0.001, (apart.mean(), (apart > 128).mean())


def test_the_marker_goes_under_lines_while_it_is_drawn_and_after(page: Page) -> None:
    drag_mouse(page, LINE)
    before = count_ink(page)
    choose(page, "marker", "Yellow")
    first, last = locate_points(page, [(0.2, 0.5), (0.8, 0.5)])
    page.mouse.move(*first)
    page.mouse.down()
    page.mouse.move(*last, steps=6)
    order = page.evaluate("""() => ["live", "lines"].map((name) =>
      Number(getComputedStyle(document.querySelector(`#canvas canvas.${name}`)).zIndex))""")
    assert order[0] < order[1]
    page.mouse.up()
    assert count_ink(page) == before


@pytest.mark.parametrize("by", ["mouse", "finger", "keys"])
def test_the_bucket_fills_what_the_line_closes(open_page: OpenPage, by: str) -> None:
    page = open_page(**(PHONE if by == "finger" else {}))
    if by == "finger":
        swipe_finger(page, CIRCLE)
    else:
        drag_mouse(page, CIRCLE)
    choose(page, "fill", "Red")
    if by == "mouse":
        click_paper(page, (0.5, 0.5))
    elif by == "finger":
        page.touchscreen.tap(*locate_points(page, [(0.5, 0.5)])[0])
    else:
        page.focus("#canvas .live")
        page.keyboard.press("Space")
    assert [mark["tool"] for mark in list_marks(page)] == ["pen", "fill"]
    seen = read_seen(page)
    assert tuple(seen[256, 256]) == (217, 69, 47) and tuple(seen[10, 10]) == (255, 255, 255)
    undo(page)
    assert tuple(read_seen(page)[256, 256]) == (255, 255, 255)


def test_a_line_is_drawn_by_keys(page: Page) -> None:
    page.focus("#canvas .live")
    page.keyboard.press("Space")
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Space")
    (stroke,) = list_marks(page)
    assert stroke["points"][0][:2] == [256, 256] and stroke["points"][-1][:2] == [352, 258]


def test_a_colour_is_picked_from_the_sheet_and_kept_among_the_recent(page: Page) -> None:
    page.locator("#canvas input[type=color]").fill("#12ab9c")
    drag_mouse(page, LINE)
    page.click('#canvas .swatch[aria-label="Black"]')
    assert page.locator("#canvas .recent .swatch").count() == 1
    page.keyboard.press("i")
    click_paper(page, LINE[0])
    assert page.locator('#canvas .recent .swatch[aria-pressed="true"]').get_attribute("data-color") == "#12ab9c"
    drag_mouse(page, ((0.2, 0.8), (0.8, 0.8)))
    assert [mark["color"] for mark in list_marks(page)] == ["#12ab9c", "#12ab9c"]


def test_what_is_painted_keeps_its_colour_in_the_picture(page: Page) -> None:
    drag_mouse(page)
    choose(page, "fill", "Blue")
    click_paper(page, (0.5, 0.5))
    draw_and_wait(page, "a ball, flat colours")
    red, green, blue = page.evaluate("""async () => {
      const image = document.querySelector("#picture .frame > img");
      const context = new OffscreenCanvas(9, 9).getContext("2d");
      context.drawImage(image, image.naturalWidth / 2 - 20, image.naturalHeight / 2 - 20, 40, 40, 0, 0, 9, 9);
      return [...context.getImageData(4, 4, 1, 1).data].slice(0, 3);
    }""")
    assert blue > red + 60 and blue > green + 20


def test_a_tap_where_nothing_can_be_filled_is_told(page: Page) -> None:
    page.locator("#canvas .width input").fill("60")
    drag_mouse(page, LINE)
    page.keyboard.press("f")
    click_paper(page, LINE[1])
    assert "no area here" in page.inner_text("#messages .message")


def test_every_tool_and_colour_can_be_seen_and_touched(page: Page) -> None:
    for width in (390, 820, 1366, 1440):
        page.set_viewport_size({"width": width, "height": 844 if width < 821 else 768})
        for button in page.locator("#canvas button, #canvas input[type=color], #canvas input[type=range]").all():
            if not button.is_visible():  # of what is selected
                continue
            button.scroll_into_view_if_needed()  # on a phone the palette slides
            box = button.bounding_box()
            assert box and box["x"] >= 0 and box["x"] + box["width"] <= width, width
            assert box["width"] >= 24 and box["height"] >= 24, width
            assert button.get_attribute("aria-label"), width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
