"""The server is away, or is killed and started anew: the page says so and goes on, with its drawing and its words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import DESK, LOADING, PATIENCE, QUIET, OpenDrawn, find_browser
from tests.browser.page_actions import count_ink, draw_and_wait, set_number, wait_for_state
from tests.tools.serving import Server, find_free_port, run_app

AWAY = "#messages .alert:has-text('The server is away')"
SETTLED = 5_000  # ms; the live picture of the last stroke and what is kept of the words are through
BACK = "#messages .message:has-text('again')"
IS_BACK = "#messages .message:has-text('was away and is back')"
CUT_OFF = "#messages .alert:has-text('A picture of yours was not finished')"
OPENING = 12_000  # ms; a page that opened has told what it has to
SEEN = 35_000  # ms; a message without a button would be gone
WORDS_ARE_BACK = "document.querySelector('#prompt textarea')?.value === 'a red ball'"


class RestartableServer:
    """A Croquis at one address that these tests kill and start anew; starting takes long, so they share it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.running = folder, find_free_port(), ExitStack()
        self.server: Server | None = None

    def start(self) -> Server:
        """Start it, unless it runs."""
        self.server = self.server or self.running.enter_context(run_app(self.folder, port=self.port))
        return self.server

    def kill(self) -> None:
        self.start().process.kill()
        self.running.close()
        self.server = None


@pytest.fixture(scope="module")
def restartable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestartableServer]:
    server = RestartableServer(tmp_path_factory.mktemp("restartable"))
    with server.running:
        yield server


def wait_until_back(page: Page) -> None:
    """Wait until a page that the server died under has opened anew, with its words."""
    page.wait_for_selector(IS_BACK, timeout=LOADING)
    page.wait_for_selector("#status [data-ready=true]", state="attached", timeout=LOADING)
    page.wait_for_function(WORDS_ARE_BACK)


def test_the_page_goes_on_after_the_server_was_killed_and_started_anew(
    open_drawn: OpenDrawn, restartable: RestartableServer
) -> None:
    page = open_drawn(restartable.start())
    drawn = count_ink(page)
    page.wait_for_timeout(SETTLED)  # an event that the server dies under makes Gradio open the page anew
    page.evaluate("window.samePage = true")
    restartable.kill()
    page.wait_for_selector(AWAY)
    assert not page.locator(".toast-wrap:visible").count()
    restartable.start()
    page.wait_for_selector(BACK)
    assert page.evaluate("window.samePage"), "the page was opened anew without need"
    assert count_ink(page) == drawn
    assert page.input_value("#prompt textarea") == "a red ball"
    draw_and_wait(page, "a red ball, watercolour")


def test_a_picture_asked_for_while_the_server_is_away_costs_nothing(
    open_drawn: OpenDrawn, restartable: RestartableServer
) -> None:
    page = open_drawn(restartable.start())
    drawn = count_ink(page)
    page.wait_for_timeout(SETTLED)
    restartable.kill()
    page.wait_for_selector(AWAY)
    page.click("#draw")
    wait_for_state(page, "error", "stopped")
    page.wait_for_selector(AWAY)
    assert count_ink(page) == drawn
    restartable.start()
    wait_until_back(page)
    assert count_ink(page) == drawn
    draw_and_wait(page, "a red ball, watercolour")


def kill_amid_picture(page: Page, restartable: RestartableServer) -> None:
    """Begin a picture that takes long, kill the server, start it anew and wait until the page is back."""
    page.click("#settings .fold-button")
    for name, most in (("num_inference_steps", 50), ("width", 512), ("height", 512)):
        set_number(page, name, most)
    page.click("#draw")
    wait_for_state(page, "drawing")
    restartable.kill()
    page.wait_for_selector(AWAY)
    restartable.start()
    wait_until_back(page)


def test_a_server_killed_in_the_middle_of_a_picture_costs_no_line(
    open_drawn: OpenDrawn, restartable: RestartableServer
) -> None:
    page = open_drawn(restartable.start())
    drawn = count_ink(page)
    kill_amid_picture(page, restartable)
    assert count_ink(page) == drawn
    page.click("#settings .fold-button")
    set_number(page, "num_inference_steps", 2)  # the fifty of before are back, too
    draw_and_wait(page, "a red ball, watercolour")


def test_a_picture_that_a_killed_server_cut_off_is_told_once_and_drawn_by_a_press(
    open_drawn: OpenDrawn, restartable: RestartableServer
) -> None:
    page = open_drawn(restartable.start())
    kill_amid_picture(page, restartable)
    page.wait_for_selector(CUT_OFF, timeout=LOADING)
    page.wait_for_timeout(SEEN)
    page.get_by_role("button", name="Draw it again").click()
    wait_for_state(page, "done")
    expect(page.locator(CUT_OFF)).to_have_count(0)
    page.reload()
    page.wait_for_selector("#status [data-ready=true]", state="attached", timeout=LOADING)
    page.wait_for_timeout(OPENING)
    expect(page.locator(CUT_OFF)).to_have_count(0)  # it is told once


def test_an_installed_app_says_that_the_server_is_gone_and_waits(
    browser: Browser, restartable: RestartableServer, tmp_path: Path
) -> None:
    url = restartable.start().url
    context = browser.browser_type.launch_persistent_context(
        tmp_path, executable_path=find_browser(), args=[*QUIET, f"--app={url}"], **DESK
    )
    context.set_default_timeout(PATIENCE)
    page = context.pages[0]
    page.wait_for_function("navigator.serviceWorker?.controller", timeout=LOADING)
    assert page.evaluate("caches.keys()") == [], "no file of the page is kept: it could be an older version's"
    restartable.kill()
    try:
        page.goto(url)
        expect(page.get_by_role("heading", name="Croquis does not answer")).to_be_visible()
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        restartable.start()
        page.wait_for_selector("#canvas canvas", timeout=LOADING)
    finally:
        context.close()


def test_a_server_that_answers_late_is_not_taken_for_away(
    open_drawn: OpenDrawn, restartable: RestartableServer
) -> None:
    page, held = open_drawn(restartable.start()), list[Route]()

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/gradio_api/app_id", hold)  # and never answer
    while len(held) < 2:  # the first was given up by the page's own limit
        page.wait_for_timeout(500)
    assert not page.locator(AWAY).count()
    draw_and_wait(page, "a red ball, watercolour")
