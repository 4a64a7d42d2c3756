"""The slider from one's own drawing to free, and the choice of lines: by mouse and by keys, seen in Settings."""

from __future__ import annotations

from playwright.sync_api import Page

from pipeline.models.catalog import POCKET
from pipeline.request.faithfulness import ENDS
from tests.browser.conftest import OpenPage
from tests.browser.page_actions import drag_mouse, draw_and_wait, open_panel, set_number
from tests.browser.test_live_by_hand import SHOWN, Sent, wait_for_whole

SLIDER = "#faithful-range"
OWN = "#faithful-own"


def read_number(page: Page, name: str) -> float:
    return float(page.locator(f"#{name} input[type=number]").input_value())


def wait_for_number(page: Page, name: str, value: float) -> None:
    page.wait_for_function(
        "([name, value]) => Number(document.querySelector(`#${name} input[type=number]`).value) === value",
        arg=[name, value],
    )


def test_its_ends_set_every_setting_that_it_moves(page: Page) -> None:
    page.wait_for_selector(SLIDER)
    assert page.locator(SLIDER).input_value() == "10" and page.is_hidden(OWN)
    for key, (free_or_faithful, words) in {"End": (0, "100 % free"), "Home": (1, "100 % my drawing")}.items():
        page.focus(SLIDER)
        page.keyboard.press(key)
        for name, value in ENDS["pocket"][free_or_faithful].items():
            wait_for_number(page, name, value)
        assert page.get_attribute(SLIDER, "aria-valuetext") == words and page.is_hidden(OWN)


def test_a_number_set_by_hand_makes_it_say_own_and_it_takes_over_again(page: Page) -> None:
    open_panel(page, "settings")
    set_number(page, "ip_adapter_scale", 0.2)
    page.wait_for_selector(f"{OWN}:visible")
    assert page.inner_text(OWN) == "own"
    page.focus(SLIDER)
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(OWN, state="hidden")
    assert read_number(page, "ip_adapter_scale") != 0.2


def test_lines_are_chosen_beside_it(page: Page) -> None:
    page.wait_for_selector("input[name=my-lines][value='0.5']:checked", state="attached")
    page.click("#faithful .my-lines label:has-text('Full')")
    wait_for_number(page, "lines", 1.0)
    page.click("#faithful .my-lines label:has-text('None')")
    wait_for_number(page, "lines", 0.0)
    page.wait_for_selector("input[name=my-lines][value='0']:checked", state="attached")
    assert read_number(page, "ip_adapter_scale") == POCKET.defaults["ip_adapter_scale"]


def test_the_live_picture_and_draw_follow_it(open_page: OpenPage) -> None:
    page = open_page(with_live=True)
    sent = Sent(page)
    drag_mouse(page)
    wait_for_whole(page)
    before = len(sent.messages)
    page.focus(SLIDER)
    page.keyboard.press("End")
    page.wait_for_function("document.querySelector('#lines input[type=number]').value === '0'")
    wait_for_number(page, "colour_strength", 0.0)
    page.wait_for_selector(SHOWN)
    page.wait_for_timeout(1_500)
    assert len(sent.messages) > before
    assert ENDS["pocket"][0]["ip_adapter_scale"] in sent.messages[-1][0]["settings"]
    draw_and_wait(page)
    settings = page.evaluate("document.querySelector('#faithful-range').value")
    assert settings == "20"


def test_its_pictures_are_served(page: Page) -> None:
    page.wait_for_function(
        "[...document.querySelectorAll('#faithful img')].length === 2"
        " && [...document.querySelectorAll('#faithful img')].every((image) => image.naturalWidth > 0)"
    )
