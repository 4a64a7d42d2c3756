"""The page as an app of its own: manifest, icons and colours."""

from __future__ import annotations

import io

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage
from tests.tools.app_icons import FOLDER, SIDES, render_icon
from tests.tools.serving import Server


@pytest.mark.parametrize("name", SIDES)
def test_icons_are_drawn_from_the_favicon(name: str) -> None:
    stored, drawn = (FOLDER / name).read_bytes(), render_icon(name)
    picture = Image.open(io.BytesIO(stored))
    assert picture.size == (SIDES[name][0],) * 2
    assert picture.convert("RGBA").tobytes() == Image.open(io.BytesIO(drawn)).convert("RGBA").tobytes()
    corner = picture.convert("RGBA").getpixel((0, 0))
    assert isinstance(corner, tuple) and (corner[3] == 255) is SIDES[name][1], "a maskable icon has ground to its edges"


def test_the_manifest_names_icons_that_are_served(server: Server) -> None:
    answer = httpx.get(f"{server.url}/manifest.json")
    manifest = answer.raise_for_status().json()
    assert (
        answer.headers["content-type"] == "application/manifest+json" and "no-cache" in answer.headers["cache-control"]
    )
    assert manifest["display"] == "standalone" and manifest["start_url"] == "./"
    kinds = {(icon["sizes"], icon["purpose"]) for icon in manifest["icons"]}
    assert {("192x192", "any"), ("512x512", "any"), ("192x192", "maskable"), ("512x512", "maskable")} == kinds
    for icon in manifest["icons"]:
        picture = Image.open(io.BytesIO(httpx.get(f"{server.url}/{icon['src']}").raise_for_status().content))
        assert f"{picture.width}x{picture.height}" == icon["sizes"] and picture.format == "PNG"


def test_chromium_finds_nothing_that_keeps_the_page_from_being_installed(open_page: OpenPage) -> None:
    page = open_page()
    session = page.context.new_cdp_session(page)
    manifest = session.send("Page.getAppManifest")
    assert manifest["errors"] == [] and manifest["url"].endswith("/manifest.json")
    faults = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [fault["errorId"] for fault in faults if fault["errorId"] != "in-incognito"] == []
    colours = page.locator("meta[name=theme-color]").evaluate_all(
        "all => all.map(({ content, media }) => [content, media])"
    )
    assert colours == [["#fbf9f5", "(prefers-color-scheme: light)"], ["#161412", "(prefers-color-scheme: dark)"]]


def test_a_tab_has_no_worker_that_could_fall_with_it(page: Page) -> None:
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
