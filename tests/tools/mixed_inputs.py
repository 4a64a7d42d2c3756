"""Make mixed inputs, as people bring them: photographs of paper, transparent files, shapes, textures.

Where lines are known, a reading must find them or a sentence must say that it did not; where none are known, a picture
must have edges or a sentence.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import SketchError
from pipeline.pocket.evaluate.coloured_drawings import draw_coloured
from pipeline.settings import ROOT
from pipeline.sketch.edges import read_edges
from pipeline.sketch.intake import read_image
from pipeline.sketch.reading_faults import find_reading_fault
from tests.tools.drawings import draw_balls, draw_clip_art
from tests.tools.paper_photos import (
    LOOKS,
    TRUTH_SIDE,
    Look,
    PaperPhoto,
    compare_lines,
    lie_in_shadow,
    photograph_look,
)

Pixels = NDArray[np.uint8]
Canvas = Mapping[str, Any]

HARD_LOOKS: Mapping[str, Look] = {
    "barely visible pencil": Look(ink=(200, 200, 205), width=2.5, opacity=0.5, grain=0.6, noise=6),
    "pencil in noise": Look(ink=(150, 150, 155), width=2.5, opacity=0.5, grain=0.6, noise=14, light=lie_in_shadow),
    "hair lines": Look(ink=(60, 60, 60), width=1.2, opacity=0.9),
    "yellow pen": Look(ink=(250, 235, 120), width=6, opacity=0.9, noise=2),
    "grey on grey": Look(paper=(130, 130, 130), ink=(95, 95, 95), width=4, noise=4),
    "dark on dark": Look(paper=(60, 58, 56), ink=(20, 20, 20), width=4, noise=3),
    "broad marker": Look(ink=(30, 30, 120), width=14, opacity=0.8),
}


@dataclass(frozen=True, eq=False)
class MixedInput:
    """One file that somebody brings, and its known lines: (h, w) bool at TRUTH_SIDE, None where there are none."""

    name: str
    data: bytes
    lines: NDArray[np.bool_] | None = None


def make_mixed_inputs() -> list[MixedInput]:
    """Return the 200 inputs, the same in each call."""
    return [
        *make_photographs(),
        *make_transparent(),
        *make_shapes(),
        *make_pictures(),
    ]


@cache
def load_canvases() -> tuple[Canvas, ...]:
    """Load the drawings: the page's examples and sketches by another hand."""
    examples = sorted((ROOT / "assets" / "examples").glob("*.json"))
    return tuple(json.loads(file.read_text(encoding="utf-8"))["canvas"] for file in examples)


def make_photographs() -> Iterator[MixedInput]:
    """Yield four photographs of each usual look and four of each hard one: 120."""
    looks = [*sorted(LOOKS.items()), *sorted(HARD_LOOKS.items())]
    for number, (name, look) in enumerate(looks):
        for turn in range(4):
            rng = np.random.default_rng([40, number, turn])
            photo = photograph_look(load_canvases()[(2 * number + turn) % 8], look, rng)
            yield MixedInput(f"{name} {turn}", photo.encode(), photo.lines)


def make_transparent() -> Iterator[MixedInput]:
    """Yield 24 transparent files: white, black and both on nothing, shapes with soft and hard rims."""
    for number in range(24):
        canvas, kind = load_canvases()[number % 8], number // 4
        plain = photograph_look(canvas, replace(LOOKS["white paper"], noise=0, light=None), np.random.default_rng(0))
        alpha = 255 - plain.pixels.min(axis=2)
        alpha[alpha < 20] = 0
        half = np.arange(alpha.shape[1]) < alpha.shape[1] // 2
        color = {0: 255, 1: 0, 2: np.where(half, 255, 0)[None, :], 3: 235}.get(kind)
        if color is not None:
            grey = np.broadcast_to(np.asarray(color, np.uint8), alpha.shape)
            yield MixedInput(f"strokes on clear {number}", encode_png(grey, alpha), plain.lines)
        else:
            yield make_ghost(number, soft=kind == 5)


