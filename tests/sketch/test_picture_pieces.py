"""Files that would keep a decoder busy for minutes are refused before one sees them; ordinary ones are not."""

from __future__ import annotations

import io
import struct
import time
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import SketchError, StyleError
from pipeline.sketch import image_file
from pipeline.sketch.image_file import open_image
from pipeline.sketch.picture_pieces import expect_few_pieces
from pipeline.teaching.pictures import read_pictures
from tests.tools.drawings import draw_house
from tests.tools.image_files import encode_png


def encode(kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    draw_house(mode="RGB").save(stream, kind, **options)
    return stream.getvalue()


def make_scans(count: int) -> bytes:
    """Return a progressive JPEG with its last scan `count` times more."""
    whole = encode("JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * count + whole[-2:]


def make_segments(count: int) -> bytes:
    whole = encode("JPEG")
    return whole[:2] + b"\xff\xfe\x00\x02" * count + whole[2:]


def make_chunks(count: int) -> bytes:
    whole, chunk = encode("PNG"), struct.pack(">I4s", 0, b"teSt")
    return whole[:-12] + (chunk + struct.pack(">I", zlib.crc32(b"teSt"))) * count + whole[-12:]


def make_palettes(count: int) -> bytes:
    """Return a PNG with `count` palettes."""
    whole, chunk = encode("PNG"), struct.pack(">I4s3x", 3, b"PLTE")
    return whole[:-12] + (chunk + struct.pack(">I", zlib.crc32(b"PLTE\0\0\0"))) * count + whole[-12:]


def make_gif_palettes(count: int) -> bytes:
    """Return a GIF of `count` palettes, one of all frames and one of each."""
    palette = b"\0" * 6
    frame = struct.pack("<BHHHHB", 0x2C, 0, 0, 1, 1, 0x80) + palette + b"\x02\x02\x44\x01\0"
    return b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + palette + frame * (count - 1) + b";"


def make_frames(count: int) -> bytes:
    """Return a GIF with its picture `count` times."""
    whole = encode("GIF")
    begin = whole.index(b",\0\0\0\0")
    return whole[:begin] + whole[begin:-1] * count + whole[-1:]


def make_blocks(count: int) -> bytes:
    whole = encode("GIF")
    return whole[:-1] + b"!\xfe" + b"\x01a" * count + b"\0" + whole[-1:]


def make_webp(count: int) -> bytes:
    whole = encode("WEBP")
    return whole + struct.pack("<4sI", b"ANMF", 0) * count


def make_pages(count: int) -> bytes:
    stream = io.BytesIO()
    first, *others = [Image.new("L", (64, 64), number % 256) for number in range(count)]
    first.save(stream, "TIFF", save_all=True, append_images=others)
    return stream.getvalue()


def make_entries(count: int) -> bytes:
    """Return a TIFF whose directory has `count` entries, each of which points to all of the file."""
    entry = struct.pack("<HHII", 700, 7, 12 * count, 8)
    return b"II*\0" + struct.pack("<IH", 8, count) + entry * count + b"\0\0\0\0"


def make_box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def make_boxed(kind: str, *boxes: bytes) -> bytes:
    """Return a HEIC or AVIF file with more boxes in its list of items."""
    whole = encode(kind)
    begin = whole.index(b"meta") - 4
    (size,) = struct.unpack_from(">I", whole, begin)
    more = b"".join(boxes)
    meta = struct.pack(">I", size + len(more)) + whole[begin + 4 : begin + size] + more
    return whole[:begin] + meta + whole[begin + size :]


def make_items(count: int) -> bytes:
    return make_boxed("AVIF", make_box(b"iinf", struct.pack(">B3xI", 1, count) + b"\0" * 12 * count))


def make_references(count: int) -> bytes:
    lists = make_box(b"dimg", struct.pack(">HH", 1, count) + b"\0\x01" * count)
    return make_boxed("AVIF", make_box(b"iref", struct.pack(">4x") + lists))


def make_boxes(count: int) -> bytes:
    return make_boxed("AVIF", make_box(b"free", b"") * count)


def make_samples(count: int) -> bytes:
    inner = make_box(b"stsz", struct.pack(">4xII", 1, count))
    for kind in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        inner = make_box(kind, inner)
    return encode("AVIF") + inner


HOSTILE = {
    "items": (make_items, 2_001),
    "references": (make_references, 4_001),
    "boxes": (make_boxes, 20_001),
    "samples": (make_samples, 2_001),
    "scans": (make_scans, 120),
    "segments": (make_segments, 70_000),
    "chunks": (make_chunks, 70_000),
    "frames": (make_frames, 2_001),
    "palettes": (make_palettes, 2_001),
    "palettes of frames": (make_gif_palettes, 2_001),
    "blocks": (make_blocks, 500_000),
    "webp frames": (make_webp, 2_001),
    "pages": (make_pages, 201),
    "entries": (make_entries, 60_000),
    "tags": (make_entries, 100),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_too_many_pieces_are_refused_before_anything_is_decoded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, count = HOSTILE[name]
    data = make(count)
    monkeypatch.setattr(image_file.Image, "open", lambda *_, **__: pytest.fail("a decoder saw it"))
    with pytest.raises(
        SketchError,
        match=r"This drawing's file has more than [\d,]+ .* and would take too long to open. Save it anew as a PNG",
    ):
        open_image(data)
    with pytest.raises(StyleError, match="has more than"):
        read_pictures([("one", data), ("two", data), ("three", data)])


@pytest.mark.parametrize(
    "make", [make_scans, make_segments, make_chunks, make_frames, make_blocks, make_palettes, make_webp]
)
def test_a_few_more_than_usual_are_no_matter(make: Callable[[int], bytes]) -> None:
    assert open_image(make(20)).size == draw_house().size


def test_boxes_within_boxes_end() -> None:
    inner = b""
    for _ in range(200):
        inner = make_box(b"moov", inner)
    expect_few_pieces(encode("AVIF") + inner * 90, "drawing")
    began = time.monotonic()
    expect_few_pieces(b"\0\0\0\x10ftypavif    " + struct.pack(">I4s", 0, b"moov") * 2_000_000, "drawing")
    assert time.monotonic() - began < 1


def test_a_phones_photograph_in_tiles_is_taken() -> None:
    for make in (make_items, make_references, make_boxes):
        expect_few_pieces(make(300), "drawing")


def test_a_thumbnail_within_a_jpeg_counts_for_nothing() -> None:
    whole, other = encode("JPEG"), make_scans(200)[:60_000]
    segment = b"\xff\xe1" + struct.pack(">H", len(other) + 2) + other
    assert open_image(whole[:2] + segment + whole[2:]).size == draw_house().size


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
def test_what_is_cut_off_is_left_to_the_decoder(kind: str) -> None:
    whole = encode(kind)
    for length in (0, 1, 9, 13, len(whole) // 2, len(whole) - 1):
        expect_few_pieces(whole[:length], "drawing")
    rng = np.random.default_rng(0)
    for _ in range(60):
        changed = bytearray(whole)
        for place in rng.integers(0, len(whole), 5):
            changed[place] = rng.integers(256)
        expect_few_pieces(bytes(changed), "drawing")


def test_a_ring_of_directories_ends() -> None:
    expect_few_pieces(b"II*\0" + struct.pack("<IHI", 8, 0, 8), "drawing")


def test_few_empty_frames_of_a_large_animation_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = [Image.new("L", (600, 600), 255 - number % 2) for number in range(8)]
    stream = io.BytesIO()
    empty[0].save(stream, "GIF", save_all=True, append_images=empty[1:])
    looked = []
    is_plain = image_file.is_plain
    monkeypatch.setattr(image_file, "is_plain", lambda image: looked.append(1) or is_plain(image))
    monkeypatch.setattr(image_file, "MOST_LOOKED_AT", 1_000_000)
    open_image(stream.getvalue())
    assert len(looked) == 4


def test_an_ordinary_file_is_the_same_picture() -> None:
    house = draw_house(mode="RGB")
    assert np.array_equal(np.asarray(open_image(encode_png(house))), np.asarray(house))
