"""Check the pictures that are to teach a style, and cut the squares that are learnt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import SketchError, StyleError
from pipeline.sketch.image_file import open_image
from pipeline.teaching.lesson import expect_count

LEAST_SIDE = 64  # px
KEPT_SIDE = 1024  # px, the longer side of a picture as it is kept
SMALLEST_CROP = 0.7  # of the shorter side, that a square takes at least

Pixels = NDArray[np.uint8]


def read_pictures(files: Sequence[tuple[str, bytes | Path]]) -> list[Image.Image]:
    """Read picture files, each with its name, as RGB on white, upright, at most KEPT_SIDE px a side.

    Raises StyleError, in one sentence, for too few, too many, or the first that cannot be used.
    """
    expect_count(len(files))
    return [_read_picture(name, data) for name, data in files]


def _read_picture(name: str, data: bytes | Path) -> Image.Image:
    try:
        image = open_image(data, "picture").convert("RGBA")
    except SketchError as error:
        raise StyleError(f"{name[:60]!r} cannot teach a style: {error}") from error
    if min(image.size) < LEAST_SIDE:
        raise StyleError(
            f"{name[:60]!r} cannot teach a style: it is {image.width} x {image.height} px, and each side needs "
            f"{LEAST_SIDE}."
        )
    flat = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    flat.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    return flat


def cut_squares(image: Image.Image, side: int, count: int, rng: np.random.Generator) -> list[Pixels]:
    """Cut `count` squares (side, side, 3) at random, the first from the middle and as large as it can be; every second
    one is mirrored.
    """
    short = min(image.size)
    squares = []
    for number in range(count):
        length = short if number == 0 else round(short * rng.uniform(SMALLEST_CROP, 1.0))
        free = np.array(image.size) - length
        left, top = free // 2 if number == 0 else (rng.uniform(0, 1, 2) * free).astype(int)
        square = image.resize((side, side), Image.Resampling.LANCZOS, (left, top, left + length, top + length))
        pixels = np.asarray(square, np.uint8)
        squares.append(np.ascontiguousarray(pixels[:, ::-1]) if number % 2 else pixels)
    return squares
