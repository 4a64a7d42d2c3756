"""Controls are seen, whole and where a finger finds them: at every size, in the dark, beside a low sheet."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import DESK, PHONE, OpenPage
from tests.browser.page_actions import drag_mouse, draw_and_wait, open_panel, swipe_finger
from tests.browser.page_states import enlarge_inset

TABLET = {"viewport": {"width": 820, "height": 1180}, "has_touch": True, "is_mobile": True}
LAPTOP = {"viewport": {"width": 1366, "height": 768}}
SIZES = pytest.mark.parametrize("options", [DESK, LAPTOP, TABLET, PHONE], ids=["1440", "1366", "820", "390"])
LEAST_CONTRAST, LEAST_OF_WORDS = 3.0, 4.5  # WCAG 2.2: 1.4.11 of what a control is known by, 1.4.3 of words
TOUCH = 44  # px, of what a finger aims at
# What one writes or chooses in, and what opens it; "edge" is the element whose edge is seen
FIELDS: dict[str, tuple[str, ...]] = {
    "#prompt textarea": (),
    "#counts select": (),
    "#settings textarea": ("#settings .fold-button",),
    "#settings .tab-like-container": (),
    "#settings input[type=radio]:not(:checked)": (),
    "#all-styles .style-search input": ("#chip .door.all",),
    "#teaching-name": ("#chip .door.teach",),
}
CONTRASTS = """(field) => {
  const light = (parts) => parts.slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, n) => sum + part * [0.2126, 0.7152, 0.0722][n], 0);
  const read = (color) => color.match(/[\\d.]+/g).map(Number);
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const groundOf = (node) => {
    const color = read(getComputedStyle(node).backgroundColor);
    return color[3] === 0 ? groundOf(node.parentElement) : color;
  };
  const around = groundOf(field.parentElement), style = getComputedStyle(field);
  const readWords = () => contrast(read(getComputedStyle(field, "::placeholder").color), groundOf(field));
  const words = field.placeholder ? readWords() : null;
  return { edge: Math.max(contrast(read(style.borderTopColor), around), contrast(groundOf(field), around)), words };
}"""
INSIDE = """([part, whole]) => {
  const [one, other] = [part, whole].map((name) => document.querySelector(name).getBoundingClientRect());
  const isBefore = (a, b) => a <= b + 1;
  return isBefore(other.top, one.top) && isBefore(other.left, one.left)
    && isBefore(one.right, other.right) && isBefore(one.bottom, other.bottom);
}"""
FITS = "(node) => node.scrollWidth <= node.clientWidth && node.scrollHeight <= node.clientHeight"
TOP = "(node) => node.getBoundingClientRect().top"


def take_pixels(node: Locator) -> NDArray[np.int16]:
    """Return what an element looks like, (height, width, 3)."""
    return np.asarray(Image.open(io.BytesIO(node.screenshot())).convert("RGB")).astype(np.int16)


def measure_contrast(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return how far two colours are apart in light, 1 to 21, as WCAG has it."""
    parts = np.stack([one, other]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    low, high = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return float((high + 0.05) / (low + 0.05))


@pytest.mark.parametrize("options", [DESK, PHONE], ids=["1440", "390"])
def test_fields_have_an_edge_and_their_words_can_be_read_in_the_dark(
    open_page: OpenPage, options: dict[str, Any]
) -> None:
    page = open_page(color_scheme="dark", reduced_motion="reduce", **options)
    for field, opening in FIELDS.items():
        for button in opening:
            page.locator(button).click()
        page.locator(field).first.wait_for()
        seen = page.locator(field).first.evaluate(CONTRASTS)
        assert seen["edge"] >= LEAST_CONTRAST, field
        assert seen["words"] is None or seen["words"] >= LEAST_OF_WORDS, field
        if page.locator("dialog[open]").count():
            page.keyboard.press("Escape")


def test_black_is_seen_among_the_colours_in_the_dark(open_page: OpenPage) -> None:
    page = open_page(color_scheme="dark", **PHONE)
    page.click("#canvas .swatch[aria-label=Red]")
    pixels = take_pixels(page.locator("#canvas .swatch[aria-label=Black]"))
    ground = pixels[2, pixels.shape[1] // 2]
    brightest = pixels.reshape(-1, 3)[pixels.sum(axis=2).argmax()]
    assert measure_contrast(brightest, ground) >= LEAST_CONTRAST


@SIZES
def test_a_knob_lies_in_the_middle_of_its_track(open_page: OpenPage, options: dict[str, Any]) -> None:
    page = open_page(color_scheme="light", **options)
    open_panel(page, "settings")
    page.locator("#num_inference_steps").scroll_into_view_if_needed()
    sliders = [page.locator("#num_inference_steps input[type=range]"), page.locator("#canvas .width input")]
    for slider in sliders:
        box = slider.bounding_box()
        assert box
        pixels = take_pixels(slider)
        if box["height"] > box["width"]:
            pixels = pixels[::-1].transpose(1, 0, 2)  # it stands: from now on its low end is at the left
        knob, track = find_knob(pixels), find_track(pixels)
        assert abs(knob - track) <= pixels.shape[0] / min(box["height"], box["width"]), (knob, track)


def find_knob(pixels: NDArray[np.int16]) -> float:
    """Return the row of a knob's middle: its ring is red."""
    rows = np.flatnonzero(((pixels[..., 0] - pixels[..., 2]) > 80).any(axis=1))
    return float(rows[0] + rows[-1]) / 2


def find_track(pixels: NDArray[np.int16]) -> float:
    """Return the row of a track's middle, near its far end, where no knob is."""
    column = pixels[:, int(pixels.shape[1] * 0.9)]
    rows = np.flatnonzero(abs(column - column[0]).sum(axis=1) > 30)
    return float(rows[0] + rows[-1]) / 2


@pytest.mark.parametrize("options", [DESK, LAPTOP], ids=["1440", "1366"])
def test_every_tool_is_beside_a_low_sheet(open_page: OpenPage, options: dict[str, Any]) -> None:
    page = open_page(**options)
    page.click("#canvas .tool.more")
    page.click(".more-panel [data-sheet='736 x 416']")
    page.keyboard.press("Escape")
    assert page.locator("#canvas .rail").evaluate(FITS)
    assert page.evaluate(INSIDE, ["#canvas .tool.more", "#canvas .rail"])
    assert page.evaluate(INSIDE, ["#canvas .width input", ".easel"])


@pytest.mark.parametrize("options", [LAPTOP, TABLET], ids=["1366", "820"])
def test_the_bar_of_colours_holds_all_of_them(open_page: OpenPage, options: dict[str, Any]) -> None:
    assert open_page(**options).locator("#canvas .palette").evaluate(FITS)


@SIZES
def test_a_second_style_moves_no_slider(open_page: OpenPage, options: dict[str, Any]) -> None:
    page = open_page(**options)
    slider, folds = page.locator("#faithful .slide"), page.locator("#folds .fold-button").first
    before = slider.evaluate(TOP), folds.evaluate(TOP)
    page.click("#chip [data-style=ghibli]")
    page.locator("#chip [data-style=watercolor]").click(modifiers=["Control"])
    expect(page.locator("#chip .mix-part")).to_have_count(2)
    if options is not PHONE:  # there it stands beneath the styles
        assert slider.evaluate(TOP) == before[0]
    if options not in (PHONE, TABLET):  # a narrow bar and its strength take two lines
        assert folds.evaluate(TOP) == before[1]


@pytest.mark.parametrize("options", [DESK, LAPTOP], ids=["1440", "1366"])
def test_the_folds_are_in_the_window(open_page: OpenPage, options: dict[str, Any]) -> None:
    page = open_page(**options)
    box = page.locator("#folds .fold-button").first.bounding_box()
    assert box and box["y"] + box["height"] * 0.75 <= options["viewport"]["height"]  # where its words end


def test_a_phone_has_the_folds_in_one_line(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    tops = [fold.evaluate(TOP) for fold in page.locator("#folds .fold-button").all()]
    assert len(set(tops)) == 1


def test_usual_names_of_styles_are_whole_on_a_laptop(open_page: OpenPage) -> None:
    page = open_page(**LAPTOP)
    for style in ("ghibli", "watercolor", "golden-hour"):
        assert page.locator(f"#chip .style-strip [data-style={style}] .name").evaluate(FITS), style


@SIZES
def test_what_is_done_with_a_chosen_picture_lies_on_it(open_page: OpenPage, options: dict[str, Any]) -> None:
    page = open_page(**options)
    (swipe_finger if "has_touch" in options else drag_mouse)(page)
    page.select_option("#counts select", "2")
    draw_and_wait(page)
    enlarge_inset(page)
    page.locator(".choice").nth(1).click()
    page.wait_for_selector("[data-action=all-pictures]")
    for action in page.locator("#picture .frame + .actions .action:visible").all():
        box, around = action.bounding_box(), page.locator("#picture .frame").bounding_box()
        assert box and around and around["x"] <= box["x"] and box["x"] + box["width"] <= around["x"] + around["width"]
    page.click("[data-action=style-part]")
    page.wait_for_selector("#styled-part .primary")
    assert page.evaluate(INSIDE, ["#styled-part .primary", "#styled-part .dialog-frame"]), "without scrolling"


@pytest.mark.parametrize("options", [TABLET, PHONE], ids=["820", "390"])
def test_numbers_of_settings_are_large_enough_for_a_finger(open_page: OpenPage, options: dict[str, Any]) -> None:
    page = open_page(**options)
    open_panel(page, "settings")
    for part in ("input[type=number]", ".reset-button"):
        box = page.locator(f"#num_inference_steps {part}").bounding_box()
        assert box and box["width"] >= TOUCH and box["height"] >= TOUCH - 2, part  # within an edge of 1 px


def test_live_looks_otherwise_when_it_is_off(page: Page) -> None:
    read = "() => getComputedStyle(document.querySelector('.live-switch')).color"
    before = page.evaluate(read)
    page.click(".live-switch")
    assert page.evaluate(read) != before


def test_more_is_drawn_as_boldly_as_the_menu(page: Page) -> None:
    read = "(name) => getComputedStyle(document.querySelector(name)).strokeWidth"
    assert page.evaluate(read, ".tool.more .icon") == page.evaluate(read, "[data-action=menu] .icon")
