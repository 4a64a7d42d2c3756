"""Any picture as a style: crisp borders, colours kept, smooth strength, any proportions, equal bytes."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import cv2
import numpy as np
import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import Fail
from PIL import Image

from pipeline.errors import Cancelled, StyleError, watch_cancel
from pipeline.painters import style_network
from pipeline.painters.style_network import (
    PictureStyle,
    embed_style_picture,
    open_networks,
    paint_like,
    read_palette,
    read_style_picture,
    transform,
)
from pipeline.settings import ROOT
from pipeline.values import Painting
from tests.tools.processor_time import measure_against_yardstick

pytestmark = pytest.mark.slow

THINGS = {"red": (205, 45, 40), "blue": (45, 80, 200), "green": (60, 150, 60), "yellow": (240, 205, 60)}


def reference(style: str) -> np.ndarray:
    with Image.open(ROOT / "styles" / style / "reference.webp") as image:
        return np.asarray(image.convert("RGB"))


@pytest.fixture(scope="module")
def oil() -> PictureStyle:
    return read_style_picture(reference("oil-painting"))


def make_painting(height: int = 256, width: int = 256, thing: tuple[int, int, int] = THINGS["red"]) -> Painting:
    """A coloured disc with an outline on pale sky."""
    disc = np.zeros((height, width), np.uint8)
    cv2.circle(disc, (width // 2, height // 2), min(height, width) // 3, 1, -1)
    lines = np.zeros((height, width), np.uint8)
    cv2.circle(lines, (width // 2, height // 2), min(height, width) // 3, 255, 3, cv2.LINE_AA)
    colours = np.where(disc[..., None] > 0, np.uint8(thing), np.uint8((205, 225, 240)))
    return Painting(colours, lines, disc.astype(np.int32))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_freed_network_gives_the_numbers_of_the_fixed_one() -> None:
    import onnxruntime

    from pipeline.painters.style_files import FILES, read_checked

    name = "arbitrary_transform.onnx"
    fixed = onnxruntime.InferenceSession(read_checked(name, FILES[name]), providers=["CPUExecutionProvider"])
    content = rng().random((384, 384, 3)).astype(np.float32)
    numbers = rng(1).normal(0, 0.5, 100).astype(np.float32)
    inputs = {fixed.get_inputs()[0].name: content[None], fixed.get_inputs()[1].name: numbers.reshape(1, 1, 1, 100)}
    assert np.array_equal(transform(content, numbers), fixed.run(None, inputs)[0][0])


@pytest.mark.parametrize(("height", "width"), [(256, 256), (200, 333), (512, 384), (256, 1024)])
def test_any_proportions(oil: PictureStyle, height: int, width: int) -> None:
    painting = make_painting(height, width)
    picture = paint_like(painting, oil, 1, rng())
    assert picture.shape == painting.colours.shape
    assert picture.dtype == np.uint8


def test_strength_moves_smoothly_from_the_plain_painting(oil: PictureStyle) -> None:
    painting = make_painting()
    steps = [paint_like(painting, oil, strength, rng()).astype(int) for strength in (0, 0.05, 0.25, 0.5, 0.75, 1)]
    away = [float(np.abs(step - painting.colours).mean()) for step in steps]
    assert away[0] == 0
    assert all(later > earlier for earlier, later in pairwise(away))
    assert away[1] < 0.1 * away[-1]
    assert away[-1] > 8


def test_equal_seeds_give_equal_bytes_and_others_other_strokes(oil: PictureStyle) -> None:
    painting = make_painting()
    first, again, other = (paint_like(painting, oil, 1, rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("style", ["oil-painting", "watercolor", "ukiyo-e", "stained-glass"])
@pytest.mark.parametrize("word", THINGS)
def test_colours_that_were_asked_for_stay(style: str, word: str) -> None:
    painting = make_painting(thing=THINGS[word])
    picture = paint_like(painting, read_style_picture(reference(style)), 1, rng())
    inside = cv2.erode((painting.regions > 0).astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    asked, found = (
        cv2.cvtColor(one.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)[inside] for one in (painting.colours, picture)
    )
    turned = np.abs((found[:, 0] - asked[:, 0] + 180) % 360 - 180)
    assert np.median(turned) < 30


def test_a_style_of_one_hue_gives_it_to_everything() -> None:
    blueprint = read_style_picture(reference("blueprint"))
    assert blueprint.palette.monochrome == 1
    picture = paint_like(make_painting(), blueprint, 1, rng())
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    assert np.median(lab[..., 2]) < -8


def test_borders_stay_crisp_in_a_large_picture(oil: PictureStyle) -> None:
    painting = make_painting(1024, 1024)
    row = paint_like(painting, oil, 0.6, rng())[512, 100:512].astype(int)
    steps = np.abs(np.diff(row, axis=0)).sum(axis=1)
    border = int(np.flatnonzero(painting.regions[512, 100:512])[0])
    assert abs(int(steps.argmax()) - border) <= 1


def test_like_pictures_have_like_numbers() -> None:
    """Two halves of one picture lie nearer to each other than to other styles."""
    names = ["oil-painting", "sketch", "stained-glass", "watercolor", "blueprint"]
    left, right = (
        np.stack([embed_style_picture(np.ascontiguousarray(half(reference(name)))) for name in names])
        for half in (lambda picture: picture[:, :256], lambda picture: picture[:, 256:])
    )
    away = np.linalg.norm(left[:, None] - right[None], axis=2)
    assert (away.argmin(axis=1) == np.arange(len(names))).mean() >= 0.8


def test_a_palette_is_measured() -> None:
    grey = read_palette(np.full((40, 40, 3), 128, np.uint8))
    assert grey.monochrome == 1
    assert grey.chroma < 1
    assert grey.lightness == pytest.approx(53.6, abs=0.5)
    many = np.zeros((40, 40, 3), np.uint8)
    many[:20, :20], many[:20, 20:], many[20:, :20], many[20:, 20:] = THINGS.values()
    assert read_palette(many).monochrome == 0


@pytest.mark.parametrize("strength", [-0.1, 1.01, float("nan")])
def test_a_strength_outside_is_refused(oil: PictureStyle, strength: float) -> None:
    with pytest.raises(StyleError, match="between 0 and 1"):
        paint_like(make_painting(), oil, strength, rng())


@pytest.mark.parametrize(
    "picture", [np.zeros((64, 64), np.uint8), np.zeros((64, 64, 3)), np.zeros((4, 64, 3), np.uint8)]
)
def test_another_kind_of_picture_is_no_style(picture: np.ndarray) -> None:
    with pytest.raises(StyleError, match="A style picture is"):
        read_style_picture(picture)


def test_without_onnxruntime_a_message_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    open_networks.cache_clear()
    with pytest.raises(StyleError, match=r"needs onnxruntime: pip install -r requirements\.txt"):
        embed_style_picture(reference("oil-painting"))
    open_networks.cache_clear()


def test_onnxruntime_is_not_imported_before_a_style_is_read() -> None:
    code = "import sys, pipeline.painters, pipeline.painters.style_network; sys.exit('onnxruntime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_picture_keeps_its_time(oil: PictureStyle) -> None:
    """A generous bound on a shared machine: 250 ms are aimed at for 512 px on two idle cores."""
    painting = make_painting(512, 512)
    paint_like(painting, oil, 1, rng())
    assert measure_against_yardstick(lambda _: paint_like(painting, oil, 1, rng())) < 200
    assert style_network.WORK_SIDE == 512


def test_a_cancel_ends_a_run_of_the_network(oil: PictureStyle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style_network, "LOOK", 0.001)
    content = np.zeros((512, 512, 3), np.float32)
    with pytest.raises(Cancelled) as raised, watch_cancel(lambda: True):
        transform(content, oil.numbers)
    assert isinstance(raised.value.__context__, Fail)  # not only told once it was through
    with watch_cancel(lambda: False):
        watched = transform(content, oil.numbers)
    np.testing.assert_array_equal(watched, transform(content, oil.numbers))
