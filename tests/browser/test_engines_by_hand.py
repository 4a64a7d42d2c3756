"""The bigger model takes over from the page and goes again: what a person sees, in this tab and in another."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from pipeline.models.catalog import POCKET
from tests.browser.conftest import DESK, LOADING, PATIENCE, TOUR_SEEN, watch
from tests.browser.page_actions import drag_mouse, draw_and_wait, open_panel, set_number
from tests.tools.serving import Server
from tests.tools.small_sd15 import copy_small_sd15, run_small_sd15

SHOWN = """() => Object.fromEntries(["width", "height", "num_inference_steps"].map((id) => [
  id, ["number", "range"].map((kind) => document.querySelector(`#${id} input[type=${kind}]`)).flatMap(
    (field) => field.type === "range" ? [Number(field.min), Number(field.max)] : [Number(field.value)])]))"""
STEPS = int(POCKET.defaults["num_inference_steps"])
POCKET_NUMBERS = {"width": [512, 128, 1024], "height": [512, 128, 1024], "num_inference_steps": [STEPS, 1, 50]}
SD15_NUMBERS = {"width": [512, 256, 2048], "height": [512, 256, 2048], "num_inference_steps": [15, 1, 50]}


@pytest.fixture(scope="module")
def server(sd15_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a Croquis with small files of SD 1.5 in a folder of one's own, as its manifest says."""
    with run_small_sd15(copy_small_sd15(sd15_folder, tmp_path_factory.mktemp("engines"))) as running:
        yield running


@pytest.fixture
def open_tab(browser: Browser, server: Server) -> Iterator[Callable[[], Page]]:
    contexts, faults = [], list[str]()

    def open_one() -> Page:
        context = browser.new_context(**DESK)
        context.add_init_script(TOUR_SEEN)
        context.set_default_timeout(2 * PATIENCE)
        contexts.append(context)
        page = context.new_page()
        watch(page, server.url, faults)
        page.goto(server.host_url)
        page.wait_for_selector("#status [data-ready=true]", state="attached", timeout=LOADING)
        open_panel(page, "settings")
        open_panel(page, "bigger")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not faults, faults


def wait_until_ready(page: Page, title: str) -> None:
    page.wait_for_function(
        "title => document.getElementById('status').innerText.includes(title)", arg=title, timeout=LOADING
    )


def wait_for_numbers(page: Page, numbers: dict[str, list[int]]) -> None:
    page.wait_for_function(
        f"wanted => JSON.stringify(({SHOWN})()) === wanted", arg=json.dumps(numbers, separators=(",", ":"))
    )


def test_the_bigger_model_takes_over_and_goes_again(open_tab: Callable[[], Page]) -> None:
    page, other = open_tab(), open_tab()
    drag_mouse(page)
    draw_and_wait(page)
    assert page.evaluate(SHOWN) == POCKET_NUMBERS

    page.click("#bigger-change:has-text('Draw with Stable Diffusion 1.5 now')")
    wait_until_ready(page, "Stable Diffusion 1.5 is ready")
    wait_for_numbers(page, SD15_NUMBERS)
    page.wait_for_selector("#bigger-change:has-text('Back to the pocket model')")
    assert "Styles are found as the pocket model finds them" in page.inner_text("#bigger-said")
    for side in ("width", "height"):
        set_number(page, side, 256)
    set_number(page, "num_inference_steps", 1)
    draw_and_wait(page)

    # another visitor's page learns of it when it draws; its picture is drawn with the new engine's numbers
    assert other.evaluate(SHOWN) == POCKET_NUMBERS
    other.click("#preset label:has-text('Draft')")
    other.click("#draw")  # an empty canvas: refused, and told which engine draws
    wait_until_ready(other, "Stable Diffusion 1.5 is ready")
    wait_for_numbers(other, SD15_NUMBERS | {"num_inference_steps": [4, 1, 50]})

    # a picture of the pocket model brings its words and drawing back, not its numbers
    page.locator("#history button.past").nth(1).click()
    wait_for_numbers(page, SD15_NUMBERS)

    page.click("#bigger-change:has-text('Back to the pocket model')")
    wait_until_ready(page, "The pocket model is ready")
    wait_for_numbers(page, POCKET_NUMBERS)
    draw_and_wait(page)
