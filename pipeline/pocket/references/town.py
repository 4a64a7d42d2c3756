"""Draw scenes in town: a street, a country road with a car, a factory."""

from __future__ import annotations

import math

from pipeline.pocket.references.drawing import (
    SIDE,
    Drawing,
    draw_bush,
    draw_cloud,
    draw_leafage,
    draw_ridge,
    draw_sky,
)
from pipeline.pocket.references.land import GREENS


def draw_street(d: Drawing) -> None:
    """Draw a red car before the towers of a city in the evening."""
    draw_sky(d, "#2d3c82", "#9a6bb0", "#f6b58a")
    d.add_circle(256, 214, 62, "#ffe0a3")
    for x, width, top in (
        (-10, 70, 150),
        (60, 56, 96),
        (118, 64, 176),
        (186, 40, 120),
        (292, 44, 100),
        (338, 66, 168),
        (404, 58, 84),
        (462, 60, 140),
    ):
        draw_block(d, x, width, top, 372, "#6d6aa8", "#8f86c2", 0.5, 24)
    for x, width, top, tone in (
        (-14, 92, 70, "#3b4a86"),
        (78, 70, 206, "#54477f"),
        (380, 66, 190, "#4a4684"),
        (442, 92, 44, "#354279"),
    ):
        draw_block(d, x, width, top, 388, tone, "#ffe08a", 0.5, 22)
    draw_signs(d)
    d.add_rect(0, 384, SIDE, 26, "#8d8499")
    d.add_rect(0, 404, SIDE, 112, d.add_gradient("#474a63", "#2a2c44"))
    for x in (10, 130, 250, 370, 490):
        d.add_polygon([(x, 486), (x + 66, 486), (x + 60, 494), (x - 8, 494)], "#f3e6b0")
    draw_lamp(d, 58)
    draw_lamp(d, 462)
    draw_car(d, 112, 452, "#dc2f2a", "#a81d22")


def draw_block(
    d: Drawing, x: float, width: float, top: float, foot: float, wall: str, lit: str, share: float, pitch: float
) -> None:
    """Draw a tower with some of its windows lit."""
    d.add_rect(x, top, width, foot - top, wall)
    d.add_rect(x + width * 0.72, top, width * 0.28, foot - top, "#1d2050", 0.28)
    d.add_rect(x + width * 0.3, top - 14, width * 0.12, 14, wall)
    columns = max(int((width - 8) / pitch), 1)
    for row in range(int((foot - top - 20) / (pitch * 1.35))):
        for column in range(columns):
            glow = d.rng.uniform() < share
            if glow:  # dark windows are left out: a calm wall reads better as a thumbnail
                d.add_rect(x + 7 + column * pitch, top + 14 + row * pitch * 1.35, pitch * 0.56, pitch * 0.74, lit, 0.95)


def draw_signs(d: Drawing) -> None:
    """Draw three shop signs, two tall ones and a wide one."""
    for x, y, width, height, ground, mark in (
        (52, 214, 30, 104, "#e23a78", "#ffe9f4"),
        (432, 172, 28, 118, "#1fa7b8", "#e6fffb"),
        (100, 300, 58, 28, "#f2a52f", "#4a1f3c"),
    ):
        d.add_rect(x, y, width, height, ground, round=5)
        long = height > width
        for k in range(4 if long else 3):
            if long:
                d.add_rect(x + 8, y + 12 + k * height / 4.2, width - 16, 10, mark, round=3)
            else:
                d.add_circle(x + 13 + k * 16, y + height / 2, 5, mark)


def draw_lamp(d: Drawing, x: float) -> None:
    """Draw a glowing street lamp on its post."""
    d.add_circle(x, 262, 30, "#ffe9a8", 0.28)
    d.add_rect(x - 3.5, 270, 7, 134, "#262a40")
    d.add_rect(x - 10, 396, 20, 10, "#262a40")
    d.add_path(f"M{x - 14} 272 L{x - 9} 246 H{x + 9} L{x + 14} 272 Z", "#fff1b8")
    d.add_path(f"M{x - 14} 247 Q{x} 228 {x + 14} 247 Z", "#262a40")


