"""The fold that tells how a picture was made, and the same picture without its style, its drawing, its words."""

from __future__ import annotations

import base64

import numpy as np
from playwright.sync_api import Page

from tests.browser.page_actions import drag_mouse, draw_and_wait, open_panel

DIFFERENCES = """async () => {
  const read = async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const context = new OffscreenCanvas(64, 64).getContext("2d");
    context.drawImage(image, 0, 0, 64, 64);
    return new Uint8Array(context.getImageData(0, 0, 64, 64).data.buffer).toBase64();
  };
  return Promise.all([...document.querySelectorAll(".apart img")].map((image) => read(image.src)));
}"""


def test_the_fold_tells_lines_styles_times_seed_engine_and_memory(page: Page) -> None:
    drag_mouse(page)
    draw_and_wait(page, "a red ball in watercolour")
    assert not page.locator("#strip").is_visible(), "it is closed until it is asked for"
    open_panel(page, "making")
    assert page.locator("#strip section").count() == 5
    told = page.inner_text("#strip")
    assert "pixels" in told and "Memory: about" in told and "GB" in told


def test_before_the_first_picture_the_fold_says_what_will_stand_there(page: Page) -> None:
    open_panel(page, "making")
    assert "Make a picture" in page.inner_text("#strip")


def test_the_same_picture_without_each_of_its_parts(page: Page) -> None:
    drag_mouse(page)
    draw_and_wait(page, "a red ball in watercolour")
    open_panel(page, "making")
    page.click("#apart .quiet")
    page.wait_for_function("document.querySelectorAll('.apart img').length === 4")
    pictures = [np.frombuffer(base64.b64decode(each), np.uint8).astype(np.int16) for each in page.evaluate(DIFFERENCES)]
    for one in range(4):
        for other in range(one):
            assert np.abs(pictures[one] - pictures[other]).mean() > 2, (one, other)
    assert not page.inner_text("#apart [role=status]")
    draw_and_wait(page, "a blue ball")
    assert not page.locator(".apart").is_visible(), "they belong to the picture before"
    assert page.locator("#apart .quiet").is_visible()
