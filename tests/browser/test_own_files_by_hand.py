"""A person's own models and LoRAs: found, put on, weighed, taken off and changed by hand, without a restart."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, PHONE, OpenPage
from tests.browser.page_actions import drag_mouse, draw_and_wait, open_panel, read_picture_address, set_number
from tests.tools.own_files import write_own_files
from tests.tools.serving import Server
from tests.tools.small_sd15 import copy_small_sd15, run_small_sd15


@pytest.fixture(scope="module")
def server(sd15_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    room = tmp_path_factory.mktemp("own")
    own = copy_small_sd15(sd15_folder, room)
    models = write_own_files(room / "webui", own)
    with run_small_sd15(own, CROQUIS_MODELS=str(models), CROQUIS_PROFILE="sd15") as running:
        yield running


def prepare(page: Page) -> None:
    """Open the two folds, and make pictures small."""
    open_panel(page, "settings")
    open_panel(page, "bigger")
    for side in ("width", "height"):
        set_number(page, side, 256)
    set_number(page, "num_inference_steps", 1)
    set_number(page, "seed", 7)


def read_recipe(page: Page) -> dict[str, Any]:
    """Read what the finished picture carries."""
    page.wait_for_function("() => document.querySelector('#picture .frame > img').src.includes('/gradio_api/file=')")
    data = page.request.get(f"{page.url.rstrip('/')}/{read_picture_address(page)}").body()
    return dict(json.loads(Image.open(io.BytesIO(data)).text["croquis"]))  # type: ignore[attr-defined]


def slide(page: Page, name: str, keys: int) -> None:
    slider = page.locator(f".loras li[data-lora={name}] input")
    slider.focus()
    for _ in range(abs(keys)):
        slider.press("ArrowLeft" if keys < 0 else "ArrowRight")


def test_loras_are_put_on_weighed_and_taken_off(open_page: OpenPage) -> None:
    page = open_page()
    prepare(page)
    page.select_option("#own-files label:has-text('Add a LoRA') select", "inky")
    page.select_option("#own-files label:has-text('Add a LoRA') select", "glow")
    assert page.locator(".loras li").count() == 2
    assert page.locator(".loras li[data-lora=inky] img").get_attribute("src").startswith("data:image/webp")  # type: ignore[union-attr]
    slide(page, "inky", -4)
    assert page.inner_text(".loras li[data-lora=inky] output") == "0.80"
    drag_mouse(page)
    draw_and_wait(page)
    drawn = read_recipe(page)
    assert [(each["name"], each["weight"]) for each in drawn["own_weights"]] == [("inky", 0.8), ("glow", 1.0)]
    page.click(".loras li[data-lora=inky] button")
    draw_and_wait(page)
    assert [each["name"] for each in read_recipe(page)["own_weights"]] == ["glow"]
    page.click(".loras li[data-lora=glow] button")
    draw_and_wait(page, "a red ball <lora:inky:0.5> easyfox")
    tagged = read_recipe(page)
    assert {each["name"]: each["weight"] for each in tagged["own_weights"]} == {"inky": 0.5, "easyfox": 1.0}
    page.locator("#history button.past").last.click()  # the first picture brings its LoRAs back
    expect(page.locator(".loras li")).to_have_count(2, timeout=PATIENCE)
    assert page.inner_text(".loras li[data-lora=inky] output") == "0.80"


def test_another_model_draws_without_a_restart_and_the_first_comes_back(open_page: OpenPage) -> None:
    page = open_page()
    prepare(page)
    drag_mouse(page)
    draw_and_wait(page)
    first = read_recipe(page)["revisions"]
    model = page.locator("#own-files label:has-text('Model') select").first
    model.select_option("dreamy")
    expect(model).to_be_enabled(timeout=PATIENCE)
    expect(model).to_have_value("dreamy")
    draw_and_wait(page)
    second = read_recipe(page)["revisions"]
    assert second["checkpoint"] == "dreamy"
    assert second["base"] != first["base"]
    model.select_option("")
    expect(model).to_be_enabled(timeout=PATIENCE)
    draw_and_wait(page)
    assert read_recipe(page)["revisions"] == first


def test_files_of_no_use_are_named_and_new_ones_are_found(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    open_panel(page, "bigger")
    page.click("#own-files summary")
    assert "large.safetensors is a LoRA for Stable Diffusion XL" in page.inner_text("#own-files details")
    assert "easyfox" in page.inner_text("#own-files")
    folder = Path(server.settings["CROQUIS_MODELS"]) / "models" / "Lora"
    shutil.copy(folder / "glow.safetensors", folder / "later.safetensors")
    page.click("#own-files button.quiet")
    expect(page.locator("#own-files option[value=later]")).to_have_count(1, timeout=PATIENCE)


def test_on_a_phone_rows_fit_and_buttons_are_large(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    open_panel(page, "bigger")
    page.select_option("#own-files label:has-text('Add a LoRA') select", "inky")
    row = page.locator(".loras li")
    assert row.evaluate("node => node.scrollWidth <= node.clientWidth + 1")
    box = page.locator(".loras li button").bounding_box()
    assert box is not None and box["width"] >= 44 and box["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
