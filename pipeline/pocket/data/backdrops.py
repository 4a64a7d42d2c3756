"""Soft backdrops that nobody draws: sea, snow, forest, night, a room; light and clean, behind what is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from pipeline.pocket.data import skies
from pipeline.pocket.data.paints import to_rgb, vary_paint
from pipeline.pocket.data.part_canvas import SIDE, Float, Rng
from pipeline.pocket.data.skies import make_gradient, make_tone, mask_below, paint_over

HALF = SIDE // 2  # px that backdrops are painted at


@dataclass
class Sheet:
    """What the painters of places work on, at half the canvas's side."""

    rng: Rng
    horizon: float
    image: Float = field(default_factory=lambda: np.ones((HALF, HALF, 3), np.float32))
    land: Float | None = None
    dim: float = 1.0

    def sky(self, *pairs: tuple[str, str]) -> None:
        top, bottom = pairs[int(self.rng.integers(len(pairs)))]
        self.image = make_gradient(HALF, vary_paint(to_rgb(top), self.rng), vary_paint(to_rgb(bottom), self.rng))

    def ground(self, *codes: str, hills: float = 0.0) -> None:
        self.land = vary_paint(to_rgb(codes[int(self.rng.integers(len(codes)))]), self.rng)
        line = HALF * self.horizon + skies.draw_hills(HALF, self.rng, hills, (0.5, 1.5))
        paint_over(
            self.image, mask_below(HALF, line, 2), make_gradient(HALF, np.clip(self.land * 1.1, 0, 1), self.land * 0.93)
        )

    def ridge(self, line: Float, code: str, haze: float = 0.0, softness: float = 2.5) -> None:
        """What stands behind, above the horizon: heights (HALF,) px relative to it."""
        tint = vary_paint(to_rgb(code), self.rng)
        sky = self.image[max(0, int(HALF * self.horizon) - 2), 0]
        paint_over(self.image, mask_below(HALF, HALF * self.horizon + line, softness), tint + (sky - tint) * haze)


DAY = (("8cc8f2", "dff1fb"), ("a9d8f5", "eef7fb"), ("79bdec", "cfe9f8"), ("b9e0f2", "f4f9f6"))
DUSK = (("f2846b", "ffd59a"), ("e88a9a", "ffcf8f"), ("8a6bb0", "fbb27a"), ("f4a261", "ffe3ae"))
NIGHT = (("0f1740", "2b3a78"), ("151238", "38336e"), ("0b1c3d", "24477a"))


def meadow(sheet: Sheet) -> None:
    sheet.sky(*DAY)
    if sheet.rng.random() < 0.5:
        sheet.ridge(skies.draw_hills(HALF, sheet.rng, 0.05, (0.7, 1.6)) - 8, "9ecf8a", 0.3)
    sheet.ground("7fc25a", "8ccf66", "9bd077", "85c063", hills=0.015)


def sea(sheet: Sheet) -> None:
    sheet.sky(*DAY)
    sheet.ground("4c9ccf", "5aa9d6", "3f8fc4", "4aa7c9")


def beach(sheet: Sheet) -> None:
    sea(sheet)
    shore = HALF * min(0.94, sheet.horizon + 0.14) + skies.draw_hills(HALF, sheet.rng, 0.02, (0.5, 1.2))
    sand = vary_paint(to_rgb("f2dca2"), sheet.rng)
    paint_over(sheet.image, mask_below(HALF, shore, 3), sand)


def snow(sheet: Sheet) -> None:
    sheet.sky(("bcd3e6", "e6eff6"), ("a8c8e4", "eaf3fa"), ("c9d6e2", "eef3f7"))
    if sheet.rng.random() < 0.5:
        sheet.ridge(skies.draw_peaks(HALF, sheet.rng, 10, 0.18), "6f8f8a", 0.45)
    sheet.ground("f4f8fc", "eaf2f9", "ffffff", hills=0.02)
    if sheet.rng.random() < 0.6:
        skies.add_flakes(sheet.image, sheet.rng)


