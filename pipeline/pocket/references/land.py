"""Scenes out of doors: meadow, lake, harbour."""

from __future__ import annotations

from pipeline.pocket.references.drawing import Drawing, bush, cloud, gull, leafage, pine, ridge, ripples, sky

GREENS = ("#2f6b3c", "#4b9447", "#7cba52", "#a9d66a")


def meadow(d: Drawing) -> None:
    """A house with a red roof under a big tree, a path, summer clouds."""
    sky(d, "#4aa3e6", "#a9dbf5", "#eaf7f2")
    cloud(d, 372, 118, 74)
    cloud(d, 128, 70, 46)
    cloud(d, 250, 172, 30)
    ridge(d, 262, 26, "#8fbcc9")
    ridge(d, 292, 24, "#6fae8e", 1.4)
    ridge(d, 330, 16, "#5ea550", 1.1)
    d.path("M-10 360 Q180 318 522 350 V522 H-10 Z", d.fade("#8fcf5c", "#5da843"))
    d.path("M318 372 Q300 410 232 440 Q170 468 176 522 H318 Q296 470 336 434 Q362 408 346 372 Z", "#e9cf98")
    house(d, 258, 372)
    d.path("M98 420 Q118 350 108 250 L136 250 Q136 350 160 420 Z", "#6b4630")
    d.stroke("M118 300 Q90 268 70 250 M128 310 Q160 270 182 256", "#6b4630", 9)
    leafage(d, 122, 192, 96, GREENS)
    bush(d, 440, 382, 40, GREENS[:3])
    bush(d, 232, 380, 24, GREENS[:3])
    fence(d)
    flowers(d, 70)


def house(d: Drawing, x: float, foot: float) -> None:
    """A cottage, 170 wide, its door towards the path; (x, foot) is its lower left corner."""
    d.rect(x + 122, foot - 176, 22, 56, "#a4533c")
    d.polygon(
        [(x + 6, foot - 84), (x + 62, foot - 150), (x + 118, foot - 84), (x + 118, foot), (x + 6, foot)], "#fbf1da"
    )
    d.rect(x + 118, foot - 84, 60, 84, "#e6d5b4")
    d.polygon([(x + 62, foot - 156), (x + 136, foot - 156), (x + 188, foot - 80), (x + 118, foot - 80)], "#d9472f")
    d.polygon([(x - 8, foot - 74), (x + 62, foot - 160), (x + 72, foot - 152), (x + 2, foot - 66)], "#b23524")
    d.polygon([(x + 62, foot - 160), (x + 128, foot - 76), (x + 118, foot - 68), (x + 52, foot - 152)], "#c43d29")
    d.path(f"M{x + 62} {foot} v-44 q14 -18 28 0 v44 Z", "#7a4a2c")
    for left, top in ((x + 18, foot - 62), (x + 132, foot - 62)):
        window(d, left, top, 30, 34)
    d.circle(x + 62, foot - 108, 11, "#ffffff")
    d.circle(x + 62, foot - 108, 8, "#7fb9d6")


def window(d: Drawing, x: float, y: float, width: float, height: float) -> None:
    d.rect(x - 3, y - 3, width + 6, height + 6, "#ffffff")
    d.rect(x, y, width, height, d.fade("#5f9cc4", "#bfe3ee"))
    d.rect(x + width / 2 - 1.5, y, 3, height, "#ffffff")
    d.rect(x, y + height / 2 - 1.5, width, 3, "#ffffff")


def fence(d: Drawing) -> None:
    for x in range(352, 520, 26):
        d.rect(x, 412, 8, 48, "#f3e4c8")
        d.polygon([(x, 412), (x + 4, 405), (x + 8, 412)], "#f3e4c8")
    d.rect(346, 424, 180, 6, "#dcc7a0")
    d.rect(346, 444, 180, 6, "#dcc7a0")


