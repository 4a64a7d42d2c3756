"""Adding a style on the page, finding it by its words, removing it."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.browser.page_actions import drag_mouse, draw_and_wait, open_panel


def test_an_added_style_is_listed_found_and_removed(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "style.png"
    Image.radial_gradient("L").convert("RGB").resize((300, 300)).save(file)
    open_panel(page, "shelf")
    page.set_input_files("#style-image input[type=file]", file)
    page.wait_for_selector("#style-image img")
    page.fill("#style-name input, #style-name textarea", "Zebra haze")
    page.fill("#style-words input, #style-words textarea", "zebra haze, foggy zebra stripes")
    page.click("#style-add")
    page.wait_for_selector("#library .added:has-text('Zebra haze')")

    drag_mouse(page)
    draw_and_wait(page, "a ball as zebra haze")
    assert page.locator("#strip .style .name").first.inner_text() == "Zebra haze"

    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#library .added:has-text('Zebra haze') .remove")
    page.wait_for_selector("#library .added:has-text('Zebra haze')", state="detached")


def test_a_style_without_a_picture_is_refused_with_words(page: Page) -> None:
    open_panel(page, "shelf")
    page.fill("#style-name input, #style-name textarea", "Nothing to see")
    page.click("#style-add")
    page.wait_for_selector("#style-said:has-text('needs a picture')")
    assert page.input_value("#style-name input, #style-name textarea") == "Nothing to see"