def forest(sheet: Sheet) -> None:
    sheet.sky(("b9dcc0", "d8ecd2"), ("9ccfae", "cfe8c4"), ("c4dfb0", "e4f0cf"))
    for haze, code in ((0.5, "5f9a6a"), (0.15, "3f7a4c")):
        sheet.ridge(skies.draw_peaks(HALF, sheet.rng, int(sheet.rng.integers(7, 12)), 0.5 + 0.2 * haze), code, haze)
    for x in sheet.rng.uniform(0, HALF, 5):
        trunk = tuple(float(part) for part in vary_paint(to_rgb("6b4a33"), sheet.rng))
        cv2.line(sheet.image, (int(x), int(HALF * 0.35)), (int(x), int(HALF * sheet.horizon)), trunk, 3)
    sheet.image = skies.blur_mask(sheet.image, 2.2)
    sheet.ground("6fa04f", "7fae5a", "5f9048", hills=0.01)


def desert(sheet: Sheet) -> None:
    sheet.sky(("8fd0ee", "fdeccb"), ("a9dcf0", "fbe8c4"), ("f7d9a0", "fdf0d2"))
    sheet.ridge(skies.draw_hills(HALF, sheet.rng, 0.08, (0.5, 1.2)) - 8, "e8bf7a", 0.25)
    sheet.ground("eac482", "f0d090", "e3b870", hills=0.03)


def night(sheet: Sheet) -> None:
    sheet.sky(*NIGHT)
    skies.add_stars(sheet.image, sheet.rng, int(sheet.rng.integers(12, 40)), sheet.horizon)
    if sheet.rng.random() < 0.35:
        skies.add_disc(sheet.image, sheet.rng, make_tone(0.98, 0.95, 0.8), 0.4)
    sheet.ground("2c4a4f", "26405a", "30503f", "34406a", hills=0.015)
    sheet.dim = 0.9


def sunset(sheet: Sheet) -> None:
    sheet.sky(*DUSK)
    if sheet.rng.random() < 0.6:
        skies.add_disc(sheet.image, sheet.rng, make_tone(1, 0.93, 0.7), 0.6)
    sheet.ground("a8703f", "8a5f5a", "7a6a80", "96783f", "6f7a4a", hills=0.015)
    sheet.dim = 0.96


def city(sheet: Sheet) -> None:
    dark = sheet.rng.random() < 0.4
    sheet.sky(*(NIGHT if dark else DAY))
    for haze, code in ((0.55, "5a6480" if dark else "8fa3bd"), (0.25, "39406b" if dark else "7a8fae")):
        line = skies.draw_roofs(HALF, sheet.rng, 0.5 if haze > 0.5 else 0.36)
        mask = mask_below(HALF, HALF * sheet.horizon + line, 0.7)
        sheet.ridge(line, code, haze, 0.7)
        light_windows(sheet, mask, to_rgb("ffdf80") if dark else to_rgb("dcecf8"))
    sheet.ground("4a4d5c" if dark else "9a9ca4")
    sheet.dim = 0.94 if dark else 1.0


def neon_city(sheet: Sheet) -> None:
    sheet.sky(("1a1040", "4a1f6b"), ("0d1036", "2f1c5e"), ("140c38", "5a1f66"))
    line = skies.draw_roofs(HALF, sheet.rng, 0.55)
    mask = mask_below(HALF, HALF * sheet.horizon + line, 0.7)
    sheet.ridge(line, "241a52", 0.1, 0.7)
    for code in ("ff4fb0", "3fe0f0", "b06bff"):
        light_windows(sheet, mask, to_rgb(code), 0.14)
    sheet.image = np.clip(sheet.image + 0.5 * skies.blur_mask(np.maximum(sheet.image - 0.45, 0), 3), 0, 1)
    sheet.ground("2b1f55", "251a4a", "1f2350")
    sheet.dim = 0.95


def light_windows(sheet: Sheet, mask: Float, glow: Float, share: float = 0.3) -> None:
    step = int(sheet.rng.integers(5, 8))
    rows, columns = np.meshgrid(np.arange(3, HALF - 4, step), np.arange(3, HALF - 4, step), indexing="ij")
    lit = (sheet.rng.random(rows.shape) < share) & (mask[rows, columns] > 0.9) & (mask[rows - 3, columns] > 0.9)
    layer = np.zeros((HALF, HALF), np.float32)
    for down in (0, 1, 2):
        for right in (0, 1):
            layer[rows[lit] + down, columns[lit] + right] = 0.8
    paint_over(sheet.image, layer, glow)


