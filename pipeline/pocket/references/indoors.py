"""Draw scenes indoors: a cat on a windowsill, a still life."""

from __future__ import annotations

from pipeline.pocket.references.drawing import SIDE, Drawing, draw_cloud, draw_gull


def draw_cat(d: Drawing) -> None:
    """Draw a ginger cat on a windowsill with a plant, evening hills outside."""
    d.add_rect(0, 0, SIDE, SIDE, d.add_gradient("#e9b98a", "#c9865f"))
    d.add_rect(78, 26, 356, 352, "#fff6e6", round=6)
    d.add_rect(94, 42, 324, 320, d.add_gradient("#4d8fce", "#a4d4ec", "#fde3b4"))
    d.add_circle(338, 116, 30, "#fff4c4")
    draw_cloud(d, 190, 110, 30)
    draw_gull(d, 262, 92, 9)
    d.add_path("M94 300 Q150 252 220 282 T360 262 Q400 256 418 270 V362 H94 Z", "#6fae72")
    d.add_path("M94 330 Q180 300 260 322 T418 312 V362 H94 Z", "#4b8f52")
    d.add_rect(249, 42, 14, 320, "#fff6e6")
    d.add_rect(94, 176, 324, 12, "#fff6e6")
    for side in (0, 1):
        x = 20 if side == 0 else 492
        out = 1 if side == 0 else -1
        d.add_path(
            f"M{x - 30 * out} 0 H{x + 96 * out} Q{x + 88 * out} 180 {x + 44 * out} 264 Q{x + 30 * out} 340 "
            f"{x + 42 * out} 400 H{x - 30 * out} Z",
            "#c9404a",
        )
        for k in (8, 34, 60):
            d.add_stroke(f"M{x + k * out} 0 Q{x + (k - 4) * out} 180 {x + (k * 0.45 + 4) * out} 260", "#962b3c", 5, 0.7)
        d.add_rect(min(x - 8 * out, x + 52 * out), 258, 60, 14, "#f2c14e", round=6)
    d.add_rect(0, 396, SIDE, 26, "#fff1da")
    d.add_rect(0, 420, SIDE, 14, "#b57a52")
    d.add_rect(0, 434, SIDE, 80, d.add_gradient("#d99a6c", "#b87850"))
    draw_plant(d, 394, 396)
    d.add_rect(84, 376, 66, 20, "#3d6fa8", round=3)
    d.add_rect(78, 358, 70, 19, "#e2b13c", round=3)
    draw_seated_cat(d)


def draw_plant(d: Drawing, x: float, foot: float) -> None:
    """Draw a plant with five leaves in a clay pot that stands on `foot`."""
    for lean, rise in ((-46, 92), (-22, 122), (4, 134), (30, 116), (50, 84)):
        d.add_path(
            f"M{x} {foot - 54} Q{x + lean * 0.2 - 12} {foot - rise} {x + lean} {foot - rise - 26} "
            f"Q{x + lean * 0.8 + 12} {foot - rise + 14} {x} {foot - 54} Z",
            "#3f9350" if lean % 4 else "#63b85f",
        )
    d.add_polygon([(x - 36, foot - 58), (x + 36, foot - 58), (x + 27, foot), (x - 27, foot)], "#d9643a")
    d.add_rect(x - 40, foot - 66, 80, 14, "#b94c2a", round=3)


def draw_seated_cat(d: Drawing) -> None:
    """Draw the ginger cat, seated and facing the viewer."""
    coat, stripe, cream = "#f0962e", "#c8661c", "#fff0d8"
    d.add_stroke("M298 384 Q356 398 350 440 Q344 470 316 462", coat, 24)
    d.add_stroke("M344 416 l14 8 M340 446 l16 4", stripe, 7)
    d.add_path("M196 398 Q186 300 226 268 H286 Q326 300 316 398 Q256 410 196 398 Z", coat)
    d.add_path("M228 276 Q256 296 284 276 Q296 336 256 372 Q216 336 228 276 Z", cream)
    d.add_stroke("M200 322 q18 4 24 14 M198 346 q18 4 24 14 M312 322 q-18 4 -24 14 M314 346 q-18 4 -24 14", stripe, 8)
    d.add_polygon([(196, 218), (196, 144), (246, 186)], coat)
    d.add_polygon([(316, 218), (316, 144), (266, 186)], coat)
    d.add_polygon([(206, 196), (206, 164), (230, 186)], "#f4b3a0")
    d.add_polygon([(306, 196), (306, 164), (282, 186)], "#f4b3a0")
    d.add_ellipse(256, 226, 68, 56, coat)
    d.add_stroke("M256 174 v22 M238 176 l3 18 M274 176 l-3 18", stripe, 7)
    d.add_stroke("M192 226 l18 3 M320 226 l-18 3 M196 244 l16 0 M316 244 l-16 0", stripe, 7)
    d.add_ellipse(256, 252, 32, 22, cream)
    for x in (230, 282):
        d.add_ellipse(x, 222, 13, 14, "#6fae3f")
        d.add_ellipse(x, 222, 5, 12, "#1d1a17")
        d.add_circle(x + 4, 217, 3.4, "#ffffff")
    d.add_polygon([(247, 242), (265, 242), (256, 251)], "#d9576a")
    d.add_stroke("M256 251 v6 q-8 9 -16 4 M256 257 q8 9 16 4", "#6b3a2a", 3)
    d.add_stroke("M220 250 l-40 -6 M220 258 l-38 6 M292 250 l40 -6 M292 258 l38 6", "#fffaf0", 2.6)
    for x in (232, 280):
        d.add_ellipse(x, 394, 20, 12, cream)


