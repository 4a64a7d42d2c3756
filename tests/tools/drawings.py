"""Make drawings for tests: the canvas's JSON, and pictures of paper, boards and things."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Pixels = NDArray[np.uint8]


def make_canvas(
    *strokes: dict[str, Any], width: int = 512, height: int = 512, picture: str | None = None
) -> dict[str, Any]:
    return {"version": 1, "width": width, "height": height, "picture": picture, "strokes": list(strokes)}


def make_stroke(
    points: Iterable[tuple[float, ...]], size: float = 6, tool: str = "pen", color: str = "#000000"
) -> dict[str, Any]:
    """Make a stroke as the canvas sends it; points without a pressure get a mouse's 0.5."""
    whole = [[*point[:2], *(point[2:] or (0.5,))] for point in points]
    return {"tool": tool, "size": size, "color": color, "points": whole}


def make_wave(y: float, length: int = 100) -> list[tuple[float, float]]:
    return [(60 + 4 * i, y + 10 * math.sin(i / 10)) for i in range(length)]


def make_ring(radius: float, x: float = 256, y: float = 256) -> list[tuple[float, float]]:
    angles = [turn / 30 * math.pi for turn in range(62)]
    return [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]


def write_json(value: object) -> str:
    return json.dumps(value)


def draw_house(side: int = 200, mode: str = "RGB", ink: Any = "black", paper: Any = "white") -> Image.Image:
    """Draw a house in lines of 4 px; it is the same upside down in no way, so that turning shows."""
    image = Image.new(mode, (side, side), paper)
    draw = ImageDraw.Draw(image)
    s = side / 100
    draw.rectangle((20 * s, 50 * s, 80 * s, 90 * s), outline=ink, width=4)
    draw.line((15 * s, 52 * s, 50 * s, 15 * s, 85 * s, 52 * s), fill=ink, width=4)
    draw.rectangle((60 * s, 65 * s, 70 * s, 90 * s), outline=ink, width=4)
    return image


def encode_image(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def light_unevenly(pixels: Pixels, darkest: float = 0.5, noise: float = 4, seed: int = 0) -> Pixels:
    """Return a phone's photo of it: warm light that falls off to one side, and the sensor's noise."""
    height, width = pixels.shape[:2]
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    light = darkest + (1 - darkest) * (0.6 * x + 0.4 * y)
    lit = pixels * light[..., None] * np.array([0.92, 0.89, 0.83])
    return np.clip(lit + np.random.default_rng(seed).normal(0, noise, pixels.shape), 0, 255).astype(np.uint8)


def draw_balls(background: float = 255, noise: float = 0) -> Pixels:
    """Draw three shaded balls."""
    y, x = np.mgrid[0:400, 0:400]
    picture = np.full((400, 400, 3), background)
    three = ((130, 150, 90, (200, 120, 255)), (270, 170, 80, (255, 200, 90)), (200, 280, 85, (70, 255, 150)))
    for cx, cy, radius, colour in three:
        shade = np.clip(1 - np.hypot(x - cx + radius / 3, y - cy + radius / 3) / (1.6 * radius), 0.1, 1)
        inside = (x - cx) ** 2 + (y - cy) ** 2 < radius**2
        picture[inside] = (shade[..., None] * np.array(colour))[inside]
    return np.clip(picture + np.random.default_rng(1).normal(0, noise, picture.shape), 0, 255).astype(np.uint8)


def draw_clip_art() -> Pixels:
    """Draw flat filled shapes that touch one another, as an icon has them."""
    image = Image.new("RGB", (400, 400), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((60, 120, 340, 360), fill="#68737f")
    draw.ellipse((50, 60, 170, 200), fill="#e79aa5")
    draw.polygon([(200, 40), (320, 60), (300, 170)], fill="#f2b53c")
    draw.ellipse((150, 200, 180, 230), fill="#20242a")
    return np.asarray(image)
