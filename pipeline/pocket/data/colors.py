"""Define what the eleven colour words mean: how a thing is recoloured to one, and whether pixels obey it.

Hues are HSV degrees. The ranges are wide (what a person would still call red); paints are narrow (an unmistakable
red), so that a picture made with a paint keeps obeying after shading, styling and a lossy model.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Span = tuple[float, float]  # low, high


@dataclass(frozen=True)
class Box:
    """Box is a block of HSV space; a hue span whose low exceeds its high runs through 0."""

    hue: Span  # degrees
    saturation: Span  # [0, 1]
    value: Span  # [0, 1]

    def holds(self, hsv: Float) -> NDArray[np.bool_]:
        """Return which colours lie in the box: (..., 3) hue, saturation, value -> (...) bool."""
        hue, saturation, value = hsv[..., 0], hsv[..., 1], hsv[..., 2]
        low, high = self.hue
        turned: NDArray[np.bool_] = (hue >= low) & (hue <= high) if low <= high else (hue >= low) | (hue <= high)
        within: NDArray[np.bool_] = (
            turned
            & (saturation >= self.saturation[0])
            & (saturation <= self.saturation[1])
            & (value >= self.value[0])
            & (value <= self.value[1])
        )
        return within


@dataclass(frozen=True)
class ColorRange:
    """ColorRange says what one colour word allows and how things are painted with it."""

    allowed: tuple[Box, ...]
    paint: Box  # the base colour is drawn from here
    darkest: float  # how far shading may darken the base: share of its value at the darkest shade
    lightest: float  # how far highlights may move it towards white, [0, 1]

    def holds(self, hsv: Float) -> NDArray[np.bool_]:
        """Return which colours the word allows: (..., 3) HSV -> (...) bool."""
        held: NDArray[np.bool_] = np.logical_or.reduce([box.holds(hsv) for box in self.allowed])
        return held


ANY_HUE = (0.0, 360.0)
COLORS: dict[str, ColorRange] = {
    "red": ColorRange((Box((345, 14), (0.45, 1), (0.28, 1)),), Box((354, 5), (0.82, 0.97), (0.74, 0.92)), 0.5, 0.25),
    "orange": ColorRange((Box((14, 43), (0.45, 1), (0.62, 1)),), Box((23, 33), (0.85, 1), (0.92, 1)), 0.74, 0.3),
    "yellow": ColorRange((Box((43, 70), (0.3, 1), (0.55, 1)),), Box((49, 57), (0.72, 0.95), (0.93, 1)), 0.72, 0.4),
    "green": ColorRange((Box((70, 170), (0.2, 1), (0.2, 1)),), Box((100, 145), (0.6, 0.85), (0.55, 0.8)), 0.5, 0.35),
    "blue": ColorRange((Box((185, 255), (0.25, 1), (0.2, 1)),), Box((208, 232), (0.7, 0.92), (0.72, 0.95)), 0.5, 0.35),
    "purple": ColorRange((Box((255, 312), (0.2, 1), (0.2, 1)),), Box((268, 292), (0.55, 0.8), (0.6, 0.82)), 0.52, 0.3),
    "pink": ColorRange(
        (Box((312, 345), (0.15, 1), (0.5, 1)), Box((345, 14), (0.14, 0.52), (0.72, 1))),
        Box((328, 341), (0.38, 0.62), (0.95, 1)),
        0.74,
        0.4,
    ),
    "brown": ColorRange(
        (Box((8, 45), (0.28, 1), (0.16, 0.66)),), Box((20, 29), (0.62, 0.78), (0.42, 0.54)), 0.55, 0.16
    ),
    "black": ColorRange(
        (Box(ANY_HUE, (0, 1), (0, 0.22)), Box(ANY_HUE, (0, 0.35), (0, 0.34))),
        Box((210, 240), (0.0, 0.12), (0.1, 0.17)),
        0.4,
        0.2,
    ),
    "white": ColorRange((Box(ANY_HUE, (0, 0.16), (0.76, 1)),), Box(ANY_HUE, (0.0, 0.03), (0.95, 1)), 0.81, 1.0),
    "gray": ColorRange((Box(ANY_HUE, (0, 0.19), (0.25, 0.82)),), Box(ANY_HUE, (0.0, 0.04), (0.48, 0.6)), 0.6, 0.35),
}


def to_hsv(rgb: NDArray[np.generic]) -> Float:
    """Convert RGB (..., 3), uint8 or float in [0, 1], to float32 HSV (..., 3): degrees, [0, 1], [0, 1]."""
    scaled = rgb.astype(np.float32) / 255 if rgb.dtype == np.uint8 else rgb.astype(np.float32)
    hsv = np.asarray(cv2.cvtColor(scaled.reshape(-1, 1, 3), cv2.COLOR_RGB2HSV), np.float32)
    return hsv.reshape(scaled.shape)


def measure_color_share(color: str, rgb: NDArray[np.generic]) -> float:
    """Measure the share in [0, 1] of pixels that a person would call by this colour word.

    `rgb`: (n, 3), uint8 or float in [0, 1].
    """
    if len(rgb) == 0:
        return 0.0
    return float(COLORS[color].holds(to_hsv(rgb)).mean())


def name_color(rgb: NDArray[np.generic], at_least: float = 0.75) -> str | None:
    """Name the colour word that at least that share of the pixels (n, 3) obeys; None where there is none."""
    hsv = to_hsv(rgb)
    shares = {word: float(color.holds(hsv).mean()) for word, color in COLORS.items()}
    best = max(shares, key=lambda word: shares[word])
    return best if shares[best] >= at_least else None


def draw_paint(color: str, rng: np.random.Generator) -> Float:
    """Draw a base colour of this word at random, RGB float32 (3,)."""
    paint = COLORS[color].paint
    low, high = paint.hue
    hue = rng.uniform(low, high if high >= low else high + 360) % 360
    hsv = np.array([[[hue, rng.uniform(*paint.saturation), rng.uniform(*paint.value)]]], np.float32)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0], np.float32)


def recolor(rgb: Float, alpha: Float, color: str, rng: np.random.Generator) -> Float:
    """Paint a cut-out with a colour word, keeping shading, dark outlines and the whites of eyes.

    `rgb` float32 (H, W, 3) and `alpha` (H, W), both in [0, 1]. Where one hue makes up most of the thing only that
    hue is painted (a blue apple keeps its green leaf); if that leaves the word in doubt, all of the thing is.
    """
    base = draw_paint(color, rng)
    hsv, drawn = to_hsv(rgb), alpha > 0.5
    lightness = rgb @ np.array([0.299, 0.587, 0.114], np.float32)
    body = find_body(hsv, lightness, drawn)
    for part in (body * find_main_hue(hsv, body, drawn), body, np.ones_like(lightness)):
        painted = shade_paint(lightness, base, COLORS[color], drawn & (part > 0.5))
        under = rgb if color != "black" else lift_ink(rgb, hsv)
        result = under + part[..., None] * (painted - under)
        if measure_color_share(color, result[drawn]) >= 0.68:
            break
    return result


def lift_ink(rgb: Float, hsv: Float) -> Float:
    """Turn ink gray, as illustrators draw the eyes and outlines of black things."""
    return np.asarray(rgb + weigh_ink(hsv)[..., None] * (0.46 - rgb), np.float32)


def weigh_ink(hsv: Float) -> Float:
    """Weigh near-black pixels in [0, 1]; dark ones with colour in them (a brown shadow) are lighter than that."""
    return np.asarray(np.clip((0.26 - hsv[..., 2]) / 0.1, 0, 1), np.float32)


def find_body(hsv: Float, lightness: Float, drawn: NDArray[np.bool_]) -> Float:
    """Find what carries a thing's colour, a weight in [0, 1]: not outlines and whites, unless it is mostly those."""
    ink = weigh_ink(hsv)
    white = np.clip((lightness - 0.84) / 0.08, 0, 1) * np.clip((0.2 - hsv[..., 1]) / 0.1, 0, 1)
    body = 1 - np.maximum(ink, white)
    area = max(1, int(drawn.sum()))
    for extra in sorted((ink, white), key=lambda part: -float(part[drawn].sum())):
        if body[drawn].sum() / area < 0.72:
            body = np.maximum(body, extra)
    return np.asarray(body, np.float32)


