"""Draw scenes from tales: a fox in a wood, a castle, a bird on a blossoming branch."""

from __future__ import annotations

import math

from pipeline.pocket.references.drawing import (
    Drawing,
    draw_bush,
    draw_cloud,
    draw_leafage,
    draw_pine,
    draw_ridge,
    draw_ripples,
    draw_sky,
)
from pipeline.pocket.references.land import GREENS


def draw_fox(d: Drawing) -> None:
    """Draw a fox sitting in an autumn wood."""
    draw_sky(d, "#f6e3a6", "#e9c777", "#9fb36a")
    for shade, width, count in (("#d6c48c", 14, 10), ("#a3a56c", 24, 6)):
        for k in range(count):
            x = (k + d.rng.uniform(0.1, 0.9)) * 512 / count
            d.add_polygon([(x, 0), (x + width, 0), (x + width * 1.3, 390), (x - width * 0.3, 390)], shade)
    draw_leafage(d, 90, 30, 120, ("#b5722f", "#d9922f", "#efb84a"), 22)
    draw_leafage(d, 420, 20, 130, ("#a8552a", "#cf6f2c", "#e9a23b"), 24)
    draw_ridge(d, 372, 10, "#6f8446", 1.6)
    for x, width in ((34, 46), (438, 54)):
        d.add_path(
            f"M{x} 0 H{x + width} Q{x + width - 4} 300 {x + width + 22} 440 H{x - 22} Q{x + 4} 300 {x} 0 Z", "#5a4030"
        )
        d.add_path(
            f"M{x + width * 0.62} 0 H{x + width} Q{x + width - 4} 300 {x + width + 22} 440 H{x + width * 0.6} Z",
            "#3f2c24",
        )
    d.add_path("M-10 420 Q150 386 300 408 T522 404 V522 H-10 Z", d.add_gradient("#6d8a3e", "#3f5f30"))
    draw_seated_fox(d)
    for x, y, size in ((60, 470, 1.0), (98, 484, 0.7), (440, 468, 0.9)):
        draw_mushroom(d, x, y, size)
    for x, y in ((20, 512), (150, 516), (386, 514), (490, 512)):
        draw_fern(d, x, y)


def draw_seated_fox(d: Drawing) -> None:
    """Draw the fox, seated and facing the viewer."""
    coat, dark, cream = "#e2702a", "#b94f1d", "#fff4e2"
    d.add_path("M300 448 Q412 452 414 366 Q414 324 384 306 Q392 350 362 376 Q330 400 296 420 Z", coat)
    d.add_path("M414 366 Q414 324 384 306 Q390 334 379 354 Q398 352 414 366 Z", cream)
    d.add_path("M196 452 Q184 350 226 300 H288 Q334 352 322 452 Q258 470 196 452 Z", coat)
    d.add_path("M228 306 Q258 330 286 306 Q296 366 258 404 Q220 366 228 306 Z", cream)
    d.add_path(
        "M232 396 Q240 430 236 458 H212 Q206 430 214 400 Z M284 396 Q276 430 280 458 H304 Q310 430 302 400 Z", dark
    )
    d.add_path("M210 448 h28 v12 h-32 Z M278 448 h28 l4 12 h-32 Z", "#3a2620")
    d.add_polygon([(178, 226), (186, 138), (240, 192)], coat)
    d.add_polygon([(338, 226), (330, 138), (276, 192)], coat)
    d.add_polygon([(190, 204), (194, 158), (222, 188)], "#4a2c22")
    d.add_polygon([(326, 204), (322, 158), (294, 188)], "#4a2c22")
    d.add_path("M168 236 Q200 176 258 180 Q316 176 348 236 Q318 278 282 300 Q258 322 234 300 Q198 278 168 236 Z", coat)
    d.add_path(
        "M168 236 Q206 240 240 262 Q258 300 234 300 Q198 278 168 236 Z M348 236 Q310 240 276 262 Q258 300 282 300 "
        "Q318 278 348 236 Z",
        cream,
    )
    d.add_path("M236 268 Q258 252 280 268 Q276 306 258 314 Q240 306 236 268 Z", cream)
    for x in (222, 294):
        d.add_ellipse(x, 236, 10, 12, "#2a1b16")
        d.add_circle(x + 3, 232, 3.6, "#ffffff")
    d.add_ellipse(258, 304, 12, 9, "#231714")


