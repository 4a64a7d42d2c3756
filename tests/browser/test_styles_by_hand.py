"""Choose styles by hand: the row under the words, mixes, all styles, one's own, a part, and the sheet of styles."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.page_actions import (
    Fingers,
    choose_own_picture,
    drag_mouse,
    draw_and_wait,
    read_picture_address,
    swipe_finger,
    wait_for_state,
)

TILE = "#chip .style-strip [data-style={}]"
WIDE = {"viewport": {"width": 820, "height": 1180}, "has_touch": True}
SIZES = [{}, WIDE, PHONE]


def read_worn(page: Page) -> dict[str, int]:
    """Return the styles in the bar with their shares, %."""
    parts = page.locator("#chip .mix-part").all()
    written = {part.get_attribute("data-style") or "": part.locator(".mix-share").inner_text() for part in parts}
    return {id: int(share.split()[0]) if share else 100 for id, share in written.items()}


def wait_for_other_picture(page: Page, before: str) -> None:
    page.wait_for_function(
        "before => document.querySelector('#picture .frame img').src.indexOf(before) < 0", arg=before
    )
    wait_for_state(page, "done")


def draw_something(page: Page, words: str = "a ball") -> None:
    drag_mouse(page)
    draw_and_wait(page, words)


@pytest.mark.parametrize("options", SIZES, ids=["1440", "820", "390"])
def test_a_style_first_is_two_clicks_without_scrolling(open_page: OpenPage, options: dict[str, object]) -> None:
    page = open_page(**options)
    tile = page.locator(TILE.format("comic"))
    tile.wait_for()
    for wanted in (tile, page.locator("#draw")):
        box = wanted.bounding_box()
        assert box is not None and box["y"] >= 0
        assert box["y"] + box["height"] <= page.viewport_size["height"], page.viewport_size
    (swipe_finger if options else drag_mouse)(page)
    (tile.tap if options else tile.click)()
    page.locator("#draw").tap() if options else page.click("#draw")
    wait_for_state(page, "done")
    assert read_worn(page) == {"comic": 100}
    assert page.evaluate("scrollY") == 0 or options is PHONE  # a phone then moves to the picture


def test_taps_wear_mix_and_take_out_and_the_picture_follows(page: Page) -> None:
    draw_something(page)
    seed, first = page.evaluate("croquis.readSeed()"), read_picture_address(page)
    page.click(TILE.format("comic"))
    wait_for_other_picture(page, first)
    assert read_worn(page) == {"comic": 100} and page.evaluate("croquis.readSeed()") == seed
    page.click(TILE.format("clay"))
    assert read_worn(page) == {"clay": 100}
    page.click(TILE.format("clay"))
    assert read_worn(page) == {"comic": 50, "clay": 50}
    page.click(TILE.format("clay"))
    assert read_worn(page) == {"comic": 100}
    page.click("#chip .mix-part .take-out")
    assert page.locator(TILE.format("auto")).get_attribute("aria-pressed") == "true"
    wait_for_state(page, "done")
    assert page.evaluate("croquis.readSeed()") == seed


def test_shares_move_by_mouse_and_by_keys(page: Page) -> None:
    page.click(TILE.format("comic"))
    page.click(TILE.format("clay"), modifiers=["Shift"])
    handle = page.locator("#chip .mix-handle")
    box, bar = handle.bounding_box(), page.locator("#chip .mix-bar").bounding_box()
    assert box is not None and bar is not None
    page.mouse.move(box["x"] + 2, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 2 + 0.2 * bar["width"], box["y"] + 10, steps=5)
    page.mouse.up()
    assert 66 <= read_worn(page)["comic"] <= 74
    handle.press("Home")
    assert read_worn(page) == {"comic": 5, "clay": 95}
    handle.press("ArrowRight")
    assert read_worn(page) == {"comic": 10, "clay": 90}
    assert handle.get_attribute("aria-valuetext") == "Comic 10 %, Clay 90 %"


def test_shares_move_by_touch(open_page: OpenPage) -> None:
    page = open_page(**WIDE)
    page.tap(TILE.format("comic"))
    page.locator(TILE.format("clay")).click(modifiers=["Shift"])
    box, bar = page.locator("#chip .mix-handle").bounding_box(), page.locator("#chip .mix-bar").bounding_box()
    assert box is not None and bar is not None
    touch = Fingers(page)
    y = box["y"] + box["height"] / 2
    for kind, x in (("touchStart", 2.0), ("touchMove", -0.1 * bar["width"]), ("touchMove", -0.2 * bar["width"])):
        touch.send(kind, (box["x"] + x, y))
    touch.send("touchEnd")
    assert 25 <= read_worn(page)["comic"] <= 35


def test_strength_is_said_in_words_and_is_settings_number(page: Page) -> None:
    page.click(TILE.format("comic"))
    slider = page.locator("#chip .strength input")
    assert slider.get_attribute("aria-valuetext") == "full"
    slider.press("Home")
    assert page.inner_text("#chip .strength-word") == "a hint"
    assert page.input_value("#ip_adapter_scale input[type=number]") == "0.2"


def test_likely_styles_come_first_and_another_named_one_asks(page: Page) -> None:
    page.click(TILE.format("comic"))
    page.fill("#prompt textarea", "a fox, stained glass")
    page.wait_for_selector("#chip .asks:has-text('Your words say Stained glass')")
    shown = page.locator("#chip .style-strip .style").evaluate_all("all => all.map(({ dataset }) => dataset.style)")
    assert "stained-glass" in shown[:4], shown
    page.click("#chip .style-ask")
    assert read_worn(page) == {"stained-glass": 100}
    assert page.locator("#chip .asks").count() == 0


def test_all_styles_are_searched_by_words_and_by_a_picture(page: Page) -> None:
    page.click("#chip .door.all")
    assert page.locator("#all-styles .style").count() >= 46
    page.fill("#style-search", "neon")
    page.wait_for_selector("#all-styles .style >> nth=0 >> text=Cyberpunk")
    with page.expect_file_chooser() as chooser:
        page.click("#all-styles .with-icon")
    chooser.value.set_files(Path("styles/blueprint/thumbnail.webp").resolve())
    page.wait_for_selector("#all-styles .style >> nth=0 >> text=Blueprint")
    page.locator("#all-styles .style").first.press("Enter")
    assert read_worn(page) == {"blueprint": 100}
    assert page.locator("#all-styles").count() == 0


def test_a_style_on_a_part_is_brushed_and_comes_back_with_its_file(page: Page, tmp_path: Path) -> None:
    draw_something(page)
    first = read_picture_address(page)
    page.click("[data-action=style-part]")
    box = page.locator("#styled-part .mask-sheet canvas").bounding_box()
    assert box is not None and page.locator("#styled-part .primary").is_disabled()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"], steps=8)
    page.mouse.up()
    page.click("#styled-part [data-style=blueprint]")
    page.click("#styled-part .primary")
    wait_for_other_picture(page, first)
    page.wait_for_selector("#chip .part:has-text('Blueprint')")
    made = page.request.get(page.evaluate("document.querySelector('#picture .frame img').src")).body()
    recipe = json.loads(Image.open(io.BytesIO(made)).text["croquis"])  # type: ignore[attr-defined]
    assert [part["id"] for part in recipe["mask"]["styles"]] == ["blueprint"]
    page.click("#chip .part .take-out")
    page.wait_for_selector("#chip .part", state="detached")


def test_the_parts_styles_are_seen_whole_on_a_small_laptop(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 1366, "height": 768})
    drag_mouse(page)
    draw_and_wait(page)
    page.click("[data-action=style-part]")
    page.wait_for_selector("#styled-part .style")
    heights = page.evaluate(
        "(({ clientHeight, scrollHeight }) => [clientHeight, scrollHeight])"
        "(document.querySelector('#styled-part .style-strip'))"
    )
    assert heights[0] == heights[1] > 90


def test_the_drawing_in_many_styles_comes_one_by_one_and_can_be_stopped(page: Page) -> None:
    draw_something(page)
    page.click("#chip .door.many")
    page.wait_for_selector("#style-sheet-dialog .sheet-grid .style >> nth=1")
    page.click("#style-sheet-dialog .sheet-bar button:has-text('Stop')")
    page.wait_for_selector("#style-sheet-dialog button:has-text('Save as one picture')")
    shown = page.locator("#style-sheet-dialog .sheet-grid .style")
    assert 2 <= shown.count() < 46
    with page.expect_download() as download:
        page.click("#style-sheet-dialog button:has-text('Save as one picture')")
    with Image.open(download.value.path()) as sheet:
        assert sheet.format == "PNG" and sheet.width > 600
    wanted = shown.nth(1).get_attribute("data-style")
    shown.nth(1).click()
    wait_for_state(page, "done")
    assert read_worn(page) == {wanted: 100}


def test_own_styles_are_worn_named_saved_and_read(page: Page, tmp_path: Path) -> None:
    picture = tmp_path / "zebra_haze.png"
    Image.radial_gradient("L").convert("RGB").resize((300, 300)).save(picture)
    choose_own_picture(page, picture)
    page.wait_for_selector("#chip .mix-part:has-text('Zebra haze')")
    page.click("#chip .style-note button:has-text('Rename')")
    page.fill("#own-style-name", "Foggy zebra")
    page.fill("#own-style-words", "zebra fog")
    page.click("#style-names button.primary")
    page.wait_for_selector("#chip .style-strip .style:has-text('Foggy zebra')")
    page.click("#chip .door.all")
    mine = page.locator("#all-styles .added", has_text="Foggy zebra")  # other tests may have added theirs
    with page.expect_download() as download:
        mine.locator("button[title^='Save']").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert json.loads(archive.read("style.json"))["name"] == "Foggy zebra"
    page.on("dialog", lambda dialog: dialog.accept())
    mine.locator("button[title^='Remove']").click()
    mine.wait_for(state="detached")
    page.keyboard.press("Escape")
    assert page.locator(TILE.format("auto")).get_attribute("aria-pressed") == "true"


def test_only_the_colours_of_a_picture(page: Page, tmp_path: Path) -> None:
    picture = tmp_path / "sea.png"
    Image.linear_gradient("L").convert("RGB").resize((200, 200)).save(picture)
    choose_own_picture(page, picture)
    page.click("#chip .style-note button:has-text('Only its colours')")
    page.wait_for_selector("#chip .colours i")
    assert page.locator("#chip .style-strip .style:has-text('Sea')").count() == 0
    draw_something(page)
    made = page.request.get(page.evaluate("document.querySelector('#picture .frame img').src")).body()
    assert json.loads(Image.open(io.BytesIO(made)).text["croquis"])["palette"]  # type: ignore[attr-defined]
    page.click("#chip .colours .take-out")
    page.wait_for_selector("#chip .colours", state="detached")


def test_the_worn_style_is_seen_beside_all_that_its_line_may_say(page: Page, tmp_path: Path) -> None:
    picture = tmp_path / "sea.png"
    Image.linear_gradient("L").convert("RGB").resize((200, 200)).save(picture)
    page.click(TILE.format("watercolor"))
    page.fill("#prompt textarea", "a fox, stained glass")
    page.wait_for_selector("#chip .asks")
    choose_own_picture(page, picture)
    page.click("#chip .style-note button:has-text('Only its colours')")
    page.wait_for_selector("#chip .colours i")
    bar, remove = (page.locator(f"#chip .mix-bar{part}").bounding_box() for part in ("", " .take-out"))
    assert bar is not None and remove is not None
    assert bar["width"] >= 200 and remove["x"] + remove["width"] <= bar["x"] + bar["width"], (bar, remove)
    line = page.locator("#chip .style-line").bounding_box()
    assert line is not None
    for part in page.locator("#chip .style-line > *").all():
        box = part.bounding_box()
        assert box is not None and box["x"] + box["width"] <= line["x"] + line["width"] + 1, part


def test_a_file_that_is_no_style_is_refused_with_words(page: Page, tmp_path: Path) -> None:
    broken = tmp_path / "broken.croquis-style"
    broken.write_bytes(b"PK\x03\x04" + bytes(100))
    with page.expect_file_chooser() as chooser:
        page.click("#chip .door.mine")
    chooser.value.set_files(broken)
    page.wait_for_selector("#chip .style-note:has-text('no style')")
