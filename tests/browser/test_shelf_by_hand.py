"""Adding a style on the page, finding it by its words, removing it."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage
from tests.browser.page_actions import choose_own_picture, drag_mouse, draw_and_wait
from tests.tools.serving import Server


def test_an_added_style_is_listed_found_and_removed(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "style.png"
    Image.radial_gradient("L").convert("RGB").resize((300, 300)).save(file)
    choose_own_picture(page, file)
    page.click("#chip .style-note button:has-text('Rename')")
    page.fill("#own-style-name", "Zebra haze")
    page.fill("#own-style-words", "zebra haze, foggy zebra stripes")
    page.click("#style-names button.primary")
    page.wait_for_selector("#chip .mix-part:has-text('Zebra haze')")
    page.click("#chip .style-strip [data-style=auto]")

    drag_mouse(page)
    draw_and_wait(page, "a ball as zebra haze")
    assert page.locator("#strip .style .name").first.text_content() == "Zebra haze"

    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#chip .door.all")
    page.click("#all-styles .added:has-text('Zebra haze') button[title^='Remove']")
    page.wait_for_selector("#all-styles .added:has-text('Zebra haze')", state="detached")


def test_a_visitor_takes_a_style_of_their_own_away(open_page: OpenPage, server: Server, tmp_path: Path) -> None:
    page = open_page(is_only_use=True, extra_http_headers={"x-forwarded-for": "203.0.113.9"})
    page.context.clear_cookies()  # nobody's but a visitor's from far away
    page.goto(server.url)
    page.wait_for_selector("#chip .style-strip [data-style=ghibli]", state="attached")
    file = tmp_path / "style.png"
    Image.linear_gradient("L").convert("RGB").resize((300, 300)).save(file)
    choose_own_picture(page, file)
    page.wait_for_selector("#chip .mix-part:has-text('Style')")
    assert page.evaluate("croquis.readStyle()").startswith("style-lent-")
    assert page.locator("#chip .style-note button:has-text('Rename')").count() == 0
    page.wait_for_timeout(2000)  # what changed is kept within a second
    page.reload()
    page.wait_for_selector("#chip .mix-part:has-text('Style')")
    page.click("#chip .door.all")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#all-styles .added button[title^='Remove Style']")
    page.wait_for_selector("#all-styles .added", state="detached")
    page.keyboard.press("Escape")
    page.wait_for_function("croquis.readStyle() === 'auto'")


def test_a_picture_that_shows_no_style_is_refused_with_words(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "grey.png"
    Image.new("RGB", (300, 300), "gray").save(file)
    choose_own_picture(page, file)
    page.wait_for_selector("#chip .style-note:has-text('has one colour')")
    assert page.locator("#chip .style-strip [data-style=auto]").get_attribute("aria-pressed") == "true"
