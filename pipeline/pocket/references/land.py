"""Scenes out of doors: meadow, lake, harbour, fox, castle."""

from __future__ import annotations

import math

from pipeline.pocket.references.drawing import (
    Drawing,
    bush,
    cloud,
    gull,
    leafage,
    pine,
    ridge,
    ripples,
    sky,
)

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
    d.polygon([(x + 6, foot - 84), (x + 62, foot - 150), (x + 118, foot - 84), (x + 118, foot), (x + 6, foot)],
              "#fbf1da")
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
        d.polygon([(x, top), (x + half * 0.36, top + cap), (x + half * 0.2, top + cap * 0.82),
                   (x + half * 0.06, top + cap * 1.2), (x - half * 0.1, top + cap * 0.8),
                   (x - half * 0.22, top + cap * 1.1), (x - half * 0.36, top + cap)], "#ffffff")
        d.polygon([(x, top), (x + half * 0.36, top + cap), (x + half * 0.2, top + cap * 0.82),
                   (x + half * 0.06, top + cap * 1.2)], "#cfdcf0")


def mirrored_mountains(d: Drawing) -> None:
    for x, top, half in PEAKS[:3]:
        depth = (322 - top) * 0.55
        d.polygon([(x - half * 0.85, 322), (x, 322 + depth), (x + half * 0.85, 322)], "#4f7298", 0.45)


def canoe(d: Drawing, x: float, y: float) -> None:
    d.ellipse(x + 64, y + 26, 74, 8, "#1b4468", 0.6)
    d.path(f"M{x} {y} Q{x + 10} {y + 26} {x + 40} {y + 26} H{x + 92} Q{x + 120} {y + 26} {x + 130} {y} "
           f"Q{x + 64} {y + 16} {x} {y} Z", "#d23f31")
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
    d.path(f"M{at(104, -150)} Q{at(150, -136)} {at(180, -122)} L{at(196, -76)} Q{at(150, -88)} {at(104, -92)} Z", hull,
           0.9)
    d.path(f"M{at(88, -222)} Q{at(38, -110)} {at(6, -16)} Q{at(50, -8)} {at(88, -16)} Z", jib)
    d.path(f"M{at(-8, -2)} L{at(206, -2)} Q{at(190, 46)} {at(160, 48)} H{at(40, 48).split()[0]} "
           f"Q{at(6, 44)} {at(-8, -2)} Z", hull)
    d.path(f"M{at(-8, -2)} L{at(206, -2)} L{at(201, 10)} L{at(-4, 10)} Z", "#fff3da")
    for k in range(3):
        d.circle(x + (66 + 34 * k) * size, y + 25 * size, 6 * size, "#fff3da")


def fox(d: Drawing) -> None:
    """A fox sitting in an autumn wood."""
    sky(d, "#f6e3a6", "#e9c777", "#9fb36a")
    for shade, width, count in (("#d6c48c", 14, 10), ("#a3a56c", 24, 6)):
        for k in range(count):
            x = (k + d.rng.uniform(0.1, 0.9)) * 512 / count
            d.polygon([(x, 0), (x + width, 0), (x + width * 1.3, 390), (x - width * 0.3, 390)], shade)
    leafage(d, 90, 30, 120, ("#b5722f", "#d9922f", "#efb84a"), 22)
    leafage(d, 420, 20, 130, ("#a8552a", "#cf6f2c", "#e9a23b"), 24)
    ridge(d, 372, 10, "#6f8446", 1.6)
    for x, width in ((34, 46), (438, 54)):
        d.path(f"M{x} 0 H{x + width} Q{x + width - 4} 300 {x + width + 22} 440 H{x - 22} Q{x + 4} 300 {x} 0 Z", "#5a4030")
        d.path(f"M{x + width * .62} 0 H{x + width} Q{x + width - 4} 300 {x + width + 22} 440 H{x + width * .6} Z",
               "#3f2c24")
    d.path("M-10 420 Q150 386 300 408 T522 404 V522 H-10 Z", d.fade("#6d8a3e", "#3f5f30"))
    seated_fox(d)
    for x, y, size in ((60, 470, 1.0), (98, 484, 0.7), (440, 468, 0.9)):
        mushroom(d, x, y, size)
    for x, y in ((20, 512), (150, 516), (386, 514), (490, 512)):
        fern(d, x, y)


