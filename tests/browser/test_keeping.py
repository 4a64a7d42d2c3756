"""The drawing, the words, the style and the settings are there again after reload, back, a closed or crashed tab."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Error, Page

from tests.browser.conftest import LOADING
from tests.browser.page_actions import (
    CIRCLE,
    LINE,
    clear_sheet,
    drag_mouse,
    locate_points,
    open_panel,
    read_drawing,
    set_number,
)

WRITTEN_MS = 1_500  # within which a change is kept
BACK = "#keeping p"
COMES_BACK = "Undo brings your drawing back."


def read_strokes(page: Page) -> list[Any]:
    return list(json.loads(read_drawing(page))["strokes"])


def fill_page(page: Page) -> list[Any]:
    """Draw, write words, choose a style and a number; return the strokes."""
    drag_mouse(page, CIRCLE)
    drag_mouse(page, LINE)
    page.fill("#prompt textarea", "a blue ball")
    page.evaluate("document.querySelector('#chip .style-strip [data-style=ghibli]').click()")
    open_panel(page, "settings")
    set_number(page, "seed", 77)
    page.wait_for_timeout(WRITTEN_MS)
    return read_strokes(page)


def expect_page(page: Page, strokes: list[Any]) -> None:
    page.wait_for_selector(BACK, timeout=LOADING)
    assert read_strokes(page) == strokes
    page.wait_for_function("document.querySelector('#prompt textarea').value === 'a blue ball'")
    page.wait_for_function("document.querySelector('#seed input').value === '77'")


def read_style(page: Page) -> str:
    return str(page.evaluate("document.querySelector('#chip').textContent"))


def open_beside(page: Page) -> Page:
    """Open the page once more in the same browser."""
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector("#chip .style-strip [data-style=ghibli]", state="attached", timeout=LOADING)
    return other


def test_everything_is_there_after_a_reload_and_can_be_begun_anew(page: Page) -> None:
    strokes = fill_page(page)
    style = read_style(page)
    page.reload()
    expect_page(page, strokes)
    assert read_style(page) == style
    assert "are back as you left them" in page.inner_text(BACK)
    page.click("#keeping .link")
    page.wait_for_function("document.querySelector('#prompt textarea').value === ''")
    assert read_strokes(page) == []
    page.wait_for_selector(f"#keeping p:has-text('{COMES_BACK}')")
    page.keyboard.press("Control+z")
    assert read_strokes(page) == strokes


def test_undo_goes_on_after_a_reload(page: Page) -> None:
    drag_mouse(page, CIRCLE)
    drag_mouse(page, LINE)
    both = read_strokes(page)
    page.keyboard.press("Control+z")
    page.wait_for_timeout(WRITTEN_MS)
    page.reload()
    page.wait_for_selector(BACK, timeout=LOADING)
    assert read_strokes(page) == both[:1]
    page.keyboard.press("Control+y")
    assert read_strokes(page) == both
    for _ in range(2):
        page.keyboard.press("Control+z")
    assert read_strokes(page) == []


def test_back_and_forward_bring_it_again(page: Page) -> None:
    strokes = fill_page(page)
    page.goto("about:blank")
    page.go_back()
    expect_page(page, strokes)
    page.go_forward()
    page.go_back()
    expect_page(page, strokes)


def test_a_closed_tab_is_found_by_the_next_one(page: Page) -> None:
    strokes = fill_page(page)
    context = page.context
    url = page.url
    page.close()
    after = context.new_page()
    after.goto(url)
    expect_page(after, strokes)


def test_a_crashed_tab_is_found_again(page: Page) -> None:
    strokes = fill_page(page)
    context, url = page.context, page.url
    with pytest.raises(Error, match="crash"):
        page.goto("chrome://crash")  # the renderer falls, and no script of the page runs any more
    after = context.new_page()
    after.goto(url)
    expect_page(after, strokes)


def test_a_stroke_under_way_is_kept_too(page: Page) -> None:
    first, *others = locate_points(page, CIRCLE)
    page.mouse.move(*first)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=4)
        page.wait_for_timeout(250)
    page.wait_for_timeout(WRITTEN_MS)
    context, url = page.context, page.url
    page.close()  # the button was never let go
    after = context.new_page()
    after.goto(url)
    after.wait_for_selector(BACK, timeout=LOADING)
    (stroke,) = read_strokes(after)
    assert len(stroke["points"]) > 20


def test_two_tabs_do_not_overwrite_each_other(page: Page) -> None:
    drag_mouse(page, CIRCLE)
    page.wait_for_timeout(WRITTEN_MS)
    here = read_strokes(page)
    other = open_beside(page)
    other.wait_for_timeout(600)
    assert read_strokes(other) == [] and other.locator(BACK).count() == 0
    drag_mouse(other, LINE)
    other.wait_for_timeout(WRITTEN_MS)
    there = read_strokes(other)
    for tab, strokes in ((page, here), (other, there)):
        tab.reload()
        tab.wait_for_selector(BACK, timeout=LOADING)
        assert read_strokes(tab) == strokes


def test_a_duplicated_tab_goes_on_by_itself(page: Page) -> None:
    """A duplicated tab has the first one's sessionStorage, and with it the name of its record."""
    drag_mouse(page, CIRCLE)
    page.wait_for_timeout(WRITTEN_MS)
    here = read_strokes(page)
    with page.expect_popup() as opened:
        page.evaluate("window.open(location.href)")  # copies sessionStorage, as "Duplicate tab" does
    other = opened.value
    other.wait_for_selector(BACK, timeout=LOADING)
    assert read_strokes(other) == here
    drag_mouse(other, LINE)
    other.wait_for_timeout(WRITTEN_MS)
    page.reload()
    page.wait_for_selector(BACK, timeout=LOADING)
    assert read_strokes(page) == here
    assert len(read_strokes(other)) == 2