def space(sheet: Sheet) -> None:
    sheet.sky(("080a22", "1c1446"), ("0a0f2e", "241a58"), ("05060f", "141a3c"))
    haze = skies.blur_mask(sheet.rng.random((HALF, HALF)).astype(np.float32), 14)
    haze = np.clip((haze - haze.mean()) / (haze.std() + 1e-6), 0, 2) / 5
    paint_over(sheet.image, haze, to_rgb(("8a4fc0", "3f7ad0", "c04f8a")[int(sheet.rng.integers(3))]))
    skies.add_stars(sheet.image, sheet.rng, int(sheet.rng.integers(30, 80)), 1.0)
    if sheet.rng.random() < 0.4:
        skies.add_disc(sheet.image, sheet.rng, to_rgb(("e0a060", "7fb0e0", "d07a6b")[int(sheet.rng.integers(3))]), 0.9)
    sheet.horizon = 1.0


def under_water(sheet: Sheet) -> None:
    sheet.sky(("7fd4ea", "1f6fae"), ("5cc3e0", "145a96"), ("8adcdc", "1f7f9e"), ("4fb4e0", "10497f"))
    if sheet.rng.random() < 0.5:
        sheet.ground("d9c48f", "c9b98a", "b8b890", hills=0.02)
    else:
        sheet.horizon = 1.0


def room(sheet: Sheet) -> None:
    sheet.sky(
        ("f3e6d3", "efe0ca"), ("e3edf0", "dae6ea"), ("f6e1d8", "f1d8cc"), ("e6ebd9", "dde4cc"), ("efe7f2", "e6dcec")
    )
    sheet.ground("b98a5f", "c99f74", "a97a50", "d1b08a")


def pond(sheet: Sheet) -> None:
    sheet.sky(*DAY)
    sheet.ridge(skies.draw_hills(HALF, sheet.rng, 0.03, (0.7, 1.5)) - 7, "86bf6a", 0.1)
    sheet.ground("6fbfd9", "7ac4d0", "5fb0cf")


def mountains(sheet: Sheet) -> None:
    sheet.sky(*DAY)
    for haze, code in ((0.5, "8ea4bf"), (0.2, "7d8fa8")):
        sheet.ridge(
            skies.draw_peaks(HALF, sheet.rng, int(sheet.rng.integers(2, 5)), 0.42 if haze > 0.3 else 0.3), code, haze
        )
    sheet.ground("86b86a", "92c27a", "7aa860", hills=0.015)


def street(sheet: Sheet) -> None:
    sheet.sky(*DAY)
    sheet.ridge(skies.draw_hills(HALF, sheet.rng, 0.03, (0.7, 1.5)) - 7, "93c47d", 0.15)
    sheet.ground("8b8f96", "9a9ca1", "7f838b")


def rain(sheet: Sheet) -> None:
    sheet.sky(("8a99a8", "b9c5ce"), ("7d8fa3", "aebccb"))
    sheet.ground("7f9a78", "8a9098", "76907a", hills=0.01)
    skies.add_rain(sheet.image, sheet.rng)


def open_sky(sheet: Sheet) -> None:
    sheet.sky(*DAY)
    skies.add_clouds(sheet.image, sheet.rng)
    sheet.horizon = 1.0


def autumn(sheet: Sheet) -> None:
    sheet.sky(("c9dfe8", "f7ecd4"), ("e0e4dc", "fbe9c8"))
    sheet.ridge(
        skies.draw_peaks(HALF, sheet.rng, 9, 0.3), ("d98a3f", "c8693a", "e0a84a")[int(sheet.rng.integers(3))], 0.3, 4
    )
    sheet.ground("c9a05a", "b98a4a", "d1b06a", hills=0.015)


def spring(sheet: Sheet) -> None:
    meadow(sheet)
    for x, y in sheet.rng.uniform((0, sheet.horizon + 0.03), (1, 1), (24, 2)):
        dot = tuple(float(part) for part in to_rgb(("f9c6d6", "ffffff", "f7e28a")[int(sheet.rng.integers(3))]))
        cv2.circle(sheet.image, (int(x * HALF), int(y * HALF)), 2, dot, -1)
