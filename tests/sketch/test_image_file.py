import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.errors import SketchError
from pipeline.sketch.image_file import MAX_PIXELS, STRIP, convert_to_rgb, has_transparency, limit_pillow, open_image
from tests.tools.drawings import draw_house, encode_image

ROOT = Path(__file__).resolve().parents[2]
HOUSE = draw_house(mode="RGB")
TRUE = np.asarray(HOUSE).astype(int)


def rgb(data):
    return convert_to_rgb(open_image(data)).astype(int)


def grey16():
    return Image.fromarray(np.asarray(draw_house(mode="L")).astype(np.uint16) * 257)


def animated(kind):
    return encode_image(
        HOUSE, kind, save_all=True, append_images=[draw_house(ink="white", paper="black")], duration=100
    )


def see_through():
    """Black lines on nothing."""
    image = HOUSE.convert("RGBA")
    image.putalpha(draw_house(mode="L", ink=255, paper=0))
    return image


def palette_with_a_hole():
    image = Image.fromarray((np.asarray(draw_house(mode="L")) > 0).astype(np.uint8), "P")
    image.putpalette([0, 0, 0, 255, 0, 0])  # the red one is see-through
    return encode_image(image, "PNG", transparency=1)


SAME = {
    "png": encode_image(HOUSE),
    "1 bit": encode_image(HOUSE.convert("1")),
    "grey": encode_image(HOUSE.convert("L")),
    "16 bit grey": encode_image(grey16()),
    "16 bit tiff": encode_image(grey16(), "TIFF"),
    "12 bits in 16": encode_image(
        Image.fromarray((np.asarray(draw_house(mode="L")).astype(np.uint16) * 16) + 15), "TIFF"
    ),
    "32 bit tiff": encode_image(Image.fromarray(np.asarray(draw_house(mode="L")).astype(np.int32) * 257), "TIFF"),
    "float tiff": encode_image(Image.fromarray(np.asarray(draw_house(mode="L")).astype(np.float32) / 255), "TIFF"),
    "palette": encode_image(HOUSE.convert("P")),
    "palette with a hole": palette_with_a_hole(),
    "grey and alpha": encode_image(see_through().convert("LA")),
    "rgba": encode_image(see_through()),
    "bmp": encode_image(HOUSE, "BMP"),
    "gif": encode_image(HOUSE.convert("P"), "GIF"),
    "webp": encode_image(HOUSE, "WEBP", lossless=True),
    "tiff": encode_image(HOUSE, "TIFF", compression="tiff_lzw"),
    "fax": encode_image(HOUSE.convert("1"), "TIFF", compression="group4"),
    "apng": animated("PNG"),
    "animated gif": animated("GIF"),
    "animated webp": encode_image(HOUSE, "WEBP", save_all=True, append_images=[HOUSE.rotate(90)], lossless=True),
    "tiff of pages": animated("TIFF"),
}


@pytest.mark.parametrize("kind", SAME)
def test_every_common_file_is_the_same_picture(kind):
    assert np.abs(rgb(SAME[kind]) - TRUE).max() <= 1


@pytest.mark.parametrize(
    "data",
    [
        encode_image(HOUSE, "JPEG", quality=95),
        encode_image(HOUSE.convert("CMYK"), "JPEG", quality=95),
        encode_image(HOUSE, "AVIF", quality=95),
        encode_image(HOUSE.convert("L"), "JPEG", quality=95),
        encode_image(HOUSE.convert("CMYK"), "TIFF"),
    ],
    ids=["jpeg", "cmyk jpeg", "avif", "grey jpeg", "cmyk tiff"],
)
def test_lossy_files_are_nearly_the_same_picture(data):
    assert np.abs(rgb(data) - TRUE).mean() < 3


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_turned_photo_stands_upright(turn):
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    tall = HOUSE.crop((0, 0, 150, 200))
    lying = tall.transpose(undo[turn]) if turn in undo else tall
    exif = Image.Exif()
    exif[0x0112] = turn
    assert np.array_equal(rgb(encode_image(lying, "PNG", exif=exif)), np.asarray(tall))


