"""Draw scenes out of doors: meadow, lake, harbour."""

from __future__ import annotations

from pipeline.pocket.references.drawing import (
    Drawing,
    draw_bush,
    draw_cloud,
    draw_gull,
    draw_leafage,
    draw_pine,
    draw_ridge,
    draw_ripples,
    draw_sky,
)

GREENS = ("#2f6b3c", "#4b9447", "#7cba52", "#a9d66a")


def draw_meadow(d: Drawing) -> None:
    """Draw a house with a red roof under a big tree, a path, summer clouds."""
    draw_sky(d, "#4aa3e6", "#a9dbf5", "#eaf7f2")
    draw_cloud(d, 372, 118, 74)
    draw_cloud(d, 128, 70, 46)
    draw_cloud(d, 250, 172, 30)
    draw_ridge(d, 262, 26, "#8fbcc9")
    draw_ridge(d, 292, 24, "#6fae8e", 1.4)
    draw_ridge(d, 330, 16, "#5ea550", 1.1)
    d.add_path("M-10 360 Q180 318 522 350 V522 H-10 Z", d.add_gradient("#8fcf5c", "#5da843"))
    d.add_path("M318 372 Q300 410 232 440 Q170 468 176 522 H318 Q296 470 336 434 Q362 408 346 372 Z", "#e9cf98")
    draw_house(d, 258, 372)
    d.add_path("M98 420 Q118 350 108 250 L136 250 Q136 350 160 420 Z", "#6b4630")
    d.add_stroke("M118 300 Q90 268 70 250 M128 310 Q160 270 182 256", "#6b4630", 9)
    draw_leafage(d, 122, 192, 96, GREENS)
    draw_bush(d, 440, 382, 40, GREENS[:3])
    draw_bush(d, 232, 380, 24, GREENS[:3])
    draw_fence(d)
    draw_flowers(d, 70)


def draw_house(d: Drawing, x: float, foot: float) -> None:
    """Draw a cottage, 170 wide, its door towards the path; (x, foot) is its lower left corner."""
    d.add_rect(x + 122, foot - 176, 22, 56, "#a4533c")
    d.add_polygon(
        [(x + 6, foot - 84), (x + 62, foot - 150), (x + 118, foot - 84), (x + 118, foot), (x + 6, foot)], "#fbf1da"
    )
    d.add_rect(x + 118, foot - 84, 60, 84, "#e6d5b4")
    d.add_polygon([(x + 62, foot - 156), (x + 136, foot - 156), (x + 188, foot - 80), (x + 118, foot - 80)], "#d9472f")
    d.add_polygon([(x - 8, foot - 74), (x + 62, foot - 160), (x + 72, foot - 152), (x + 2, foot - 66)], "#b23524")
    d.add_polygon([(x + 62, foot - 160), (x + 128, foot - 76), (x + 118, foot - 68), (x + 52, foot - 152)], "#c43d29")
    d.add_path(f"M{x + 62} {foot} v-44 q14 -18 28 0 v44 Z", "#7a4a2c")
    for left, top in ((x + 18, foot - 62), (x + 132, foot - 62)):
        draw_window(d, left, top, 30, 34)
    d.add_circle(x + 62, foot - 108, 11, "#ffffff")
    d.add_circle(x + 62, foot - 108, 8, "#7fb9d6")


def draw_window(d: Drawing, x: float, y: float, width: float, height: float) -> None:
    """Draw a window with a white frame and cross bars; (x, y) is the upper left corner of its glass."""
    d.add_rect(x - 3, y - 3, width + 6, height + 6, "#ffffff")
    d.add_rect(x, y, width, height, d.add_gradient("#5f9cc4", "#bfe3ee"))
    d.add_rect(x + width / 2 - 1.5, y, 3, height, "#ffffff")
    d.add_rect(x, y + height / 2 - 1.5, width, 3, "#ffffff")


def draw_fence(d: Drawing) -> None:
    """Draw a picket fence at the right border of the meadow."""
    for x in range(352, 520, 26):
        d.add_rect(x, 412, 8, 48, "#f3e4c8")
        d.add_polygon([(x, 412), (x + 4, 405), (x + 8, 412)], "#f3e4c8")
    d.add_rect(346, 424, 180, 6, "#dcc7a0")
    d.add_rect(346, 444, 180, 6, "#dcc7a0")


