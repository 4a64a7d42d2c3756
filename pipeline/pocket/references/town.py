"""Scenes among people: street, factory, cat on a windowsill, still life, car."""

from __future__ import annotations

import math

from pipeline.pocket.references.drawing import SIDE, Drawing, bush, cloud, gull, leafage, ridge, sky
from pipeline.pocket.references.land import GREENS


def street(d: Drawing) -> None:
    """A red car before the towers of a city in the evening."""
    sky(d, "#2d3c82", "#9a6bb0", "#f6b58a")
    d.circle(256, 214, 62, "#ffe0a3")
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
        block(d, x, width, top, 372, "#6d6aa8", "#8f86c2", 0.5, 24)
    for x, width, top, tone in (
        (-14, 92, 70, "#3b4a86"),
        (78, 70, 206, "#54477f"),
        (380, 66, 190, "#4a4684"),
        (442, 92, 44, "#354279"),
    ):
        block(d, x, width, top, 388, tone, "#ffe08a", 0.5, 22)
    signs(d)
    d.rect(0, 384, SIDE, 26, "#8d8499")
    d.rect(0, 404, SIDE, 112, d.fade("#474a63", "#2a2c44"))
    for x in (10, 130, 250, 370, 490):
        d.polygon([(x, 486), (x + 66, 486), (x + 60, 494), (x - 8, 494)], "#f3e6b0")
    lamp(d, 58)
    lamp(d, 462)
    car(d, 112, 452, "#dc2f2a", "#a81d22")


def block(
    d: Drawing, x: float, width: float, top: float, foot: float, wall: str, lit: str, share: float, pitch: float
) -> None:
    """A tower with some of its windows lit."""
    d.rect(x, top, width, foot - top, wall)
    d.rect(x + width * 0.72, top, width * 0.28, foot - top, "#1d2050", 0.28)
    d.rect(x + width * 0.3, top - 14, width * 0.12, 14, wall)
    columns = max(int((width - 8) / pitch), 1)
    for row in range(int((foot - top - 20) / (pitch * 1.35))):
        for column in range(columns):
            glow = d.rng.uniform() < share
            if glow:  # dark windows are left out: a calm wall reads better as a thumbnail
                d.rect(x + 7 + column * pitch, top + 14 + row * pitch * 1.35, pitch * 0.56, pitch * 0.74, lit, 0.95)


def signs(d: Drawing) -> None:
    for x, y, width, height, ground, mark in (
        (52, 214, 30, 104, "#e23a78", "#ffe9f4"),
        (432, 172, 28, 118, "#1fa7b8", "#e6fffb"),
        (100, 300, 58, 28, "#f2a52f", "#4a1f3c"),
    ):
        d.rect(x, y, width, height, ground, round=5)
        long = height > width
        for k in range(4 if long else 3):
            if long:
                d.rect(x + 8, y + 12 + k * height / 4.2, width - 16, 10, mark, round=3)
            else:
                d.circle(x + 13 + k * 16, y + height / 2, 5, mark)


def lamp(d: Drawing, x: float) -> None:
    d.circle(x, 262, 30, "#ffe9a8", 0.28)
    d.rect(x - 3.5, 270, 7, 134, "#262a40")
    d.rect(x - 10, 396, 20, 10, "#262a40")
    d.path(f"M{x - 14} 272 L{x - 9} 246 H{x + 9} L{x + 14} 272 Z", "#fff1b8")
    d.path(f"M{x - 14} 247 Q{x} 228 {x + 14} 247 Z", "#262a40")


