"""A part of the picture wears another style on sd15: brushed by mouse and finger, and it comes back with its file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from pipeline.picture.png_file import read_picture
from pipeline.settings import ROOT
from pipeline.styles.library import StyleLibrary
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.page_actions import Fingers, read_picture_address
from tests.browser.test_accessibility_and_layout import serious_findings
from tests.browser.test_canvas_by_hand import drop
from tests.browser.test_part_and_around_by_hand import draw_small, locate_on_picture
from tests.browser.test_styles_by_hand import wait_for_other_picture
from tests.tools.serving import Server

VIEWS = {"1440": {}, "390-dark": {**PHONE, "color_scheme": "dark"}}
STROKE = [(0.15, 0.4), (0.4, 0.4)]  # shares of the picture's sides
BRUSH = "#styled-part .mask-sheet canvas"


@pytest.fixture(scope="module")
def server(sd15_server: Server) -> Server:
    return sd15_server


def open_part(page: Page) -> None:
    """Open the dialog from the finished picture; on a phone the picture is enlarged first."""
    if page.locator("#picture .enlarge-inset").is_visible():
        page.locator("#picture .enlarge-inset").tap()
    page.click("[data-action=style-part]")
    page.wait_for_selector(BRUSH)


def brush(page: Page, hand: str) -> None:
    """Brush over a part of the dialog's picture."""
    first, last = locate_on_picture(page, *STROKE)
    if hand == "finger":
        fingers = Fingers(page)
        fingers.send("touchStart", first)
        fingers.send("touchMove", last)
        fingers.send("touchEnd")
        return
    page.mouse.move(*first)
    page.mouse.down()
    page.mouse.move(*last, steps=6)
    page.mouse.up()


def fetch_picture(page: Page) -> bytes:
    return page.request.get(page.evaluate("document.querySelector('#picture .frame img').src")).body()


def wear_on_part(page: Page, hand: str) -> tuple[bytes, bytes]:
    """Draw, brush a part, let it wear Blueprint; return the files of both pictures."""
    draw_small(page)
    before, plain = read_picture_address(page), fetch_picture(page)
    open_part(page)
    assert page.locator("#styled-part .primary").is_disabled()
    brush(page, hand)
    page.click("#styled-part [data-style=blueprint]")
    assert serious_findings(page) == []
    page.click("#styled-part .primary")
    wait_for_other_picture(page, before)
    page.wait_for_selector("#chip .part:has-text('Blueprint')")
    return plain, fetch_picture(page)


def read_pixels(file: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB")).astype(int)


@pytest.mark.parametrize(("view", "hand"), [("1440", "mouse"), ("390-dark", "finger")])
def test_a_brushed_part_wears_its_style_on_sd15(open_page: OpenPage, view: str, hand: str, tmp_path: Path) -> None:
    page = open_page(**VIEWS[view])
    plain, styled = wear_on_part(page, hand)
    library = StyleLibrary(ROOT / "styles", tmp_path)
    request = read_picture(styled, library.get).request
    assert request.engine == "sd15" and request.mask is not None
    assert [style.id for style, _ in request.mask.styles.parts] == ["blueprint"]
    height, width = request.mask.pixels.shape
    assert request.mask.pixels[int(0.4 * height), int(0.3 * width)] == 255
    assert request.mask.pixels[int(0.9 * height), int(0.9 * width)] == 0
    assert np.abs(read_pixels(styled) - read_pixels(plain)).max() > 0


def test_a_styled_part_comes_back_with_its_file(open_page: OpenPage) -> None:
    page = open_page()
    _, styled = wear_on_part(page, "mouse")
    page.click("#chip .part .take-out")
    page.wait_for_selector("#chip .part", state="detached")
    drop(page, styled)
    page.wait_for_selector("#chip .part:has-text('Blueprint')")
