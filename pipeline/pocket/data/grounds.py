"""Draw calm grounds for a thing to stand on, each with the words that a caption may say of it.

Every ground is float32 (side, side, 3) in [0, 1]. Contrast is kept low and shapes few, so that the thing in front is
what a person would draw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.pocket.data.colors import COLORS, draw_paint
from pipeline.pocket.data.skies import (
    HOUR_WORDS,
    LIGHT,
    Float,
    Rng,
    add_disc,
    add_flakes,
    add_rain,
    add_stars,
    draw_hills,
    draw_hour,
    draw_peaks,
    draw_roofs,
    draw_sky,
    make_gradient,
    make_tone,
    mask_below,
    paint_over,
    pick_word,
    vary_color,
)


@dataclass(frozen=True, eq=False)
class Ground:
    """Ground is what stands behind a thing, with the words for it."""

    image: Float  # (side, side, 3) in [0, 1]
    words: str  # "in a field"; empty where there is nothing to say


LANDS: dict[str, tuple[Float, tuple[str, ...]]] = {
    "grass": (make_tone(0.45, 0.7, 0.3), ("in a field", "on the grass", "in a meadow", "in a green field")),
    "snow": (make_tone(0.92, 0.95, 0.99), ("on snow", "in the snow", "in winter")),
    "sand": (make_tone(0.93, 0.82, 0.58), ("in the desert", "on sand")),
    "earth": (make_tone(0.58, 0.42, 0.28), ("on the ground", "on a dirt road")),
    "road": (make_tone(0.45, 0.46, 0.49), ("on a road", "on the street")),
}


def draw_land(side: int, rng: Rng, image: Float, hour: str, kind: str, horizon: float) -> None:
    color = vary_color(LANDS[kind][0], rng, 0.04) * LIGHT[hour]
    line = side * horizon + draw_hills(side, rng, rng.uniform(0, 0.025), (0.5, 1.5))
    near = np.clip(color * 0.86, 0, 1)
    paint_over(image, mask_below(side, line), make_gradient(side, np.clip(color * 1.12, 0, 1), near))


def draw_open_land(side: int, rng: Rng) -> Ground:
    """Draw grass, snow, sand, earth or road under a sky."""
    hour = draw_hour(rng)
    kind = list(LANDS)[int(rng.choice(len(LANDS), p=(0.42, 0.22, 0.14, 0.1, 0.12)))]
    image = draw_sky(side, rng, hour)
    draw_land(side, rng, image, hour, kind, rng.uniform(0.55, 0.8))
    if kind == "snow" and rng.random() < 0.5:
        add_flakes(image, rng)
    return finish_ground(image, rng, hour, pick_word(rng, LANDS[kind][1]))


DISTANT: dict[str, tuple[Float, tuple[str, ...]]] = {
    "hills": (make_tone(0.5, 0.68, 0.45), ("in the hills", "among hills")),
    "mountains": (make_tone(0.52, 0.58, 0.7), ("in the mountains", "in front of mountains")),
    "forest": (make_tone(0.24, 0.44, 0.32), ("in a forest", "in the woods", "in front of a forest")),
}


def draw_ridge(side: int, rng: Rng, kind: str) -> Float:
    """Draw the upper line of what stands behind, (side,), px from the horizon."""
    if kind == "hills":
        return draw_hills(side, rng, 0.05, (1, 2)) - np.float32(0.08 * side)
    if kind == "mountains":
        return draw_peaks(side, rng, int(rng.integers(2, 5)), 0.36)
    return draw_peaks(side, rng, int(rng.integers(9, 15)), 0.24) - np.float32(0.05 * side)


def draw_distant_land(side: int, rng: Rng) -> Ground:
    """Draw hills, mountains or a forest behind grass or snow."""
    hour, kind = draw_hour(rng), pick_word(rng, tuple(DISTANT))
    image, horizon = draw_sky(side, rng, hour), rng.uniform(0.58, 0.78)
    color, words = DISTANT[kind]
    behind = vary_color(color, rng, 0.03) * LIGHT[hour]
    sky = image[int(side * horizon) - 1, 0].copy()
    paint_over(
        image,
        mask_below(side, side * horizon + draw_ridge(side, rng, kind)),
        behind + (sky - behind) * rng.uniform(0.25, 0.5),
    )
    draw_land(side, rng, image, hour, "snow" if rng.random() < 0.15 else "grass", horizon)
    return finish_ground(image, rng, hour, pick_word(rng, words))


def draw_city(side: int, rng: Rng) -> Ground:
    hour = ("day", "sunset", "night", "rain")[int(rng.choice(4, p=(0.3, 0.15, 0.45, 0.1)))]
    image, horizon = draw_sky(side, rng, hour), rng.uniform(0.68, 0.82)
    wall = vary_color(make_tone(0.55, 0.57, 0.64), rng, 0.03) * LIGHT[hour]
    mask = mask_below(side, side * horizon + draw_roofs(side, rng, rng.uniform(0.35, 0.6)), 0.5)
    sky = image[int(side * horizon) - 1, 0].copy()
    paint_over(image, mask, wall + (sky - wall) * 0.3)
    if hour == "night":
        light_windows(image, mask, rng)
    draw_land(side, rng, image, hour, "road", horizon)
    return finish_ground(
        image, rng, hour, pick_word(rng, ("in a city", "in the city", "in town", "in front of a city"))
    )


def light_windows(image: Float, mask: Float, rng: Rng) -> None:
    side = len(image)
    step = max(3, side // 24)
    rows, columns = np.meshgrid(np.arange(2, side - 2, step), np.arange(2, side - 2, step), indexing="ij")
    lit = (rng.random(rows.shape) < 0.28) & (mask[rows, columns] > 0.9) & (mask[rows - 2, columns] > 0.9)
    glow = np.zeros((side, side), np.float32)
    for shift in range(max(1, side // 100)):
        glow[rows[lit] + shift, columns[lit]] = 0.75
        glow[rows[lit] + shift + 1, columns[lit]] = 0.75
    paint_over(image, glow, make_tone(1, 0.85, 0.5))


def draw_sea(side: int, rng: Rng) -> Ground:
    hour = draw_hour(rng)
    image, horizon = draw_sky(side, rng, hour), rng.uniform(0.45, 0.7)
    water = vary_color(make_tone(0.2, 0.5, 0.72), rng, 0.05) * LIGHT[hour]
    rows = np.full(side, side * horizon, np.float32)
    paint_over(image, mask_below(side, rows), make_gradient(side, np.clip(water * 1.25, 0, 1), water * 0.85))
    words = pick_word(rng, ("by the sea", "at the sea", "on the water"))
    if rng.random() < 0.4:
        shore = side * rng.uniform(horizon + 0.1, 0.9) + draw_hills(side, rng, 0.02, (0.5, 1.5))
        paint_over(image, mask_below(side, shore), vary_color(make_tone(0.93, 0.84, 0.62), rng) * LIGHT[hour])
        words = pick_word(rng, ("on a beach", "on the beach", "by the sea"))
    return finish_ground(image, rng, hour, words)


def draw_room(side: int, rng: Rng) -> Ground:
    """Draw a wall and a floor, or a table."""
    wall = vary_color(mix_colors(draw_any_paint(rng), make_tone(0.93, 0.91, 0.87), rng.uniform(0.45, 0.85)), rng, 0.02)
    image = make_gradient(side, wall, np.clip(wall * 0.95, 0, 1))
    floor = vary_color(
        pick_tone(rng, (make_tone(0.68, 0.5, 0.34), make_tone(0.55, 0.4, 0.28), make_tone(0.7, 0.68, 0.66))), rng, 0.03
    )
    line = side * rng.uniform(0.6, 0.84)
    paint_over(
        image,
        mask_below(side, np.full(side, line, np.float32)),
        make_gradient(side, floor, np.clip(floor * 1.15, 0, 1)),
    )
    return Ground(image, pick_word(rng, ("in a room", "on a table", "on the floor", "on a wooden table", "indoors")))


def draw_space(side: int, rng: Rng) -> Ground:
    top, bottom = vary_color(make_tone(0.03, 0.03, 0.1), rng, 0.02), vary_color(make_tone(0.1, 0.06, 0.2), rng, 0.05)
    image = make_gradient(side, top, bottom)
    add_stars(image, rng, int(rng.integers(20, 60)), 1.0)
    if rng.random() < 0.35:
        add_disc(image, rng, draw_any_paint(rng) * 0.8, 0.9)
    return Ground(image, pick_word(rng, ("in space", "among the stars", "in outer space", "under the stars")))


def draw_underwater(side: int, rng: Rng) -> Ground:
    image = make_gradient(
        side, vary_color(make_tone(0.3, 0.72, 0.85), rng, 0.04), vary_color(make_tone(0.05, 0.28, 0.5), rng, 0.04)
    )
    for x, y in rng.uniform(0, side, (int(rng.integers(3, 10)), 2)).astype(int):
        cv2.circle(image, (int(x), int(y)), int(rng.integers(1, max(2, side // 45))), (0.6, 0.85, 0.93), 1, cv2.LINE_AA)
    return Ground(image, pick_word(rng, ("under water", "in the sea", "in the ocean")))


def draw_plain_ground(side: int, rng: Rng) -> Ground:
    """Draw one tone: white often, else a colour word's own, a pale or a dark one."""
    kind = rng.random()
    if kind < 0.42:
        words = pick_word(rng, ("", "", "on a white background", "on white"))
        return Ground(np.ones((side, side, 3), np.float32), words)
    word = pick_word(rng, tuple(COLORS))
    color = draw_paint(word, rng)
    if kind < 0.72:
        return Ground(make_gradient(side, color, color), pick_word(rng, (f"on a {word} background", f"on {word}", "")))
    other = make_tone(1, 1, 1) if rng.random() < 0.65 else make_tone(0.1, 0.1, 0.14)
    pale = mix_colors(color, other, rng.uniform(0.45, 0.85))
    if kind < 0.85:
        return Ground(make_gradient(side, pale, pale), "")
    return Ground(make_gradient(side, pale, mix_colors(draw_any_paint(rng), pale, 0.5)), "")


