"""Choose among several pictures, compare, zoom, and go on from one: by mouse, finger and keys."""

from __future__ import annotations

import io
import json
from typing import cast

import httpx
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.page_actions import (
    LINE,
    NOTE_END,
    Fingers,
    count_ink,
    drag_mouse,
    draw_and_wait,
    read_drawing,
    read_picture_address,
    wait_for_state,
)

SHOWN = "(source) => document.querySelector('#picture .frame > img').getAttribute('src') === source"
SEED = "() => croquis.readSeed()"
ZOOM = "() => Number(getComputedStyle(document.querySelector('#picture .frame')).getPropertyValue('--zoom') || 1)"
TILES_AS_THEY_COME = """() => {
  window.tiles = [];
  new MutationObserver(() => {
    const state = document.querySelector("#picture [data-state]").dataset.state;
    window.tiles.push([state, document.querySelectorAll("#picture .choice[data-stage=done]").length]);
  }).observe(document.querySelector("#picture .choices"), { attributes: true, subtree: true, childList: true });
}"""


def draw_four(page: Page, words: str = "a red ball") -> list[str]:
    """Draw four pictures and return their addresses."""
    drag_mouse(page)
    page.select_option("#counts select", "4")
    draw_and_wait(page, words)
    page.wait_for_selector(".choice:nth-child(4)[data-stage=done]")
    sources = page.locator(".choice img").evaluate_all("(images) => images.map((each) => each.getAttribute('src'))")
    return [str(source) for source in sources]


def read_save(page: Page) -> str:
    return str(page.locator("#picture .save").get_attribute("href"))


def test_four_pictures_come_one_by_one_and_the_chosen_one_is_the_picture(page: Page) -> None:
    page.evaluate(TILES_AS_THEY_COME)
    sources = draw_four(page)
    assert len(set(sources)) == 4
    counts = {count for state, count in page.evaluate("tiles") if state == "drawing"}
    assert counts & {1, 2, 3}, "no picture was seen before the last"
    first_seed = page.evaluate(SEED)
    page.locator(".choice").nth(2).click()
    page.wait_for_function(SHOWN, arg=sources[2])
    assert read_save(page) == sources[2]
    assert page.evaluate(SEED) == (first_seed + 2) % 2**32
    assert page.inner_text("#strip .seed") == str(page.evaluate(SEED))
    page.click("[data-action=all-pictures]")
    assert (
        page.locator(".choice[aria-pressed=true]").evaluate("(tile) => [...tile.parentNode.children].indexOf(tile)")
        == 2
    )
    assert page.locator("#history .past").count() == 4


def test_a_picture_is_chosen_by_keys(page: Page) -> None:
    sources = draw_four(page)
    page.locator(".choice").first.focus()
    for key in ("ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.wait_for_function(SHOWN, arg=sources[3])
    page.keyboard.press("Enter")  # the focus is on the way back
    assert page.locator(".choices").is_visible()
    assert page.evaluate("document.activeElement.classList.contains('choice')")


def test_a_picture_is_chosen_by_touch(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 1180, "height": 820}, has_touch=True)
    sources = draw_four(page)
    page.locator(".choice").nth(1).tap()
    page.wait_for_function(SHOWN, arg=sources[1])
    page.locator("[data-action=all-pictures]").tap()
    assert page.locator(".choices").is_visible()


def test_variations_are_four_near_ones_of_the_same_seed(page: Page) -> None:
    drag_mouse(page)
    draw_and_wait(page, "a red ball on the grass")
    seed = page.evaluate(SEED)
    page.click("[data-action=go-on]")
    page.click(".go-on button:has-text('Four more like it')")
    page.wait_for_selector(".choice:nth-child(4)[data-stage=done]")
    wait_for_state(page, "done")
    assert page.evaluate(SEED) == seed
    assert page.locator(".choice").count() == 4
    assert page.locator("#count input[type=number]").input_value() == "1", "the page's own number stays"


