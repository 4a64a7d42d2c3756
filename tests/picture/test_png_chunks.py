import struct
import zlib

import pytest
from PIL import PngImagePlugin

from pipeline.errors import PictureFileError
from pipeline.picture.png_chunks import MAX_CHUNKS, SIGNATURE, decode_text, inflate_text, read_texts
from tests.tools.drawings import draw_house, encode_image


def make_chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def make_png(*chunks):
    return SIGNATURE + b"".join(make_chunk(kind, body) for kind, body in chunks) + make_chunk(b"IEND", b"")


def decode_texts(data, limit=1000):
    return {keyword: decode_text(kind, body, limit).decode() for keyword, (kind, body) in read_texts(data).items()}


def test_texts_that_pillow_writes_are_read():
    texts = PngImagePlugin.PngInfo()
    texts.add_text("plain", "one")
    texts.add_text("packed", "two " * 100, zip=True)
    texts.add_itxt("wide", "drei £ 水墨")
    texts.add_itxt("wide packed", "vier 水墨 " * 50, lang="de", tkey="weit", zip=True)
    assert decode_texts(encode_image(draw_house(64), pnginfo=texts)) == {
        "plain": "one",
        "packed": "two " * 100,
        "wide": "drei £ 水墨",
        "wide packed": "vier 水墨 " * 50,
    }


def test_the_first_of_a_keyword_counts():
    assert decode_texts(make_png((b"tEXt", b"a\0one"), (b"tEXt", b"a\0two"))) == {"a": "one"}


def test_no_pixel_is_decoded():
    """IDAT may be nonsense: only text is read."""
    assert decode_texts(make_png((b"IDAT", b"nonsense"), (b"tEXt", b"a\0one"))) == {"a": "one"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "something else"),
        (b"words", "something else"),
        (encode_image(draw_house(64), "JPEG"), "a JPEG"),
        (encode_image(draw_house(64), "GIF"), "a GIF"),
        (encode_image(draw_house(64), "WEBP"), "a WebP"),
        (SIGNATURE, "cut off"),
        (encode_image(draw_house(64))[:-1], "cut off"),
        (encode_image(draw_house(64))[:60], "cut off"),
        (encode_image(draw_house(64))[:-20] + b"12345678901234567890", "cut off|damaged"),
        (SIGNATURE + struct.pack(">I4s", 2**32 - 1, b"tEXt") + b"a\0b", "cut off"),
        (SIGNATURE + make_chunk(b"tEXt", b"a\0b")[:-1] + b"!", "damaged"),
        (make_png(*[(b"tEXt", b"a\0b")] * (MAX_CHUNKS + 1)), "20,000 pieces"),
        (SIGNATURE + bytes(20_000_001), "20 MB"),
    ],
)
def test_what_is_no_whole_png_is_refused_by_name(data, message):
    with pytest.raises(PictureFileError, match=message):
        read_texts(data)


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        (b"tEXt", b"x" * 1001, "over 0.001 MB"),
        (b"zTXt", b"\0" + zlib.compress(b"x" * 1001), "over 0.001 MB"),
        (b"zTXt", b"\0" + zlib.compress(bytes(10**8)), "over 0.001 MB"),
        (b"zTXt", b"\0" + zlib.compress(b"one two three")[:-6], "cut off"),
        (b"zTXt", b"\0nonsense", "damaged"),
        (b"zTXt", b"", "cut off"),
        (b"iTXt", b"", "malformed"),
        (b"iTXt", b"\0\0en", "malformed"),
        (b"iTXt", b"\1\0\0\0" + zlib.compress(b"x" * 5000), "over 0.001 MB"),
    ],
)
def test_texts_that_are_bombs_or_broken_are_refused(kind, body, message):
    with pytest.raises(PictureFileError, match=message):
        decode_text(kind, body, 1000)


def test_exactly_the_limit_is_taken():
    assert inflate_text(zlib.compress(b"x" * 1000), 1000) == b"x" * 1000
