"""A picture is put in by hand and started from: what it is for, strength, drawing over it, a part, taking it out."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.browser.canvas_actions import list_strokes, read_canvas_json
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.page_actions import LINE, Fingers, drag_mouse, draw_and_wait, open_panel, swipe_finger, undo
from tests.browser.test_accessibility_and_layout import serious_findings
from tests.browser.test_canvas_by_hand import drop
from tests.browser.test_part_and_around_by_hand import finish, locate_on_picture

CHIP, SLIDER = ".under-chip", ".under-chip input[type=range]"
WIDE = (900, 600)


def make_photo(size: tuple[int, int] = WIDE) -> bytes:
    """Make the PNG of a picture that is coloured to its borders."""
    width, height = size
    photo, stored = Image.new("RGB", size, "#87c4ea"), io.BytesIO()
    draw = ImageDraw.Draw(photo)
    draw.rectangle((0, height * 2 // 3, width, height), fill="#3f8f52")
    draw.ellipse((width // 3, height // 4, width * 2 // 3, height * 3 // 4), fill="#f7cf46")
    photo.save(stored, "PNG")
    return stored.getvalue()


def put_in(page: Page, data: bytes | None = None) -> None:
    """Drop a picture on the sheet and start from it."""
    drop(page, data or make_photo())
    page.wait_for_selector(f"{CHIP} .under-choice", state="visible")
    page.locator(f"{CHIP} [data-purpose=start]").click()
    wait_for_strength(page, 0.75)


def wait_for_strength(page: Page, strength: float | None) -> None:
    page.wait_for_function(
        "wanted => (JSON.parse(croquis.readDrawing()).placement?.strength ?? null) === wanted", arg=strength
    )


def open_choice(page: Page) -> None:
    if page.locator(f"{CHIP} .thumb").get_attribute("aria-expanded") == "false":
        page.locator(f"{CHIP} .thumb").click()


def test_a_picture_is_put_in_started_from_drawn_over_and_taken_out_by_mouse(page: Page) -> None:
    assert not page.locator(CHIP).is_visible()
    put_in(page)
    canvas = read_canvas_json(page)
    assert (canvas["width"], canvas["height"]) == (640, 416), "a blank sheet takes the picture's proportions"
    assert not page.locator(f"{CHIP} .under-choice").is_visible(), "the sheet is free for the hand"
    assert "The small model keeps the picture's lines" in page.inner_text("#messages")
    box = page.locator(SLIDER).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + box["height"] / 2)
    strength = read_canvas_json(page)["placement"]["strength"]
    assert 0.2 <= strength <= 0.35
    drag_mouse(page)
    assert len(list_strokes(page)) == 1
    draw_and_wait(page)
    undo(page)
    undo(page)
    wait_for_strength(page, 0.75)
    page.click(f"{CHIP} .away")
    assert read_canvas_json(page)["picture"] is None and not page.locator(CHIP).is_visible()


def test_what_it_is_for_is_changed_and_another_picture_takes_its_place(page: Page) -> None:
    put_in(page)
    drag_mouse(page, LINE)
    before = read_canvas_json(page)
    drop(page, make_photo((600, 600)))
    page.wait_for_function("before => JSON.parse(croquis.readDrawing()).picture !== before", arg=before["picture"])
    after = read_canvas_json(page)
    assert after["placement"]["strength"] == 0.75 and after["strokes"] == before["strokes"]
    assert (after["width"], after["height"]) == (640, 416), "what is drawn keeps its sheet"
    for purpose, traced in (("trace", True), ("draw", False)):
        open_choice(page)
        page.click(f"{CHIP} [data-purpose={purpose}]")
        wait_for_strength(page, None)
        assert read_canvas_json(page)["placement"]["traced"] is traced and not page.locator(SLIDER).is_visible()


def expect_own_strength(page: Page, setting: str, usual: str) -> None:
    """Expect a setting to be out of use, and to say why, as long as a picture is started from."""
    slider = page.locator(f"#{setting} input[type=range]")
    expect(slider).to_be_enabled()
    put_in(page, make_photo((600, 600)))
    expect(slider).to_be_disabled()
    expect(page.locator(f"#{setting}")).to_contain_text("has its own: Strength, on the sheet")
    page.click(f"{CHIP} .away")
    expect(slider).to_be_enabled()
    expect(page.locator(f"#{setting}")).to_contain_text(usual)


def test_settings_say_that_its_own_strength_counts(page: Page) -> None:
    open_panel(page, "settings")
    expect_own_strength(page, "colour_strength", "How much of the colours that you painted stays")


def test_it_is_there_again_after_a_reload(page: Page) -> None:
    put_in(page)
    page.focus(SLIDER)
    page.keyboard.press("ArrowLeft")
    wait_for_strength(page, 0.7)
    drag_mouse(page, LINE)
    kept = read_canvas_json(page)
    page.wait_for_timeout(1500)
    page.reload()
    page.wait_for_selector("#status [data-ready=true]", state="attached")
    wait_for_strength(page, 0.7)
    assert read_canvas_json(page) == kept and page.locator(SLIDER).input_value() == "0.7"


def test_a_finished_picture_is_started_from_and_the_drawing_stays(page: Page) -> None:
    drag_mouse(page)
    draw_and_wait(page)
    strokes = list_strokes(page)
    page.click("[data-action=go-on]")
    page.click(".go-on [data-way=start]")
    wait_for_strength(page, 0.75)
    canvas = read_canvas_json(page)
    assert canvas["strokes"] == strokes and canvas["placement"]["place"] == [0, 0, 512, 512]
    draw_and_wait(page)
    undo(page)
    assert read_canvas_json(page)["picture"] is None and list_strokes(page) == strokes


def test_a_kept_picture_is_started_from(page: Page) -> None:
    drag_mouse(page)
    draw_and_wait(page, "a green leaf")
    page.click("[data-action=undo]")
    page.wait_for_timeout(1000)
    page.click("[data-action=history]")
    page.locator(".kept-card").first.click()
    page.click(".kept-start")
    wait_for_strength(page, 0.75)
    assert list_strokes(page) == [] and page.locator("dialog[open]").count() == 0


def test_a_part_of_it_gets_other_colours(page: Page) -> None:
    put_in(page)
    page.fill("#prompt textarea", "a ball")
    open_choice(page)
    assert not page.locator(f"{CHIP} [data-way=around]").is_visible()
    page.click(f"{CHIP} [data-way=repaint]")
    page.wait_for_selector(".repaint .go")
    assert not page.locator(f"{CHIP} .under-choice").is_visible(), "the sheet is free when the dialog closes"
    start, end = locate_on_picture(page, (0.4, 0.5), (0.6, 0.5))
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()
    page.fill(".repaint input[type=text]", "blue")
    finish(page)
    wait_for_strength(page, 0.75)


def test_the_live_picture_follows_the_strength(open_page: OpenPage) -> None:
    page = open_page(with_live=True)
    with page.expect_response("**/live") as first:
        put_in(page)
    assert first.value.ok
    page.wait_for_timeout(2500)
    page.focus(SLIDER)
    with page.expect_request(lambda request: '"strength":0.1' in (request.post_data or "")) as asked:
        page.keyboard.press("Home")
        for _ in range(1):
            page.keyboard.press("ArrowRight")
    answer = asked.value.response()
    assert answer is not None and answer.status in (200, 204)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_it_is_chosen_and_moved_by_touch(open_page: OpenPage, scheme: str) -> None:
    page = open_page(color_scheme=scheme, **PHONE)
    drop(page, make_photo())
    page.wait_for_selector(f"{CHIP} .under-choice", state="visible")
    assert serious_findings(page) == []
    page.tap(f"{CHIP} [data-purpose=start]")
    wait_for_strength(page, 0.75)
    page.tap("#messages .action")
    box: Any = page.locator(SLIDER).bounding_box()
    places = [(box["x"] + share * box["width"], box["y"] + box["height"] / 2) for share in (0.72, 0.5, 0.3)]
    fingers = Fingers(page)
    fingers.send("touchStart", places[0])
    for place in places[1:]:
        fingers.send("touchMove", place)
    fingers.send("touchEnd")
    page.wait_for_function("JSON.parse(croquis.readDrawing()).placement.strength < 0.5")
    assert list_strokes(page) == [], "the hand on the slider draws nothing"
    swipe_finger(page, LINE)
    assert len(list_strokes(page)) == 1
    page.tap(f"{CHIP} .thumb")
    sides = page.locator(f"{CHIP} button:visible").evaluate_all(
        "all => all.map((n) => Math.min(n.offsetWidth, n.offsetHeight))"
    )
    assert min(sides) >= 44 and serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("corner", ["top right", "top left"])
def test_the_inset_of_a_phone_leaves_its_choice_and_its_slider_free(open_page: OpenPage, corner: str) -> None:
    page = open_page(**PHONE)
    drop(page, make_photo())
    page.wait_for_selector(f"{CHIP} .under-choice", state="visible")
    page.evaluate("document.querySelector('#desk').classList.remove('fresh')")  # as from the first live picture on
    page.evaluate("corner => { document.querySelector('#picture').dataset.corner = corner; }", corner)
    page.tap(f"{CHIP} [data-purpose=start]")  # fails where something lies over it
    wait_for_strength(page, 0.75)
    page.wait_for_selector(".enlarge-inset", state="visible")
    box, inset = page.locator(CHIP).bounding_box(), page.locator("#picture").bounding_box()
    assert box is not None and inset is not None
    is_beside = box["x"] + box["width"] <= inset["x"] or inset["x"] + inset["width"] <= box["x"]
    assert is_beside, (box, inset)
