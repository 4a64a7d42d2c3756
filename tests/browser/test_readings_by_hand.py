"""Readings are chosen, weighed, limited and given a network of one's own by mouse, finger and keys; doubts are told.

What a reading or quick steps lack is fetched where they are chosen: both need a Hub beside the app, which takes long to
start, so both are here.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from pipeline.models.catalog import SD15
from pipeline.models.checks import compute_sha256
from pipeline.page.quick_steps import LABELS
from tests.browser.conftest import PATIENCE, PHONE, OpenPage
from tests.browser.page_actions import choose_option, drag_mouse, draw_and_wait, open_panel, set_number
from tests.browser.test_own_files_by_hand import read_recipe
from tests.tools.hub_server import Hub, offer_part, serve_hub
from tests.tools.readings_server import serve_readings
from tests.tools.serving import Server


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with serve_hub() as served:
        yield served


@pytest.fixture(scope="module")
def server(sd15_folder: Path, tmp_path_factory: pytest.TempPathFactory, hub: Hub) -> Iterator[Server]:
    room = tmp_path_factory.mktemp("readings")
    from_hub = {"HF_ENDPOINT": hub.address, "HF_HUB_CACHE": str(room / "hub"), "HF_HUB_OFFLINE": "0"}
    with serve_readings(sd15_folder, room, **from_hub) as running:
        yield running


def find_row(page: Page, name: str) -> Locator:
    return page.locator(f".reading-rows li[data-reading={name}]")


def check(page: Page, name: str) -> None:
    page.locator(f".reading-boxes input[value={name}]").click()


def prepare(page: Page) -> None:
    drag_mouse(page)
    open_panel(page, "settings")
    for side in ("width", "height"):
        set_number(page, side, 256)
    set_number(page, "num_inference_steps", 2)


def read_hints(page: Page) -> dict[str, dict[str, Any]]:
    hints = read_recipe(page)["hints"]
    return {hint["controlnet"]: {key: value for key, value in hint.items() if key != "png"} for hint in hints}


def test_nothing_but_the_boxes_is_shown_until_one_is_checked(open_page: OpenPage) -> None:
    page = open_page()
    open_panel(page, "settings")
    assert page.locator(".reading-boxes input").count() == 6
    expect(page.locator(".reading-rows")).to_be_hidden()
    check(page, "canny")
    expect(find_row(page, "canny")).to_be_visible()
    check(page, "canny")
    expect(page.locator(".reading-rows")).to_be_hidden()


def test_each_reading_has_its_strength_interval_and_network(open_page: OpenPage) -> None:
    page = open_page()
    prepare(page)
    check(page, "canny")
    check(page, "lineart")
    scale = find_row(page, "canny").locator("[data-key=controlnet_conditioning_scale]")
    scale.focus()
    for _ in range(8):
        scale.press("ArrowLeft")
    end = find_row(page, "lineart").locator("[data-key=control_guidance_end]")
    box = end.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert float(end.input_value()) == pytest.approx(0.5, abs=0.051)
    start = find_row(page, "lineart").locator("[data-key=control_guidance_start]")
    start.focus()
    start.press("End")  # it goes no further than where it ends
    assert start.input_value() == end.input_value()
    start.press("Home")
    find_row(page, "lineart").locator("select").select_option("control_v11p_sd15_lineart")
    draw_and_wait(page)
    hints = read_hints(page)
    assert list(hints) == ["canny", "lineart"]
    assert hints["canny"]["controlnet_conditioning_scale"] == pytest.approx(0.6)
    assert hints["lineart"]["control_guidance_end"] == float(end.input_value())
    assert hints["lineart"]["model"] == "control_v11p_sd15_lineart" and len(hints["lineart"]["sha256"]) == 64
    assert hints["canny"]["model"] == ""


def test_networks_are_offered_where_they_suit(open_page: OpenPage) -> None:
    page = open_page()
    open_panel(page, "settings")
    check(page, "lineart")
    check(page, "depth")
    offered = {name: find_row(page, name).locator("option").all_inner_texts() for name in ("lineart", "depth")}
    assert offered["lineart"] == ["The published one", "control_v11p_sd15_lineart", "monster"]
    assert offered["depth"] == ["The published one", "monster"]


def test_what_a_network_sees_and_what_is_wrong_are_told_before_anything_is_drawn(open_page: OpenPage) -> None:
    page = open_page()
    prepare(page)
    check(page, "scribble")
    image = find_row(page, "scribble").locator("img")
    expect(image).to_be_visible(timeout=PATIENCE)
    before = image.get_attribute("src")
    check(page, "openpose")
    poses = find_row(page, "openpose").locator(".part-download")
    told = "Not on this machine yet: BlazePose, which finds people and their poses (36 MB, licence: Apache-2.0)."
    expect(poses).to_contain_text(told, timeout=PATIENCE)
    expect(poses.get_by_role("button", name="Download it")).to_be_visible()
    drag_mouse(page, [(0.2, 0.2), (0.8, 0.3)])
    page.wait_for_function(
        "before => document.querySelector('[data-reading=scribble] img').src !== before", arg=before, timeout=PATIENCE
    )
    assert page.locator("#desk.fresh").count() == 1  # nothing was drawn


def test_how_it_was_made_shows_what_each_network_saw_and_a_picture_brings_it_back(open_page: OpenPage) -> None:
    page = open_page()
    prepare(page)
    check(page, "softedge")
    check(page, "canny")
    draw_and_wait(page)
    open_panel(page, "making")
    figures = page.locator("#strip figure.hint")
    assert [figure.get_attribute("data-reading") for figure in figures.all()] == ["softedge", "canny"]
    assert figures.first.locator("img").evaluate("image => image.naturalWidth") > 100
    assert "1.00, from 0 % to 100 %" in figures.first.inner_text()
    check(page, "softedge")
    check(page, "canny")
    expect(page.locator(".reading-rows")).to_be_hidden()
    draw_and_wait(page)
    page.locator("#history button.past").last.click()
    expect(page.locator(".reading-rows li")).to_have_count(2, timeout=PATIENCE)


@pytest.fixture
def lent_softedge(server: Server, tmp_path: Path) -> Iterator[Path]:
    """The folder of the network for soft edges, taken out of the model's for as long as a test lasts."""
    place = Path(server.settings["CROQUIS_SD15"]) / "controlnet_softedge"
    lent = Path(shutil.move(place, tmp_path))
    yield lent
    shutil.copytree(lent, place)


