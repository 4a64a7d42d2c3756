"""Make 500 image files that no camera writes: broken, cut off, bent, promising too much, or as large as is allowed."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, TiffImagePlugin

from tests.sketch.test_picture_pieces import HOSTILE
from tests.tools.icc_profiles import make_profile
from tests.tools.image_files import draw_fox, make_bomb, make_chunk

COUNT = 500
LARGE = 4_000  # px, each side of the largest picture that is taken
KINDS: Mapping[str, Mapping[str, Any]] = {  # how each format is written
    "PNG": {"compress_level": 1},
    "JPEG": {"quality": 80, "progressive": True},
    "WEBP": {"method": 0},
    "GIF": {},
    "TIFF": {"compression": "tiff_deflate"},
    "BMP": {},
    "AVIF": {"speed": 10},
}
STARTS = {
    "PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "JPEG": b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    "WEBP": b"RIFF\xff\xff\0\0WEBPVP8X",
    "GIF": b"GIF89a\xa0\x0f\xa0\x0f\xf7\0\0",
    "TIFF": b"II*\0\x08\0\0\0\x10\0",
    "BMP": b"BM\xff\xff\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
    "AVIF": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1",
    "HEIC": b"\0\0\0\x1cftypheic\0\0\0\0heicmif1",
}
FOREIGN = ("PPM", "ICO", "PCX", "SGI", "TGA", "DDS", "JPEG2000", "PDF", "EPS", "IM", "MSP", "SPIDER")
SIDES = ((30_000, 30_000), (4_000, 4_000), (4_096, 3_906), (65_535, 1), (2**31 - 1, 2**31 - 1), (0, 0))
Hostile = tuple[str, bytes]


def make_hostile_images(seed: int = 0, large: int = LARGE) -> Iterator[Hostile]:
    """Yield names and bytes of COUNT files; `large` (px) is the side of those that are as large as is allowed."""
    draw = random.Random(seed)
    made = (
        *(make_large(large), make_wrapped(large), make_pieces(), make_promises(), make_foreign()),
        *(make_bent(draw), make_cut(draw), make_noise(draw)),
    )
    yield from islice((each for group in made for each in group), COUNT)


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Write a picture as a file of this kind."""
    stream = io.BytesIO()
    image.save(stream, kind, **{**KINDS.get(kind, {}), **options})
    return stream.getvalue()


