"""Draw skies, weather and the outlines of far things: what composed grounds are made of.

Every picture is float32 (side, side, 3) in [0, 1]; the add_ functions paint on it in place.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Rng = np.random.Generator


@lru_cache(maxsize=8)
def make_ramp(side: int) -> Float:
    """Make a ramp from 0 at the top to 1 at the bottom (or left to right), (side,)."""
    return np.linspace(0, 1, side, dtype=np.float32)


def make_tone(*rgb: float) -> Float:
    return np.array(rgb, np.float32)


def pick_word(rng: Rng, choices: tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]


def vary_color(color: Float, rng: Rng, by: float = 0.05) -> Float:
    return np.asarray(np.clip(color + rng.normal(0, by, 3), 0, 1), np.float32)


def make_gradient(side: int, top: Float, bottom: Float) -> Float:
    """Make a vertical gradient, (side, side, 3)."""
    rows: Float = top + (bottom - top) * make_ramp(side)[:, None]
    return np.asarray(np.repeat(rows[:, None, :], side, axis=1), np.float32)


def paint_over(image: Float, mask: Float, color: Float) -> None:
    """Paint `color`, (3,) or (H, W, 3), over the image where mask (H, W) in [0, 1] is set; in place."""
    image += mask[..., None] * (color - image)


def mask_below(side: int, line: Float, softness: float = 1.2) -> Float:
    """Mask in [0, 1] what lies under a line of heights (side,), in px from the top."""
    rows = np.arange(side, dtype=np.float32)[:, None]
    return np.asarray(np.clip((rows - line[None, :]) / softness + 0.5, 0, 1), np.float32)


def draw_hills(side: int, rng: Rng, height: float, waves: tuple[float, float]) -> Float:
    """Draw a line of hills: a sum of a few sines, about `height` of the side in amplitude, (side,)."""
    x = make_ramp(side) * 2 * np.pi
    parts = [
        rng.uniform(0.4, 1) * np.sin(x * rng.uniform(*waves) * (n + 1) / 1.5 + rng.uniform(0, 6.3)) / (n + 1)
        for n in range(3)
    ]
    return np.asarray(side * height * np.sum(parts, axis=0), np.float32)


def draw_peaks(side: int, rng: Rng, count: int, height: float) -> Float:
    """Draw a jagged line through `count` random tops, (side,), values <= 0."""
    spots = np.linspace(-0.1, 1.1, 2 * count + 1)
    spots[1:-1] += rng.uniform(-0.25, 0.25, 2 * count - 1) / count / 2
    tops = np.where(
        np.arange(2 * count + 1) % 2, rng.uniform(0.55, 1, 2 * count + 1), rng.uniform(0, 0.35, 2 * count + 1)
    )
    return np.interp(make_ramp(side), spots, -tops * height * side).astype(np.float32)


def draw_roofs(side: int, rng: Rng, height: float) -> Float:
    """Draw a skyline of blocks, (side,), values <= 0."""
    widths = rng.integers(side // 14, side // 6, 16)
    heights = -rng.uniform(0.25, 1, 16) * height * side
    return np.repeat(heights, widths)[:side].astype(np.float32)


DAY = (make_tone(0.42, 0.7, 0.95), make_tone(0.82, 0.93, 1.0))
SKIES: dict[str, tuple[tuple[Float, Float], ...]] = {
    "day": (
        DAY,
        (make_tone(0.55, 0.8, 0.98), make_tone(0.9, 0.96, 1)),
        (make_tone(0.72, 0.8, 0.88), make_tone(0.9, 0.92, 0.94)),
    ),
    "sunset": (
        (make_tone(0.45, 0.3, 0.55), make_tone(1, 0.68, 0.35)),
        (make_tone(0.95, 0.5, 0.35), make_tone(1, 0.85, 0.55)),
        (make_tone(0.9, 0.5, 0.6), make_tone(1, 0.82, 0.62)),
    ),
    "night": (
        (make_tone(0.03, 0.05, 0.15), make_tone(0.12, 0.16, 0.35)),
        (make_tone(0.06, 0.04, 0.16), make_tone(0.2, 0.14, 0.36)),
    ),
    "fog": ((make_tone(0.72, 0.75, 0.78), make_tone(0.86, 0.87, 0.87)),),
    "rain": ((make_tone(0.42, 0.48, 0.55), make_tone(0.64, 0.69, 0.73)),),
}
LIGHT = {"day": 1.0, "sunset": 0.82, "night": 0.34, "fog": 0.95, "rain": 0.72}
HOUR_WORDS = {
    "sunset": ("at sunset", "in the evening"),
    "night": ("at night", "under the stars", "in the moonlight"),
    "fog": ("in the fog", "in the mist"),
    "rain": ("in the rain", "on a rainy day"),
}


def draw_hour(rng: Rng) -> str:
    return ("day", "sunset", "night", "fog", "rain")[int(rng.choice(5, p=(0.5, 0.15, 0.2, 0.08, 0.07)))]


def draw_sky(side: int, rng: Rng, hour: str) -> Float:
    choices = SKIES[hour]
    top, bottom = choices[int(rng.integers(len(choices)))]
    image = make_gradient(side, vary_color(top, rng, 0.03), vary_color(bottom, rng, 0.03))
    if hour == "night":
        add_stars(image, rng, int(rng.integers(6, 26)))
    elif hour == "sunset" and rng.random() < 0.6:
        add_disc(image, rng, make_tone(1, 0.93, 0.7), 0.45)
    elif hour == "day" and rng.random() < 0.4:
        add_clouds(image, rng)
    return image


def blur_mask(mask: Float, sigma: float) -> Float:
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma), np.float32)


def add_stars(image: Float, rng: Rng, count: int, down_to: float = 0.6) -> None:
    side = len(image)
    rows, columns = rng.integers(0, int(side * down_to), count), rng.integers(0, side, count)
    image[rows, columns] += rng.uniform(0.3, 0.75, count).astype(np.float32)[:, None]
    np.clip(image, 0, 1, out=image)


def add_disc(image: Float, rng: Rng, color: Float, reach: float) -> None:
    """Add a sun or a moon with a soft rim, somewhere in the upper part."""
    side = len(image)
    mask = np.zeros((side, side), np.float32)
    middle = (int(rng.uniform(0.1, 0.9) * side), int(rng.uniform(0.1, reach) * side))
    cv2.circle(mask, middle, int(side * rng.uniform(0.06, 0.13)), 1.0, -1, cv2.LINE_AA)
    paint_over(image, blur_mask(mask, 1.2), color)


def add_clouds(image: Float, rng: Rng) -> None:
    side = len(image)
    mask = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        x, y = rng.uniform(0, 1) * side, rng.uniform(0.06, 0.35) * side
        for _ in range(3):
            spot = (int(x + rng.normal(0, 0.07) * side), int(y + rng.normal(0, 0.015) * side))
            cv2.ellipse(mask, spot, (int(side * 0.1), int(side * 0.04)), 0, 0, 360, 1.0, -1)
    paint_over(image, 0.7 * blur_mask(mask, side / 40), make_tone(1, 1, 1))


def add_rain(image: Float, rng: Rng) -> None:
    side = len(image)
    drops = np.zeros((side, side), np.float32)
    for x, y in rng.uniform(0, side, (28, 2)).astype(int):
        cv2.line(drops, (x, y), (x - side // 40, y + side // 14), 0.3, 1, cv2.LINE_AA)
    paint_over(image, drops, make_tone(0.85, 0.9, 0.95))


def add_flakes(image: Float, rng: Rng) -> None:
    side = len(image)
    flakes = np.zeros((side, side), np.float32)
    for x, y in rng.uniform(0, side, (22, 2)).astype(int):
        cv2.circle(flakes, (x, y), max(1, side // 100), 0.8, -1, cv2.LINE_AA)
    paint_over(image, flakes, make_tone(1, 1, 1))
