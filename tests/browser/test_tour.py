"""The tour: shown once, skipped, walked by keys, in the menu, in nobody's way."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, OpenPage
from tests.browser.page_actions import count_ink, drag_mouse

STEPS = 5


@pytest.fixture
def fresh(open_page: OpenPage) -> Page:
    """A page in a browser that has not seen the tour."""
    page = open_page(with_tour=True)
    expect(page.locator("#tour")).to_be_visible()
    return page


def read_title(page: Page) -> str:
    return page.locator("#tour h2").inner_text()


def test_the_tour_comes_once_and_is_walked_by_keys(fresh: Page) -> None:
    titles = []
    for number in range(1, STEPS + 1):
        expect(fresh.locator("#tour .tour-count")).to_have_text(f"{number} of {STEPS}")
        expect(fresh.locator("#tour .tour-next")).to_be_focused()
        titles.append(read_title(fresh))
        mark, card = fresh.locator(".tour-mark").bounding_box(), fresh.locator("#tour").bounding_box()
        assert mark and card and card["x"] >= 0 and card["x"] + card["width"] <= DESK["viewport"]["width"]
        assert card["y"] >= 0 and card["y"] + card["height"] <= DESK["viewport"]["height"]
        fresh.keyboard.press("Enter" if number < STEPS else "ArrowLeft")
    assert len(set(titles)) == STEPS and read_title(fresh) == titles[-2]
    fresh.keyboard.press("Escape")
    expect(fresh.locator("#tour")).to_have_count(0)
    fresh.reload()
    fresh.wait_for_selector("#canvas canvas")
    fresh.wait_for_timeout(1_500)
    expect(fresh.locator("#tour")).to_have_count(0)


def test_whoever_begins_to_draw_is_not_kept_from_it(fresh: Page) -> None:
    drag_mouse(fresh)
    assert count_ink(fresh) > 0
    expect(fresh.locator("#tour")).to_have_count(0)


def test_the_tour_is_skipped_and_comes_back_from_the_menu(fresh: Page) -> None:
    fresh.locator(".tour-skip").click()
    expect(fresh.locator("#tour")).to_have_count(0)
    fresh.locator("[aria-haspopup=menu]").click()
    fresh.locator("[data-item=tour]").click()
    expect(fresh.locator("#tour .tour-count")).to_have_text(f"1 of {STEPS}")
    expect(fresh.locator(".tour-mark")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_tour_fits_a_phone_and_is_accessible(open_page: OpenPage, scheme: str) -> None:
    page = open_page(with_tour=True, color_scheme=scheme, **PHONE)
    for _ in range(STEPS):
        expect(page.locator("#tour")).to_be_visible()
        page.wait_for_timeout(400)  # the mark moves
        card = page.locator("#tour").bounding_box()
        assert card and card["x"] >= 0 and card["x"] + card["width"] <= PHONE["viewport"]["width"]
        assert card["y"] >= 0 and card["y"] + card["height"] <= PHONE["viewport"]["height"]
        found = Axe().run(page, context="#tour").response["violations"]
        assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
        boxes = [button.bounding_box() for button in page.locator("#tour button:visible").all()]
        assert boxes and all(box and box["height"] >= 44 for box in boxes)
        page.locator(".tour-next").tap()
    expect(page.locator("#tour")).to_have_count(0)