def test_what_is_see_through_lies_on_white():
    image = open_image(encode_image(see_through()))
    assert has_transparency(image)
    assert convert_to_rgb(image).max() == 255
    assert not has_transparency(open_image(encode_image(HOUSE.convert("RGBA"))))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_no_second_picture_is_made_while_one_is_laid_on_white(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    heights, convert = [0], Image.Image.convert

    def convert_watched(image: Image.Image, *given: Any, **named: Any) -> Image.Image:
        heights.append(image.height)
        return convert(image, *given, **named)

    picture = HOUSE.convert("RGB").convert("L").convert(mode) if mode == "LA" else HOUSE.convert(mode)
    laid = np.asarray(picture.convert("RGB"))
    monkeypatch.setattr(Image.Image, "convert", convert_watched)
    assert np.array_equal(convert_to_rgb(picture), laid) and not has_transparency(picture)
    assert max(heights) <= STRIP < picture.height


def header_only(width, height, depth=8, colour=2):
    """A PNG of a few bytes that claims a size."""
    ihdr = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", ihdr), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"hello, this is no picture", "not an image"),
        (b"%PDF-1.7\n", "not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image"),
        (encode_image(HOUSE)[:500], "broken"),
        (encode_image(HOUSE, "JPEG")[:1500], "broken"),
        (encode_image(draw_house(63)), "63 x 63"),
        (header_only(4097, 100), "4097 x 100"),
        (header_only(4096, 4096), "16 megapixels"),
        (header_only(5000, 5000), "16 megapixels"),
        (header_only(60000, 60000), "16 megapixels"),
        (header_only(2**31 - 1, 2**31 - 1, 1, 0), "16 megapixels"),
        (b"\0" * 20_000_001, "20 MB"),
        (Path("/nowhere/at/all.png"), "cannot be read"),
        (ROOT, "cannot be read"),
    ],
)
def test_what_cannot_be_drawn_on_is_refused_by_name(data, message):
    with pytest.raises(SketchError, match=message):
        open_image(data)


def test_formats_that_run_programs_or_read_other_files_are_not_opened():
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\nshowpage\n"
    with pytest.raises(SketchError, match="not an image"):
        open_image(postscript)


@pytest.mark.slow
def test_pillow_is_guarded_for_everyone_once_the_sketch_module_is_there():
    """In a process of its own: pytest keeps its own warning filters."""
    program = (
        "import io, sys, pipeline.sketch.intake; from PIL import Image\n"
        "try: Image.open(io.BytesIO(sys.stdin.buffer.read()))\n"
        "except Image.DecompressionBombWarning: print('guarded', Image.MAX_IMAGE_PIXELS)"
    )
    told = subprocess.run([sys.executable, "-c", program], input=header_only(4096, 4096), capture_output=True, cwd=ROOT)
    assert told.stdout.decode().split() == ["guarded", str(MAX_PIXELS)]


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_damaged_files_never_raise_anything_else(data):
    limit_pillow()
    name = data.draw(st.sampled_from(sorted(SAME)))
    damaged = bytearray(SAME[name])
    for _ in range(data.draw(st.integers(1, 8))):
        # mostly in the head, where the lengths and kinds are
        top = data.draw(st.sampled_from([64, 256, len(damaged)]))
        damaged[data.draw(st.integers(0, min(top, len(damaged)) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        damaged = damaged[: data.draw(st.integers(0, len(damaged)))]
    try:
        pixels = convert_to_rgb(open_image(bytes(damaged)))
    except SketchError as refused:
        assert str(refused)
    else:
        assert pixels.dtype == np.uint8 and pixels.shape[2] == 3
        assert io.BytesIO(pixels.tobytes()).getbuffer().nbytes <= 3 * MAX_PIXELS


def test_a_webp_lets_its_decoder_go() -> None:
    stored = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(stored, "WEBP", lossless=True)
    opened = open_image(stored.getvalue())
    assert type(opened) is Image.Image and opened.convert("RGB").getpixel((9, 9)) == (0, 128, 128)
