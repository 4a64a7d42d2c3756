"""The server is killed and started anew: the page goes on, with its drawing and its words."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Route

from tests.browser.conftest import DESK, LOADING, PATIENCE
from tests.browser.page_actions import count_ink, drag_mouse, draw_and_wait, set_number, wait_for_state
from tests.tools.serving import Server, run_app

AWAY = "#messages .alert:has-text('The server is away')"
SETTLED = 5_000  # ms; the live picture of the last stroke and what is kept of the words are through
BACK = "#messages .message:has-text('again')"


def open_drawn_page(browser: Browser, server: Server) -> Page:
    """Open the page and draw on it; refused requests are what these tests are about, so nothing is watched."""
    context = browser.new_context(**DESK)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(server.url)
    page.wait_for_selector("#status [data-ready=true]", state="attached", timeout=LOADING)
    drag_mouse(page)
    page.fill("#prompt textarea", "a red ball")
    return page


def test_the_page_goes_on_after_the_server_was_killed_and_started_anew(browser: Browser, tmp_path: Path) -> None:
    with run_app(tmp_path) as server:
        page = open_drawn_page(browser, server)
        drawn = count_ink(page)
        page.wait_for_timeout(SETTLED)  # an event that the server dies under makes Gradio open the page anew
        page.evaluate("window.samePage = true")
        server.process.kill()
        page.wait_for_selector(AWAY)
        assert not page.locator(".toast-wrap:visible").count()
    with run_app(tmp_path, urlsplit(server.url).port):
        page.wait_for_selector(BACK)
        assert page.evaluate("window.samePage"), "the page was opened anew without need"
        assert count_ink(page) == drawn
        assert page.input_value("#prompt textarea") == "a red ball"
        draw_and_wait(page, "a red ball, watercolour")
        page.context.close()


def test_a_server_killed_in_the_middle_of_a_picture_costs_no_line(browser: Browser, tmp_path: Path) -> None:
    with run_app(tmp_path) as server:
        page = open_drawn_page(browser, server)
        drawn = count_ink(page)
        page.click("#settings .fold-button")
        for name, most in (("num_inference_steps", 50), ("width", 512), ("height", 512)):
            set_number(page, name, most)
        page.click("#draw")
        wait_for_state(page, "drawing")
        server.process.kill()
        page.wait_for_selector(AWAY)
    with run_app(tmp_path, urlsplit(server.url).port):
        page.wait_for_selector("#messages .message:has-text('was away and is back')", timeout=LOADING)
        page.wait_for_selector("#status [data-ready=true]", state="attached", timeout=LOADING)
        page.wait_for_function("document.querySelector('#prompt textarea')?.value === 'a red ball'")
        assert count_ink(page) == drawn
        page.click("#settings .fold-button")
        set_number(page, "num_inference_steps", 2)  # the fifty of before are back, too
        draw_and_wait(page, "a red ball, watercolour")
        page.context.close()


def test_a_server_that_answers_late_is_not_taken_for_away(browser: Browser, server: Server) -> None:
    page, held = open_drawn_page(browser, server), list[Route]()

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/gradio_api/app_id", hold)  # and never answer
    while len(held) < 2:  # the first was given up by the page's own limit
        page.wait_for_timeout(500)
    assert not page.locator(AWAY).count()
    draw_and_wait(page, "a red ball, watercolour")
    page.context.close()