def find_main_hue(hsv: Float, body: Float, drawn: NDArray[np.bool_]) -> Float:
    """Find the pixels whose hue is near the commonest one, a weight; all ones where no hue is common enough."""
    colored = drawn & (body > 0.5) & (hsv[..., 1] > 0.18)
    if not colored.any():
        return np.ones_like(body)
    counts = np.bincount((hsv[..., 0][colored] / 10).astype(int) % 36, minlength=36).astype(float)
    wide = sum(np.roll(counts, turn) for turn in range(-2, 3))
    middle = (int(np.argmax(wide)) + 0.5) * 10
    away = np.abs((hsv[..., 0] - middle + 180) % 360 - 180)
    near = np.clip((50 - away) / 15, 0, 1) * (hsv[..., 1] > 0.12)
    common = float((near * body)[drawn].sum()) / max(1.0, float(drawn.sum()))
    return near.astype(np.float32) if common > 0.66 else np.ones_like(body)


def shade_paint(lightness: Float, base: Float, color: ColorRange, measured: NDArray[np.bool_]) -> Float:
    """Shade the base colour: darker where the thing was darker than its own middle, lighter where it was lighter."""
    values = lightness[measured] if measured.any() else lightness
    low, middle, high = np.percentile(values, (2, 50, 98))
    # A thing of one flat tone keeps small steps small: never stretch contrast by more than about two.
    low, high = min(low, middle - 0.3), max(high, middle + 0.3)
    dark = np.clip((middle - lightness) / (middle - low), 0, 1) * (1 - color.darkest)
    light = np.clip((lightness - middle) / (high - middle), 0, 1) * color.lightest
    return np.asarray(base * (1 - dark[..., None]) + (1 - base) * light[..., None], np.float32)
