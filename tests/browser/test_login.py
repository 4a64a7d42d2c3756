"""Where people log in: a wrong password is told, the right one opens the page and draws, and one logs out again."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from pipeline.settings import Settings
from pipeline.store.logins import Logins
from tests.browser.conftest import LIVE_OFF, LOADING, PATIENCE, PHONE, TOUR_SEEN
from tests.browser.page_actions import CIRCLE, drag_mouse, draw_and_wait
from tests.tools.serving import run_app

NAME, PASSWORD = "Ann", "a long password 7"


@pytest.mark.slow
def test_who_is_in_the_file_comes_in_and_draws(browser: Browser, tmp_path: Path) -> None:
    Logins(Settings(user_dir=tmp_path / "user").logins_file).add(NAME, PASSWORD)
    with run_app(tmp_path, CROQUIS_LOGIN="file") as server, browser.new_context(**PHONE) as context:
        context.set_default_timeout(PATIENCE)
        context.add_init_script(TOUR_SEEN)
        context.add_init_script(LIVE_OFF)
        page = context.new_page()
        page.goto(server.url)
        password = page.locator("input[type=password]")
        panel = page.locator(".panel")
        expect(panel).to_have_css("background-color", "rgba(0, 0, 0, 0)")  # our style sheet comes with the theme
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for tried in ("wrong", PASSWORD):
            page.locator("input[type=text]").fill(NAME)
            password.fill(tried)
            page.get_by_role("button").click()
            if tried == "wrong":
                expect(page.get_by_text("Incorrect Credentials")).to_be_visible()
        page.wait_for_selector("#status [data-ready=true]", state="attached", timeout=LOADING)
        drag_mouse(page, CIRCLE)
        draw_and_wait(page, "a red ball")
        page.goto(f"{server.url}/logout")
        expect(password).to_be_visible()