@cache
def draw_sheet(side: int) -> Image.Image:
    """Draw a few lines on grey, uneven paper, as a phone photographs them."""
    light = np.add.outer(np.linspace(150, 215, side), np.linspace(0, 25, side)).astype(np.uint8)
    image = Image.fromarray(np.stack([light, light, light - 12], axis=2))
    pen = ImageDraw.Draw(image)
    for place in range(1, 5):
        pen.line([(side * place // 6, side // 5), (side * 4 // 5, side * place // 6)], "#222222", max(2, side // 120))
    return image


def make_large(side: int) -> Iterator[Hostile]:
    """Yield pictures as large as is allowed, in each mode of each format: whole, and hostile by their size alone."""
    sheet, clear, floats = draw_sheet(side), draw_clear(side), draw_floats(side)
    greys = np.asarray(sheet.convert("L"))
    whole = {"1": sheet.convert("1"), "L": sheet.convert("L"), "P": sheet.quantize(16), "RGB": sheet, "RGBA": clear}
    more = {"LA": clear.convert("LA"), "I;16": Image.fromarray(greys.astype(np.uint16) * 200)}
    cmyk = sheet.convert("CMYK")
    yield from ((f"large PNG {mode}", encode(image, "PNG")) for mode, image in (whole | more).items())
    for kind, modes in {"WEBP": ("RGB", "RGBA"), "AVIF": ("RGB", "RGBA"), "GIF": ("P",), "BMP": ("P", "1")}.items():
        yield from ((f"large {kind} {mode}", encode(whole[mode], kind)) for mode in modes)
    for mode, image in {"L": whole["L"], "RGB": sheet, "CMYK": cmyk}.items():
        yield f"large JPEG {mode}", encode(image, "JPEG")
    wide = Image.fromarray(greys.astype(np.int32) * 9_000_000)
    for mode, image in {"I": wide, "F": floats, "CMYK": cmyk, "LAB": convert_to_lab(sheet), "RGBA": clear}.items():
        yield f"large TIFF {mode}", encode(image, "TIFF")
    yield "large TIFF of half floats", bend_floats(encode(floats, "TIFF"))


def draw_clear(side: int) -> Image.Image:
    """Draw the sheet on nothing, RGBA."""
    clear = draw_sheet(side).copy()
    clear.putalpha(clear.convert("L").point(lambda value: 255 - value))
    return clear


def draw_floats(side: int) -> Image.Image:
    """Draw the sheet in floats, 0 to 1."""
    return Image.fromarray(np.asarray(draw_sheet(side).convert("L"), np.float32) / 255)


def convert_to_lab(image: Image.Image) -> Image.Image:
    """Return a picture in CIELAB, as a TIFF may be."""
    from PIL import ImageCms

    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB")
    assert converted is not None
    return converted


def bend_floats(whole: bytes) -> bytes:
    """Return a TIFF of floats that says its samples are of 16 bits."""
    return whole.replace(struct.pack("<HHIHH", 258, 3, 1, 32, 0), struct.pack("<HHIHH", 258, 3, 1, 16, 0))


def make_wrapped(side: int) -> Iterator[Hostile]:
    """Yield large pictures with profiles, turns, texts and frames that make a decoder work on them again."""
    sheet, animated = draw_sheet(side), [Image.new("L", (side, side), 255 - number) for number in range(4)]
    for name in ("Display P3", "ProPhoto RGB"):
        yield f"large, {name}", encode(sheet, "JPEG", icc_profile=make_profile(name))
    yield (
        "large CMYK with a profile of RGB",
        encode(sheet.convert("CMYK"), "JPEG", icc_profile=make_profile("Display P3")),
    )
    exif = Image.Exif()
    for turn in (3, 6, 7, 99):
        exif[0x0112] = turn
        yield f"large, turned {turn}", encode(sheet, "JPEG", exif=exif)
    for kind in ("GIF", "WEBP", "TIFF", "PNG"):
        yield f"large {kind} of plain frames", encode(animated[0], kind, save_all=True, append_images=animated[1:])
    small = encode(draw_fox(), "PNG")
    for keyword, text in {"iTXt": b"croquis\0\1\0\0\0", "zTXt": b"parameters\0\0", "iCCP": b"icc\0\0"}.items():
        packed = zlib.compress(bytes(30_000_000), 9)
        yield f"30 MB of zeros in {keyword}", insert_chunk(small, keyword.encode(), text + packed)
        yield f"{keyword} cut off", insert_chunk(small, keyword.encode(), text + packed[:40])
    yield "a profile of 10 MB", encode(draw_fox(), "PNG", icc_profile=random.Random(0).randbytes(10_000_000))
    circle = b"II*\0\x08\0\0\0" + b"\x69\x87\4\0\1\0\0\0\x08\0" * 9
    yield "exif that points to itself", insert_chunk(small, b"eXIf", circle)


def insert_chunk(whole: bytes, kind: bytes, data: bytes) -> bytes:
    """Return a PNG with one more chunk behind its header."""
    return whole[:33] + make_chunk(kind, data) + whole[33:]


def make_pieces() -> Iterator[Hostile]:
    """Yield files of more pieces than a decoder gets through, and of half as many."""
    for name, (make, count) in HOSTILE.items():
        yield f"too many {name}", make(count)
        yield f"many {name}", make(count // 2)


def make_promises() -> Iterator[Hostile]:
    """Yield headers that promise other sides than the file holds."""
    for width, height in SIDES:
        yield f"PNG of {width} x {height}", make_bomb(width, height)
        yield f"GIF of {width} x {height}", b"GIF89a" + struct.pack("<HH", width % 65_536, height % 65_536) + b"\xf7\0"
        head = struct.pack("<IIIIHHIIIIII", 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
        yield f"BMP of {width} x {height}", b"BM" + bytes(8) + head + bytes(10_000)
        yield f"TIFF of {width} x {height}", promise_tiff(width, height)
        jpeg = encode(draw_fox(), "JPEG", progressive=False)
        at, sides = jpeg.index(b"\xff\xc0") + 5, struct.pack(">HH", height % 65_536, width % 65_536)
        yield f"JPEG of {width} x {height}", jpeg[:at] + sides + jpeg[at + 4 :]
        avif = encode(draw_fox(), "AVIF")
        at = avif.index(b"ispe") + 8
        yield f"AVIF of {width} x {height}", avif[:at] + struct.pack(">II", width, height) + avif[at + 8 :]
    for depth in (1, 2, 4, 8, 16):
        rows = zlib.compress(bytes((LARGE * depth // 8 + 1) * LARGE * 2), 9)
        header = struct.pack(">IIBBBBB", LARGE, LARGE, depth, 0, 0, 0, 1)
        yield (
            f"interlaced, {depth} bits, twice the data",
            STARTS["PNG"][:8]
            + b"".join(make_chunk(*each) for each in ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))),
        )


def promise_tiff(width: int, height: int) -> bytes:
    """Return a TIFF of one strip of 64 bytes that says it has these sides."""
    tags = TiffImagePlugin.ImageFileDirectory_v2(prefix=b"II")
    tags[256], tags[257], tags[258], tags[259], tags[262] = width, height, 8, 1, 1
    tags[273], tags[277], tags[278], tags[279] = 8, 1, height, 64
    stream = io.BytesIO()
    stream.write(b"II*\0\x08\0\0\0")
    tags.save(stream)
    return stream.getvalue() + bytes(64)


def make_foreign() -> Iterator[Hostile]:
    """Yield files of formats that are not taken, under any name."""
    for kind in FOREIGN:
        yield f"a {kind}", encode(draw_fox(64).convert({"MSP": "1", "SPIDER": "L"}.get(kind, "RGB")), kind)
    yield "an SVG", b'<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><script>1</script></svg>'
    yield "a ZIP", b"PK\3\4" + bytes(200)
    yield "an empty file", b""


def make_bent(draw: random.Random) -> Iterator[Hostile]:
    """Yield small files with a few bytes changed."""
    for kind in KINDS:
        whole = encode(draw_fox(), kind)
        for number in range(26):
            changed = bytearray(whole)
            for _ in range(1 + number % 4):
                changed[draw.randrange(min(len(whole), 40 + 40 * number))] = draw.randrange(256)
            yield f"{kind} bent {number}", bytes(changed)


def make_cut(draw: random.Random) -> Iterator[Hostile]:
    """Yield small files that end early, or go on in another one."""
    wholes = {kind: encode(draw_fox(), kind) for kind in KINDS}
    for kind, whole in wholes.items():
        for number in range(10):
            head = whole[: draw.randrange(len(whole))]
            tail = draw.choice(list(wholes.values()))[len(head) :] if number % 2 else b""
            yield f"{kind} cut {number}", head + tail


def make_noise(draw: random.Random) -> Iterator[Hostile]:
    """Yield the first bytes of each format before bytes of chance, without end."""
    number = 0
    while True:
        for kind, start in STARTS.items():
            number += 1
            yield f"{kind} of noise {number}", start + draw.randbytes(draw.choice((30, 3_000, 300_000)))