def car(d: Drawing, x: float, foot: float, paint: str, shade: str) -> None:
    """A small saloon, 290 wide, its wheels standing on `foot`."""
    y = foot - 122
    d.ellipse(x + 145, foot + 2, 152, 10, "#14152a", 0.55)
    d.path(
        f"M{x} {y + 104} Q{x - 6} {y + 62} {x + 30} {y + 56} L{x + 70} {y + 48} Q{x + 104} {y} {x + 160} {y} "
        f"Q{x + 214} {y} {x + 240} {y + 50} Q{x + 284} {y + 56} {x + 290} {y + 84} L{x + 288} {y + 104} Z",
        paint,
    )
    d.path(f"M{x - 1} {y + 84} H{x + 290} L{x + 288} {y + 106} H{x} Z", shade)
    d.path(
        f"M{x + 86} {y + 50} Q{x + 112} {y + 14} {x + 148} {y + 13} V{y + 50} Z M{x + 160} {y + 13} "
        f"Q{x + 200} {y + 13} {x + 222} {y + 50} H{x + 160} Z",
        d.fade("#cdeaf6", "#7fb4d0"),
    )
    d.stroke(f"M{x + 154} {y + 54} V{y + 98}", shade, 3)
    d.rect(x + 166, y + 60, 20, 5, "#ffe9d0", round=2)
    d.ellipse(x + 276, y + 70, 11, 9, "#fff2b0")
    d.rect(x, y + 66, 12, 15, "#ffb37a", round=3)
    d.stroke(f"M{x + 40} {y + 60} Q{x + 60} {y + 56} {x + 76} {y + 54}", "#ffffff", 4, 0.5)
    for wheel in (x + 66, x + 226):
        d.circle(wheel, foot - 24, 31, "#1c1d28")
        d.circle(wheel, foot - 24, 17, "#c9ced6")
        d.circle(wheel, foot - 24, 7, "#6d7480")


def drive(d: Drawing) -> None:
    """A small blue car on a country road."""
    sky(d, "#58b0ea", "#c9ecf7")
    cloud(d, 140, 100, 54)
    cloud(d, 392, 70, 40)
    ridge(d, 282, 30, "#8cc0b4", 1.2)
    ridge(d, 326, 22, "#6fb35c", 1.5)
    d.path("M-10 362 Q250 330 522 360 V522 H-10 Z", "#8ccc5b")
    d.rect(0, 402, SIDE, 70, "#6f7480")
    for x in range(-20, 520, 84):
        d.rect(x, 434, 46, 6, "#fff4cf")
    d.rect(68, 292, 18, 92, "#7a4e30")
    leafage(d, 76, 236, 62, GREENS, 18)
    bush(d, 452, 384, 38, GREENS[:3])
    car(d, 128, 444, "#2f7fd6", "#1d57a3")


def factory(d: Drawing) -> None:
    """A steam engine passing a brick works with smoking chimneys."""
    sky(d, "#7f96a8", "#c9c3b4", "#ecd2a6")
    for x, y, size in ((120, 66, 34), (300, 44, 40), (430, 92, 28), (206, 96, 22)):
        cloud(d, x, y, size, "#dcd9d3", "#a9a6a3")
    for x, top, width in ((92, 110, 34), (262, 88, 38), (396, 128, 32)):
        chimney(d, x, top, width)
    for k in range(4):
        x = 16 + k * 118
        d.polygon([(x, 270), (x, 214), (x + 84, 270), (x + 118, 270), (x + 118, 300), (x, 300)], "#6e3f33")
        d.polygon([(x + 4, 224), (x + 4, 266), (x + 66, 266)], "#a9c9d3")
    d.rect(16, 268, 480, 122, "#a45a42")
    for k in range(9):
        x = 34 + k * 52
        d.path(f"M{x} 340 v-40 q15 -16 30 0 v40 Z", "#3b4a58")
        d.stroke(f"M{x + 15} 294 v46 M{x} 316 h30", "#c9b8a0", 3)
    d.stroke("M16 352 H180 V280 H240 M330 390 V344 H496", "#7f8a90", 11)
    d.stroke("M16 350 H180", "#b8c2c6", 3)
    d.rect(0, 388, SIDE, 130, "#7a7268")
    d.rect(0, 466, SIDE, 52, "#5c554f")
    for x in range(-10, 520, 34):
        d.polygon([(x, 470), (x + 22, 470), (x + 18, 484), (x - 6, 484)], "#463a32")
    d.rect(0, 464, SIDE, 7, "#b5b9bc")
    engine(d, 60, 464)