def test_the_drawing_is_compared_by_mouse_and_keys(page: Page) -> None:
    drag_mouse(page)
    draw_and_wait(page)
    page.click("[data-action=compare]")
    handle = page.locator("#picture [role=slider]")
    assert handle.get_attribute("aria-valuenow") == "50"
    box = page.locator("#picture .compare").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 60, steps=4)
    page.mouse.up()
    assert abs(int(handle.get_attribute("aria-valuenow") or 0) - 80) <= 1
    for key, value in (("ArrowLeft", "78"), ("Home", "0"), ("PageUp", "10"), ("End", "100")):
        page.keyboard.press(key)
        assert handle.get_attribute("aria-valuenow") == value
    drawing = page.locator("#picture .compare img").get_attribute("src") or ""
    assert drawing.startswith("data:image/")
    page.keyboard.press("Escape")
    assert not page.locator("#picture .compare").is_visible()


def test_compare_and_pinch_by_touch(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 1180, "height": 820}, has_touch=True)
    drag_mouse(page)
    draw_and_wait(page)
    fingers, box = Fingers(page), cast("dict[str, float]", page.locator("#picture .frame").bounding_box())
    x, y, side = box["x"], box["y"], box["width"]
    page.locator("[data-action=compare]").tap()
    page.wait_for_selector("#picture [role=slider]")
    fingers.send("touchStart", (x + side * 0.5, y + 50))
    fingers.send("touchMove", (x + side * 0.25, y + 50))
    fingers.send("touchEnd")
    page.wait_for_function("Math.abs(Number(document.querySelector('#picture [role=slider]').ariaValueNow) - 25) <= 2")
    page.locator("[data-action=compare]").tap()  # a tap after a quick drag is not lost
    page.wait_for_selector("#picture .compare", state="hidden")
    middle = y + side / 2
    fingers.send("touchStart", (x + side * 0.45, middle), (x + side * 0.55, middle))
    for reach in (0.1, 0.2, 0.3):
        fingers.send("touchMove", (x + side * (0.5 - reach), middle), (x + side * (0.5 + reach), middle))
    fingers.send("touchEnd")
    page.wait_for_function(f"({ZOOM})() > 2")
    fingers.tap_twice(x + side / 2, middle)  # shows all of it again
    page.wait_for_function(f"({ZOOM})() === 1")


def test_the_picture_is_seen_large_and_zoomed(page: Page) -> None:
    drag_mouse(page)
    draw_and_wait(page)
    page.dblclick("#picture .frame", position={"x": 100, "y": 100})
    assert page.evaluate(ZOOM) == 2.5
    page.click("[data-action=view]")
    stage = page.locator(".view-stage")
    scale = "(stage) => Number(getComputedStyle(stage).getPropertyValue('--zoom') || 1)"
    page.keyboard.press("+")
    assert 1.3 < stage.evaluate(scale) < 1.5
    stage.hover()
    page.mouse.wheel(0, -400)
    page.wait_for_function(
        "() => Number(getComputedStyle(document.querySelector('.view-stage')).getPropertyValue('--zoom')) > 2"
    )
    page.keyboard.press("0")
    assert stage.evaluate(scale) == 1
    page.keyboard.press("Escape")
    stage.wait_for(state="detached")
    assert page.evaluate("document.activeElement.dataset.action") == "view"


def test_a_picture_becomes_the_next_base_and_undo_brings_the_drawing_back(page: Page) -> None:
    drag_mouse(page)
    draw_and_wait(page)
    before, ink = read_drawing(page), count_ink(page)
    page.click("[data-action=go-on]")
    page.click(".go-on button:has-text('Draw over it')")
    page.wait_for_function("() => JSON.parse(croquis.readDrawing()).strokes.length === 0")
    drag_mouse(page, LINE)
    drawing = json.loads(read_drawing(page))
    assert len(drawing["strokes"]) == 1 and drawing["picture"].startswith("data:image/png")
    draw_and_wait(page, "a red ball at night")
    page.locator("body").click(position={"x": 5, "y": 5})
    for _ in range(2):
        page.keyboard.press("Control+z")
    assert read_drawing(page) == before
    page.wait_for_timeout(200)
    assert abs(count_ink(page) - ink) < 20