def flowers(d: Drawing, count: int) -> None:
    for _ in range(count):
        x, y = d.rng.uniform(0, 512), d.rng.uniform(428, 508)
        if 165 < x < 340:
            continue
        r = 2.5 + (y - 428) / 18
        colour = ("#e8413c", "#ffd23f", "#ffffff", "#b06ad6")[int(d.rng.integers(4))]
        d.stroke(f"M{x:.0f} {y:.0f} v{r * 2.4:.0f}", "#3f7f36", 1.8)
        d.circle(x, y, r, colour)
        d.circle(x, y, r * 0.4, "#f6b73c")


def lake(d: Drawing) -> None:
    """Snowy mountains mirrored in a lake, pines, a red canoe."""
    sky(d, "#3f86c9", "#9fd0ea", "#fde7c6")
    d.circle(372, 96, 34, "#fff3c9")
    cloud(d, 120, 92, 34)
    mountains(d)
    d.rect(0, 318, 512, 200, d.fade("#7fb6d3", "#2f6c9c", "#1f4f7f"))
    mirrored_mountains(d)
    ripples(d, 330, 506, ("#d9eef6", "#9fcbe2", "#2a6494"))
    d.path("M-10 318 Q60 296 150 312 T300 314 T522 306 V326 H-10 Z", "#3f7d4a")
    for x, height in ((18, 150), (62, 190), (108, 130), (430, 150), (468, 200), (505, 160), (396, 96), (150, 84)):
        pine(d, x, 324 + height * 0.03, height, "#2e6b4a", "#1e4d3a")
    canoe(d, 214, 424)
    d.path("M-10 522 V470 Q50 452 120 486 Q160 500 190 522 Z", "#345c3a")
    bush(d, 40, 486, 34, GREENS[:3])


PEAKS = ((150, 122, 150), (300, 74, 190), (432, 142, 140), (30, 170, 130))