def draw_flowers(d: Drawing, count: int) -> None:
    """Draw meadow flowers at random places, none on the path; larger towards the viewer."""
    for _ in range(count):
        x, y = d.rng.uniform(0, 512), d.rng.uniform(428, 508)
        if 165 < x < 340:
            continue
        r = 2.5 + (y - 428) / 18
        colour = ("#e8413c", "#ffd23f", "#ffffff", "#b06ad6")[int(d.rng.integers(4))]
        d.add_stroke(f"M{x:.0f} {y:.0f} v{r * 2.4:.0f}", "#3f7f36", 1.8)
        d.add_circle(x, y, r, colour)
        d.add_circle(x, y, r * 0.4, "#f6b73c")


def draw_lake(d: Drawing) -> None:
    """Draw snowy mountains mirrored in a lake, pines, a red canoe."""
    draw_sky(d, "#3f86c9", "#9fd0ea", "#fde7c6")
    d.add_circle(372, 96, 34, "#fff3c9")
    draw_cloud(d, 120, 92, 34)
    draw_mountains(d)
    d.add_rect(0, 318, 512, 200, d.add_gradient("#7fb6d3", "#2f6c9c", "#1f4f7f"))
    draw_mirrored_mountains(d)
    draw_ripples(d, 330, 506, ("#d9eef6", "#9fcbe2", "#2a6494"))
    d.add_path("M-10 318 Q60 296 150 312 T300 314 T522 306 V326 H-10 Z", "#3f7d4a")
    for x, height in ((18, 150), (62, 190), (108, 130), (430, 150), (468, 200), (505, 160), (396, 96), (150, 84)):
        draw_pine(d, x, 324 + height * 0.03, height, "#2e6b4a", "#1e4d3a")
    draw_canoe(d, 214, 424)
    d.add_path("M-10 522 V470 Q50 452 120 486 Q160 500 190 522 Z", "#345c3a")
    draw_bush(d, 40, 486, 34, GREENS[:3])


PEAKS = ((150, 122, 150), (300, 74, 190), (432, 142, 140), (30, 170, 130))


def draw_mountains(d: Drawing) -> None:
    """Draw the four snowy mountains behind the lake, shaded on the right."""
    for x, top, half in (PEAKS[3], PEAKS[2], PEAKS[0], PEAKS[1]):
        foot = 322
        d.add_polygon([(x - half, foot), (x, top), (x + half, foot)], "#6f86a8")
        d.add_polygon([(x, top), (x + half, foot), (x + half * 0.15, foot), (x - half * 0.06, top + 90)], "#4d628a")
        cap = (foot - top) * 0.36
        d.add_polygon(
            [
                (x, top),
                (x + half * 0.36, top + cap),
                (x + half * 0.2, top + cap * 0.82),
                (x + half * 0.06, top + cap * 1.2),
                (x - half * 0.1, top + cap * 0.8),
                (x - half * 0.22, top + cap * 1.1),
                (x - half * 0.36, top + cap),
            ],
            "#ffffff",
        )
        d.add_polygon(
            [
                (x, top),
                (x + half * 0.36, top + cap),
                (x + half * 0.2, top + cap * 0.82),
                (x + half * 0.06, top + cap * 1.2),
            ],
            "#cfdcf0",
        )


def draw_mirrored_mountains(d: Drawing) -> None:
    """Draw the mountains' reflections in the lake."""
    for x, top, half in PEAKS[:3]:
        depth = (322 - top) * 0.55
        d.add_polygon([(x - half * 0.85, 322), (x, 322 + depth), (x + half * 0.85, 322)], "#4f7298", 0.45)


def draw_canoe(d: Drawing, x: float, y: float) -> None:
    """Draw a red canoe with a paddler; (x, y) is its left tip."""
    d.add_ellipse(x + 64, y + 26, 74, 8, "#1b4468", 0.6)
    d.add_path(
        f"M{x} {y} Q{x + 10} {y + 26} {x + 40} {y + 26} H{x + 92} Q{x + 120} {y + 26} {x + 130} {y} "
        f"Q{x + 64} {y + 16} {x} {y} Z",
        "#d23f31",
    )
    d.add_stroke(f"M{x + 4} {y + 3} Q{x + 64} {y + 18} {x + 126} {y + 3}", "#ffdf9e", 3)
    d.add_path(f"M{x + 52} {y + 10} q4 -34 20 -34 q14 0 18 36 Z", "#f2b13b")
    d.add_circle(x + 71, y - 34, 11, "#e8b48c")
    d.add_path(f"M{x + 58} {y - 37} q13 -18 26 0 Z", "#5a3b2a")
    d.add_stroke(f"M{x + 40} {y - 28} L{x + 98} {y + 34}", "#8a5a34", 4)