def chimney(d: Drawing, x: float, top: float, width: float) -> None:
    d.polygon([(x, top), (x + width, top), (x + width + 9, 280), (x - 9, 280)], "#9c5540")
    d.polygon([(x + width * 0.6, top), (x + width, top), (x + width + 9, 280), (x + width * 0.62, 280)], "#6e3b30")
    d.rect(x - 4, top - 4, width + 8, 12, "#54302a")
    d.rect(x - 2, top + 40, width + 4, 7, "#54302a")


def engine(d: Drawing, x: float, foot: float) -> None:
    """A green tank engine, 380 long, its wheels on the rail at `foot`."""
    green, dark, brass = "#2f7d55", "#1e5540", "#e2b13c"
    for dx, dy, r in ((306, -196, 18), (284, -226, 26), (248, -262, 34)):
        d.circle(x + dx, foot + dy, r, "#f2efe9", 0.92)
    d.rect(x + 6, foot - 168, 112, 14, "#2b2f36", round=5)
    d.rect(x + 14, foot - 156, 96, 110, green)
    d.rect(x + 30, foot - 144, 28, 40, "#bfe0e8")
    d.rect(x + 70, foot - 144, 28, 40, "#bfe0e8")
    d.rect(x + 108, foot - 120, 220, 70, d.fade("#4fa377", green, dark), round=10)
    for k in range(4):
        d.rect(x + 138 + k * 46, foot - 120, 6, 70, brass)
    d.rect(x + 318, foot - 126, 22, 82, "#2b2f36", round=5)
    d.polygon([(x + 284, foot - 120), (x + 308, foot - 120), (x + 316, foot - 178), (x + 276, foot - 178)], "#2b2f36")
    d.path(f"M{x + 196} {foot - 118} q2 -34 22 -34 q20 0 22 34 Z", brass)
    d.circle(x + 340, foot - 96, 11, "#fff0b0")
    d.rect(x, foot - 54, 356, 16, "#c53a2c")
    d.polygon([(x + 346, foot - 42), (x + 386, foot - 2), (x + 340, foot - 2)], "#c53a2c")
    for wheel, r in ((x + 52, 32), (x + 136, 32), (x + 220, 32), (x + 298, 22)):
        d.circle(wheel, foot - r, r, "#22262c")
        d.circle(wheel, foot - r, r * 0.74, "#c53a2c")
        for k in range(4):
            a = math.pi * k / 4
            d.stroke(
                f"M{wheel - math.cos(a) * r * 0.7:.1f} {foot - r - math.sin(a) * r * 0.7:.1f} "
                f"L{wheel + math.cos(a) * r * 0.7:.1f} {foot - r + math.sin(a) * r * 0.7:.1f}",
                "#22262c",
                3.5,
            )
    d.stroke(f"M{x + 52} {foot - 26} H{x + 220}", "#cfd4d8", 6)


def cat(d: Drawing) -> None:
    """A ginger cat on a windowsill with a plant, evening hills outside."""
    d.rect(0, 0, SIDE, SIDE, d.fade("#e9b98a", "#c9865f"))
    d.rect(78, 26, 356, 352, "#fff6e6", round=6)
    d.rect(94, 42, 324, 320, d.fade("#4d8fce", "#a4d4ec", "#fde3b4"))
    d.circle(338, 116, 30, "#fff4c4")
    cloud(d, 190, 110, 30)
    gull(d, 262, 92, 9)
    d.path("M94 300 Q150 252 220 282 T360 262 Q400 256 418 270 V362 H94 Z", "#6fae72")
    d.path("M94 330 Q180 300 260 322 T418 312 V362 H94 Z", "#4b8f52")
    d.rect(249, 42, 14, 320, "#fff6e6")
    d.rect(94, 176, 324, 12, "#fff6e6")
    for side in (0, 1):
        x = 20 if side == 0 else 492
        out = 1 if side == 0 else -1
        d.path(
            f"M{x - 30 * out} 0 H{x + 96 * out} Q{x + 88 * out} 180 {x + 44 * out} 264 Q{x + 30 * out} 340 "
            f"{x + 42 * out} 400 H{x - 30 * out} Z",
            "#c9404a",
        )
        for k in (8, 34, 60):
            d.stroke(f"M{x + k * out} 0 Q{x + (k - 4) * out} 180 {x + (k * 0.45 + 4) * out} 260", "#962b3c", 5, 0.7)
        d.rect(min(x - 8 * out, x + 52 * out), 258, 60, 14, "#f2c14e", round=6)
    d.rect(0, 396, SIDE, 26, "#fff1da")
    d.rect(0, 420, SIDE, 14, "#b57a52")
    d.rect(0, 434, SIDE, 80, d.fade("#d99a6c", "#b87850"))
    plant(d, 394, 396)
    d.rect(84, 376, 66, 20, "#3d6fa8", round=3)
    d.rect(78, 358, 70, 19, "#e2b13c", round=3)
    seated_cat(d)


