"""A page whose picture is refused says so and keeps the drawing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenDrawn
from tests.browser.page_actions import count_ink, draw_and_wait, set_number, wait_for_state
from tests.tools.serving import Server, run_app

TOLD = "#messages .alert:has-text('{}')"
NO_ANSWER = TOLD.format("Croquis does not answer")
FULL = TOLD.format("Too many people draw at once. Try again in")
IN_LINE = "#picture .said:has-text('Number 2 in line')"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of one's own, where one draws and one waits."""
    with run_app(tmp_path_factory.mktemp("small"), CROQUIS_WAITING="2") as server:
        yield server


def begin_long_picture(page: Page) -> None:
    page.click("#settings .fold-button")
    for name, most in (("num_inference_steps", 50), ("width", 1024), ("height", 1024), ("count", 4)):
        set_number(page, name, most)
    page.click("#draw")


def test_an_event_that_the_server_does_not_take_is_told(open_drawn: OpenDrawn, small: Server) -> None:
    page = open_drawn(small)
    drawn = count_ink(page)
    page.route("**/gradio_api/queue/join*", lambda route: route.fulfill(status=503, json={"detail": "Queue is full."}))
    page.click("#draw")
    page.wait_for_selector(NO_ANSWER)
    wait_for_state(page, "error")
    assert count_ink(page) == drawn
    page.unroute("**/gradio_api/queue/join*")
    draw_and_wait(page, "a red ball")


def test_who_waits_sees_the_place_and_who_finds_none_when_to_come_back(open_drawn: OpenDrawn, small: Server) -> None:
    first, second, third = (open_drawn(small) for _ in range(3))
    drawn = count_ink(third)
    begin_long_picture(first)
    wait_for_state(first, "drawing")
    begin_long_picture(second)
    second.wait_for_selector(IN_LINE)
    third.click("#draw")
    third.wait_for_selector(FULL)
    wait_for_state(third, "error")
    assert count_ink(third) == drawn
    for page in (first, second):
        page.click("#stop")
        wait_for_state(page, "stopped")
    draw_and_wait(third, "a red ball")
