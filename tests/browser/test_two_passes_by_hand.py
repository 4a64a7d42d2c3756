"""A picture in two passes: chosen by mouse, finger and keys, told on the way; told before it grows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.page_actions import drag_mouse, draw_and_wait, open_panel, set_number, swipe_finger
from tests.browser.test_accessibility_and_layout import serious_findings
from tests.browser.test_part_and_around_by_hand import AROUND, VIEWS, open_going_on
from tests.tools.serving import Server
from tests.tools.small_sd15 import copy_small_sd15, run_small_sd15

SIDE = 256  # px
TWICE = "In two passes"
NOTE_TOLD = """() => {
    window.told = [];
    const note = () => window.told.push(document.querySelector("#picture").innerText);
    new MutationObserver(note).observe(document.querySelector("#picture"),
        { subtree: true, childList: true, characterData: true, attributes: true });
}"""


@pytest.fixture(scope="module")
def server(sd15_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    own = copy_small_sd15(sd15_folder, tmp_path_factory.mktemp("passes"))
    with run_small_sd15(own, CROQUIS_PROFILE="sd15") as running:
        yield running


def choose_small(page: Page, steps: int = 2) -> None:
    """Open the settings and choose a small picture of few steps."""
    open_panel(page, "settings")
    for side in ("width", "height"):
        set_number(page, side, SIDE)
    set_number(page, "num_inference_steps", steps)


def read_recipe(page: Page) -> dict[str, Any]:
    """Return the recipe in the file of the picture that is shown."""
    address = page.evaluate("document.querySelector('#picture .frame > img').src")
    texts = Image.open(BytesIO(page.request.get(address).body())).text  # type: ignore[attr-defined]
    return cast("dict[str, Any]", json.loads(texts["croquis"]))


def test_two_passes_are_chosen_by_mouse_and_told_on_the_way(open_page: OpenPage) -> None:
    page = open_page(**VIEWS["1366"])
    choose_small(page, steps=4)
    assert not page.locator("#hires_scale").is_visible()
    page.locator("#hires label", has_text=TWICE).last.click()
    page.wait_for_selector("#hires_scale")
    set_number(page, "hires_strength", 0.75)
    drag_mouse(page)
    page.evaluate(NOTE_TOLD)
    draw_and_wait(page)
    assert any("Second pass: step" in told for told in page.evaluate("window.told"))
    recipe = read_recipe(page)
    assert (recipe["width"], recipe["hires"]["scale"], recipe["hires"]["strength"]) == (SIDE, 2, 0.75)


def test_two_passes_are_chosen_by_keys_and_taken_back_by_the_usual_settings(open_page: OpenPage) -> None:
    page = open_page()
    choose_small(page)
    page.locator("#hires input[type=radio]").first.focus()
    for key in ("Tab", "Space", "Tab", "Space"):  # as quick as keys come
        page.keyboard.press(key)
    page.wait_for_selector("#hires_scale")
    page.click("#reset")
    page.wait_for_selector("#hires_scale", state="hidden")
    assert page.locator("#hires input[type=radio]").first.is_checked()
    set_number(page, "width", SIDE)
    set_number(page, "height", SIDE)
    set_number(page, "num_inference_steps", 2)
    drag_mouse(page)
    draw_and_wait(page)
    assert "hires" not in read_recipe(page)


def test_two_passes_are_chosen_by_finger(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    choose_small(page)
    page.locator("#hires label", has_text=TWICE).last.tap()
    page.wait_for_selector("#hires_scale")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for box in page.locator("#hires label").evaluate_all("nodes => nodes.map((node) => node.offsetHeight)"):
        assert box >= 44
    swipe_finger(page)
    draw_and_wait(page)
    assert read_recipe(page)["hires"]["upscaler"] == "waifu2x"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_choice(open_page: OpenPage, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    open_panel(page, "settings")
    page.locator("#hires label", has_text=TWICE).last.click()
    page.wait_for_selector("#hires_scale")
    assert serious_findings(page) == []


def test_what_more_around_it_gives_is_told_before_it_is_drawn(open_page: OpenPage) -> None:
    """A picture of 1856 px grows to one side, but not to two."""
    page = open_page()
    choose_small(page)
    set_number(page, "width", 1600)
    page.locator("#hires label", has_text="In one pass").click()
    drag_mouse(page)
    draw_and_wait(page)
    open_going_on(page, AROUND)
    told, go = page.locator(".repaint .grown"), page.locator(".repaint .go")
    assert "2368 × 256 px is too large: at most 2048 px" in told.inner_text() and go.is_disabled()
    page.click(".side[data-side=left]")
    assert told.inner_text().startswith("1984 × 256 px. It is drawn in parts") and go.is_enabled()
    page.click(".side[data-side=right]")
    assert told.inner_text() == "Choose a side." and go.is_disabled()
