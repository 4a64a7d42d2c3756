"""The picture as an inset on a narrow page: both are seen, a tap enlarges it, a finger or a key moves it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.page_actions import Fingers, count_ink, draw_and_wait, swipe_finger

TABLET = {"viewport": {"width": 820, "height": 1180}, "has_touch": True, "is_mobile": True}
INSET = "#picture .enlarge-inset"
BOX = """(selector) => {
  const { x, y, width, height } = document.querySelector(selector).getBoundingClientRect();
  return [x, y, width, height];
}"""


def measure(page: Page, selector: str) -> tuple[float, float, float, float]:
    x, y, width, height = page.evaluate(BOX, selector)
    return x, y, width, height


def is_right(page: Page) -> bool:
    """Tell whether the inset lies at the right of the sheet."""
    x, _, width, _ = measure(page, "#picture .frame")
    left, _, sheet, _ = measure(page, "#canvas .paper")
    return x + width / 2 > left + sheet / 2


def drag_inset(page: Page, to: tuple[float, float]) -> None:
    """Drag the inset with a finger, its middle to a place of the window."""
    fingers = Fingers(page)
    x, y, width, height = measure(page, INSET)
    start = (x + width / 2, y + height / 2)
    places = [tuple(a + (b - a) * part / 5 for a, b in zip(start, to, strict=True)) for part in range(6)]
    for at, (left, top) in enumerate(places):
        fingers.send("touchMove" if at else "touchStart", (left, top))
    fingers.send("touchEnd")


@pytest.fixture(params=[PHONE, TABLET], ids=["phone", "tablet"])
def drawn(request: pytest.FixtureRequest, open_page: OpenPage) -> Page:
    """Return a narrow page with a drawing and its picture."""
    page = open_page(**request.param)
    assert not page.locator("#picture .frame").is_visible(), "an empty inset hides the sheet"
    swipe_finger(page)
    draw_and_wait(page)
    return page


def test_drawing_and_picture_are_both_seen(drawn: Page) -> None:
    x, y, width, height = measure(drawn, "#picture .frame")
    left, top, sheet, tall = measure(drawn, "#canvas .paper")
    assert left <= x and x + width <= left + sheet and top <= y and y + height <= top + tall
    assert width * height < 0.2 * sheet * tall


def test_a_tap_enlarges_the_picture_and_a_button_brings_the_sheet_back(drawn: Page) -> None:
    small = measure(drawn, "#picture .frame")[2]
    assert not drawn.locator("#picture .save").is_visible()
    drawn.tap(INSET)
    assert measure(drawn, "#picture .frame")[2] == pytest.approx(measure(drawn, "#canvas .paper")[2], abs=1)
    assert drawn.locator("#picture .save").is_visible()
    drawn.tap("#picture .shrink-inset")
    assert measure(drawn, "#picture .frame")[2] == small


def test_a_finger_moves_it_out_of_the_way_and_draws_where_it_lay(drawn: Page) -> None:
    assert is_right(drawn)
    left, top, _, tall = measure(drawn, "#canvas .paper")
    drag_inset(drawn, (left + 90, top + tall / 4))
    assert not is_right(drawn)
    assert drawn.locator("#picture").get_attribute("data-large") is None
    before = count_ink(drawn)
    swipe_finger(drawn, ((0.75, 0.1), (0.95, 0.1)))
    assert count_ink(drawn) > before


def test_keys_move_and_enlarge_it(drawn: Page) -> None:
    drawn.focus(INSET)
    drawn.keyboard.press("ArrowLeft")
    assert not is_right(drawn)
    drawn.keyboard.press("ArrowDown")
    _, y, _, height = measure(drawn, "#picture .frame")
    _, top, _, tall = measure(drawn, "#canvas .paper")
    assert y + height / 2 > top + tall / 2 and y + height <= top + tall
    drawn.keyboard.press("Enter")
    assert drawn.locator("#picture .shrink-inset").is_visible()
    drawn.keyboard.press("Enter")
    assert drawn.locator(INSET).is_visible()


def test_a_stroke_goes_on_beneath_it(drawn: Page) -> None:
    before = count_ink(drawn)
    swipe_finger(drawn, ((0.3, 0.1), (0.5, 0.1), (0.97, 0.1)))
    assert count_ink(drawn) > before
    assert drawn.locator("#picture").get_attribute("data-large") is None
