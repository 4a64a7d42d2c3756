"""A person's own models and LoRAs: found, put on, weighed, taken off and changed by hand, without a restart."""

from __future__ import annotations

import base64
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE, PHONE, OpenPage
from tests.browser.page_actions import drag_mouse, draw_and_wait, open_panel, read_picture_address, set_number
from tests.tools.own_files import write_own_files
from tests.tools.serving import Server
from tests.tools.small_sd15 import copy_small_sd15, run_small_sd15

MEASURE = "nodes => nodes.map((node) => ({ height: node.offsetHeight }))"


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


def find_list(page: Page, label: str) -> Locator:
    """Find the button of a list of files; it opens the list."""
    return page.get_by_role("combobox", name=label, exact=True)


def choose(page: Page, label: str, name: str) -> None:
    """Choose a file by the pointer."""
    find_list(page, label).click()
    page.get_by_role("option", name=name, exact=True).click()


def read_colour(picture: Locator) -> tuple[int, ...]:
    """Return the colour in the middle of a picture that the page shows, RGB."""
    expect(picture).to_have_count(1, timeout=PATIENCE)  # pictures come after the names
    address = picture.get_attribute("src") or ""
    assert address.startswith("data:image/webp;base64,")
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("RGB").getpixel((44, 44))  # type: ignore[return-value]


def slide(page: Page, name: str, keys: int) -> None:
    slider = page.locator(f".loras li[data-lora={name}] input")
    slider.focus()
    for _ in range(abs(keys)):
        slider.press("ArrowLeft" if keys < 0 else "ArrowRight")


def test_loras_are_put_on_weighed_and_taken_off(open_page: OpenPage) -> None:
    page = open_page()
    prepare(page)
    choose(page, "Add a LoRA", "inky")
    choose(page, "Add a LoRA", "glow")
    assert page.locator(".loras li").count() == 2
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
    model = find_list(page, "Model")
    choose(page, "Model", "dreamy")
    expect(model).to_be_enabled(timeout=PATIENCE)
    expect(model).to_have_text("dreamy")
    draw_and_wait(page)
    second = read_recipe(page)["revisions"]
    assert second["checkpoint"] == "dreamy"
    assert second["base"] != first["base"]
    choose(page, "Model", "Stable Diffusion 1.5")
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
    expect(page.locator("#own-files [role=option][data-value=later]")).to_have_count(1, timeout=PATIENCE)


def test_lists_show_each_files_picture_and_are_worked_by_keys(open_page: OpenPage) -> None:
    page = open_page()
    open_panel(page, "bigger")
    adder, options = find_list(page, "Add a LoRA"), page.locator(".picture-options:popover-open")
    adder.focus()
    adder.press("ArrowDown")
    assert adder.get_attribute("aria-expanded") == "true"
    for name, colour in (("inky", (122, 79, 208)), ("glow", (232, 176, 48))):
        shown = read_colour(options.locator(f"[data-value={name}] img"))
        assert max(abs(one - other) for one, other in zip(shown, colour, strict=True)) < 8
    assert read_marked(page, adder) == "Choose a LoRA"
    adder.press("End")
    assert read_marked(page, adder) in ("inky", "later")
    adder.press("g")
    assert read_marked(page, adder) == "glow"
    adder.press("Escape")
    expect(options).to_have_count(0)
    assert page.evaluate("document.activeElement.getAttribute('role')") == "combobox"
    adder.press("i")  # opens it, and goes to the name
    assert read_marked(page, adder) == "inky"
    adder.press("Enter")
    expect(page.locator(".loras li[data-lora=inky]")).to_have_count(1)
    assert page.evaluate("document.activeElement.type") == "range"  # its weight is next
    assert page.evaluate("document.title") != "1"


def read_marked(page: Page, button: Locator) -> str:
    """Return the option that Enter would choose, which a screen reader says."""
    page.wait_for_timeout(50)  # the list marks it in the next frame
    return page.locator(f"#{button.get_attribute('aria-activedescendant')}").inner_text()


def test_a_picture_that_is_none_is_left_out(open_page: OpenPage) -> None:
    page = open_page()
    open_panel(page, "bigger")
    find_list(page, "VAE").click()
    options = page.locator(".picture-options:popover-open")
    assert options.locator("[data-value=bright]").inner_text() == "bright"
    assert options.locator("[data-value=bright] img").count() == 0
    page.keyboard.press("Escape")
    find_list(page, "Model").click()
    red, green, blue = read_colour(page.locator("[data-value=dreamy] img"))
    assert green > red and green > blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", ["desk", "phone"])
def test_the_open_list_fits_and_axe_finds_nothing(open_page: OpenPage, view: str, scheme: Any) -> None:
    page = open_page(**(PHONE if view == "phone" else {}), color_scheme=scheme)
    open_panel(page, "bigger")
    find_list(page, "Add a LoRA").click()
    options = page.locator(".picture-options:popover-open")
    box = options.bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= page.evaluate("innerWidth")
    assert box["y"] >= 0 and box["y"] + box["height"] <= page.evaluate("innerHeight")
    assert all(each["height"] >= 44 for each in options.locator("[role=option]").evaluate_all(MEASURE))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page, "#own-files").response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []


def test_on_a_phone_rows_fit_and_buttons_are_large(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    open_panel(page, "bigger")
    choose(page, "Add a LoRA", "inky")
    row = page.locator(".loras li")
    assert row.evaluate("node => node.scrollWidth <= node.clientWidth + 1")
    box = page.locator(".loras li button").bounding_box()
    assert box is not None and box["width"] >= 44 and box["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
