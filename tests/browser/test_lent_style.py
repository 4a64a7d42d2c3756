"""A picture in somebody's own style is dropped on a Croquis that lacks it: worn at once, kept by one button."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.page_actions import draw_and_wait
from tests.browser.test_canvas_by_hand import drop
from tests.studio.test_lent_styles import travelled  # noqa: F401

CARD = "#chip .style-strip .style:has-text('My wool')"


def test_a_style_that_came_along_is_worn_and_can_be_kept(page: Page, travelled: bytes) -> None:  # noqa: F811
    drop(page, travelled, "wool.croquis", "")
    page.wait_for_selector("#messages:has-text('“My wool” is not on this Croquis')")
    page.wait_for_selector(CARD, state="attached")
    assert page.evaluate("croquis.readStyle()").startswith("my-wool-lent-")
    draw_and_wait(page, "a ball")
    drop(page, travelled, "wool.croquis", "")
    page.wait_for_selector("#strip .keep-style", state="attached")
    page.evaluate("document.querySelector('#strip .keep-style').click()")
    page.wait_for_function("croquis.readStyle() === 'my-wool'")
    page.wait_for_timeout(2000)  # what changed is kept within a second
    page.reload()
    page.wait_for_selector(CARD, state="attached")
    page.wait_for_function("croquis.readStyle() === 'my-wool'")