def seated_fox(d: Drawing) -> None:
    coat, dark, cream = "#e2702a", "#b94f1d", "#fff4e2"
    d.path("M300 448 Q412 452 414 366 Q414 324 384 306 Q392 350 362 376 Q330 400 296 420 Z", coat)
    d.path("M414 366 Q414 324 384 306 Q390 334 379 354 Q398 352 414 366 Z", cream)
    d.path("M196 452 Q184 350 226 300 H288 Q334 352 322 452 Q258 470 196 452 Z", coat)
    d.path("M228 306 Q258 330 286 306 Q296 366 258 404 Q220 366 228 306 Z", cream)
    d.path("M232 396 Q240 430 236 458 H212 Q206 430 214 400 Z M284 396 Q276 430 280 458 H304 Q310 430 302 400 Z", dark)
    d.path("M210 448 h28 v12 h-32 Z M278 448 h28 l4 12 h-32 Z", "#3a2620")
    d.polygon([(178, 226), (186, 138), (240, 192)], coat)
    d.polygon([(338, 226), (330, 138), (276, 192)], coat)
    d.polygon([(190, 204), (194, 158), (222, 188)], "#4a2c22")
    d.polygon([(326, 204), (322, 158), (294, 188)], "#4a2c22")
    d.path("M168 236 Q200 176 258 180 Q316 176 348 236 Q318 278 282 300 Q258 322 234 300 Q198 278 168 236 Z", coat)
    d.path("M168 236 Q206 240 240 262 Q258 300 234 300 Q198 278 168 236 Z M348 236 Q310 240 276 262 Q258 300 282 300 "
           "Q318 278 348 236 Z", cream)
    d.path("M236 268 Q258 252 280 268 Q276 306 258 314 Q240 306 236 268 Z", cream)
    for x in (222, 294):
        d.ellipse(x, 236, 10, 12, "#2a1b16")
        d.circle(x + 3, 232, 3.6, "#ffffff")
    d.ellipse(258, 304, 12, 9, "#231714")


def mushroom(d: Drawing, x: float, y: float, size: float) -> None:
    d.rect(x - 7 * size, y - 18 * size, 14 * size, 34 * size, "#f7ead2", round=6 * size)
    d.path(f"M{x - 28 * size} {y - 14 * size} Q{x} {y - 62 * size} {x + 28 * size} {y - 14 * size} Z", "#d2342c")
    for dx, dy, r in ((-10, -26, 4.5), (7, -32, 5), (14, -20, 3.5)):
        d.circle(x + dx * size, y + dy * size, r * size, "#ffffff")


def fern(d: Drawing, x: float, y: float) -> None:
    for lean in (-62, -34, -6, 24, 54):
        d.stroke(f"M{x} {y} q{lean * 0.3:.0f} -46 {lean} -70", "#2f5a2c", 6)
        d.stroke(f"M{x} {y} q{lean * 0.3:.0f} -46 {lean} -70", "#7fae4c", 2.5)


def castle(d: Drawing) -> None:
    """A castle on its hill above a winding road, flags flying."""
    sky(d, "#3d7fc4", "#8fc6ea", "#fbe3c4")
    cloud(d, 96, 110, 44)
    cloud(d, 430, 80, 36)
    ridge(d, 320, 30, "#7f9fc0", 1.3)
    ridge(d, 350, 22, "#6aa184", 1.8)
    d.path("M30 430 Q150 300 256 296 Q370 300 482 430 V522 H30 Z", "#6fae4f")
    d.path("M-10 440 Q120 392 256 420 T522 412 V522 H-10 Z", d.fade("#8ac95a", "#4b8f3f"))
    keep(d)
    d.path("M240 330 H276 Q290 372 340 396 Q392 424 320 456 Q250 480 270 522 H150 Q150 466 236 438 Q300 420 262 396 "
           "Q228 372 240 330 Z", "#e6cc94")
    for x, foot, height in ((40, 456, 104), (84, 478, 128), (440, 452, 112), (484, 474, 136), (400, 486, 84)):
        pine(d, x, foot, height, "#2f7048", "#1f5238")
    for k in range(6):
        bush(d, 20 + 96 * k, 508, 22, GREENS[:3])


def keep(d: Drawing) -> None:
    wall, shade, roof, dark = "#ded7cc", "#b3a9a4", "#3f66b0", "#2d4a86"
    for x, top, width in ((148, 190, 50), (314, 190, 50), (228, 110, 56)):
        tower(d, x, top, width, 330, (wall, shade, roof, dark))
    d.rect(176, 246, 162, 88, wall)
    d.rect(292, 246, 46, 88, shade, 0.6)
    for x in range(176, 338, 24):
        d.rect(x, 234, 14, 14, wall)
    d.path("M238 334 v-42 q20 -30 40 0 v42 Z", "#5a3b2c")
    for x in (200, 306):
        d.path(f"M{x} 296 v-18 q8 -12 16 0 v18 Z", "#4d5a78")