def plant(d: Drawing, x: float, foot: float) -> None:
    for lean, rise in ((-46, 92), (-22, 122), (4, 134), (30, 116), (50, 84)):
        d.path(
            f"M{x} {foot - 54} Q{x + lean * 0.2 - 12} {foot - rise} {x + lean} {foot - rise - 26} "
            f"Q{x + lean * 0.8 + 12} {foot - rise + 14} {x} {foot - 54} Z",
            "#3f9350" if lean % 4 else "#63b85f",
        )
    d.polygon([(x - 36, foot - 58), (x + 36, foot - 58), (x + 27, foot), (x - 27, foot)], "#d9643a")
    d.rect(x - 40, foot - 66, 80, 14, "#b94c2a", round=3)


def seated_cat(d: Drawing) -> None:
    coat, stripe, cream = "#f0962e", "#c8661c", "#fff0d8"
    d.stroke("M298 384 Q356 398 350 440 Q344 470 316 462", coat, 24)
    d.stroke("M344 416 l14 8 M340 446 l16 4", stripe, 7)
    d.path("M196 398 Q186 300 226 268 H286 Q326 300 316 398 Q256 410 196 398 Z", coat)
    d.path("M228 276 Q256 296 284 276 Q296 336 256 372 Q216 336 228 276 Z", cream)
    d.stroke("M200 322 q18 4 24 14 M198 346 q18 4 24 14 M312 322 q-18 4 -24 14 M314 346 q-18 4 -24 14", stripe, 8)
    d.polygon([(196, 218), (196, 144), (246, 186)], coat)
    d.polygon([(316, 218), (316, 144), (266, 186)], coat)
    d.polygon([(206, 196), (206, 164), (230, 186)], "#f4b3a0")
    d.polygon([(306, 196), (306, 164), (282, 186)], "#f4b3a0")
    d.ellipse(256, 226, 68, 56, coat)
    d.stroke("M256 174 v22 M238 176 l3 18 M274 176 l-3 18", stripe, 7)
    d.stroke("M192 226 l18 3 M320 226 l-18 3 M196 244 l16 0 M316 244 l-16 0", stripe, 7)
    d.ellipse(256, 252, 32, 22, cream)
    for x in (230, 282):
        d.ellipse(x, 222, 13, 14, "#6fae3f")
        d.ellipse(x, 222, 5, 12, "#1d1a17")
        d.circle(x + 4, 217, 3.4, "#ffffff")
    d.polygon([(247, 242), (265, 242), (256, 251)], "#d9576a")
    d.stroke("M256 251 v6 q-8 9 -16 4 M256 257 q8 9 16 4", "#6b3a2a", 3)
    d.stroke("M220 250 l-40 -6 M220 258 l-38 6 M292 250 l40 -6 M292 258 l38 6", "#fffaf0", 2.6)
    for x in (232, 280):
        d.ellipse(x, 394, 20, 12, cream)


