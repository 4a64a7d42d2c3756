"""Live drawing by mouse: the picture follows the pen, one at a time, always the newest; it can be switched off."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request

from tests.browser.conftest import DESK, LOADING, TOUR_SEEN, OpenPage
from tests.browser.page_actions import CIRCLE, LINE, drag_mouse, draw_and_wait, locate_points, read_state
from tests.tools.serving import Server

SHOWN = ".live-picture:not([hidden])"
SWITCH = ".live-switch"
ANSWER_LATE = """(milliseconds) => {
  const send = window.fetch;
  window.fetch = async (address, options) => {
    const answer = await send(address, options);
    if (String(address).endsWith("/live")) await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return answer;
  };
}"""

NOTE_WORDS_LATE = """() => {
  const note = croquis.noteInputs;
  let words = document.querySelector("#prompt textarea").value;
  croquis.noteInputs = (values) => {
    note({ ...values, prompt: words });
    setTimeout(() => { words = values.prompt; note(values); }, 1500);
  };
}"""  # as on a busy machine, where the settings of a picture that was called back come one by one


class Sent:
    """Sent keeps the live requests of a page, and how many of them were under way at once at most."""

    def __init__(self, page: Page) -> None:
        self.messages: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self.most, self._now = 0, 0
        page.on("request", self._begin)
        page.on("requestfinished", self._end)

    def _begin(self, request: Request) -> None:
        if not is_live(request):
            return
        head, drawing = (json.loads(line) for line in (request.post_data or "").split("\n"))
        self.messages.append((head, drawing))
        self._now += 1
        self.most = max(self.most, self._now)

    def _end(self, request: Request) -> None:
        self._now -= is_live(request)

    @property
    def seeds(self) -> set[int]:
        return {head["settings"][-1] for head, _ in self.messages}


def is_live(request: Request) -> bool:
    return request.method == "POST" and request.url.endswith("/live")


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page(with_live=True)


@pytest.fixture
def sent(page: Page) -> Sent:
    return Sent(page)


def wait_for_live(page: Page) -> None:
    page.wait_for_selector(SHOWN)


def wait_for_whole(page: Page) -> None:
    """Wait until the whole picture is shown, which comes when the pen rests."""
    page.wait_for_function("document.querySelector('.live-picture')?.width >= 512")


def test_the_picture_follows_without_draw_and_is_kept_nowhere(page: Page, sent: Sent) -> None:
    drag_mouse(page)
    wait_for_live(page)
    assert re.fullmatch(r"Live\s*\d+ ms", page.inner_text(SWITCH)), page.inner_text(SWITCH)
    wait_for_whole(page)
    assert [head["draft"] for head, _ in sent.messages][-1] is False and sent.messages[0][0]["draft"] is True
    assert page.locator("#history .past").count() == 0
    assert read_state(page) == "empty"


def test_it_follows_while_the_pen_is_still_down(page: Page, sent: Sent) -> None:
    first, *others = locate_points(page, CIRCLE)
    page.mouse.move(*first)
    page.mouse.down()
    for place in others[:4]:
        page.mouse.move(*place, steps=6)
        page.wait_for_timeout(30)
    wait_for_live(page)
    assert len(sent.messages[0][1]["strokes"]) == 1  # the stroke under way
    before = len(sent.messages)
    for place in others[4:]:
        page.mouse.move(*place, steps=6)
        page.wait_for_timeout(200)
    page.wait_for_function("document.querySelector('.live-time').textContent")
    page.mouse.up()
    assert len(sent.messages) > before


def test_one_at_a_time_and_always_the_newest(page: Page, sent: Sent) -> None:
    page.evaluate(ANSWER_LATE, 400)
    began = time.monotonic()
    for at in range(6):
        drag_mouse(page, [(x, 0.1 + 0.13 * at) for x, _ in LINE])
    wait_for_whole(page)
    drafts = [drawing for head, drawing in sent.messages if head["draft"]]
    assert sent.most == 1 and len(drafts) <= (time.monotonic() - began) / 0.4 + 1
    assert len(drafts[-1]["strokes"]) == 6
    assert [head["number"] for head, _ in sent.messages] == sorted({head["number"] for head, _ in sent.messages})


def test_the_seed_stays_and_draw_finishes_the_same_picture(page: Page, sent: Sent) -> None:
    drag_mouse(page)
    wait_for_live(page)
    drag_mouse(page, LINE)
    wait_for_whole(page)
    assert len(sent.seeds) == 1
    draw_and_wait(page)
    assert page.locator(SHOWN).count() == 0  # the finished picture is seen
    assert page.evaluate("croquis.readSeed()") in sent.seeds
    before = len(sent.messages)
    page.wait_for_timeout(1_200)
    assert len(sent.messages) == before  # nothing changed since


def test_the_switch_ends_and_begins_it(page: Page, sent: Sent) -> None:
    page.wait_for_selector(f"{SWITCH}[aria-checked=true]")
    page.click(SWITCH)
    drag_mouse(page)
    page.wait_for_timeout(600)
    assert not sent.messages and page.locator(SHOWN).count() == 0
    page.click(SWITCH)
    wait_for_live(page)
    assert page.get_attribute(SWITCH, "aria-checked") == "true"


def test_what_a_person_chose_stays_after_a_reload(page: Page) -> None:
    page.wait_for_selector(f"{SWITCH}[aria-checked=true]")
    page.focus(SWITCH)
    page.keyboard.press("Enter")
    page.reload()
    page.wait_for_selector("#status [data-ready=true]", timeout=LOADING)
    assert page.get_attribute(SWITCH, "aria-checked") == "false"


def test_words_change_the_live_picture(page: Page, sent: Sent) -> None:
    drag_mouse(page)
    wait_for_whole(page)
    page.fill("#prompt textarea", "a green ball")
    with page.expect_request(is_live) as asked:
        pass
    head = json.loads((asked.value.post_data or "").split("\n")[0])
    assert "a green ball" in head["settings"] and len(sent.seeds) == 1


def test_a_picture_that_was_called_back_stays_as_it_is(page: Page, sent: Sent) -> None:
    drag_mouse(page)
    draw_and_wait(page, "a red ball")
    draw_and_wait(page, "a blue ball")
    page.evaluate(NOTE_WORDS_LATE)
    before = len(sent.messages)
    page.locator("#history .past").last.click()
    page.wait_for_function("document.querySelector('#prompt textarea').value === 'a red ball'")
    page.wait_for_timeout(4_000)
    assert len(sent.messages) == before and not page.locator(SHOWN).count()
    page.fill("#prompt textarea", "a green ball")
    wait_for_live(page)


def test_an_empty_sheet_is_no_picture(page: Page, sent: Sent) -> None:
    drag_mouse(page)
    wait_for_whole(page)
    before = len(sent.messages)
    page.keyboard.press("Control+z")
    page.wait_for_selector(".live-picture", state="hidden")
    page.wait_for_timeout(1_000)
    assert len(sent.messages) == before


@pytest.fixture
def unwatched(browser: Browser, server: Server) -> Iterator[Page]:
    """Open a page whose failed requests, which Chromium writes to the console, are no fault."""
    context = browser.new_context(**DESK)
    context.add_init_script(TOUR_SEEN)
    page = context.new_page()
    page.goto(server.url)
    page.wait_for_selector("#status [data-ready=true]", timeout=LOADING)
    page.wait_for_selector(f"{SWITCH}[aria-checked=true]")
    yield page
    context.close()


def test_an_error_is_one_quiet_line(unwatched: Page) -> None:
    unwatched.route(
        lambda address: address.endswith("/live"),
        lambda route: route.fulfill(status=422, json={"error": "The paper is wet."}),
    )
    drag_mouse(unwatched)
    unwatched.wait_for_selector(".live-line:visible")
    assert unwatched.inner_text(".live-line") == "The paper is wet."
    assert unwatched.locator(".toast-body").count() == 0 and read_state(unwatched) == "empty"


def test_a_busy_machine_is_left_alone(open_page: OpenPage) -> None:
    page = open_page(with_live=True)
    sent = Sent(page)

    page.evaluate(ANSWER_LATE, 1_300)
    for at in range(5):
        drag_mouse(page, [(x, 0.1 + 0.15 * at) for x, _ in LINE])
        page.wait_for_timeout(1_500)
    page.wait_for_selector(".live-line:visible")
    assert page.inner_text(".live-line") == "Live rests: this machine is busy."
    before = len(sent.messages)
    drag_mouse(page)
    page.wait_for_timeout(1_500)
    assert len(sent.messages) == before
