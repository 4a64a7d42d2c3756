"""Make image files, whole and broken, for tests that send them."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image, ImageDraw


def encode_png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def draw_fox(side: int = 256) -> Image.Image:
    """Draw a fox in a few strokes on white, RGB."""
    image = Image.new("RGB", (side, side), "white")
    pen, unit = ImageDraw.Draw(image), side / 256
    for points in (
        [(60, 80), (70, 30), (105, 60), (150, 60), (185, 30), (195, 80)],  # ears
        [(60, 80), (70, 150), (128, 200), (186, 150), (195, 80)],  # face
        [(118, 190), (138, 190), (128, 200), (118, 190)],  # nose
    ):
        pen.line([(x * unit, y * unit) for x, y in points], fill="black", width=max(2, round(5 * unit)), joint="curve")
    for x in (95, 160):
        pen.ellipse([(x - 5) * unit, 105 * unit, (x + 5) * unit, 117 * unit], fill="black")
    return image


def make_bad_files() -> dict[str, bytes]:
    """Return bytes by file name that no endpoint may take for a drawing."""
    whole = encode_png(draw_fox())
    return {
        "empty.png": b"",
        "words.png": b"this is no picture " * 50,
        "page.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><script>1</script></svg>',
        "cut.png": whole[: len(whole) // 2],
        "flipped.png": whole[:60] + bytes(255 - byte for byte in whole[60:160]) + whole[160:],
        "tiny.png": encode_png(Image.new("RGB", (63, 300), "red")),
        "long.png": encode_png(Image.new("1", (4097, 64), 0)),
        "bomb.png": make_bomb(30_000, 30_000),
    }


def make_blank_files() -> dict[str, bytes]:
    """Return whole images by file name with nothing drawn on them."""
    return {
        "white.png": encode_png(Image.new("RGB", (256, 256), "white")),
        "black.png": encode_png(Image.new("L", (256, 256), 0)),
        "clear.png": encode_png(Image.new("RGBA", (256, 256), (0, 0, 0, 0))),
    }


def make_bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few KB whose header promises width x height pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + make_chunk(b"IHDR", header) + make_chunk(b"IDAT", body) + make_chunk(b"IEND", b"")


def make_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