def draw_harbour(d: Drawing) -> None:
    """Draw sailing boats before a striped lighthouse."""
    draw_sky(d, "#4b9fdc", "#b4e0f2", "#fdf0d2")
    draw_cloud(d, 130, 90, 52)
    draw_cloud(d, 300, 60, 30)
    for x, y, size in ((230, 132, 13), (268, 112, 10), (206, 104, 8), (420, 60, 11)):
        draw_gull(d, x, y, size)
    d.add_path("M-10 292 Q60 262 140 280 Q190 290 230 292 V300 H-10 Z", "#87a9b5")
    d.add_rect(0, 292, 512, 230, d.add_gradient("#5fb3d4", "#2a7fb4", "#155a8c"))
    draw_ripples(d, 300, 508, ("#d5f0f6", "#8fcbe2", "#1d6a9e"), 64)
    draw_lighthouse(d)
    draw_boat(d, 112, 408, 1.0, "#d9412f", "#fff7e6", "#f2b33d")
    draw_boat(d, 322, 344, 0.46, "#2f5f8f", "#ffffff", "#e36a4a")


def draw_lighthouse(d: Drawing) -> None:
    """Draw the striped lighthouse on its rock, a cottage beside it."""
    d.add_path("M330 316 Q352 268 400 262 Q452 250 522 262 V340 Q430 356 372 336 Q346 330 330 316 Z", "#6f7f58")
    d.add_path("M330 316 Q370 300 410 318 Q470 306 522 322 V340 Q430 356 372 336 Q346 330 330 316 Z", "#8a7358")
    d.add_polygon([(408, 266), (418, 116), (456, 116), (466, 266)], "#fdf6e8")
    for k in range(3):
        top, low = 134 + k * 50, 158 + k * 50
        left, right = 418 - (top - 116) / 15, 456 + (top - 116) / 15
        d.add_polygon([(left, top), (right, top), (right + 1.6, low), (left - 1.6, low)], "#d9412f")
    d.add_polygon([(446, 116), (456, 116), (466, 266), (448, 266)], "#7a4a52", 0.22)
    d.add_rect(410, 108, 54, 9, "#39434f")
    d.add_rect(422, 82, 30, 27, "#ffe08a")
    d.add_rect(434, 82, 5, 27, "#39434f")
    d.add_path("M416 83 Q437 52 458 83 Z", "#b8321f")
    d.add_rect(474, 232, 34, 34, "#fdf6e8")
    d.add_polygon([(468, 234), (491, 212), (514, 234)], "#b8321f")


def draw_boat(d: Drawing, x: float, y: float, size: float, hull: str, sail: str, jib: str) -> None:
    """Draw a sloop; (x, y) is the left end of its deck."""

    def at(dx: float, dy: float) -> str:
        return f"{x + dx * size:.1f} {y + dy * size:.1f}"

    d.add_path(f"M{at(20, 44)} Q{at(90, 74)} {at(170, 44)} L{at(150, 96)} Q{at(100, 80)} {at(50, 96)} Z", hull, 0.35)
    d.add_stroke(f"M{at(96, 4)} L{at(96, -248)}", "#6b4a30", 6 * size)
    d.add_path(f"M{at(104, -238)} Q{at(196, -120)} {at(204, -18)} Q{at(150, -8)} {at(104, -16)} Z", sail)
    d.add_path(
        f"M{at(104, -150)} Q{at(150, -136)} {at(180, -122)} L{at(196, -76)} Q{at(150, -88)} {at(104, -92)} Z", hull, 0.9
    )
    d.add_path(f"M{at(88, -222)} Q{at(38, -110)} {at(6, -16)} Q{at(50, -8)} {at(88, -16)} Z", jib)
    d.add_path(
        f"M{at(-8, -2)} L{at(206, -2)} Q{at(190, 46)} {at(160, 48)} H{at(40, 48).split()[0]} "
        f"Q{at(6, 44)} {at(-8, -2)} Z",
        hull,
    )
    d.add_path(f"M{at(-8, -2)} L{at(206, -2)} L{at(201, 10)} L{at(-4, 10)} Z", "#fff3da")
    for k in range(3):
        d.add_circle(x + (66 + 34 * k) * size, y + 25 * size, 6 * size, "#fff3da")
