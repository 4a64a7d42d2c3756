"""Colour profiles, HEIC, animations: what phones and programs write is read as it looks there."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import SketchError
from pipeline.settings import ROOT
from pipeline.sketch.image_file import convert_to_rgb, find_drawn_frame, is_heic, open_image
from pipeline.sketch.intake import read_image
from tests.tools.drawings import draw_house, encode_image

HEIC = (ROOT / "tests" / "data" / "house.heic").read_bytes()  # draw_house(256), written by pillow-heif 1.x
COLORS = ((220, 40, 40), (40, 150, 60), (30, 90, 210), (240, 160, 20))


def make_swatches(mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", (128, 128))
    for number, color in enumerate(COLORS):
        image.paste(color, (64 * (number % 2), 64 * (number // 2), 64 * (number % 2) + 64, 64 * (number // 2) + 64))
    return image.convert(mode)


def read_colors(image: Image.Image) -> np.ndarray:
    pixels = convert_to_rgb(image).astype(int)
    return pixels[32::64, 32::64].reshape(-1, 3)


@pytest.mark.parametrize("name", ["style_p3.png", "style_prophoto.png"])
def test_colours_of_wide_profiles_are_converted(name: str) -> None:
    found = read_colors(open_image(ROOT / "tests" / "data" / "cases" / name))
    assert np.abs(np.array(sorted(found.tolist())) - sorted(COLORS)).max() <= 5


def test_transparency_outlives_the_conversion() -> None:
    stored = Image.open(ROOT / "tests" / "data" / "cases" / "style_p3.png")
    clear = stored.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    opened = open_image(encode_image(clear, icc_profile=stored.info["icc_profile"]))
    assert opened.mode == "RGBA" and np.array_equal(opened.getchannel("A"), clear.getchannel("A"))
    assert tuple(np.abs(np.array(opened.getpixel((32, 32))[:3]) - COLORS[0]) <= 3) == (True,) * 3


@pytest.mark.parametrize("profile", [b"no profile", b"\0" * 500])
def test_a_broken_profile_is_passed_over(profile: bytes) -> None:
    assert np.array_equal(read_colors(open_image(encode_image(make_swatches(), icc_profile=profile))), COLORS)


def test_a_heic_is_read() -> None:
    assert is_heic(HEIC)
    apart = np.abs(convert_to_rgb(open_image(HEIC)).astype(int) - np.asarray(draw_house(256)))
    assert apart.mean() < 6
    assert read_image(HEIC).is_drawing


@pytest.mark.parametrize("length", [40, 200, len(HEIC) // 2, len(HEIC) - 40])
def test_a_damaged_heic_is_named_as_one(length: int) -> None:
    with pytest.raises(SketchError, match=r"damaged.*HEIC|broken.*HEIF"):
        open_image(HEIC[:length])


def save_frames(kind: str, *frames: Image.Image) -> bytes:
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=list(frames[1:]), duration=100, loop=0)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
@pytest.mark.parametrize("before", [0, 1, 3])
def test_the_first_frame_that_is_not_empty_is_read(kind: str, before: int) -> None:
    blank, house = Image.new("RGB", (200, 200), "white"), draw_house(200)
    # frames of one look are kept as one: the empty ones differ in their colour
    empty = [Image.new("RGB", (200, 200), (255 - number,) * 3) for number in range(before)]
    opened = open_image(save_frames(kind, *empty, house, blank))
    assert np.abs(convert_to_rgb(opened).astype(int) - np.asarray(house)).mean() < 4


def test_an_animation_without_a_drawn_frame_stays_empty() -> None:
    frames = [Image.new("RGB", (100, 100), (255 - number,) * 3) for number in range(4)]
    assert find_drawn_frame(Image.open(io.BytesIO(save_frames("GIF", *frames)))).tell() == 0
    with pytest.raises(SketchError, match="nothing on the paper"):
        read_image(save_frames("GIF", *frames))


def test_a_file_on_disk_is_read_like_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "house.HEIC").write_bytes(HEIC)
    assert np.array_equal(read_image(tmp_path / "house.HEIC").pixels, read_image(HEIC).pixels)