def draw_car(d: Drawing, x: float, foot: float, paint: str, shade: str) -> None:
    """Draw a small saloon, 290 wide, its wheels standing on `foot`."""
    y = foot - 122
    d.add_ellipse(x + 145, foot + 2, 152, 10, "#14152a", 0.55)
    d.add_path(
        f"M{x} {y + 104} Q{x - 6} {y + 62} {x + 30} {y + 56} L{x + 70} {y + 48} Q{x + 104} {y} {x + 160} {y} "
        f"Q{x + 214} {y} {x + 240} {y + 50} Q{x + 284} {y + 56} {x + 290} {y + 84} L{x + 288} {y + 104} Z",
        paint,
    )
    d.add_path(f"M{x - 1} {y + 84} H{x + 290} L{x + 288} {y + 106} H{x} Z", shade)
    d.add_path(
        f"M{x + 86} {y + 50} Q{x + 112} {y + 14} {x + 148} {y + 13} V{y + 50} Z M{x + 160} {y + 13} "
        f"Q{x + 200} {y + 13} {x + 222} {y + 50} H{x + 160} Z",
        d.add_gradient("#cdeaf6", "#7fb4d0"),
    )
    d.add_stroke(f"M{x + 154} {y + 54} V{y + 98}", shade, 3)
    d.add_rect(x + 166, y + 60, 20, 5, "#ffe9d0", round=2)
    d.add_ellipse(x + 276, y + 70, 11, 9, "#fff2b0")
    d.add_rect(x, y + 66, 12, 15, "#ffb37a", round=3)
    d.add_stroke(f"M{x + 40} {y + 60} Q{x + 60} {y + 56} {x + 76} {y + 54}", "#ffffff", 4, 0.5)
    for wheel in (x + 66, x + 226):
        d.add_circle(wheel, foot - 24, 31, "#1c1d28")
        d.add_circle(wheel, foot - 24, 17, "#c9ced6")
        d.add_circle(wheel, foot - 24, 7, "#6d7480")


def draw_drive(d: Drawing) -> None:
    """Draw a small blue car on a country road."""
    draw_sky(d, "#58b0ea", "#c9ecf7")
    draw_cloud(d, 140, 100, 54)
    draw_cloud(d, 392, 70, 40)
    draw_ridge(d, 282, 30, "#8cc0b4", 1.2)
    draw_ridge(d, 326, 22, "#6fb35c", 1.5)
    d.add_path("M-10 362 Q250 330 522 360 V522 H-10 Z", "#8ccc5b")
    d.add_rect(0, 402, SIDE, 70, "#6f7480")
    for x in range(-20, 520, 84):
        d.add_rect(x, 434, 46, 6, "#fff4cf")
    d.add_rect(68, 292, 18, 92, "#7a4e30")
    draw_leafage(d, 76, 236, 62, GREENS, 18)
    draw_bush(d, 452, 384, 38, GREENS[:3])
    draw_car(d, 128, 444, "#2f7fd6", "#1d57a3")