def mountains(d: Drawing) -> None:
    for x, top, half in (PEAKS[3], PEAKS[2], PEAKS[0], PEAKS[1]):
        foot = 322
        d.polygon([(x - half, foot), (x, top), (x + half, foot)], "#6f86a8")
        d.polygon([(x, top), (x + half, foot), (x + half * 0.15, foot), (x - half * 0.06, top + 90)], "#4d628a")
        cap = (foot - top) * 0.36
        d.polygon(
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
        d.polygon(
            [
                (x, top),
                (x + half * 0.36, top + cap),
                (x + half * 0.2, top + cap * 0.82),
                (x + half * 0.06, top + cap * 1.2),
            ],
            "#cfdcf0",
        )


def mirrored_mountains(d: Drawing) -> None:
    for x, top, half in PEAKS[:3]:
        depth = (322 - top) * 0.55
        d.polygon([(x - half * 0.85, 322), (x, 322 + depth), (x + half * 0.85, 322)], "#4f7298", 0.45)


def canoe(d: Drawing, x: float, y: float) -> None:
    d.ellipse(x + 64, y + 26, 74, 8, "#1b4468", 0.6)
    d.path(
        f"M{x} {y} Q{x + 10} {y + 26} {x + 40} {y + 26} H{x + 92} Q{x + 120} {y + 26} {x + 130} {y} "
        f"Q{x + 64} {y + 16} {x} {y} Z",
        "#d23f31",
    )
    d.stroke(f"M{x + 4} {y + 3} Q{x + 64} {y + 18} {x + 126} {y + 3}", "#ffdf9e", 3)
    d.path(f"M{x + 52} {y + 10} q4 -34 20 -34 q14 0 18 36 Z", "#f2b13b")
    d.circle(x + 71, y - 34, 11, "#e8b48c")
    d.path(f"M{x + 58} {y - 37} q13 -18 26 0 Z", "#5a3b2a")
    d.stroke(f"M{x + 40} {y - 28} L{x + 98} {y + 34}", "#8a5a34", 4)


def harbour(d: Drawing) -> None:
    """Sailing boats before a striped lighthouse."""
    sky(d, "#4b9fdc", "#b4e0f2", "#fdf0d2")
    cloud(d, 130, 90, 52)
    cloud(d, 300, 60, 30)
    for x, y, size in ((230, 132, 13), (268, 112, 10), (206, 104, 8), (420, 60, 11)):
        gull(d, x, y, size)
    d.path("M-10 292 Q60 262 140 280 Q190 290 230 292 V300 H-10 Z", "#87a9b5")
    d.rect(0, 292, 512, 230, d.fade("#5fb3d4", "#2a7fb4", "#155a8c"))
    ripples(d, 300, 508, ("#d5f0f6", "#8fcbe2", "#1d6a9e"), 64)
    lighthouse(d)
    boat(d, 112, 408, 1.0, "#d9412f", "#fff7e6", "#f2b33d")
    boat(d, 322, 344, 0.46, "#2f5f8f", "#ffffff", "#e36a4a")


def lighthouse(d: Drawing) -> None:
    d.path("M330 316 Q352 268 400 262 Q452 250 522 262 V340 Q430 356 372 336 Q346 330 330 316 Z", "#6f7f58")
    d.path("M330 316 Q370 300 410 318 Q470 306 522 322 V340 Q430 356 372 336 Q346 330 330 316 Z", "#8a7358")
    d.polygon([(408, 266), (418, 116), (456, 116), (466, 266)], "#fdf6e8")
    for k in range(3):
        top, low = 134 + k * 50, 158 + k * 50
        left, right = 418 - (top - 116) / 15, 456 + (top - 116) / 15
        d.polygon([(left, top), (right, top), (right + 1.6, low), (left - 1.6, low)], "#d9412f")
    d.polygon([(446, 116), (456, 116), (466, 266), (448, 266)], "#7a4a52", 0.22)
    d.rect(410, 108, 54, 9, "#39434f")
    d.rect(422, 82, 30, 27, "#ffe08a")
    d.rect(434, 82, 5, 27, "#39434f")
    d.path("M416 83 Q437 52 458 83 Z", "#b8321f")
    d.rect(474, 232, 34, 34, "#fdf6e8")
    d.polygon([(468, 234), (491, 212), (514, 234)], "#b8321f")


def boat(d: Drawing, x: float, y: float, size: float, hull: str, sail: str, jib: str) -> None:
    """A sloop; (x, y) is the left end of its deck."""

    def at(dx: float, dy: float) -> str:
        return f"{x + dx * size:.1f} {y + dy * size:.1f}"

    d.path(f"M{at(20, 44)} Q{at(90, 74)} {at(170, 44)} L{at(150, 96)} Q{at(100, 80)} {at(50, 96)} Z", hull, 0.35)
    d.stroke(f"M{at(96, 4)} L{at(96, -248)}", "#6b4a30", 6 * size)
    d.path(f"M{at(104, -238)} Q{at(196, -120)} {at(204, -18)} Q{at(150, -8)} {at(104, -16)} Z", sail)
    d.path(
        f"M{at(104, -150)} Q{at(150, -136)} {at(180, -122)} L{at(196, -76)} Q{at(150, -88)} {at(104, -92)} Z", hull, 0.9
    )
    d.path(f"M{at(88, -222)} Q{at(38, -110)} {at(6, -16)} Q{at(50, -8)} {at(88, -16)} Z", jib)
    d.path(
        f"M{at(-8, -2)} L{at(206, -2)} Q{at(190, 46)} {at(160, 48)} H{at(40, 48).split()[0]} "
        f"Q{at(6, 44)} {at(-8, -2)} Z",
        hull,
    )
    d.path(f"M{at(-8, -2)} L{at(206, -2)} L{at(201, 10)} L{at(-4, 10)} Z", "#fff3da")
    for k in range(3):
        d.circle(x + (66 + 34 * k) * size, y + 25 * size, 6 * size, "#fff3da")
