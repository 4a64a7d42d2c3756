"""Paint styles of colour on a flat ground: infrared, scratch-art, topo-map, batik, delft.

The pocket model is never trained on any of them.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.painters.light import bloom, relief, rounded, vignette
from pipeline.painters.lines import comb, edge_distance, flow, kuwahara, outline, slope
from pipeline.painters.surface import (
    Parameters,
    Picture,
    Plane,
    Renderer,
    Span,
    as_plane,
    clip,
    contrast,
    hsv,
    luma,
    mix,
    ramp,
    rgb,
    saturate,
    screen,
    smoothstep,
    split_tone,
    times,
    turn_hue,
    unit,
)
from pipeline.painters.texture import blur, clouds, coordinates, fibres, grain, noise, turned


def find_border_colour(picture: Picture) -> Plane:
    """Return the median colour (3,) of the frame's outermost pixels: what the picture stands on."""
    rim = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    return as_plane(np.median(rim, axis=0))


def paint_infrared(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint colour infrared film: crimson leaves, violet skies, olive reds, pink halos, cold shade.

    The film's layers see one band further: near infrared prints red, red prints green, green prints blue. What is green
    or yellow is taken for leaves, which are bright in the near infrared.
    """
    red, green, blue = np.moveaxis(picture, 2, 0)
    leaves = np.clip(green - blue, 0, 1) + 0.6 * np.clip(green - red, 0, 1)
    near = clip(as_plane(0.12 + 0.55 * luma(picture) + p["leaf"] * leaves + 0.25 * np.clip(red - green, 0, 1)))
    film = np.dstack((near, 0.9 * red - 0.35 * leaves, 0.25 * blue + 0.75 * green - 0.2 * leaves))
    shown = turn_hue(clip(as_plane(film)), p["dye"])
    toned = split_tone(saturate(shown, 1.25), hsv(p["shade"], 0.9, 0.6), hsv(0.94, 0.55, 1), 0.55)
    glowing = screen(toned, times(rgb("#ff5f86"), blur(smoothstep(luma(toned), 0.6, 1.0), 22) * p["halo"]))
    grainy = times(glowing, as_plane(1 + 0.05 * grain(picture, 4, rng)))
    return clip(times(bloom(clip(grainy), 0.75, 10, 0.2), 0.68 + 0.36 * vignette(picture, 0.9)))


def paint_rainbow(like: Picture, start: float, spread: float, degrees: float, rng: np.random.Generator) -> Picture:
    """Paint bright hues that run across the page, bending a little."""
    along, _ = turned(like, degrees)
    hue = (start + spread * (along + 40 * noise(like, 170, rng)) / 512) % 1
    full = np.dstack((hue * 360, np.full_like(hue, 0.72), np.ones_like(hue)))
    return as_plane(cv2.cvtColor(as_plane(full), cv2.COLOR_HSV2RGB))


def paint_scratch_art(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint scratch paper: a needle takes black wax off a rainbow, in fine strokes along the forms."""
    soft = blur(kuwahara(picture, 7), 2)
    streaks = comb(noise(picture, 4, rng), flow(luma(soft), 12, p["direction"]), 40)
    hatch = as_plane(streaks / (2 * streaks.std() + 1e-6))
    stands_out = np.clip(np.abs(soft - find_border_colour(soft)).max(axis=2) * 1.5, 0, 1)
    light = 0.66 * stands_out * (0.4 + 0.6 * luma(soft)) + 0.3 * luma(soft) * stands_out**0.5 + 0.16 * luma(soft)
    bare = smoothstep(as_plane(hatch + 2.3 * light * p["density"] - 1.0), -0.1, 0.3)
    halo = smoothstep(edge_distance(picture, 0.5), p["line"], p["line"] * 2.2)  # wax left beside a contour
    line = outline(picture, p["line"], 0.5, as_plane(1.2 * noise(picture, 24, rng)))
    wax = times(rgb("#0e0c13"), as_plane(1 + 0.5 * grain(picture, 6, rng)))
    foil = paint_rainbow(picture, p["start"], p["spread"], p["angle"], rng)
    return clip(mix(wax, foil, np.maximum(bare * halo * 0.88, line)))


def draw_contour_lines(height: Plane, count: float, width: float) -> Plane:
    """Draw lines in [0, 1] of equal `width` where a height in [0, 1] passes multiples of 1 / count."""
    dx, dy = slope(height)
    steep = np.hypot(dx, dy) * count + 0.004
    away = np.abs((height * count + 0.5) % 1 - 0.5) / steep
    faint = np.clip(1.3 - steep * 2.4, 0.3, 1)  # a cliff is drawn as one mass, not as a blot
    return as_plane(np.clip((width / 2 - away) * unit(height) + 0.5, 0, 1) * faint)


def paint_topo_map(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint a hiker's map, on which light tones lie high.

    It has tinted steps, brown contour lines, shaded slopes and a graticule.
    """
    tone = contrast(luma(blur(kuwahara(picture, 9), 3)), 1.3, 0.6)
    hills = 0.5 + 0.5 * clouds(picture, 150, rng, 2)
    height = 0.06 + 0.62 * tone + 0.16 * blur(rounded(edge_distance(picture, 0.35), 70), 4) + 0.16 * hills
    tints = [
        hsv(0.54, 0.5, 0.74),
        hsv(0.53, 0.4, 0.84),
        hsv(0.5, 0.24, 0.92),
        hsv(p["lowland"] + 0.04, 0.4, 0.74),
        hsv(p["lowland"], 0.34, 0.82),
        hsv(p["lowland"] - 0.06, 0.3, 0.9),
        hsv(0.16, 0.28, 0.96),
        hsv(0.1, 0.36, 0.93),
        hsv(0.09, 0.16, 0.98),
    ]
    level = np.floor(height * p["levels"]) / p["levels"]
    land = ramp(clip(as_plane(0.6 * height + 0.4 * level)), tints)
    shaded = times(land, as_plane(1 + p["shade"] * relief(as_plane(blur(height, 5)), 130, 40)))
    fine, index = draw_contour_lines(height, p["levels"] * 2, 1.8), draw_contour_lines(height, p["levels"] / 2, 3.4)
    drawn = mix(shaded, hsv(0.06, 0.7, 0.42), as_plane(np.maximum(0.62 * fine, 0.85 * index)))
    y, x = coordinates(picture)
    net = np.maximum(np.clip(1.8 - np.abs(y % 128 - 64), 0, 1), np.clip(1.8 - np.abs(x % 128 - 64), 0, 1))
    drawn = mix(drawn, rgb("#2f6f9e"), as_plane(net * 0.5))
    return clip(mix(drawn, rgb("#4a2a1c"), outline(picture, 3.2, 0.45) * 0.7))


BATIK_DYES = np.stack([rgb(c) for c in ("#171a3d", "#2b377c", "#5f7fb4", "#5a2a1a", "#a14c1f", "#d9963a")])
WAX = "#f6e8c8"


def draw_crackle(like: Picture, size: float, rng: np.random.Generator) -> Plane:
    """Draw veins in [0, 1] where brittle wax broke."""
    veins = [np.exp(-np.abs(clouds(like, size * k, rng, 2)) / 0.022) for k in (1.0, 0.6)]
    return as_plane(np.clip(veins[0] + 0.7 * veins[1], 0, 1))


def paint_batik(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint wax resist on cotton: indigo, brown and cream, waxed contours, rows of dots, dye in the cracks."""
    flat = saturate(kuwahara(picture, 8), 1.3)
    dyes = turn_hue(BATIK_DYES[None], p["hue"])[0]
    tone, warmth = luma(flat), smoothstep(as_plane(flat[..., 0] - flat[..., 2]), -0.05, 0.2)
    cool, warm = dyes[np.digitize(tone, (0.42, 0.72))], dyes[3 + np.digitize(tone, (0.3, 0.58))]
    cloth = times(mix(cool, warm, as_plane(warmth > 0.5)), as_plane(1 + 0.16 * clouds(picture, 60, rng)))
    y, x = coordinates(picture)
    rows = y / p["dot"]
    stagger = x / p["dot"] + 0.5 * (np.floor(rows) % 2)
    spots = np.clip((0.27 - np.hypot(rows % 1 - 0.5, stagger % 1 - 0.5)) * p["dot"] * unit(picture) + 0.5, 0, 1)
    away = edge_distance(picture, 0.4)
    dark = (1 - smoothstep(luma(cloth), 0.3, 0.36)) * smoothstep(away, 9, 13)
    wax = np.maximum(outline(picture, p["wax"], 0.4, as_plane(1.2 * noise(picture, 22, rng))), 0.9 * spots * dark)
    waxed = mix(cloth, rgb(WAX), as_plane(wax))
    veins = draw_crackle(picture, p["crackle"], rng) * smoothstep(luma(waxed), 0.2, 0.6)
    weave = 1 + 0.05 * (fibres(picture, 0, 12, rng, 3) + fibres(picture, 90, 12, rng, 3))
    return clip(times(mix(waxed, dyes[0], as_plane(veins * 0.42)), as_plane(weave)))


def draw_tile_joints(like: Picture, across: float) -> tuple[Plane, Plane, Plane]:
    """Draw the joints of square tiles, and measure each pixel's place in its tile.

    Returns joints in [0, 1] and places (y, x) from -0.5 to 0.5; all (H, W).
    """
    y, x = np.broadcast_arrays(*(axis / 512 * across % 1 - 0.5 for axis in coordinates(like)))
    rim = (0.5 - np.maximum(np.abs(y), np.abs(x))) * 512 / across
    return as_plane(np.clip((3.2 - rim) * unit(like) + 0.5, 0, 1)), as_plane(y), as_plane(x)


def draw_ornament(y: Plane, x: Plane, reach: float) -> Plane:
    """Draw Delft's corner flowers in [0, 1]: petals and a bud in each corner of a tile."""
    down, right = 0.5 - np.abs(y), 0.5 - np.abs(x)
    away, turn = np.hypot(down, right), np.arctan2(down, right)
    petals = reach * (0.62 + 0.38 * np.abs(np.cos(3 * turn)))
    flower = np.clip((petals - away) * 60, 0, 1) * (1 - np.clip((petals * 0.66 - away) * 60, 0, 1))
    return as_plane(np.maximum(flower, np.clip((reach * 0.3 - away) * 60, 0, 1)))


def paint_delft(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint tin-glazed tiles: cobalt brushed in a few washes on milky white, corner flowers, joints, gloss."""
    tone = luma(blur(kuwahara(picture, 8), 2.5))
    bleed = 0.05 * clouds(picture, 50, rng) + 0.05 * fibres(picture, p["brush"], 36, rng)
    dark = contrast(as_plane(1 - tone), 1.15, 0.45) + bleed
    wash = 0.34 * smoothstep(as_plane(dark), 0.2, 0.36) + 0.36 * smoothstep(as_plane(dark), 0.5, 0.75)
    pooled = wash + 0.14 * wash * np.exp(-edge_distance(picture, 0.45) / 6)
    line = 0.9 * outline(picture, p["line"], 0.5, as_plane(1.5 * noise(picture, 26, rng)))
    joint, y, x = draw_tile_joints(picture, p["tiles"])
    cobalt = np.maximum(np.maximum(pooled, line), 0.85 * draw_ornament(y, x, 0.2))
    glaze = times(hsv(p["glaze"], 0.05, 0.95), as_plane(1 + 0.03 * clouds(picture, 120, rng)))
    painted = mix(glaze, hsv(p["cobalt"], 0.92, 0.52), as_plane(np.clip(cobalt, 0, 1)))
    gloss = smoothstep(as_plane(-x - y), 0.45, 0.8) * 0.35 + 0.05 * (0.5 - y)
    shiny = screen(painted, times(np.ones(3, np.float32), as_plane(gloss)))
    return clip(mix(shiny, rgb("#c9c1b0"), as_plane(joint * 0.9)))


DYED = {
    "infrared": Renderer(
        paint_infrared,
        {
            "leaf": Span(1.1, 0.8, 1.4),
            "dye": Span(-0.02, -0.06, 0.03),
            "shade": Span(0.5, 0.46, 0.56),
            "halo": Span(0.35, 0.2, 0.5),
        },
        False,
    ),
    "scratch-art": Renderer(
        paint_scratch_art,
        {
            "start": Span(0.93, 0.0, 1.0),
            "spread": Span(0.85, 0.6, 1.1),
            "angle": Span(25, -60, 60),
            "direction": Span(0.7, 0.0, 3.1),
            "density": Span(0.85, 0.7, 1.0),
            "line": Span(5, 4, 6),
        },
        False,
    ),
    "topo-map": Renderer(
        paint_topo_map,
        {"levels": Span(11, 9, 14), "lowland": Span(0.3, 0.24, 0.36), "shade": Span(0.22, 0.12, 0.3)},
        False,
    ),
    "batik": Renderer(
        paint_batik,
        {"hue": Span(0.0, -0.03, 0.03), "dot": Span(13, 12, 16), "wax": Span(6, 5, 7.5), "crackle": Span(110, 80, 140)},
        False,
    ),
    "delft": Renderer(
        paint_delft,
        {
            "tiles": Span(3, 2.6, 4),
            "brush": Span(-20, -60, 60),
            "line": Span(5, 4, 6.5),
            "glaze": Span(0.58, 0.5, 0.65),
            "cobalt": Span(0.625, 0.605, 0.645),
        },
        False,
    ),
}