def draw_mushroom(d: Drawing, x: float, y: float, size: float) -> None:
    """Draw a toadstool: a red cap with white spots on a pale stalk."""
    d.add_rect(x - 7 * size, y - 18 * size, 14 * size, 34 * size, "#f7ead2", round=6 * size)
    d.add_path(f"M{x - 28 * size} {y - 14 * size} Q{x} {y - 62 * size} {x + 28 * size} {y - 14 * size} Z", "#d2342c")
    for dx, dy, r in ((-10, -26, 4.5), (7, -32, 5), (14, -20, 3.5)):
        d.add_circle(x + dx * size, y + dy * size, r * size, "#ffffff")


def draw_fern(d: Drawing, x: float, y: float) -> None:
    """Draw a fern: fronds that lean to both sides from (x, y)."""
    for lean in (-62, -34, -6, 24, 54):
        d.add_stroke(f"M{x} {y} q{lean * 0.3:.0f} -46 {lean} -70", "#2f5a2c", 6)
        d.add_stroke(f"M{x} {y} q{lean * 0.3:.0f} -46 {lean} -70", "#7fae4c", 2.5)


def draw_castle(d: Drawing) -> None:
    """Draw a castle on its hill above a winding road, flags flying."""
    draw_sky(d, "#3d7fc4", "#8fc6ea", "#fbe3c4")
    draw_cloud(d, 96, 110, 44)
    draw_cloud(d, 430, 80, 36)
    draw_ridge(d, 320, 30, "#7f9fc0", 1.3)
    draw_ridge(d, 350, 22, "#6aa184", 1.8)
    d.add_path("M30 430 Q150 300 256 296 Q370 300 482 430 V522 H30 Z", "#6fae4f")
    d.add_path("M-10 440 Q120 392 256 420 T522 412 V522 H-10 Z", d.add_gradient("#8ac95a", "#4b8f3f"))
    draw_keep(d)
    d.add_path(
        "M240 330 H276 Q290 372 340 396 Q392 424 320 456 Q250 480 270 522 H150 Q150 466 236 438 Q300 420 262 396 "
        "Q228 372 240 330 Z",
        "#e6cc94",
    )
    for x, foot, height in ((40, 456, 104), (84, 478, 128), (440, 452, 112), (484, 474, 136), (400, 486, 84)):
        draw_pine(d, x, foot, height, "#2f7048", "#1f5238")
    for k in range(6):
        draw_bush(d, 20 + 96 * k, 508, 22, GREENS[:3])


def draw_keep(d: Drawing) -> None:
    """Draw the castle's keep: three towers, a battlemented wall, gate and windows."""
    wall, shade, roof, dark = "#ded7cc", "#b3a9a4", "#3f66b0", "#2d4a86"
    for x, top, width in ((148, 190, 50), (314, 190, 50), (228, 110, 56)):
        draw_tower(d, x, top, width, 330, (wall, shade, roof, dark))
    d.add_rect(176, 246, 162, 88, wall)
    d.add_rect(292, 246, 46, 88, shade, 0.6)
    for x in range(176, 338, 24):
        d.add_rect(x, 234, 14, 14, wall)
    d.add_path("M238 334 v-42 q20 -30 40 0 v42 Z", "#5a3b2c")
    for x in (200, 306):
        d.add_path(f"M{x} 296 v-18 q8 -12 16 0 v18 Z", "#4d5a78")


def draw_tower(d: Drawing, x: float, top: float, width: float, foot: float, tones: tuple[str, str, str, str]) -> None:
    """Draw a tower with a pointed roof and a flag; `tones` are wall, its shade, roof, its shade."""
    wall, shade, roof, dark = tones
    d.add_rect(x, top, width, foot - top, wall)
    d.add_rect(x + width * 0.62, top, width * 0.38, foot - top, shade, 0.7)
    d.add_polygon([(x - 8, top), (x + width / 2, top - width * 1.35), (x + width + 8, top)], roof)
    d.add_polygon([(x + width / 2, top - width * 1.35), (x + width + 8, top), (x + width * 0.62, top)], dark)
    pole = top - width * 1.35
    d.add_stroke(f"M{x + width / 2} {pole} v-26", "#4d4038", 3)
    d.add_path(f"M{x + width / 2} {pole - 26} q16 -6 30 5 q-14 2 -30 11 Z", "#e0402f")
    d.add_path(f"M{x + width / 2 - 7} {top + 46} v-20 q7 -11 14 0 v20 Z", "#4d5a78")
    d.add_rect(x - 4, top - 4, width + 8, 8, shade)


