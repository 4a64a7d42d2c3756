"""Save and share: each way gives the file it promises, and what is dropped again is the drawing."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from pipeline.picture import carried_strokes
from pipeline.picture.png_chunks import decode_text, read_texts
from pipeline.picture.png_file import read_lone_strokes
from pipeline.picture.provenance import KEYWORD
from tests.browser.conftest import OpenPage
from tests.browser.page_actions import CIRCLE, LINE, clear_sheet, drag_mouse, draw_and_wait, read_drawing
from tests.browser.test_canvas_by_hand import drop

WORDS = "a red ball"
LONE = {"project", "drawing", "svg"}  # ways of a drawing without a picture
NOTE_SHARED = """() => {
  window.shared = null;
  navigator.canShare = ({ files }) => files[0].type === "image/png";
  navigator.share = async ({ files: [file] }) => {
    window.shared = [file.name, new Uint8Array(await file.arrayBuffer()).toBase64()];
  };
}"""
FETCH = "async (address) => new Uint8Array(await (await fetch(address)).arrayBuffer()).toBase64()"
LIST_SEEN = """() => [...document.querySelectorAll("body *")].filter((node) => {
  const { visibility, display } = getComputedStyle(node);
  return visibility === "visible" && display !== "none" && node.getBoundingClientRect().width;
}).map((node) => `${node.tagName} ${node.id} ${node.getAttribute("class") ?? ""}`)"""
PAINT_SVG = """async (svg) => {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  await image.decode();
  const context = new OffscreenCanvas(512, 512).getContext("2d");
  context.drawImage(image, 0, 0);
  const places = [[250, 256], [250, 264], [150, 101], [10, 10]];
  return places.map(([x, y]) => [...context.getImageData(x, y, 1, 1).data]);
}"""
READ_CLIPBOARD = """async () => {
  const [item] = await navigator.clipboard.read();
  return new Uint8Array(await (await item.getType("image/png")).arrayBuffer()).toBase64();
}"""


@pytest.fixture(scope="module")
def made(open_lasting_page: OpenPage) -> Page:
    """A page with a drawing and its picture, which no test changes."""
    return make_picture(open_lasting_page)


@pytest.fixture
def own(open_page: OpenPage) -> Page:
    """A page with a drawing and its picture for one test alone."""
    return make_picture(open_page)


def make_picture(opens: OpenPage) -> Page:
    page = opens(permissions=["clipboard-read", "clipboard-write"])
    drag_mouse(page, CIRCLE)
    page.click("#canvas .tool.marker")
    drag_mouse(page, LINE)
    draw_and_wait(page, WORDS)
    return page


def open_menu(page: Page) -> None:
    page.locator("#picture [data-action=share]").click()
    page.wait_for_selector("#saving .way-out")


def list_ways(page: Page) -> set[str | None]:
    page.wait_for_selector("#saving .way-out")
    return {way.get_attribute("data-way") for way in page.locator("#saving .way-out").all()}


def save(page: Page, way: str) -> tuple[str, bytes]:
    """Choose a way, and return the downloaded file's name and bytes."""
    open_menu(page)
    with page.expect_download() as downloading:
        page.click(f"#saving [data-way={way}]")
    file = downloading.value
    page.wait_for_selector("#saving", state="detached")
    return file.suggested_filename, Path(file.path()).read_bytes()


def fetch_picture(page: Page) -> bytes:
    return base64.b64decode(page.evaluate(FETCH, read_address(page)))


def read_address(page: Page) -> str:
    """Return the address of the finished picture's file."""
    return str(page.locator("#picture .save").get_attribute("href"))


