"""Make pictures of one look, for what is taught by pictures."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

COUNT, SIDE = 4, 96  # px


def make_pictures(count: int = COUNT, side: int = SIDE) -> list[Image.Image]:
    """Make orange pictures with yellow lines across and a dark bar, each with the bar elsewhere."""
    made = []
    for number in range(count):
        pixels = np.empty((side, side, 3), np.uint8)
        pixels[...] = (230, 120, 20)
        pixels[::8] = (250, 230, 40)
        left = number * side // count
        pixels[:, left : left + side // 8] = (120, 20, 10)
        made.append(Image.fromarray(pixels))
    return made


def encode_pictures(count: int = COUNT) -> list[tuple[str, bytes]]:
    """Return such pictures as named PNG files."""
    files = []
    for number, image in enumerate(make_pictures(count)):
        stored = io.BytesIO()
        image.save(stored, "PNG")
        files.append((f"stripes-{number}.png", stored.getvalue()))
    return files


def write_pictures(folder: Path, count: int = COUNT) -> list[Path]:
    """Write such pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in encode_pictures(count):
        (folder / name).write_bytes(data)
    return sorted(folder.iterdir())