def tower(d: Drawing, x: float, top: float, width: float, foot: float, tones: tuple[str, str, str, str]) -> None:
    wall, shade, roof, dark = tones
    d.rect(x, top, width, foot - top, wall)
    d.rect(x + width * 0.62, top, width * 0.38, foot - top, shade, 0.7)
    d.polygon([(x - 8, top), (x + width / 2, top - width * 1.35), (x + width + 8, top)], roof)
    d.polygon([(x + width / 2, top - width * 1.35), (x + width + 8, top), (x + width * 0.62, top)], dark)
    pole = top - width * 1.35
    d.stroke(f"M{x + width / 2} {pole} v-26", "#4d4038", 3)
    d.path(f"M{x + width / 2} {pole - 26} q16 -6 30 5 q-14 2 -30 11 Z", "#e0402f")
    d.path(f"M{x + width / 2 - 7} {top + 46} v-20 q7 -11 14 0 v20 Z", "#4d5a78")
    d.rect(x - 4, top - 4, width + 8, 8, shade)


def _turn(count: int) -> list[float]:
    return [2 * math.pi * k / count for k in range(count)]


def blossom(d: Drawing, x: float, y: float, size: float, petal: str = "#f6b3c4") -> None:
    for angle in _turn(5):
        d.circle(x + math.cos(angle - 1.57) * size * 0.6, y + math.sin(angle - 1.57) * size * 0.6, size * 0.5, petal)
    d.circle(x, y, size * 0.3, "#c8375c")
    for angle in _turn(5):
        d.circle(x + math.cos(angle - 0.94) * size * 0.5, y + math.sin(angle - 0.94) * size * 0.5, size * 0.07, "#f7d64a")


def branch(d: Drawing) -> None:
    """A blue bird on a blossoming branch before a red sun and a white mountain."""
    sky(d, "#f7ead0", "#fbf3e0", "#d9e6e2")
    d.circle(348, 168, 104, "#dd4a38")
    d.polygon([(40, 430), (196, 268), (232, 268), (400, 430)], "#6a8fb5")
    d.polygon([(152, 312), (196, 268), (232, 268), (276, 312), (250, 304), (232, 326), (208, 306), (182, 326)], "#ffffff")
    d.rect(0, 428, 512, 90, d.fade("#4f86b0", "#234f80"))
    ripples(d, 436, 508, ("#e6f2f2", "#9cc4d6"), 30)
    for d_, w in (("M-10 366 Q90 330 180 336 Q280 342 352 286 Q400 250 470 244", 20), ("M352 286 Q396 300 452 288", 9),
                  ("M120 338 Q150 282 134 226 Q130 204 146 178", 10), ("M262 330 Q300 372 352 380", 9)):
        d.stroke(d_, "#3d2a22", w)
        d.stroke(d_, "#6b4a38", w * 0.4)
    bird(d)
    spots = ((146, 176, 22), (122, 226, 18), (160, 262, 15), (70, 338, 20), (454, 240, 22), (470, 292, 17),
             (352, 384, 21), (318, 364, 15), (404, 262, 16), (30, 366, 15), (424, 298, 13), (112, 186, 13))
    for x, y, size in spots:
        blossom(d, x, y, size)
    for _ in range(14):
        x, y = d.rng.uniform(20, 490, 2)
        d.ellipse(x, y, 5, 3.4, "#f3a6bb")


def bird(d: Drawing) -> None:
    d.path("M188 326 Q160 360 128 402 L150 408 Q196 372 222 336 Z", "#1f4f8c")
    d.path("M186 318 Q180 232 246 204 Q292 188 306 222 Q310 290 262 326 Q222 346 186 318 Z", "#2f74bd")
    d.path("M268 214 Q308 222 304 262 Q298 306 262 326 Q238 336 222 332 Q280 290 268 214 Z", "#f2953c")
    d.path("M190 316 Q188 248 236 236 Q262 250 250 284 Q232 318 190 316 Z", "#1f4f8c")
    d.stroke("M200 304 Q222 300 238 276 M198 286 Q216 282 230 262", "#5fa3dc", 4)
    d.circle(276, 206, 34, "#2f74bd")
    d.path("M262 222 Q284 216 306 220 Q302 238 282 240 Q268 236 262 222 Z", "#fdf4e4")
    d.polygon([(304, 196), (344, 204), (304, 214)], "#e0a92f")
    d.circle(288, 200, 7, "#14181f")
    d.circle(290, 198, 2.4, "#ffffff")
    d.stroke("M236 330 v14 M254 328 v14", "#c9822c", 5)