def test_a_network_that_is_not_here_is_fetched_from_its_row(open_page: OpenPage, lent_softedge: Path, hub: Hub) -> None:
    offer_part(hub, SD15.parts["controlnet_softedge"], lent_softedge)
    page = open_page()
    prepare(page)
    check(page, "softedge")
    place = find_row(page, "softedge").locator(".part-download")
    expect(place).to_contain_text(
        "Not on this machine yet: ControlNet for soft edges (723 MB, licence: OpenRAIL)", timeout=PATIENCE
    )
    expect(find_row(page, "softedge").locator(".notice")).to_be_hidden()
    fetch_with_a_stop(place, hub)
    draw_and_wait(page)
    assert list(read_hints(page)) == ["softedge"]


def test_quick_steps_whose_file_is_not_here_are_fetched_where_they_are_chosen(
    open_page: OpenPage, server: Server, hub: Hub, tmp_path: Path
) -> None:
    part, lora = SD15.parts["pcm_4"], tmp_path / SD15.parts["pcm_4"].files[0].path
    lora.parent.mkdir()
    shutil.copy(Path(server.settings["CROQUIS_SD15"]) / "lcm_lora" / "pytorch_lora_weights.safetensors", lora)
    offer_part(hub, part, tmp_path)
    page = open_page()
    prepare(page)
    choose_option(page, "quick-steps", LABELS["pcm-4"])
    place = page.locator("#wanted-parts .part-download[data-part=pcm_4]")
    expect(place).to_contain_text(f"Not on this machine yet: {part.title} (135 MB", timeout=PATIENCE)
    fetch_with_a_stop(place, hub)
    asked = [headers for _, path, headers in hub.asked if path.endswith(compute_sha256(lora))]
    assert "Range" in asked[-1]  # it went on where it was
    draw_and_wait(page)
    assert read_recipe(page)["levers"]["few_steps"] == "pcm-4"