def still_life(d: Drawing) -> None:
    """Sunflowers in a blue jug, apples and a lemon on a cloth."""
    d.rect(0, 0, SIDE, SIDE, d.fade("#8fb0a8", "#6b8f8a", "#56757a"))
    d.path("M-10 0 H120 Q150 150 110 346 H-10 Z", "#a5424a")
    d.stroke("M34 0 Q48 160 30 344 M82 0 Q104 160 78 344", "#7c2c3a", 9, 0.7)
    d.rect(0, 344, SIDE, 170, d.fade("#b5743e", "#7a4a2a"))
    d.path("M150 360 Q256 338 420 362 L470 470 Q330 500 120 474 Z", "#f7efe0")
    d.stroke("M170 384 Q280 366 420 384 M150 420 Q280 402 440 420", "#d9cbb8", 4)
    d.ellipse(274, 420, 96, 14, "#4a3a38", 0.35)
    for x, y, dx in ((170, 150, -40), (262, 96, -4), (348, 142, 36), (216, 214, -22), (318, 220, 20)):
        d.stroke(f"M{x} {y} Q{x - dx * 0.3} {y + 90} {256 + dx * 0.35} 300", "#3f7a3c", 8)
    for x, y, tilt in ((150, 250, -1), (372, 250, 1), (206, 268, -1)):
        d.path(f"M{x} {y} q{34 * tilt} -40 {60 * -tilt} -44 q{-6 * tilt} 40 {60 * tilt} 44 Z", "#4f9448")
    for x, y, r in ((170, 146, 46), (348, 138, 44), (262, 92, 50), (214, 214, 38), (318, 216, 40)):
        sunflower(d, x, y, r)
    jug(d)
    for x, y, r, colour, dark in (
        (392, 404, 36, "#d9342c", "#9c1f26"),
        (150, 430, 33, "#e0452f", "#a3262a"),
        (440, 440, 30, "#8db83c", "#5f8a2a"),
    ):
        apple(d, x, y, r, colour, dark)
    d.path("M196 452 q8 -24 40 -22 q32 2 40 20 q-10 26 -42 24 q-30 -2 -38 -22 Z", "#f6d03a")
    d.path("M206 462 q26 14 58 0 q-14 14 -30 12 q-20 0 -28 -12 Z", "#d9a420")


def sunflower(d: Drawing, x: float, y: float, r: float) -> None:
    for ring, (colour, count) in enumerate((("#e09a1c", 15), ("#ffc62e", 13))):
        for k in range(count):
            a = 360 * k / count + ring * 12
            d.shapes.append(
                f'<ellipse cx="{x}" cy="{y - r * 0.68:.1f}" rx="{r * 0.17:.1f}" ry="{r * 0.36:.1f}" '
                f'fill="{colour}" transform="rotate({a:.1f} {x} {y})"/>'
            )
    d.circle(x, y, r * 0.44, "#5a3320")
    d.circle(x, y, r * 0.26, "#7d4a28")


def jug(d: Drawing) -> None:
    d.stroke("M322 312 Q372 304 364 352 Q356 388 318 392", "#2f62a8", 14)
    d.path(
        "M216 284 H312 Q306 312 326 340 Q346 392 304 424 H224 Q182 392 202 340 Q222 312 216 284 Z",
        d.fade("#2a5596", "#5b93d6", "#2f66b0", "#1f417c", across=True),
    )
    d.ellipse(264, 286, 48, 10, "#1d3866")
    d.stroke("M208 352 Q264 372 320 352", "#e9eef6", 7)
    d.stroke("M206 378 Q264 398 322 378", "#e9eef6", 3)
    d.path("M222 322 q-16 30 -12 62 q6 -40 22 -60 Z", "#ffffff", 0.5)


def apple(d: Drawing, x: float, y: float, r: float, colour: str, dark: str) -> None:
    d.ellipse(x + 4, y + r * 0.92, r, r * 0.22, "#3f302c", 0.4)
    d.circle(x, y, r, colour)
    d.path(
        f"M{x + r * 0.3:.0f} {y - r * 0.95:.0f} a{r} {r} 0 0 1 {-r * 0.2:.0f} {r * 1.93:.0f} "
        f"q{r * 0.7:.0f} {-r * 0.8:.0f} {r * 0.2:.0f} {-r * 1.93:.0f} Z",
        dark,
        0.75,
    )
    d.ellipse(x - r * 0.35, y - r * 0.35, r * 0.2, r * 0.26, "#ffffff", 0.75)
    d.stroke(f"M{x} {y - r * 0.8:.0f} q2 {-r * 0.4:.0f} 9 {-r * 0.5:.0f}", "#4a3020", 4.5)
