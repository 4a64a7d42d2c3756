"""A picture in somebody's own style is dropped on a Croquis that lacks it: worn at once, kept by one button."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.page_actions import draw_and_wait
from tests.browser.test_canvas_by_hand import drop
from tests.studio.test_lent_styles import travelled  # noqa: F401

REPLACE_KEPT_STYLE = """(style) => new Promise((resolve) => {
  const opening = indexedDB.open("croquis");
  opening.onsuccess = () => {
    const transaction = opening.result.transaction("pages", "readwrite"), pages = transaction.objectStore("pages");
    pages.getAll().onsuccess = ({ target }) =>
      target.result.forEach((page) => pages.put({ ...page, inputs: { ...page.inputs, style } }));
    transaction.oncomplete = resolve;
  };
})"""
CARD = "#chip .style-strip .style:has-text('My wool')"


def test_a_style_that_came_along_and_is_gone_is_told(page: Page, travelled: bytes) -> None:  # noqa: F811
    drop(page, travelled, "wool.croquis", "")
    page.wait_for_selector(CARD, state="attached")  # before the other test keeps it
    gone = f"{page.evaluate('croquis.readStyle()')[:-10]}0123456789"
    draw_and_wait(page, "a ball")
    page.wait_for_timeout(2000)  # what changed is kept within a second
    home = page.url
    page.goto(f"{home}gradio_api/info")  # of the same origin: what is kept can be changed here, and nobody writes it
    page.evaluate(REPLACE_KEPT_STYLE, gone)
    page.goto(home)
    page.wait_for_selector("#chip .style-note:has-text('is here no more')")
    assert page.evaluate("croquis.readStyle()") == "auto"


def test_a_style_that_came_along_is_worn_and_can_be_kept(page: Page, travelled: bytes) -> None:  # noqa: F811
    drop(page, travelled, "wool.croquis", "")
    page.wait_for_selector("#messages:has-text('“My wool” is not on this Croquis')")
    page.wait_for_selector(CARD, state="attached")
    assert page.evaluate("croquis.readStyle()").startswith("my-wool-lent-")
    draw_and_wait(page, "a ball")
    page.wait_for_timeout(2000)  # what changed is kept within a second
    page.reload()
    page.wait_for_selector(CARD, state="attached")
    page.wait_for_function("croquis.readStyle().startsWith('my-wool-lent-')")
    drop(page, travelled, "wool.croquis", "")
    page.wait_for_selector("#strip .keep-style", state="attached")
    page.evaluate("document.querySelector('#strip .keep-style').click()")
    page.wait_for_function("croquis.readStyle() === 'my-wool'")
    page.wait_for_timeout(2000)  # what changed is kept within a second
    page.reload()
    page.wait_for_selector(CARD, state="attached")
    page.wait_for_function("croquis.readStyle() === 'my-wool'")