def draw_any_paint(rng: Rng) -> Float:
    return draw_paint(pick_word(rng, tuple(COLORS)), rng)


def mix_colors(color: Float, other: Float, share: float) -> Float:
    return (color + (other - color) * share).astype(np.float32)


def pick_tone(rng: Rng, tones: tuple[Float, ...]) -> Float:
    return tones[int(rng.integers(len(tones)))]


def finish_ground(image: Float, rng: Rng, hour: str, words: str) -> Ground:
    """Add weather in front, and say the hour in most captions that have one to say."""
    if hour == "rain":
        add_rain(image, rng)
    if hour == "fog":
        paint_over(image, np.full(image.shape[:2], 0.45, np.float32), make_tone(0.85, 0.87, 0.88))
    if hour in HOUR_WORDS and rng.random() < 0.75:
        words = (
            pick_word(rng, HOUR_WORDS[hour]) if rng.random() < 0.3 else f"{words} {pick_word(rng, HOUR_WORDS[hour])}"
        )
    return Ground(image, words)


COMPOSED_GROUNDS: tuple[tuple[Callable[[int, Rng], Ground], float], ...] = (
    (draw_open_land, 0.3),
    (draw_distant_land, 0.22),
    (draw_city, 0.14),
    (draw_sea, 0.12),
    (draw_room, 0.1),
    (draw_space, 0.07),
    (draw_underwater, 0.05),
)


def draw_ground(side: int, rng: Rng, plain_share: float = 0.4) -> Ground:
    """Draw a random ground: plain, or one of the composed places."""
    if rng.random() < plain_share:
        return draw_plain_ground(side, rng)
    weights = np.array([weight for _, weight in COMPOSED_GROUNDS])
    return COMPOSED_GROUNDS[int(rng.choice(len(COMPOSED_GROUNDS), p=weights / weights.sum()))][0](side, rng)