def open_png(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    assert image.format == "PNG"
    return image


def test_the_picture_and_the_project_are_the_file_itself(made: Page) -> None:
    whole = fetch_picture(made)
    name, data = save(made, "png")
    assert data == whole and name.startswith("croquis-") and name.endswith(".png")
    name, project = save(made, "project")
    assert project == whole and name.endswith(".croquis")


def test_a_dropped_project_is_the_drawing_again(own: Page) -> None:
    drawn = json.loads(read_drawing(own))
    _, project = save(own, "project")
    clear_sheet(own)
    own.fill("#prompt textarea", "something else")
    drop(own, project, "fox.croquis", "")
    own.wait_for_selector("#messages:has-text('are back')")
    assert json.loads(read_drawing(own))["strokes"] == drawn["strokes"]
    assert own.input_value("#prompt textarea") == WORDS
    before = read_address(own)
    draw_and_wait(own, WORDS)
    assert read_address(own) != before and fetch_picture(own) == project, "drawn again it is the same file"


def test_the_file_chooser_takes_a_project(made: Page) -> None:
    drawn = json.loads(read_drawing(made))
    _, project = save(made, "project")
    clear_sheet(made)
    chooser = made.locator("input[type=file][accept*='.croquis']").first
    chooser.set_input_files({"name": "ball.croquis", "mimeType": "application/octet-stream", "buffer": project})
    made.wait_for_selector("#messages:has-text('are back')")
    assert json.loads(read_drawing(made))["strokes"] == drawn["strokes"]


def test_the_clipboard_gets_the_picture(made: Page) -> None:
    open_menu(made)
    made.click("#saving [data-way=copy]")
    made.wait_for_selector("#saving", state="detached")
    copied = open_png(base64.b64decode(made.evaluate(READ_CLIPBOARD))).convert("RGB")
    assert np.array_equal(copied, open_png(fetch_picture(made)).convert("RGB"))


def test_a_phone_shares_the_file(made: Page) -> None:
    open_menu(made)
    assert made.locator("#saving [data-way=share]").count() == 0, "this browser cannot share"
    made.keyboard.press("Escape")
    made.evaluate(NOTE_SHARED)
    open_menu(made)
    made.click("#saving [data-way=share]")
    made.wait_for_function("window.shared")
    name, data = made.evaluate("window.shared")
    made.evaluate("() => { delete navigator.share; delete navigator.canShare; }")
    assert name.endswith(".png") and base64.b64decode(data) == fetch_picture(made)


def test_printing_shows_the_picture_alone(made: Page) -> None:
    made.evaluate("window.print = () => { window.printed = true; }")
    open_menu(made)
    made.click("#saving [data-way=print]")
    made.wait_for_function("window.printed")
    made.emulate_media(media="print")
    seen = made.evaluate(LIST_SEEN)
    box = made.locator("#picture .frame > img").bounding_box()
    made.emulate_media(media="null")
    assert len(seen) == 2 and seen[0].startswith("DIV") and "frame" in seen[0] and seen[1].startswith("IMG"), seen
    assert box and box["width"] > 600, "the picture is small on the paper"


def test_the_drawing_alone_carries_its_strokes(made: Page) -> None:
    name, data = save(made, "drawing")
    assert name.endswith("-drawing.png")
    shown = np.asarray(open_png(data).convert("L"))
    assert shown.shape[1] == 1024 and (shown < 100).sum() > 3_000 and shown[4, 4] == 255
    strokes = json.loads(str(read_lone_strokes(data)))["strokes"]
    assert strokes == json.loads(read_drawing(made))["strokes"]
    clear_sheet(made)
    drop(made, data, "drawing.png")
    made.wait_for_function("JSON.parse(croquis.readDrawing()).strokes.length === 2")
    assert json.loads(read_drawing(made))["strokes"] == strokes


def test_a_drawing_without_a_picture_can_be_saved_as_a_project(page: Page) -> None:
    drag_mouse(page, CIRCLE)
    page.click("[data-action=menu]")
    page.click("[data-item=save]")
    assert list_ways(page) == LONE
    with page.expect_download() as downloading:
        page.click("#saving [data-way=project]")
    data = Path(downloading.value.path()).read_bytes()
    strokes = decode_text(*read_texts(data)[carried_strokes.KEYWORD], carried_strokes.MAX_STROKES)
    assert json.loads(strokes)["strokes"] == json.loads(read_drawing(page))["strokes"]


def test_a_card_shows_both_side_by_side(made: Page) -> None:
    name, data = save(made, "card")
    card = open_png(data).convert("RGB")
    assert name.endswith("-card.png") and card.width == 2 * 1024 + 3 * 48 and card.height > 1024 + 48
    picture = open_png(fetch_picture(made)).convert("RGB").resize((64, 64))
    half = card.crop((1024 + 2 * 48, 48, 2 * 1024 + 2 * 48, 48 + 1024)).resize((64, 64))
    assert np.abs(np.asarray(half, int) - np.asarray(picture, int)).mean() < 6
    drawn = np.asarray(card.crop((48, 48, 48 + 1024, 48 + 1024)).convert("L"))
    assert (drawn == 255).mean() > 0.5 and (drawn < 100).mean() > 0.003
    caption = np.asarray(card.crop((0, 1024 + 48, card.width, card.height)).convert("L"))
    assert (caption < 120).sum() > 300, "the words are missing"
    assert "trainedAlgorithmicMedia" in open_png(data).text[KEYWORD]  # type: ignore[attr-defined]


def test_a_sticker_is_cut_out(made: Page) -> None:
    name, data = save(made, "sticker")
    sticker = open_png(data)
    assert name.endswith("-sticker.png") and sticker.mode == "RGBA"
    alpha = np.asarray(sticker)[..., 3]
    assert alpha[0, 0] == 0 and alpha[alpha.shape[0] // 2, alpha.shape[1] // 2] == 255
    assert ((alpha > 0) & (alpha < 255)).any()
    assert "trainedAlgorithmicMedia" in sticker.text[KEYWORD]  # type: ignore[attr-defined]


def test_the_ink_is_shapes(made: Page) -> None:
    name, data = save(made, "svg")
    image = ElementTree.fromstring(data)
    space = {"svg": "http://www.w3.org/2000/svg"}
    assert name.endswith("-ink.svg") and image.get("viewBox") == "0 0 512 512"
    paths = {group.get("id"): group.findall(".//svg:path", space) for group in image.findall("svg:g", space)}
    assert len(paths["ink"]) == 1 and len(paths["colours"]) == 1
    assert all(str(path.get("d")).startswith("M") for group in paths.values() for path in group)


def test_an_eraser_and_a_filled_area_are_in_the_svg(page: Page) -> None:
    stroke = '{"tool": "%s", "size": %d, "color": "#112233", "points": [[100, 256, 0.5], [400, 256, 0.5]]}'
    fill = '{"tool": "fill", "color": "#ff0000", "runs": [51300, 100, 412, 100]}'
    page.evaluate(
        "(text) => croquis.loadDrawing(text)",
        f'{{"version": 2, "width": 512, "height": 512, "picture": null, "strokes": [{fill}, {stroke % ("pen", 20)}, '
        f"{stroke % ('eraser', 8)}]}}",
    )
    page.click("[data-action=menu]")
    page.click("[data-item=save]")
    with page.expect_download() as downloading:
        page.click("#saving [data-way=svg]")
    svg = Path(downloading.value.path()).read_text("utf-8")
    assert svg.count("<mask") == 2 and 'd="M100 100h100v2h-100z"' in svg
    seen = page.evaluate(PAINT_SVG, svg)
    assert seen == [[0, 0, 0, 0], [0x11, 0x22, 0x33, 255], [255, 0, 0, 255], [0, 0, 0, 0]]


def test_the_layers_open(made: Page) -> None:
    name, data = save(made, "openraster")
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert name.endswith(".ora") and archive.namelist()[0] == "mimetype"
    assert np.array_equal(open_png(archive.read("mergedimage.png")), open_png(fetch_picture(made)).convert("RGB"))
    layers = ElementTree.fromstring(archive.read("stack.xml")).findall("stack/layer")
    assert [layer.get("name") for layer in layers] == ["ink", "colour", "picture"]


def test_a_picture_that_still_follows_the_pen_is_made_first(own: Page) -> None:
    own.locator("#picture .live-switch").click()
    drag_mouse(own, LINE)
    own.wait_for_selector("#picture .live-picture:not([hidden])")
    before = read_address(own)
    open_menu(own)
    assert list_ways(own) == LONE
    own.click("#saving .make-first")
    own.wait_for_function("(before) => document.querySelector('#picture .save').href.indexOf(before) < 0", arg=before)
    open_menu(own)
    assert own.locator("#saving [data-way=png]").count() == 1


def test_what_cannot_be_cut_out_is_told_in_the_dialog(page: Page) -> None:
    other = page.context.new_page()  # the browser notes a refused request in its console, which `page` may not have
    other.goto(page.url)
    other.wait_for_selector("#status [data-ready=true]")
    drag_mouse(other, ((0.0, 0.5), (0.5, 0.5), (0.999, 0.5)))
    draw_and_wait(other, "a line")
    open_menu(other)
    other.click("#saving [data-way=sticker]")
    other.wait_for_selector("#saving .problem:has-text('close its outline')")
