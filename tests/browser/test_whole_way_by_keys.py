"""The whole way without a mouse: a line, words, the picture, a style, Settings, and the saved file, by keys alone."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.browser.page_actions import NOTE_END, count_ink, read_picture_address

MOST_TABS = 120  # more parts than the page has to be walked through


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is on a part of the page, and check that the focus can be seen there."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            assert page.evaluate("document.activeElement.matches(':focus-visible')"), selector
            return
    raise AssertionError(f"Tab does not come to {selector}.")


def draw_line_by_keys(page: Page) -> None:
    tab_to(page, "#canvas .live")
    page.keyboard.press("Space")
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"):
        for _ in range(4):
            page.keyboard.press(key)
    page.keyboard.press("Space")


def wait_for_end(page: Page) -> None:
    page.wait_for_function("window.ended === 'done'")
    page.wait_for_function("document.querySelector('#picture .frame > img').dataset.state === 'done'")


def test_from_an_empty_sheet_to_a_saved_picture(page: Page) -> None:
    draw_line_by_keys(page)
    assert count_ink(page) > 300
    tab_to(page, "#prompt textarea")
    page.keyboard.type("a red box")
    page.evaluate(NOTE_END)
    page.keyboard.press("Enter")
    wait_for_end(page)
    before = read_picture_address(page)
    tab_to(page, "#chip [data-style=watercolor]")
    page.evaluate(NOTE_END)
    page.keyboard.press("Enter")
    wait_for_end(page)
    assert read_picture_address(page) != before
    tab_to(page, "#settings .fold-button")
    page.keyboard.press("Enter")
    tab_to(page, "#width input[type=number]")
    page.keyboard.press("Control+a")
    page.keyboard.type("256")
    page.keyboard.press("Tab")
    page.evaluate(NOTE_END)
    page.keyboard.press("Control+Enter")
    wait_for_end(page)
    tab_to(page, "#picture [data-action=share]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#saving .way-out")
    tab_to(page, "#saving [data-way=png]")
    with page.expect_download() as downloading:
        page.keyboard.press("Enter")
    picture = Image.open(io.BytesIO(Path(downloading.value.path()).read_bytes()))
    assert picture.width == 256
    page.wait_for_selector("#saving", state="detached")
    assert page.evaluate("document.activeElement.matches('[data-action=share]')"), "the focus is lost"
