"""Paint styles that look put together from things: gummy, fair-isle, light-pegs, neon-sign, collage.

The pocket model is never trained on any of them.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.painters.light import relief, rounded, shadow
from pipeline.painters.lines import edge_distance, flatten, kuwahara, outline
from pipeline.painters.pieces import cells, seams
from pipeline.painters.surface import (
    Parameters,
    Picture,
    Plane,
    Renderer,
    Span,
    as_plane,
    chroma,
    clip,
    contrast,
    hsv,
    luma,
    mix,
    nearest,
    rgb,
    saturate,
    screen,
    smoothstep,
    times,
    unit,
)
from pipeline.painters.texture import blur, clouds, coordinates, grain, noise


def paint_candy(picture: Picture, hue: float) -> Picture:
    """Paint colours as clear fruit sweets; greys turn to milk sweets of one `hue` when light, to cola when dark."""
    grey = luma(picture)
    pure = clip(picture - 0.6 * picture.min(axis=2, keepdims=True))
    fruit = clip(as_plane(0.1 + pure / (pure.max(axis=2, keepdims=True) + 0.08) * (0.72 + 0.36 * grey[..., None])))
    sweets = mix(
        mix(np.broadcast_to(rgb("#4d1526"), picture.shape), hsv(hue + 0.06, 0.62, 0.9), smoothstep(grey, 0.05, 0.55)),
        hsv(hue, 0.24, 1.0),
        smoothstep(grey, 0.5, 0.95),
    )
    return mix(sweets, fruit, smoothstep(chroma(picture), 0.1, 0.32))


def paint_gummy(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint fruit jelly: swollen, see-through and wet, light pooling on the far side, sugar on top."""
    jelly = paint_candy(kuwahara(picture, 9), p["hue"])
    away = edge_distance(picture, 0.35)
    height = blur(rounded(away, p["swell"]), 4)
    form = relief(as_plane(height + 0.03 * noise(picture, 40, rng)), p["light"], 34)
    through = np.clip(-form, 0, 1)  # light that went in comes out opposite
    deep = times(clip(jelly), as_plane(0.8 + 0.24 * height - 0.3 * np.exp(-away / 5)))
    lit = mix(deep, clip(saturate(jelly, 1.3) * 1.25 + 0.1), as_plane(0.75 * through))
    wet = smoothstep(form, 0.4, 0.75) * smoothstep(away, 3, 7) * p["gloss"]
    crystals = (
        smoothstep(noise(picture, 4.5, rng), 0.72, 0.95)
        * (0.3 + 0.7 * smoothstep(clouds(picture, 80, rng), -0.3, 0.5))
        * p["sugar"]
    )
    return clip(screen(lit, times(rgb("#fffafd"), as_plane(np.clip(wet + crystals, 0, 1)))))


WOOLS = np.stack(
    [rgb(c) for c in ("#f3ead8", "#b3202c", "#1f2f52", "#2c5b46", "#dba53c", "#5f86ad", "#3a2520", "#d98c7a")]
)


