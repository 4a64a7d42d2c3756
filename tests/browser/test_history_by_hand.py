"""The history by mouse, keyboard and finger: kept over a reload, searched, starred, deleted, brought back, gone on."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.page_actions import clear_sheet, count_ink, drag_mouse, draw_and_wait
from tests.browser.page_states import FORGET

CARD = ".kept-card"
COUNT = "(wanted) => document.querySelectorAll('.kept-card').length === wanted"


def open_history(page: Page) -> None:
    page.click("#header [data-action=history]")
    page.wait_for_selector(".kept-count, .kept-empty:not([hidden])", state="attached")


def wait_for_cards(page: Page, count: int) -> None:
    page.wait_for_function(COUNT, arg=count)


def forget_everything(page: Page) -> None:
    page.evaluate(FORGET)


def draw_two(page: Page) -> None:
    """Draw a red ball by a circle, then a blue stick by a line."""
    forget_everything(page)
    drag_mouse(page)
    draw_and_wait(page, "a red ball")
    clear_sheet(page)
    drag_mouse(page, ((0.2, 0.2), (0.8, 0.8)))
    draw_and_wait(page, "a blue stick")


@pytest.fixture
def drawn(page: Page) -> Page:
    """A page that has drawn two pictures and was loaded anew."""
    draw_two(page)
    page.reload()
    page.wait_for_selector("#status [data-ready=true]", state="attached")
    return page


def test_pictures_outlast_the_page_and_are_found_starred_deleted_and_brought_back(drawn: Page) -> None:
    page = drawn
    open_history(page)
    wait_for_cards(page, 2)
    shown = "[...document.querySelectorAll('.kept-words')].map((words) => words.innerText).join()"
    page.wait_for_function(f"{shown} === 'a blue stick,a red ball'")
    page.wait_for_function("[...document.querySelectorAll('.kept-card img')].every((image) => image.naturalWidth > 0)")
    page.fill(".kept-search input", "ball")
    wait_for_cards(page, 1)
    page.wait_for_selector(".kept-count:text-is('1 picture')")
    page.click(CARD)
    page.wait_for_selector(".kept-view .kept-name:text-is('a red ball')")
    page.click(".kept-star")
    page.wait_for_selector(".kept-star[aria-pressed=true]")
    page.click(".kept-back")
    page.fill(".kept-search input", "")
    wait_for_cards(page, 2)
    page.click(".kept-starred")
    wait_for_cards(page, 1)
    page.click(".kept-starred")
    wait_for_cards(page, 2)
    page.locator(CARD).first.click()
    page.click(".kept-delete")
    wait_for_cards(page, 1)
    page.wait_for_selector(".kept-undo:has-text('The picture is deleted.')")
    page.click(".kept-undo .link")
    wait_for_cards(page, 2)
    page.reload()
    page.wait_for_selector("#status [data-ready=true]", state="attached")
    open_history(page)
    wait_for_cards(page, 2)
    page.get_by_label("a red ball, with a star").wait_for()


def test_one_goes_on_from_a_kept_picture(drawn: Page) -> None:
    page = drawn
    clear_sheet(page)
    page.fill("#prompt textarea", "something else")
    open_history(page)
    page.get_by_label("a red ball").click()
    page.click(".kept-go-on")
    page.wait_for_function("document.querySelector('#prompt textarea').value === 'a red ball'")
    page.wait_for_function("!document.querySelector('#kept')")
    page.wait_for_selector("#picture :not(img)[data-state=done]", state="attached")
    assert count_ink(page) > 500, "the drawing did not come back"


def test_chosen_pictures_are_saved_in_one_file(drawn: Page) -> None:
    page = drawn
    open_history(page)
    wait_for_cards(page, 2)
    page.click(".kept-choose")
    assert "Save all pictures" in page.inner_text(".kept-choice")
    page.locator(CARD).nth(1).click()
    assert page.locator(CARD).nth(1).get_attribute("aria-pressed") == "true"
    with page.expect_download() as download:
        page.get_by_text("Save 1 picture").click()
    data = Path(download.value.path()).read_bytes()
    (name,) = zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert re.fullmatch(r"\d{8}-\d{6}-a-red-ball-\w{6}\.png", name)
    page.locator(CARD).nth(0).click()
    page.click(".kept-choice .kept-delete")
    wait_for_cards(page, 0)
    page.click(".kept-undo .link")
    wait_for_cards(page, 2)


def test_everything_goes_by_keyboard(drawn: Page) -> None:
    page = drawn
    page.focus("#header [data-action=history]")
    page.keyboard.press("Enter")
    wait_for_cards(page, 2)
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.type("a")
    page.wait_for_timeout(500)  # the search begins when the hand rests
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "kept-card":
            break
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.title") == "a red ball"
    page.keyboard.press("Enter")
    page.wait_for_selector(".kept-view")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("document.querySelector('.kept-name').textContent === 'a blue stick'")
    page.keyboard.press("Delete")
    wait_for_cards(page, 1)
    page.wait_for_function("document.activeElement.closest('.kept-undo')")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.className === 'kept-card'")
    page.keyboard.press("Enter")
    page.wait_for_selector(".kept-view")
    page.keyboard.press("Escape")
    page.wait_for_selector(".kept-view", state="detached")
    assert page.locator("#kept").count() == 1, "Escape closed the whole history, not the picture"
    page.keyboard.press("Escape")
    page.wait_for_selector("#kept", state="detached")
    assert page.evaluate("document.activeElement.dataset.action") == "history"


def test_it_works_by_finger_on_a_phone(open_page: OpenPage) -> None:
    page = open_page()
    draw_two(page)
    phone = open_page(**PHONE)
    phone.tap("#header [data-action=history]")
    wait_for_cards(phone, 2)
    width = phone.evaluate("document.querySelector('#kept .dialog-body').scrollWidth")
    assert width <= 390, "the history is wider than the phone"
    sizes = phone.evaluate(
        "[...document.querySelectorAll('#kept :is(button, select, input, a)')].filter((one) => one.checkVisibility())"
        ".map((one) => Math.min(one.offsetWidth, one.offsetHeight))"
    )
    assert min(sizes) >= 44
    phone.locator(CARD).first.tap()
    phone.tap(".kept-delete")
    wait_for_cards(phone, 1)
    phone.tap(".kept-undo .link")
    wait_for_cards(phone, 2)
    phone.locator(CARD).nth(1).tap()
    phone.tap(".kept-go-on")
    phone.wait_for_function("document.querySelector('#prompt textarea').value === 'a red ball'")


def test_all_is_deleted_for_good_once_it_is_said_twice(drawn: Page) -> None:
    page = drawn
    open_history(page)
    wait_for_cards(page, 2)
    page.click(".kept-choose")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.click(".kept-forget")
    assert page.locator(CARD).count() == 2
    page.once("dialog", lambda dialog: dialog.accept())
    page.click(".kept-forget")
    wait_for_cards(page, 0)
    assert "Nothing is kept yet" in page.inner_text(".kept-empty")


def test_a_visitor_from_elsewhere_is_asked_first(open_page: OpenPage) -> None:
    page = open_page(extra_http_headers={"X-Forwarded-For": "203.0.113.7"})
    drag_mouse(page)
    draw_and_wait(page, "a secret ball")
    page.click("#header [data-action=history]")
    page.wait_for_selector(".kept-consent")
    page.click(".kept-consent")
    page.wait_for_selector(".kept-empty:not([hidden])")
    assert "Nothing is kept yet" in page.inner_text(".kept-empty"), "it was kept before it was asked for"
    page.keyboard.press("Escape")
    draw_and_wait(page, "a ball to keep")
    open_history(page)
    wait_for_cards(page, 1)
    address = page.locator(f"{CARD} img").get_attribute("src") or ""
    page.wait_for_function("document.querySelector('.kept-card img').naturalWidth > 0")
    assert httpx.get(address).status_code == 404, "another visitor sees the picture"
    page.click(".kept-choose")
    page.once("dialog", lambda dialog: dialog.accept())
    page.click(".kept-forget")
    page.wait_for_selector("#kept", state="detached")
    page.click("#header [data-action=history]")
    page.wait_for_selector(".kept-consent")
