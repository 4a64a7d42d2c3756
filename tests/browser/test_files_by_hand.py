"""Drop and paste what people have: whole photographs, other programs' pictures, HEIC, generation data."""

from __future__ import annotations

from playwright.sync_api import Page

from pipeline.settings import ROOT
from tests.browser.page_actions import count_ink, open_panel
from tests.browser.test_canvas_by_hand import drop

DATA = ROOT / "tests" / "data"
PASTED = "a fox\nNegative prompt: rain\nSteps: 3, CFG scale: 2.5, Seed: 77, Model: dreamer"
ROWS = """() => {
  const canvas = document.querySelector("#canvas canvas"), context = canvas.getContext("2d");
  const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
  const rows = [];
  for (let i = 0; i < width * height; i += 1)
    if (data[4 * i + 3] > 128 && data[4 * i] < 110) rows.push(Math.floor(i / width) / height);
  return [rows[0], rows.at(-1)];
}"""
PASTE = """(text) => {
  const transfer = new DataTransfer();
  transfer.setData("text", text);
  document.querySelector("#prompt textarea").dispatchEvent(
    new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }));
}"""


def wait_for_picture(page: Page) -> None:
    page.wait_for_function("document.querySelector('#canvas .hint').hidden")
    page.wait_for_timeout(300)


def test_a_portrait_photograph_lies_whole_on_the_sheet(page: Page) -> None:
    drop(page, (DATA / "cases" / "figure_portrait_photo.jpg").read_bytes(), "photo.jpg", "image/jpeg")
    wait_for_picture(page)
    first, last = page.evaluate(ROWS)
    assert first < 0.05 and last > 0.93


def test_white_on_nothing_can_be_seen_and_is_read(page: Page) -> None:
    drop(page, (DATA / "cases" / "white_on_clear.png").read_bytes())
    wait_for_picture(page)
    page.fill("#prompt textarea", "a house")
    page.click("#draw")
    page.wait_for_selector("#messages .message:has-text('white on a transparent ground')")


def test_a_heic_is_read_by_the_server_and_a_damaged_one_is_named(page: Page) -> None:
    drop(page, (DATA / "house.heic").read_bytes(), "IMG_1.HEIC", "")
    wait_for_picture(page)
    assert count_ink(page) > 1_000
    drop(page, (DATA / "cases" / "IMG_0001.HEIC").read_bytes(), "IMG_0001.HEIC", "")
    page.wait_for_selector("#messages .alert:has-text('damaged: it is a HEIC')")


def test_a_picture_of_another_program_brings_its_words_and_numbers(page: Page) -> None:
    open_panel(page, "settings")
    drop(page, (DATA / "cases" / "a1111_made.png").read_bytes())
    page.wait_for_selector("#messages .message:has-text('Left out')")
    assert page.input_value("#prompt textarea") == "a yellow ball over the sea"
    assert page.input_value("#seed input") == "1234"
    assert page.evaluate("document.querySelector('#canvas .hint').hidden")


def test_pasted_generation_data_moves_the_sliders(page: Page) -> None:
    open_panel(page, "settings")
    page.evaluate(PASTE, PASTED)
    page.wait_for_selector("#messages .message:has-text('Model dreamer')")
    assert page.input_value("#prompt textarea") == "a fox"
    assert page.input_value("#seed input") == "77"
    assert page.locator("#num_inference_steps input[type=number]").input_value() == "3"
    assert page.locator("#guidance_scale input[type=number]").input_value() == "2.5"