def draw_still_life(d: Drawing) -> None:
    """Draw sunflowers in a blue jug, apples and a lemon on a cloth."""
    d.add_rect(0, 0, SIDE, SIDE, d.add_gradient("#8fb0a8", "#6b8f8a", "#56757a"))
    d.add_path("M-10 0 H120 Q150 150 110 346 H-10 Z", "#a5424a")
    d.add_stroke("M34 0 Q48 160 30 344 M82 0 Q104 160 78 344", "#7c2c3a", 9, 0.7)
    d.add_rect(0, 344, SIDE, 170, d.add_gradient("#b5743e", "#7a4a2a"))
    d.add_path("M150 360 Q256 338 420 362 L470 470 Q330 500 120 474 Z", "#f7efe0")
    d.add_stroke("M170 384 Q280 366 420 384 M150 420 Q280 402 440 420", "#d9cbb8", 4)
    d.add_ellipse(274, 420, 96, 14, "#4a3a38", 0.35)
    for x, y, dx in ((170, 150, -40), (262, 96, -4), (348, 142, 36), (216, 214, -22), (318, 220, 20)):
        d.add_stroke(f"M{x} {y} Q{x - dx * 0.3} {y + 90} {256 + dx * 0.35} 300", "#3f7a3c", 8)
    for x, y, tilt in ((150, 250, -1), (372, 250, 1), (206, 268, -1)):
        d.add_path(f"M{x} {y} q{34 * tilt} -40 {60 * -tilt} -44 q{-6 * tilt} 40 {60 * tilt} 44 Z", "#4f9448")
    for x, y, r in ((170, 146, 46), (348, 138, 44), (262, 92, 50), (214, 214, 38), (318, 216, 40)):
        draw_sunflower(d, x, y, r)
    draw_jug(d)
    for x, y, r, colour, dark in (
        (392, 404, 36, "#d9342c", "#9c1f26"),
        (150, 430, 33, "#e0452f", "#a3262a"),
        (440, 440, 30, "#8db83c", "#5f8a2a"),
    ):
        draw_apple(d, x, y, r, colour, dark)
    d.add_path("M196 452 q8 -24 40 -22 q32 2 40 20 q-10 26 -42 24 q-30 -2 -38 -22 Z", "#f6d03a")
    d.add_path("M206 462 q26 14 58 0 q-14 14 -30 12 q-20 0 -28 -12 Z", "#d9a420")


def draw_sunflower(d: Drawing, x: float, y: float, r: float) -> None:
    """Draw a sunflower's head from the front: two rings of petals around a dark middle."""
    for ring, (colour, count) in enumerate((("#e09a1c", 15), ("#ffc62e", 13))):
        for k in range(count):
            a = 360 * k / count + ring * 12
            d.add_ellipse(x, y - r * 0.68, r * 0.17, r * 0.36, colour, turn=(a, x, y))
    d.add_circle(x, y, r * 0.44, "#5a3320")
    d.add_circle(x, y, r * 0.26, "#7d4a28")


def draw_jug(d: Drawing) -> None:
    """Draw the blue jug with its handle and two white bands."""
    d.add_stroke("M322 312 Q372 304 364 352 Q356 388 318 392", "#2f62a8", 14)
    d.add_path(
        "M216 284 H312 Q306 312 326 340 Q346 392 304 424 H224 Q182 392 202 340 Q222 312 216 284 Z",
        d.add_gradient("#2a5596", "#5b93d6", "#2f66b0", "#1f417c", across=True),
    )
    d.add_ellipse(264, 286, 48, 10, "#1d3866")
    d.add_stroke("M208 352 Q264 372 320 352", "#e9eef6", 7)
    d.add_stroke("M206 378 Q264 398 322 378", "#e9eef6", 3)
    d.add_path("M222 322 q-16 30 -12 62 q6 -40 22 -60 Z", "#ffffff", 0.5)


def draw_apple(d: Drawing, x: float, y: float, r: float, colour: str, dark: str) -> None:
    """Draw an apple with its shaded side, highlight, stalk and shadow."""
    d.add_ellipse(x + 4, y + r * 0.92, r, r * 0.22, "#3f302c", 0.4)
    d.add_circle(x, y, r, colour)
    d.add_path(
        f"M{x + r * 0.3:.0f} {y - r * 0.95:.0f} a{r} {r} 0 0 1 {-r * 0.2:.0f} {r * 1.93:.0f} "
        f"q{r * 0.7:.0f} {-r * 0.8:.0f} {r * 0.2:.0f} {-r * 1.93:.0f} Z",
        dark,
        0.75,
    )
    d.add_ellipse(x - r * 0.35, y - r * 0.35, r * 0.2, r * 0.26, "#ffffff", 0.75)
    d.add_stroke(f"M{x} {y - r * 0.8:.0f} q2 {-r * 0.4:.0f} 9 {-r * 0.5:.0f}", "#4a3020", 4.5)
