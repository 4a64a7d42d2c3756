"""From a drawing to a picture on the page: previews, stop, styles, examples, the session's pictures."""

from __future__ import annotations

import re
import time

import httpx
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage
from tests.browser.page_actions import (
    RECORD,
    STOP_AT_ONCE,
    clear_sheet,
    count_ink,
    drag_mouse,
    draw_and_wait,
    open_panel,
    read_picture_address,
    read_state,
    set_number,
    wait_for_state,
)
from tests.browser.test_canvas_by_hand import drop
from tests.tools.serving import Server

SEED = "#strip .seed"
SHOWN = "(source) => document.querySelector('#picture .frame > img').getAttribute('src') === source"


def test_previews_come_before_the_picture_and_the_way_is_shown(page: Page) -> None:
    open_panel(page, "settings")
    set_number(page, "num_inference_steps", 20)  # two steps may be over between two frames
    drag_mouse(page)
    page.evaluate(RECORD)
    draw_and_wait(page, "a red fox in a neon city")
    states = [name for name, _ in page.evaluate("seen")]
    assert "drawing" in states[: states.index("done")]
    previews = {source for name, source in page.evaluate("seen") if name == "drawing" and source.startswith("data:")}
    assert previews, "no preview image was shown"
    open_panel(page, "making")
    assert page.locator("#strip .lines img").is_visible()
    assert page.locator("#strip .style").count() >= 3
    assert re.fullmatch(r"-?\d\.\d\d", page.locator("#strip .similarity").first.inner_text())
    assert page.locator("#strip .time li").count() >= 4
    assert page.inner_text(SEED).isdigit()


def test_control_enter_draws_and_escape_stops_within_a_step(page: Page) -> None:
    open_panel(page, "settings")
    for name, most in (("num_inference_steps", 50), ("width", 512), ("height", 512)):
        set_number(page, name, most)  # seconds, however late a busy machine shows that it is drawing
    drag_mouse(page)
    page.keyboard.press("Control+Enter")
    wait_for_state(page, "drawing")
    page.keyboard.press("Escape")
    assert read_state(page) == "stopped"
    set_number(page, "num_inference_steps", 2)
    started = time.monotonic()
    draw_and_wait(page)  # the engine is free again: fifty steps are not waited for
    assert time.monotonic() - started < 30
    assert "of 2" not in page.inner_text("#picture .said")


def test_the_stop_button_keeps_the_last_picture(page: Page) -> None:
    drag_mouse(page)
    draw_and_wait(page)
    kept = read_picture_address(page)
    open_panel(page, "settings")
    for name, value in (("num_inference_steps", 50), ("width", 1024), ("height", 1024), ("count", 4)):
        set_number(page, name, value)  # work for seconds
    page.evaluate(STOP_AT_ONCE)
    page.click("#draw")
    wait_for_state(page, "stopped")
    page.wait_for_function(SHOWN, arg=kept)
    page.wait_for_timeout(1_500)
    assert read_state(page) == "stopped", "a stopped run spoke again"
    assert page.locator("#draw").is_visible()


def test_another_style_is_one_click_and_keeps_the_seed(page: Page) -> None:
    drag_mouse(page)
    draw_and_wait(page, "a ball in watercolour")
    open_panel(page, "making")
    seed, first = page.inner_text(SEED), read_picture_address(page)
    other = page.locator("#strip .style[aria-pressed=false]").first
    name = other.locator(".name").inner_text()
    other.click()
    page.wait_for_function("(first) => document.querySelector('#picture .frame > img').src !== first", arg=first)
    wait_for_state(page, "done")
    page.wait_for_selector(f"#strip .style[aria-pressed=true]:has-text('{name}')")
    assert page.inner_text(SEED) == seed
    assert name in page.inner_text("#chip")
    page.click("#chip [data-style=auto]")
    assert "Croquis chooses" in page.inner_text("#chip")


def test_a_style_is_chosen_among_all(page: Page) -> None:
    drag_mouse(page)
    page.click("#chip .door.all")
    name = page.locator("#all-styles .style .name").nth(3).inner_text()
    page.locator("#all-styles .style").nth(3).click()
    assert name in page.inner_text("#chip")
    draw_and_wait(page)
    assert page.locator(f"#strip .style[aria-pressed=true]:has-text('{name}')").count() == 1


