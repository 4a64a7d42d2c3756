"""Teach a style by hand: pictures are chosen, it is begun, stopped, gone on with, and worn, on both engines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from tests.browser.conftest import PHONE, OpenPage
from tests.tools.serving import Server
from tests.tools.taught_pictures import write_pictures

SIZES = [{}, PHONE]
STEPS = 48  # of the taught style: long enough to be stopped by hand


@pytest.fixture(scope="module")
def server(sd15_server: Server) -> Server:
    return sd15_server


def shorten_lesson(route: Route) -> None:
    """Ask for few steps where the page leaves their number to the pictures', which would take minutes."""
    route.continue_(post_data=json.dumps({**route.request.post_data_json, "steps": STEPS}))


def choose_pictures(page: Page, files: list[Path]) -> None:
    """Choose picture files in the dialog."""
    with page.expect_file_chooser() as chooser:
        page.click("#teaching .teaching-drop")
    chooser.value.set_files(files)


def test_a_style_is_taught_stopped_gone_on_with_and_worn(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page()
    page.route("**/begin", shorten_lesson)
    page.click("#chip .door.teach")
    count = page.locator("#teaching .teaching-count")
    first, second = write_pictures(tmp_path / "pictures", 2)
    choose_pictures(page, [first])
    assert count.inner_text() == "1 picture; 3 to 20 are needed."
    choose_pictures(page, [second])
    assert count.inner_text() == "2 pictures; 3 to 20 are needed."
    assert page.locator("#teaching button.primary").is_disabled()
    choose_pictures(page, write_pictures(tmp_path / "more", 3))
    page.locator("#teaching .teaching-pictures .take-out").first.click()
    assert page.locator("#teaching .teaching-pictures li").count() == 4
    assert count.inner_text() == "4 pictures"
    page.fill("#teaching-name", "My stripes")
    page.click("#teaching button:has-text('Begin')")
    page.wait_for_selector("#teaching .teaching-said:has-text('Step')")
    page.click("#teaching button:has-text('Stop')")
    page.wait_for_selector("#teaching .teaching-said:has-text('Stopped at step')")
    page.keyboard.press("Escape")
    page.click("#chip .door.teach")
    page.click("#teaching button:has-text('Go on')")
    page.wait_for_selector("#teaching .teaching-samples img", timeout=240_000)
    page.keyboard.press("Escape")  # it goes on while the page is drawn on
    page.wait_for_selector("#chip .style-note:has-text('is one of your styles now')", timeout=400_000)
    page.click("#chip .style-note button:has-text('Wear it')")
    page.wait_for_selector("#chip .mix-part:has-text('My stripes')")


@pytest.mark.parametrize("options", SIZES, ids=["1440", "390"])
def test_the_dialog_fits_its_window(open_page: OpenPage, options: dict[str, object]) -> None:
    page = open_page(**options)
    page.locator("#chip .door.teach").click()
    page.wait_for_selector("#teaching-name")
    box = page.locator("#teaching .dialog-frame").bounding_box()
    assert box is not None and page.viewport_size is not None
    assert box["x"] >= 0 and box["x"] + box["width"] <= page.viewport_size["width"]
    target = page.locator("#teaching .teaching-drop").bounding_box()
    assert target is not None and target["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_failure_is_marked_and_what_was_told_under_the_row_goes_with_the_dialog(open_page: OpenPage) -> None:
    now = {"allowed": True, "state": "learning", "name": "My stripes", "step": 3, "of": 9, "samples": [], "message": ""}
    page = open_page()
    page.route("**/teach/state", lambda route: route.fulfill(json=now))
    note = page.locator("#chip .style-note:has-text('was stopped on its way')")
    page.click("#chip .door.teach")
    page.wait_for_selector("#teaching .teaching-said:has-text('Step 3 of 9')")
    page.keyboard.press("Escape")
    now |= {"state": "failed", "message": "The disk is full."}
    note.wait_for()
    page.click("#chip .style-note button:has-text('Show it')")
    page.wait_for_selector("#teaching .problem:has-text('The disk is full.')")
    assert page.locator("#teaching .teaching-said").inner_text() == "" and note.is_hidden()
    assert page.locator("#teaching progress").is_visible()
    page.keyboard.press("Escape")
    now |= {"state": "stopped", "step": 0, "of": 0}  # before its first step: there is nothing to show on a bar
    page.click("#chip .door.teach")
    page.wait_for_selector("#teaching .teaching-said:has-text('It was stopped on its way')")
    assert page.locator("#teaching progress").is_hidden()