def _space_angles(count: int) -> list[float]:
    """Space `count` angles evenly over the full circle, in radians."""
    return [2 * math.pi * k / count for k in range(count)]


def draw_blossom(d: Drawing, x: float, y: float, size: float, petal: str = "#f6b3c4") -> None:
    """Draw a blossom of five petals around (x, y)."""
    for angle in _space_angles(5):
        d.add_circle(
            x + math.cos(angle - 1.57) * size * 0.6, y + math.sin(angle - 1.57) * size * 0.6, size * 0.5, petal
        )
    d.add_circle(x, y, size * 0.3, "#c8375c")
    for angle in _space_angles(5):
        away = size * 0.5
        d.add_circle(x + math.cos(angle - 0.94) * away, y + math.sin(angle - 0.94) * away, size * 0.07, "#f7d64a")


def draw_branch(d: Drawing) -> None:
    """Draw a blue bird on a blossoming branch before a red sun and a white mountain."""
    draw_sky(d, "#f7ead0", "#fbf3e0", "#d9e6e2")
    d.add_circle(348, 168, 104, "#dd4a38")
    d.add_polygon([(40, 430), (196, 268), (232, 268), (400, 430)], "#6a8fb5")
    d.add_polygon(
        [(152, 312), (196, 268), (232, 268), (276, 312), (250, 304), (232, 326), (208, 306), (182, 326)], "#ffffff"
    )
    d.add_rect(0, 428, 512, 90, d.add_gradient("#4f86b0", "#234f80"))
    draw_ripples(d, 436, 508, ("#e6f2f2", "#9cc4d6"), 30)
    for course, width in (
        ("M-10 366 Q90 330 180 336 Q280 342 352 286 Q400 250 470 244", 20),
        ("M352 286 Q396 300 452 288", 9),
        ("M120 338 Q150 282 134 226 Q130 204 146 178", 10),
        ("M262 330 Q300 372 352 380", 9),
    ):
        d.add_stroke(course, "#3d2a22", width)
        d.add_stroke(course, "#6b4a38", width * 0.4)
    draw_bird(d)
    spots = (
        (146, 176, 22),
        (122, 226, 18),
        (160, 262, 15),
        (70, 338, 20),
        (454, 240, 22),
        (470, 292, 17),
        (352, 384, 21),
        (318, 364, 15),
        (404, 262, 16),
        (30, 366, 15),
        (424, 298, 13),
        (112, 186, 13),
    )
    for x, y, size in spots:
        draw_blossom(d, x, y, size)
    for _ in range(14):
        x, y = d.rng.uniform(20, 490, 2)
        d.add_ellipse(x, y, 5, 3.4, "#f3a6bb")


def draw_bird(d: Drawing) -> None:
    """Draw the blue bird, facing right."""
    d.add_path("M188 326 Q160 360 128 402 L150 408 Q196 372 222 336 Z", "#1f4f8c")
    d.add_path("M186 318 Q180 232 246 204 Q292 188 306 222 Q310 290 262 326 Q222 346 186 318 Z", "#2f74bd")
    d.add_path("M268 214 Q308 222 304 262 Q298 306 262 326 Q238 336 222 332 Q280 290 268 214 Z", "#f2953c")
    d.add_path("M190 316 Q188 248 236 236 Q262 250 250 284 Q232 318 190 316 Z", "#1f4f8c")
    d.add_stroke("M200 304 Q222 300 238 276 M198 286 Q216 282 230 262", "#5fa3dc", 4)
    d.add_circle(276, 206, 34, "#2f74bd")
    d.add_path("M262 222 Q284 216 306 220 Q302 238 282 240 Q268 236 262 222 Z", "#fdf4e4")
    d.add_polygon([(304, 196), (344, 204), (304, 214)], "#e0a92f")
    d.add_circle(288, 200, 7, "#14181f")
    d.add_circle(290, 198, 2.4, "#ffffff")
    d.add_stroke("M236 330 v14 M254 328 v14", "#c9822c", 5)