def make_ghost(number: int, soft: bool) -> MixedInput:
    """Make a white shape with black eyes on nothing, its rim hard or soft."""
    shape = np.zeros((TRUTH_SIDE, TRUTH_SIDE), np.uint8)
    axes = (110 + 10 * (number % 4), 150)
    cv2.ellipse(shape, (256, 256), axes, 0, 0, 360, 255, -1)
    lines = np.zeros_like(shape)
    cv2.ellipse(lines, (256, 256), axes, 0, 0, 360, 1, 1)
    alpha = cv2.GaussianBlur(shape, (0, 0), 6) if soft else shape
    grey = np.full_like(shape, 255)
    for x in (215, 295):
        cv2.circle(grey, (x, 220), 12, 0, -1)
    return MixedInput(f"ghost {number}", encode_png(grey, np.asarray(alpha)), lines > 0)


def make_shapes() -> Iterator[MixedInput]:
    """Yield 36 pictures of colour: drawings coloured in, and shapes without outline from pale to strong."""
    for number in range(16):
        yield MixedInput(f"coloured {number}", encode(draw_coloured(100 + number).pixels))
    for number in range(20):
        strength = 8 + 10 * number
        sheet = np.full((TRUTH_SIDE, TRUTH_SIDE, 3), 255, np.uint8)
        color = 255 - np.array([0.1, 0.3, 1.0][number % 3 :] + [0.1, 0.3, 1.0][: number % 3]) * strength
        lines = np.zeros(sheet.shape[:2], np.uint8)
        for points in (((90, 380), (420, 380), (360, 450), (150, 450)), ((250, 80), (250, 350), (110, 350))):
            corners = [np.array(points, np.int32)]
            cv2.fillPoly(sheet, corners, color.tolist())
            cv2.polylines(lines, corners, True, 1, 1)
        yield MixedInput(f"flat shape {strength}", encode(sheet), lines > 0)


def make_pictures() -> Iterator[MixedInput]:
    """Yield 20 pictures without known lines: photographs, some pale, textures, shaded shapes, a frame alone."""
    for name in ("astronaut", "coffee", "rocket", "cat"):
        photo = np.ascontiguousarray(getattr(skimage.data, name)())
        yield MixedInput(name, encode(photo))
        yield MixedInput(f"{name} in fog", encode((200 + 0.12 * photo).astype(np.uint8)))
    for name in ("grass", "gravel", "brick", "moon", "camera", "coins", "hubble_deep_field"):
        texture = getattr(skimage.data, name)()
        yield MixedInput(name, encode(texture if texture.ndim == 3 else np.repeat(texture[..., None], 3, axis=2)))
    yield MixedInput("balls", encode(draw_balls()))
    yield MixedInput("balls in fog", encode((210 + 0.15 * draw_balls()).astype(np.uint8)))
    yield MixedInput("clip art", encode(draw_clip_art()))
    frame = np.full((400, 400, 3), 255, np.uint8)
    cv2.rectangle(frame, (8, 8), (391, 391), (90, 70, 50), 6)
    yield MixedInput("frame", encode(frame))
    noise = np.clip(np.random.default_rng(3).normal(215, 24, (400, 400)), 0, 255).astype(np.uint8)
    yield MixedInput("noise", encode(np.repeat(noise[..., None], 3, axis=2)))


def encode(pixels: Pixels) -> bytes:
    """Return a picture as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def encode_png(grey: Pixels, alpha: Pixels) -> bytes:
    """Return greys and their opacity as a PNG file."""
    file = io.BytesIO()
    Image.merge("LA", (Image.fromarray(np.ascontiguousarray(grey)), Image.fromarray(alpha))).save(file, "PNG")
    return file.getvalue()


def is_told_or_followed(given: MixedInput, share: float) -> bool:
    """Return whether a drawing is refused in a sentence, or this share of its lines followed, or a sentence says that
    they are not."""
    try:
        sketch = read_image(given.data)
    except SketchError as refused:
        return bool(str(refused))
    edges = read_edges(sketch, size=(TRUTH_SIDE, TRUTH_SIDE))
    followed = edges.pixels.any() and find_recall(edges.pixels, given) >= share
    return bool(followed) or find_reading_fault(sketch, edges) is not None


def find_recall(found: Pixels, given: MixedInput) -> float:
    """Return the share of the known lines that an edge map, TRUTH_SIDE square, follows; 1 where none are known."""
    if given.lines is None:
        return 1.0
    return compare_lines(found, PaperPhoto(np.zeros((1, 1, 3), np.uint8), given.lines))[1]