def paint_fair_isle(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint a Nordic jumper: rows of knitted V stitches in eight dyed wools, soft and fuzzy."""
    y, x = coordinates(picture)
    wide = 512 / round(p["stitches"])
    column, across = np.divmod(x / wide, 1)
    arm = np.abs(across - 0.5)
    row, down = np.divmod(y / (wide * 0.86) + 1.15 * arm, 1)
    scale = unit(picture)
    height, width = picture.shape[:2]
    rows = np.clip(((row - 0.1) * wide * 0.86 * scale).astype(int), 0, height - 1)
    columns = np.clip(((column + 0.5) * wide * scale).astype(int), 0, width - 1)
    soft = contrast(saturate(blur(flatten(picture, 0.2), wide * 0.25), 1.35), 1.15, 0.55)
    yarn = nearest(soft, WOOLS)[rows, np.broadcast_to(columns, rows.shape)]
    strand = np.clip(1 - ((arm - 0.26) / 0.27) ** 2, 0, 1) * np.clip(1 - (2 * down - 1) ** 4, 0, 1)
    twist = 0.5 + 0.5 * np.cos((down * 2 + arm * 5) * 2 * np.pi)
    fuzz = 0.5 * noise(picture, 4, rng) + 0.3 * grain(picture, 8, rng)
    shade = 0.5 + 0.52 * np.sqrt(strand) + p["twist"] * twist * strand + p["fuzz"] * fuzz
    unevenness = 1 + 0.06 * noise(picture, wide * 1.2, rng, 3)
    return clip(times(as_plane(yarn), as_plane(shade * unevenness)))


def paint_light_pegs(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint a lamp board: round coloured pegs lit from behind in a black hexagonal grid."""
    y, x = np.broadcast_arrays(*coordinates(picture))
    pitch, scale = p["pitch"], unit(picture)
    row = np.floor(y / (pitch * 0.87))
    shift = 0.5 * (row % 2)
    column = np.floor(x / pitch - shift)
    middle_y, middle_x = (row + 0.5) * pitch * 0.87, (column + 0.5 + shift) * pitch
    height, width = picture.shape[:2]
    rows = np.clip(middle_y * scale, 0, height - 1).astype(int)
    columns = np.clip(middle_x * scale, 0, width - 1).astype(int)
    vivid = saturate(contrast(blur(picture, pitch * 0.3), 1.2, 0.55), 1.7)
    colour = as_plane(vivid ** np.float32(p["gamma"]))[rows, columns]
    away = np.hypot(y - middle_y, x - middle_x) / pitch
    disc = np.clip((0.4 - away) * pitch * scale + 0.5, 0, 1)
    flare = np.exp(-((away / 0.2) ** 2)) * luma(colour)
    board = times(rgb("#0b0b12"), as_plane(1 + 0.3 * noise(picture, 40, rng)))
    lamp = times(as_plane(colour + 0.05), as_plane(0.72 + 0.38 * np.cos(np.clip(away * 2.4, 0, 1.5)))) + (
        0.4 * flare[..., None]
    )
    lit = mix(board, clip(lamp), as_plane(disc))
    return clip(screen(lit, blur(lit, pitch * 0.9) * p["glow"]))


def paint_bricks(like: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint a wall of bricks in running bond, each a shade of its own."""
    y, x = coordinates(like)
    row, down = np.divmod(y / 30, 1)
    column, along = np.divmod(x / 72 + 0.5 * (row % 2), 1)
    shades = rng.uniform(0.72, 1.2, (24, 12)).astype(np.float32)
    shade = shades[row.astype(int) % 24, column.astype(int) % 12]
    rim = np.minimum(np.minimum(down, 1 - down) * 30, np.minimum(along, 1 - along) * 72)
    mortar = np.clip((2.6 + noise(like, 12, rng) - rim) * 0.7 + 0.5, 0, 1)
    rough = 1 + 0.16 * clouds(like, 22, rng) + 0.1 * grain(like, 5, rng)
    brick = times(hsv(p["brick"], 0.58, 0.52), as_plane(shade * rough))
    return mix(brick, times(rgb("#6f655c"), as_plane(rough)), as_plane(mortar * 0.75))


def make_glow(light: Picture) -> Picture:
    """Make a near and a far glow of `light`.

    It is blurred at a quarter of the size, which no eye can tell.
    """
    small = cv2.resize(light, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    spread = as_plane(cv2.GaussianBlur(small, (0, 0), 6.5 * unit(light)) * 2.2)
    spread = spread + cv2.GaussianBlur(small, (0, 0), max(2 * unit(light), 0.4)) * 0.9
    return as_plane(cv2.resize(spread, light.shape[1::-1], interpolation=cv2.INTER_LINEAR))


def paint_neon_sign(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint glass tubes bent along the contours, glowing on a brick wall in the picture's colours."""
    soft = saturate(blur(picture, 5), 1.6)
    strength = smoothstep(chroma(soft), 0.15, 0.4)
    vivid = soft / (soft.max(axis=2, keepdims=True) + 0.05)
    pure = clip(as_plane(vivid - 0.75 * vivid.min(axis=2, keepdims=True)) * 1.4)
    gas = mix(np.broadcast_to(hsv(p["gas"], 0.75, 1), picture.shape), pure, strength)
    away = edge_distance(picture, 0.3)
    tube = np.clip((p["tube"] / 2 - away) * unit(picture) + 0.5, 0, 1)
    core = np.exp(-((away / (p["tube"] * 0.3)) ** 2))
    glow = make_glow(times(gas, as_plane(tube)))
    wall = paint_bricks(picture, p, rng)
    shade = 0.3 + 0.3 * luma(soft)
    cast = shadow(blur(as_plane(tube), 3), 115, 12)
    lit = clip(times(wall, as_plane(shade * (1 - 0.5 * cast))) + wall * glow * p["power"] * 1.6 + 0.1 * glow)
    bulb = mix(gas, np.ones(3, np.float32), as_plane(0.85 * core))
    return clip(mix(lit, bulb, as_plane(tube)))


def draw_newsprint(like: Picture, columns: Plane, lines: Plane, pitch: float, rng: np.random.Generator) -> Plane:
    """Draw ink in [0, 1] of small type: words of uneven length in rows of `pitch`."""
    row = np.floor(lines / pitch).astype(int)
    starts = rng.uniform(0, 900, 512).astype(np.float32)
    words = np.sin((columns + starts[row % 512]) * 0.16) + np.sin((columns + starts[(row + 7) % 512]) * 0.37)
    letters = 0.72 + 0.28 * np.sign(np.sin(columns * 1.5 + starts[row % 512]))
    body = smoothstep(as_plane(0.36 - np.abs(lines / pitch % 1 - 0.5)), -0.06, 0.06)
    return as_plane(body * smoothstep(as_plane(words), -0.75, -0.35) * letters)


def paint_collage(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint torn newspaper glued in patches and washed with thin colour.

    The torn rims are white, the contours brushed in ink.
    """
    torn = noise(picture, 14, rng)
    labels, _, centres = cells(picture, p["patch"], 0.9, rng)
    ragged = np.stack(np.meshgrid(np.arange(picture.shape[1]), np.arange(picture.shape[0])), -1).astype(np.float32)
    ragged += np.dstack((torn, noise(picture, 14, rng))) * 5 * unit(picture)
    pieces = cv2.remap(labels.astype(np.float32), ragged, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT)
    piece = pieces.astype(np.int32)
    angle = rng.normal(0, 0.35, len(centres)).astype(np.float32)[piece]
    y, x = coordinates(picture)
    columns, lines = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    type_ink = draw_newsprint(picture, as_plane(columns), as_plane(lines + 4096), p["type"], rng)
    tan = rng.uniform(0.82, 1.04, len(centres)).astype(np.float32)[piece]
    paper = times(hsv(p["paper"], 0.1, 0.95), as_plane(tan * (1 + 0.04 * grain(picture, 6, rng))))
    printed = mix(paper, rgb("#2b2826"), as_plane(0.5 * type_ink))
    flat = saturate(kuwahara(picture, 9), 1.35)
    washed = printed * mix(np.ones_like(picture), clip(flat * 1.15 + 0.1), p["wash"])
    border = seams(piece, 4.5)
    shade = 1 - 0.3 * shadow(blur(as_plane(border), 2.5), 120, 4)
    glued = mix(times(washed, as_plane(shade)), rgb("#fbf8f1"), as_plane(border * (0.6 + 0.3 * torn)))
    brush = outline(picture, 4.5, 0.35, as_plane(1.8 * noise(picture, 30, rng)))
    return clip(mix(glued, rgb("#1d1a1c"), brush * 0.88))


BUILT = {
    "gummy": Renderer(
        paint_gummy,
        {
            "hue": Span(0.94, 0.9, 0.99),
            "swell": Span(32, 26, 42),
            "light": Span(120, 70, 145),
            "gloss": Span(0.9, 0.7, 1),
            "sugar": Span(0.5, 0.3, 0.7),
        },
        True,
    ),
    "fair-isle": Renderer(
        paint_fair_isle,
        {"stitches": Span(42, 36, 46), "twist": Span(0.12, 0.06, 0.18), "fuzz": Span(0.14, 0.08, 0.2)},
        False,
    ),
    "light-pegs": Renderer(
        paint_light_pegs, {"pitch": Span(15, 14, 18), "gamma": Span(2.0, 1.7, 2.4), "glow": Span(0.5, 0.3, 0.7)}, True
    ),
    "neon-sign": Renderer(
        paint_neon_sign,
        {
            "gas": Span(0.9, 0.0, 1.0),
            "tube": Span(8, 7, 9.5),
            "power": Span(1.0, 0.75, 1.3),
            "brick": Span(0.03, 0.01, 0.06),
        },
        False,
    ),
    "collage": Renderer(
        paint_collage,
        {
            "patch": Span(120, 96, 150),
            "type": Span(11, 10, 13),
            "paper": Span(0.12, 0.09, 0.15),
            "wash": Span(0.8, 0.68, 0.9),
        },
        True,
    ),
}