def fetch_with_a_stop(place: Locator, hub: Hub) -> None:
    """Start the download that is told in a place, stop it on the way, see what is told, and go on to its end."""
    hub.slow = 2  # seconds a piece: however slow the machine, it is stopped before the last of 20 or more has come
    place.get_by_role("button", name="Download it").click()
    expect(place.locator("progress")).not_to_have_attribute("value", "0", timeout=PATIENCE)  # else nothing is to go on
    place.get_by_role("button", name="Stop the download").click()
    expect(place).to_contain_text("Stopped at", timeout=PATIENCE)
    hub.slow = 0
    place.get_by_role("button", name="Go on").click()
    expect(place).to_be_hidden(timeout=PATIENCE)


def test_doubts_are_told_before_anything_is_drawn_while_settings_is_closed(open_page: OpenPage) -> None:
    page = open_page()
    drag_mouse(page)
    open_panel(page, "settings")
    check(page, "openpose")
    expect(find_row(page, "openpose").locator(".part-download")).to_contain_text("BlazePose", timeout=PATIENCE)
    expect(page.locator("#messages .message")).to_have_count(0)  # its row tells it
    page.locator("#settings-title button").click()
    page.wait_for_timeout(1000)  # the panel that opened scrolls no more
    drag_mouse(page, [(0.2, 0.2), (0.8, 0.3)])
    expect(page.locator("#messages .message.alert")).to_contain_text(
        "Not on this machine yet: People's poses. Settings says more.", timeout=PATIENCE
    )
    page.locator("#messages").get_by_role("button", name="Close").click()
    with page.expect_response(lambda answer: "queue/join" in answer.url, timeout=PATIENCE):
        drag_mouse(page, [(0.2, 0.4), (0.8, 0.5)])
    page.wait_for_timeout(500)
    expect(page.locator("#messages .message")).to_have_count(0)  # the same doubt is told once
    assert page.locator("#desk.fresh").count() == 1


def test_by_keys_alone(open_page: OpenPage) -> None:
    page = open_page()
    open_panel(page, "settings")
    page.locator(".reading-boxes input[value=depth]").focus()
    page.keyboard.press("Space")
    expect(find_row(page, "depth")).to_be_visible()
    assert page.evaluate("document.activeElement.value") == "depth"
    held: list[str] = []
    for _ in range(12):
        page.keyboard.press("Tab")
        held.append(page.evaluate("document.activeElement.dataset.key ?? ''"))
    wanted = ["controlnet_conditioning_scale", "control_guidance_start", "control_guidance_end", "model"]
    assert [key for key in held if key] == wanted


def test_on_a_phone_by_finger(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    open_panel(page, "settings")
    page.locator(".reading-boxes label").nth(3).tap()
    row = find_row(page, "canny")
    expect(row).to_be_visible()
    slider = row.locator("[data-key=control_guidance_end]")
    slider.evaluate("(node) => node.scrollIntoView({ block: 'center' })")
    page.wait_for_timeout(1500)  # what the network sees has come, and moves the row no more
    box = slider.bounding_box()
    assert box is not None and box["height"] >= 44
    page.touchscreen.tap(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2)
    assert float(slider.input_value()) < 0.5
    for label in page.locator(".reading-boxes label").all():
        place = label.bounding_box()
        assert place is not None and place["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
