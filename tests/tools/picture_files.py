"""Make pictures as Croquis writes them, and fifty damaged or foreign files, each with what is wrong with it."""

from __future__ import annotations

import base64
import json
import random
import zlib
from collections.abc import Iterator
from typing import Any

from PIL import Image

from pipeline.picture import carried_strokes, carried_styles
from pipeline.picture.png_chunks import SIGNATURE, walk_chunks
from pipeline.picture.png_file import KEYWORD
from tests.tools.drawings import draw_house, encode_image, make_canvas, make_ring, make_stroke
from tests.tools.image_files import make_bad_files, make_bomb, make_chunk

STROKES, STYLES = carried_strokes.KEYWORD, carried_styles.KEYWORD


def make_random_canvas(seed: int) -> dict[str, Any]:
    """Make a drawing of the canvas as people make them: lines, marker, fills, eraser, now and then over a picture."""
    draw = random.Random(seed)
    marks: list[dict[str, Any]] = [make_stroke(make_ring(120 + seed % 60), 6)]
    for _ in range(draw.randint(0, 12)):
        tool = draw.choice(("pen", "pen", "marker", "eraser"))
        points = [
            (round(draw.uniform(20, 490), 1), round(draw.uniform(20, 490), 1), round(draw.random(), 2))
            for _ in range(draw.randint(1, 30))
        ]
        color = f"#{draw.randrange(1 << 24):06x}"
        marks.append(make_stroke(points, draw.randint(2, 40), tool, color))
    if draw.random() < 0.5:
        rows = [run for y in range(200, 260) for run in ((512 * 200 + 180 if y == 200 else 412), 100)]
        marks.append({"tool": "fill", "color": f"#{draw.randrange(1 << 24):06x}", "runs": rows})
    picture = encode_image(draw_house(160 + seed % 40)) if draw.random() < 0.2 else None
    url = None if picture is None else f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    return make_canvas(*marks, picture=url) | {"version": 2}


def replace_text(data: bytes, keyword: str, text: bytes | None, packed: bool = True) -> bytes:
    """Return a PNG file with another text under a keyword, its checksum right; without that text for None."""
    chunks = [
        (kind, body)
        for kind, body in walk_chunks(data)
        if not (kind == b"iTXt" and body.startswith(f"{keyword}\0".encode()))
    ]
    if text is not None:
        body = f"{keyword}\0".encode() + (b"\1\0\0\0" if packed else b"\0\0\0\0")
        chunks.insert(1, (b"iTXt", body + (zlib.compress(text) if packed else text)))
    return SIGNATURE + b"".join(make_chunk(*chunk) for chunk in [*chunks, (b"IEND", b"")])


def make_damaged_files(whole: bytes, recipe: dict[str, Any], canvas: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield fifty files by name, made of a whole picture file with its recipe and its strokes."""
    for part in (8, 20, 33, 60, 200, len(whole) // 3, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        yield f"cut off after {part}", whole[:part]
    for at in (17, 45, 90, 300, len(whole) // 2, len(whole) - 20):
        yield f"a byte flipped at {at}", whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]
    for name, changes in DAMAGED_RECIPES.items():
        yield f"recipe: {name}", replace_text(whole, KEYWORD, json.dumps(recipe | changes).encode())
    for name, changes in DAMAGED_STROKES.items():
        yield f"strokes: {name}", replace_text(whole, STROKES, json.dumps(canvas | changes).encode())
    for keyword in (KEYWORD, STROKES, STYLES):
        yield f"{keyword}: no JSON", replace_text(whole, keyword, b"{")
        yield f"{keyword}: no text", replace_text(whole, keyword, b"\xff\xfe\0")
        yield f"{keyword}: bomb", replace_text(whole, keyword, b"0" * 30_000_000)
        yield f"{keyword}: packed text cut off", replace_text(whole, keyword, zlib.compress(b"[]")[:5], packed=False)
    for name, styles in DAMAGED_STYLES.items():
        yield f"styles: {name}", replace_text(whole, STYLES, json.dumps(styles).encode())
    bad = make_bad_files()
    yield from ((name, bad[name]) for name in ("empty.png", "words.png", "cut.png", "tiny.png", "long.png"))
    yield "bomb.png", make_bomb(30_000, 30_000)
    yield "a PDF", b"%PDF-1.7\n" + bytes(300)


STROKE = make_stroke([(10, 10), (90, 90)])
DAMAGED_RECIPES: dict[str, dict[str, Any]] = {
    "a newer version": {"version": 99},
    "a key too many": {"more": 1},
    "no seed": {"seed": None},
    "a size of nothing": {"width": 0},
    "an edge map that is none": {"edges": {"reading": "lines", "png": "AAAA"}},
    "a path for a style": {"styles": [{"id": "../x", "sha256": "", "weight": 1.0, "template": "{prompt}"}]},
}
DAMAGED_STROKES: dict[str, dict[str, Any]] = {
    "a newer version": {"version": 99},
    "not finite": {"strokes": [{**STROKE, "points": [[1e999, 1, 0.5]]}]},
    "far away": {"strokes": [{**STROKE, "points": [[1e9, 1, 0.5]]}]},
    "too many": {"strokes": [STROKE] * 20_000},
    "no colour": {"strokes": [{**STROKE, "color": "red; x"}]},
    "no list": {"strokes": "none"},
    "a page as picture": {"picture": "data:text/html;base64,AAAA"},
    "a broken picture": {"picture": "data:image/png;base64,AAAA"},
    "an address as picture": {"picture": "http://203.0.113.1/x.png"},
}
WIDE = base64.b64encode(encode_image(Image.new("RGB", (900, 900), "red"), "WEBP")).decode()
DAMAGED_STYLES: dict[str, Any] = {
    "no list": {"id": "felt"},
    "a path for an id": [{"id": "../felt", "name": "Felt", "words": [], "picture": "AAAA"}],
    "no picture": [{"id": "own", "name": "Own", "words": [], "picture": "AAAA"}],
    "a large picture": [{"id": "own", "name": "Own", "words": [], "picture": WIDE}],
}