def test_on_a_phone_the_grid_is_in_the_pictures_place(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    page.evaluate("document.querySelector('#count input[type=number]').value")
    drag_mouse(page)
    page.select_option("#counts select", "2")
    draw_and_wait(page)
    assert page.locator(".choice").count() == 2
    address = read_picture_address(page)
    page.locator(".choice").nth(1).evaluate("(tile) => tile.click()")
    page.wait_for_function(f"!({SHOWN})({json.dumps(address)})")


def test_a_brushed_part_gets_another_colour_and_the_rest_stays(page: Page) -> None:
    drag_mouse(page)
    draw_and_wait(page, "a red ball")
    before = read_pixels(page)
    page.click("[data-action=go-on]")
    page.click(".go-on button:has-text('Other colours for a part')")
    assert page.locator(".repaint .go").is_disabled()
    box = cast("dict[str, float]", page.locator(".mask-sheet canvas").bounding_box())
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.4)
    page.mouse.down()
    for x, y in ((0.6, 0.4), (0.6, 0.6), (0.4, 0.6), (0.4, 0.5), (0.6, 0.5)):
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=3)
    page.mouse.up()
    page.fill(".repaint input[type=text]", "blue")
    page.evaluate(NOTE_END)
    page.keyboard.press("Enter")
    page.wait_for_function("window.ended")
    after = read_pixels(page)
    assert after[256, 256, 2] > after[256, 256, 0] + 40
    assert (after[:30] == before[:30]).all() and (after[-30:] == before[-30:]).all()
    assert page.locator("#history .past, .past").count() >= 2


def test_a_mask_is_brushed_by_touch_keys_and_taken_away(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 1180, "height": 820}, has_touch=True)
    drag_mouse(page)
    draw_and_wait(page, "a red ball")
    page.locator("[data-action=go-on]").tap()
    page.locator(".go-on button:has-text('Other colours for a part')").tap()
    page.fill(".repaint input[type=text]", "green")
    go, fingers = page.locator(".repaint .go"), Fingers(page)
    box = cast("dict[str, float]", page.locator(".mask-sheet canvas").bounding_box())
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    fingers.send("touchStart", (x, y))
    fingers.send("touchMove", (x + 60, y))
    fingers.send("touchEnd")
    assert go.is_enabled()
    page.locator(".mask-bar button[aria-label=Undo]").tap()
    assert go.is_disabled()
    page.locator(".mask-sheet canvas").focus()
    for key in (" ", "ArrowRight", "ArrowDown", " "):
        page.keyboard.press(key)
    assert go.is_enabled()
    page.locator(".mask-bar button[aria-label=Clear]").tap()
    assert go.is_disabled()


def test_a_picture_is_made_larger(page: Page) -> None:
    drag_mouse(page)
    draw_and_wait(page)
    page.click("[data-action=go-on]")
    page.evaluate(NOTE_END)
    page.click(".go-on button:has-text('Make it larger')")
    page.wait_for_function("window.ended")
    assert read_pixels(page).shape == (1024, 1024, 3)


def test_a_film_of_the_drawing_is_made_and_stopped(page: Page) -> None:
    drag_mouse(page)
    draw_and_wait(page)
    page.click("[data-action=go-on]")
    page.click(".go-on button:has-text('A film of your drawing')")
    page.wait_for_function("() => document.querySelector('.film progress')?.value > 0")
    page.click(".film-stop")
    page.click("[data-action=go-on]")
    page.click(".go-on button:has-text('A film of your drawing')")
    link = page.locator(".film a.go")
    link.wait_for()
    film = httpx.get(str(link.evaluate("(link) => link.href"))).content
    with Image.open(io.BytesIO(film)) as moving:
        assert moving.format == "WEBP" and moving.n_frames > 5  # type: ignore[attr-defined]


def read_pixels(page: Page) -> NDArray[np.int16]:
    """Return the picture that is shown, (H, W, 3)."""
    data = httpx.get(str(page.evaluate("document.querySelector('#picture .save').href"))).content
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.int16)
