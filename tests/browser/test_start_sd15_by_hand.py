"""A picture from outside on Stable Diffusion's layout: started from, a part of it drawn anew, more drawn around it."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from pipeline.picture.png_file import read_notes
from tests.browser.canvas_actions import list_strokes, read_canvas_json
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.page_actions import drag_mouse, draw_and_wait, open_panel, set_number
from tests.browser.test_canvas_by_hand import drop
from tests.browser.test_choose_by_hand import read_pixels
from tests.browser.test_part_and_around_by_hand import SIDE, brush_middle, finish
from tests.browser.test_start_by_hand import (
    CHIP,
    expect_own_strength,
    make_photo,
    open_choice,
    put_in,
    wait_for_strength,
)
from tests.tools.serving import Server

SQUARE = (600, 600)
FETCH = """async () => {
  const blob = await (await fetch(document.querySelector("#picture .frame > img").src)).blob();
  const reader = new FileReader();
  reader.readAsDataURL(blob);
  return new Promise((done) => (reader.onload = () => done(reader.result.split(",")[1])));
}"""


@pytest.fixture(scope="module")
def server(sd15_server: Server) -> Server:
    return sd15_server


def put_in_square(page: Page) -> None:
    """Start from a square picture, in small pictures of few steps."""
    open_panel(page, "settings")
    for side in ("width", "height"):
        set_number(page, side, SIDE)
    set_number(page, "num_inference_steps", 4)
    put_in(page, make_photo(SQUARE))


def read_shown(page: Page) -> np.ndarray[Any, Any]:
    return np.asarray(read_pixels(page)).astype(int)


def test_it_is_drawn_from_with_a_drawing_and_the_file_brings_all_back(open_page: OpenPage) -> None:
    page = open_page()
    put_in_square(page)
    assert "small model" not in page.inner_text("#messages")
    page.focus(".under-chip input[type=range]")
    page.keyboard.press("Home")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    wait_for_strength(page, 0.3)
    drag_mouse(page)
    draw_and_wait(page)
    canvas, data = read_canvas_json(page), b64decode(page.evaluate(FETCH))
    assert "Denoising strength: 0.3" in read_notes(data, ["parameters"])["parameters"]
    near = read_shown(page)
    page.click(f"{CHIP} .away")
    page.wait_for_function("!JSON.parse(croquis.readDrawing()).picture")
    drop(page, data)
    wait_for_strength(page, 0.3)
    assert read_canvas_json(page) == canvas and len(list_strokes(page)) == 1
    draw_and_wait(page)
    assert np.array_equal(read_shown(page), near), "the same picture comes of what is back"


def test_settings_say_that_its_own_strength_counts(open_page: OpenPage) -> None:
    page = open_page()
    open_panel(page, "settings")
    expect_own_strength(page, "strength", "How far the picture goes from the colours it starts from")


def test_near_ones_start_from_it_too(open_page: OpenPage) -> None:
    page = open_page()
    put_in_square(page)
    draw_and_wait(page)
    page.click("[data-action=go-on]")
    page.click(".go-on [data-way=variations]")
    page.wait_for_selector(".choice:nth-child(4)[data-stage=done]")
    wait_for_strength(page, 0.75)


def test_a_part_of_it_is_brushed_and_drawn_anew(open_page: OpenPage) -> None:
    page = open_page()
    put_in_square(page)
    open_choice(page)
    page.click(f"{CHIP} [data-way=repaint]")
    page.wait_for_selector(".repaint .go")
    brush_middle(page)
    page.fill(".repaint input[type=text]", "a lemon")
    page.locator(".repaint .start-strength input").fill("0.75")
    after = finish(page)
    assert tuple(after[10, 10]) == (0x87, 0xC4, 0xEA) and tuple(after[-10, 10]) == (0x3F, 0x8F, 0x52)
    assert np.abs(after[120:136, 120:136] - (0xF7, 0xCF, 0x46)).mean() > 3, "the part stayed as it was"
    assert "Denoising strength: 0.75" in read_notes(b64decode(page.evaluate(FETCH)), ["parameters"])["parameters"]


def test_more_is_drawn_around_it_by_touch(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    put_in_square(page)
    open_choice(page)
    page.tap(f"{CHIP} [data-way=around]")
    page.wait_for_selector(".repaint .go")
    after = finish(page)  # left and right are chosen at first
    assert after.shape == (SIDE, SIDE + 128, 3)
    assert tuple(after[10, (SIDE + 128) // 2]) == (0x87, 0xC4, 0xEA)
