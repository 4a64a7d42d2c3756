"""How Stable Diffusion draws: in two passes, in quick steps, with another look at the style; chosen, told and drawn."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any, cast

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from pipeline.page.quality import ADAPTER_LABELS
from pipeline.page.quick_steps import LABELS
from pipeline.request.presets import SCHEDULES, get_menu
from tests.browser.conftest import PATIENCE, PHONE, OpenPage
from tests.browser.page_actions import (
    choose_option,
    drag_mouse,
    draw_and_wait,
    open_panel,
    set_number,
    swipe_finger,
)
from tests.browser.test_accessibility_and_layout import serious_findings
from tests.browser.test_part_and_around_by_hand import AROUND, VIEWS, open_going_on
from tests.tools.serving import Server

SIDE = 256  # px
TWICE = "In two passes"
NOTE_TOLD = """() => {
    window.told = [];
    const note = () => window.told.push(document.querySelector("#picture").innerText);
    new MutationObserver(note).observe(document.querySelector("#picture"),
        { subtree: true, childList: true, characterData: true, attributes: true });
}"""


@pytest.fixture(scope="module")
def server(sd15_server: Server) -> Server:
    return sd15_server


def choose_small(page: Page, steps: int = 2) -> None:
    """Open the settings and choose a small picture of few steps."""
    open_panel(page, "settings")
    for side in ("width", "height"):
        set_number(page, side, SIDE)
    set_number(page, "num_inference_steps", steps)


def read_picture(page: Page) -> Image.Image:
    """Return the picture that is shown, from its file."""
    address = page.evaluate("document.querySelector('#picture .frame > img').src")
    return Image.open(BytesIO(page.request.get(address).body()))


def read_recipe(page: Page) -> dict[str, Any]:
    """Return the recipe in the file of the picture that is shown."""
    return cast("dict[str, Any]", json.loads(read_picture(page).text["croquis"]))  # type: ignore[attr-defined]


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


def test_quick_steps_set_what_they_were_made_for_say_what_they_take_and_draw(open_page: OpenPage) -> None:
    page = open_page(**VIEWS["1366"])
    choose_small(page)
    drag_mouse(page)
    told, made_for = page.locator("#quick-told"), get_menu("sd15").few_steps
    for name, usual, said in (
        ("unipc", SCHEDULES["unipc"], "It takes no other file"),
        ("pcm-4", made_for["pcm-4"].usual, "It takes a file of 135 MB"),
        ("lcm", made_for["lcm"].usual, "It takes a file of 135 MB"),
    ):
        choose_option(page, "quick-steps", LABELS[name])
        expect(told).to_contain_text(said, timeout=PATIENCE)
        expect(page.locator("#sampler input")).to_have_value(str(usual["sampler"]))
        steps = page.locator("#num_inference_steps input[type=number]")
        expect(steps).to_have_value(str(usual["num_inference_steps"]))
        expect(page.locator("#quick-steps input")).to_have_value(LABELS[name])
        place = page.locator("#wanted-parts .part-download")
        if name == "pcm-4":
            expect(place).to_contain_text("PCM: pictures in 4 steps (135 MB", timeout=PATIENCE)
            expect(place.get_by_role("button", name="Download it")).to_be_visible()
        else:
            expect(place).to_be_hidden(timeout=PATIENCE)
    expect(told).not_to_contain_text("not on this machine", timeout=PATIENCE)
    draw_and_wait(page)
    recipe = read_recipe(page)
    assert recipe["levers"]["few_steps"] == "lcm"
    assert {name: recipe[name] for name in made_for["lcm"].usual} == made_for["lcm"].usual

    choose_option(page, "quick-steps", LABELS["preset"])
    expect(told).to_have_text("", timeout=PATIENCE)
    set_number(page, "num_inference_steps", 2)
    draw_and_wait(page)
    assert read_recipe(page)["levers"]["few_steps"] == ""
    page.locator("#history button.past").nth(1).click()  # the picture of quick steps brings them back
    expect(page.locator("#quick-steps input")).to_have_value(LABELS["lcm"], timeout=PATIENCE)


def test_what_is_left_out_is_chosen_drawn_and_brought_back(open_page: OpenPage) -> None:
    page = open_page(**VIEWS["1366"])
    choose_small(page, steps=4)
    drag_mouse(page)
    chosen = {
        "cache-interval": "In every 2nd step",
        "guidance-interval": "In the first half",
        "controlnet-every": "In every 3rd step",
        "controlnet-half": "Both, read once",
    }
    for name, words in chosen.items():  # as quick as a hand goes
        choose_option(page, name, words)
    for name, words in chosen.items():
        expect(page.locator(f"#{name} input")).to_have_value(words, timeout=PATIENCE)
    draw_and_wait(page)
    levers = read_recipe(page)["levers"]
    assert (levers["cache_interval"], levers["controlnet_every"], levers["controlnet_half"]) == (2, 3, "shared")
    assert (levers["guidance_start"], levers["guidance_end"]) == (0, 0.5)
    assert levers["decoder"] == "small", "the preset's other levers stay"

    page.locator("#preset label", has_text="Best").click()  # a preset takes back what was chosen
    for name in chosen:
        expect(page.locator(f"#{name} input")).to_have_value(LABELS["preset"], timeout=PATIENCE)
    set_number(page, "num_inference_steps", 2)
    draw_and_wait(page)
    assert read_recipe(page)["levers"]["cache_interval"] == 1
    page.locator("#history button.past").nth(1).click()
    for name, words in chosen.items():
        expect(page.locator(f"#{name} input")).to_have_value(words, timeout=PATIENCE)


def test_a_style_is_looked_at_closely_and_as_a_whole_again(open_page: OpenPage) -> None:
    page = open_page()
    choose_small(page)
    set_number(page, "seed", 7)
    drag_mouse(page)
    draw_and_wait(page)
    usual = read_picture(page).tobytes()
    choose_option(page, "ip_adapter", ADAPTER_LABELS["plus"])
    draw_and_wait(page)
    assert read_recipe(page)["ip_adapter"] == "plus" and read_picture(page).tobytes() != usual
    choose_option(page, "ip_adapter", "As a whole")
    draw_and_wait(page)
    assert read_recipe(page)["ip_adapter"] == "" and read_picture(page).tobytes() == usual