def draw_factory(d: Drawing) -> None:
    """Draw a steam engine passing a brick works with smoking chimneys."""
    draw_sky(d, "#7f96a8", "#c9c3b4", "#ecd2a6")
    for x, y, size in ((120, 66, 34), (300, 44, 40), (430, 92, 28), (206, 96, 22)):
        draw_cloud(d, x, y, size, "#dcd9d3", "#a9a6a3")
    for x, top, width in ((92, 110, 34), (262, 88, 38), (396, 128, 32)):
        draw_chimney(d, x, top, width)
    for k in range(4):
        x = 16 + k * 118
        d.add_polygon([(x, 270), (x, 214), (x + 84, 270), (x + 118, 270), (x + 118, 300), (x, 300)], "#6e3f33")
        d.add_polygon([(x + 4, 224), (x + 4, 266), (x + 66, 266)], "#a9c9d3")
    d.add_rect(16, 268, 480, 122, "#a45a42")
    for k in range(9):
        x = 34 + k * 52
        d.add_path(f"M{x} 340 v-40 q15 -16 30 0 v40 Z", "#3b4a58")
        d.add_stroke(f"M{x + 15} 294 v46 M{x} 316 h30", "#c9b8a0", 3)
    d.add_stroke("M16 352 H180 V280 H240 M330 390 V344 H496", "#7f8a90", 11)
    d.add_stroke("M16 350 H180", "#b8c2c6", 3)
    d.add_rect(0, 388, SIDE, 130, "#7a7268")
    d.add_rect(0, 466, SIDE, 52, "#5c554f")
    for x in range(-10, 520, 34):
        d.add_polygon([(x, 470), (x + 22, 470), (x + 18, 484), (x - 6, 484)], "#463a32")
    d.add_rect(0, 464, SIDE, 7, "#b5b9bc")
    draw_engine(d, 60, 464)


def draw_chimney(d: Drawing, x: float, top: float, width: float) -> None:
    """Draw a brick chimney that widens towards its foot."""
    d.add_polygon([(x, top), (x + width, top), (x + width + 9, 280), (x - 9, 280)], "#9c5540")
    d.add_polygon([(x + width * 0.6, top), (x + width, top), (x + width + 9, 280), (x + width * 0.62, 280)], "#6e3b30")
    d.add_rect(x - 4, top - 4, width + 8, 12, "#54302a")
    d.add_rect(x - 2, top + 40, width + 4, 7, "#54302a")


def draw_engine(d: Drawing, x: float, foot: float) -> None:
    """Draw a green tank engine, 380 long, its wheels on the rail at `foot`."""
    green, dark, brass = "#2f7d55", "#1e5540", "#e2b13c"
    for dx, dy, r in ((306, -196, 18), (284, -226, 26), (248, -262, 34)):
        d.add_circle(x + dx, foot + dy, r, "#f2efe9", 0.92)
    d.add_rect(x + 6, foot - 168, 112, 14, "#2b2f36", round=5)
    d.add_rect(x + 14, foot - 156, 96, 110, green)
    d.add_rect(x + 30, foot - 144, 28, 40, "#bfe0e8")
    d.add_rect(x + 70, foot - 144, 28, 40, "#bfe0e8")
    d.add_rect(x + 108, foot - 120, 220, 70, d.add_gradient("#4fa377", green, dark), round=10)
    for k in range(4):
        d.add_rect(x + 138 + k * 46, foot - 120, 6, 70, brass)
    d.add_rect(x + 318, foot - 126, 22, 82, "#2b2f36", round=5)
    d.add_polygon(
        [(x + 284, foot - 120), (x + 308, foot - 120), (x + 316, foot - 178), (x + 276, foot - 178)], "#2b2f36"
    )
    d.add_path(f"M{x + 196} {foot - 118} q2 -34 22 -34 q20 0 22 34 Z", brass)
    d.add_circle(x + 340, foot - 96, 11, "#fff0b0")
    d.add_rect(x, foot - 54, 356, 16, "#c53a2c")
    d.add_polygon([(x + 346, foot - 42), (x + 386, foot - 2), (x + 340, foot - 2)], "#c53a2c")
    for wheel, r in ((x + 52, 32), (x + 136, 32), (x + 220, 32), (x + 298, 22)):
        d.add_circle(wheel, foot - r, r, "#22262c")
        d.add_circle(wheel, foot - r, r * 0.74, "#c53a2c")
        for k in range(4):
            a = math.pi * k / 4
            d.add_stroke(
                f"M{wheel - math.cos(a) * r * 0.7:.1f} {foot - r - math.sin(a) * r * 0.7:.1f} "
                f"L{wheel + math.cos(a) * r * 0.7:.1f} {foot - r + math.sin(a) * r * 0.7:.1f}",
                "#22262c",
                3.5,
            )
    d.add_stroke(f"M{x + 52} {foot - 26} H{x + 220}", "#cfd4d8", 6)