def test_a_blank_page_says_nothing(page: Page) -> None:
    page.wait_for_timeout(WRITTEN_MS)
    page.reload()
    page.wait_for_selector("#chip .style-strip [data-style=ghibli]", state="attached", timeout=LOADING)
    page.wait_for_timeout(800)
    assert page.locator(BACK).count() == 0


def test_a_browser_that_keeps_nothing_still_draws(page: Page) -> None:
    other = page.context.new_page()
    other.add_init_script("Object.defineProperty(globalThis, 'indexedDB', { get() { throw new Error('none here'); } })")
    other.goto(page.url)
    other.wait_for_selector("#chip .style-strip [data-style=ghibli]", state="attached", timeout=LOADING)
    drag_mouse(other, CIRCLE)
    assert len(read_strokes(other)) == 1


@pytest.mark.parametrize("by", ["example", "clear"])
def test_what_replaces_a_drawing_says_how_it_comes_back(page: Page, by: str) -> None:
    drag_mouse(page, CIRCLE)
    drawn = read_strokes(page)
    if by == "clear":
        clear_sheet(page)
    else:
        page.evaluate("document.querySelector('#examples .example').click()")
    page.wait_for_selector(f"#keeping p:has-text('{COMES_BACK}')")
    page.keyboard.press("Control+z")
    assert read_strokes(page) == drawn


def test_keeping_a_large_drawing_does_not_hold_up_the_hand(page: Page) -> None:
    """2,000 strokes of 40 points: a save takes the page's thread less than a frame once its strokes are written."""
    page.evaluate(
        """() => {
          const strokes = Array.from({ length: 1990 }, (_, i) => ({ tool: "pen", size: 4, color: "#1c1a19",
            points: Array.from({ length: 40 }, (_, k) => [i % 500 + k / 9, (i * 7) % 500 + k, 0.5]) }));
          croquis.loadDrawing(JSON.stringify({ version: 2, width: 512, height: 512, picture: null, strokes }));
        }"""
    )
    page.wait_for_timeout(3_000)
    page.evaluate(
        """() => {
          window.puts = [];
          const put = IDBObjectStore.prototype.put;
          IDBObjectStore.prototype.put = function (...given) {
            const began = performance.now();
            try { return put.apply(this, given); } finally { window.puts.push(performance.now() - began); }
          };
        }"""
    )
    drag_mouse(page, LINE)
    page.wait_for_timeout(3_000)
    puts = page.evaluate("window.puts")
    assert puts and sorted(puts)[len(puts) // 2] < 50, puts
    assert len(read_strokes(page)) == 1991