def test_an_example_draws_on_one_click(page: Page) -> None:
    assert page.locator(".example").count() >= 6
    page.locator(".example").nth(1).click()
    wait_for_state(page, "done")
    assert count_ink(page) > 1_000
    assert page.input_value("#prompt textarea")


def test_use_again_repeats_the_picture(page: Page) -> None:
    drag_mouse(page)
    draw_and_wait(page)
    first = httpx.get(page.evaluate("document.querySelector('#picture .save').href")).content
    open_panel(page, "making")
    page.click("#strip .seed + .link")
    draw_and_wait(page)
    assert httpx.get(page.evaluate("document.querySelector('#picture .save').href")).content == first


def test_a_picture_of_the_session_brings_its_drawing_back(page: Page) -> None:
    drag_mouse(page)
    draw_and_wait(page, "a red ball")
    before, drawn = read_picture_address(page), count_ink(page)
    clear_sheet(page)
    drag_mouse(page, ((0.2, 0.2), (0.8, 0.8)))
    draw_and_wait(page, "a blue stick")
    page.locator("#history .past").nth(1).click()
    page.wait_for_function(SHOWN, arg=before)
    page.wait_for_function("document.querySelector('#prompt textarea').value === 'a red ball'")
    assert count_ink(page) == drawn
    assert page.locator("#history .past").count() == 2


def test_a_dropped_picture_of_ours_brings_its_recipe_back(page: Page, server: Server) -> None:
    drag_mouse(page)
    draw_and_wait(page, "a green ball, linocut")
    seed = page.inner_text(SEED)
    data = httpx.get(page.evaluate("document.querySelector('#picture .save').href")).content
    page.reload()
    page.wait_for_selector(".example svg")
    open_panel(page, "settings")
    drop(page, data)
    open_panel(page, "making")
    page.wait_for_selector("#strip .lines img")
    assert page.input_value("#prompt textarea") == "a green ball, linocut"
    assert page.inner_text(SEED) == seed
    assert page.input_value("#seed input") == seed
    assert count_ink(page) > 500
    assert not page.locator("#strip .notice").count()
    drop(page, of_other_weights(data))
    page.wait_for_selector("#strip .notice")
    assert "other weights than are here now (unet)" in page.inner_text("#strip .notice")


def of_other_weights(data: bytes) -> bytes:
    """Return the picture file as another version of the model would have written it."""
    import io
    import json

    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    picture, notes, stored = Image.open(io.BytesIO(data)), PngInfo(), io.BytesIO()
    recipe = json.loads(picture.text["croquis"])  # type: ignore[attr-defined]
    recipe["revisions"]["unet"] = "0" * 64
    notes.add_itxt("croquis", json.dumps(recipe))
    picture.save(stored, "PNG", pnginfo=notes)
    return stored.getvalue()


def test_a_forged_recipe_is_refused_with_words(page: Page) -> None:
    drop(page, forged())
    wait_for_state(page, "error")
    assert page.inner_text("#messages .alert").strip()


def forged() -> bytes:
    """Return a PNG whose recipe is not one."""
    import io

    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    notes, stored = PngInfo(), io.BytesIO()
    notes.add_itxt("croquis", "{}")
    Image.new("RGB", (64, 64), "white").save(stored, "PNG", pnginfo=notes)
    return stored.getvalue()


def test_two_visitors_do_not_mix(open_page: OpenPage) -> None:
    one, two = open_page(), open_page()
    for page, words in ((one, "a red ball"), (two, "a blue fish")):
        drag_mouse(page)
        page.fill("#prompt textarea", words)
    one.click("#draw")
    two.click("#draw")
    for page in (one, two):
        wait_for_state(page, "done", "error")
        assert read_state(page) == "done"
    assert one.get_attribute("#picture .frame > img", "alt") == "a red ball"
    assert two.get_attribute("#picture .frame > img", "alt") == "a blue fish"
    assert read_picture_address(one) != read_picture_address(two)


def test_a_visitor_who_leaves_frees_the_engine(open_page: OpenPage) -> None:
    leaving, staying = open_page(), open_page()
    for page in (leaving, staying):
        drag_mouse(page)
    open_panel(leaving, "settings")
    set_number(leaving, "num_inference_steps", 50)
    leaving.click("#draw")
    wait_for_state(leaving, "drawing")
    leaving.close()
    started = time.monotonic()
    draw_and_wait(staying)
    assert time.monotonic() - started < 30
