"""Pieces set side by side: stained-glass, mosaic, paper-cut, cross-stitch, felt, low-poly, pixel-art, handheld."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from pipeline.painters.light import relief, rounded, shadow
from pipeline.painters.lines import edge_distance, edge_pixels, flatten, kuwahara, outline
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
    nearest,
    rgb,
    saturate,
    screen,
    smoothstep,
    steps,
    times,
    unit,
)
from pipeline.painters.texture import (
    bayer,
    blocks,
    blur,
    cell_means,
    cells,
    clouds,
    coordinates,
    enlarge,
    fibres,
    grain,
)


def seams(labels: NDArray[np.int32], width: float) -> Plane:
    """Lines in [0, 1] between cells, `width` in pixels of a 512 picture."""
    plane = labels.astype(np.float32)
    between = np.zeros(labels.shape, np.uint8)
    between[:, 1:] |= plane[:, 1:] != plane[:, :-1]
    between[1:] |= plane[1:] != plane[:-1]
    away = cv2.distanceTransform(1 - between, cv2.DIST_L2, 3)
    return as_plane(np.clip(width * unit(plane) / 2 - away + 0.5, 0, 1))


def stained_glass(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Deep glowing glass in lead: one colour a pane, daylight behind, soldered contours."""
    labels, _, centres = cells(picture, p["pane"], 0.85, rng)
    pane = saturate(cell_means(picture, labels, len(centres))[None], p["depth"])[0]
    pane = pane * rng.uniform(0.82, 1.12, (len(pane), 1)) + rng.normal(0, 0.03, pane.shape)
    glass = mix(saturate(flatten(picture, 0.2), p["depth"]), as_plane(pane)[labels], 0.45)
    glass = mix(glass, glass * hsv(p["tint"], 0.4, 0.95), smoothstep(luma(glass), 0.75, 1.0))
    streaks = 0.12 * clouds(picture, 60, rng) + 0.06 * fibres(picture, 70, 60, rng)
    lit = screen(times(as_plane(clip(glass) ** 1.25), as_plane(1.02 + streaks)), blur(clip(glass), 12) * 0.16)
    lead = np.maximum(seams(labels, p["lead"] * 0.62), outline(picture, p["lead"], 0.15))
    shine = 0.1 + 0.2 * np.clip(relief(blur(lead, 2), 120, 6), 0, 1)
    return clip(mix(lit, times(rgb("#f2efff"), as_plane(shine)), lead))


def mosaic(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Small stone tesserae in pale mortar, each with its own shade and a lit rim."""
    labels, distance, centres = cells(picture, p["tile"], 0.32, rng)
    colour = cell_means(saturate(picture, 1.4), labels, len(centres)) * 0.9 + 0.03
    colour = colour * rng.uniform(0.84, 1.14, (len(colour), 1)) + rng.normal(0, 0.02, colour.shape)
    tiles = as_plane(colour)[labels] * (1.08 - 0.016 * distance[..., None] * 16 / p["tile"])
    tiles = mix(tiles, picture * 0.95, 0.18)
    mortar = times(hsv(p["mortar"], 0.16, 0.66), as_plane(1 + 0.06 * grain(picture, 5, rng)))
    return clip(mix(as_plane(tiles), mortar, seams(labels, p["joint"]) * 0.9))


def paper_cut(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Layers of coloured card, each throwing a soft shadow on the one below."""
    flat = flatten(kuwahara(picture, 8), 0.25)
    grey = steps(luma(flat), 5)
    card = clip(saturate(steps(flat, 5, 0.35), 0.95) * 0.86 + 0.1)
    card = mix(card, hsv(p["card"], 0.1, 0.96), smoothstep(luma(flat), 0.9, 1.0))
    height = blur(grey, 1.5)
    border = blur(outline(picture, 6, 0.35), 3)
    cast = shadow(blur(outline(picture, 7, 0.35), 6), p["light"], 9)
    lift = relief(blur(height, 8), p["light"], p["lift"] * 60)
    lip = relief(height, p["light"], 34)
    fibre = 0.012 * grain(picture, 5, rng)
    shade = 1 + 0.42 * np.minimum(lift, 0) - 0.4 * p["lift"] * cast * (1 - border) + 0.16 * np.maximum(lip, 0) + fibre
    return clip(times(card, as_plane(shade)))


def cross_stitch(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Crossed threads on aida cloth, one colour a stitch; the palest stitches are left out."""
    across = round(p["count"])
    small = blocks(picture, across)
    dyed = saturate(steps(small, 7), 1.2) * rng.uniform(0.92, 1.06, (*small.shape[:2], 1))
    thread = enlarge(clip(as_plane(dyed)), picture)
    stitched = enlarge(1 - smoothstep(luma(small) - 0.6 * (small.max(2) - small.min(2)), 0.86, 0.95), picture)
    y, x = (axis * across / 512 % 1 - 0.5 for axis in coordinates(picture))
    rising, falling = (np.clip(1.25 - 3.2 * np.abs(x + k * y), 0, 1) for k in (1, -1))
    cross = np.maximum(rising, falling * 0.82)
    hole = np.clip(np.hypot(np.abs(x) - 0.5, np.abs(y) - 0.5) * 4.5, 0.55, 1)
    cloth = times(hsv(p["cloth"], 0.1, 0.94), as_plane(hole * (1 + 0.05 * grain(picture, 4, rng))))
    shaded = times(thread, as_plane(0.64 + 0.44 * cross))
    return clip(mix(cloth, shaded, as_plane(smoothstep(as_plane(cross), 0.02, 0.3) * stitched * 0.4 + stitched * 0.58)))


def felt(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Wool felt shapes: fuzzy fibres, pillowed borders, pale running stitches inside the contour."""
    flat = clip(saturate(flatten(kuwahara(picture, 8), 0.25), 0.9) * 0.84 + 0.05)
    away = edge_distance(picture, 0.4)
    pillow = relief(blur(rounded(away, 26), 3), p["light"], 26)
    wool = 0.5 * fibres(picture, 35, 22, rng) + 0.5 * fibres(picture, -50, 22, rng) + 0.5 * fibres(picture, 95, 16, rng)
    shade = 1 + p["wool"] * wool + 0.2 * pillow - 0.34 * np.exp(-away / 5)
    cloth = times(flat, as_plane(shade))
    ring = np.clip(1.6 - np.abs(away - 15) / 1.8, 0, 1)
    y, x = coordinates(picture)
    dash = ((x + 0.37 * y) % p["stitch"] < p["stitch"] * 0.6) & ((y + 0.37 * x) % p["stitch"] < p["stitch"] * 0.6)
    return clip(mix(cloth, mix(cloth, rgb("#fff6e0"), 0.8), as_plane(ring * dash)))


def low_poly(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Triangles with corners on the outlines, one colour each, lit like facets."""
    height, width = picture.shape[:2]
    corners = facet_corners(picture, p["facet"], rng)
    triangles = Delaunay(corners).simplices
    middles = corners[triangles].mean(axis=1)
    soft = saturate(blur(picture, 3), 1.2)
    rows, columns = middles[:, 1].astype(int), middles[:, 0].astype(int)
    colour = soft[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
    tilt = rng.uniform(-1, 1, len(triangles))
    colour = colour * (1 + p["contrast"] * tilt[:, None]) + 0.05 * tilt[:, None] * hsv(p["light"], 0.6, 1)
    page = np.zeros_like(picture)
    for corner, shade in zip((corners[triangles] * 16).astype(np.int32), colour.tolist(), strict=True):
        cv2.fillConvexPoly(page, corner, shade, cv2.LINE_8, 4)
    return clip(page)


def facet_corners(picture: Picture, size: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Corners (n, 2) as x, y: spread evenly, thicker on outlines, and all round the border."""
    height, width = picture.shape[:2]
    edge = np.argwhere(edge_pixels(picture, 0.5))
    count = min(len(edge), round(2.2 * (512 / size) * 12))
    chosen = edge[rng.permutation(len(edge))[:count]] if count else np.zeros((0, 2), int)
    _, _, spread = cells(picture, size, 0.8, rng)
    rim = np.linspace(0, 1, round(512 / size) + 1)
    zero, one = np.zeros_like(rim), np.ones_like(rim)
    border = np.concatenate([np.stack(side, 1) for side in ((zero, rim), (one, rim), (rim, zero), (rim, one))])
    rows = np.concatenate([chosen, spread, border * [height, width]])
    return as_plane(np.unique(rows, axis=0)[:, ::-1])


PIXEL_PALETTE = np.stack(
    [
        rgb(c)
        for c in (
            "#14101f",
            "#2a2a4a",
            "#3d5a8c",
            "#4fa3d1",
            "#a6e1f0",
            "#f7fbff",
            "#b9bccb",
            "#6d7088",
            "#1f4d3a",
            "#3a8f4a",
            "#93cf5b",
            "#f4e76e",
            "#f2a33c",
            "#d9622b",
            "#dc2f33",
            "#6b1f3d",
            "#e0637f",
            "#f5b0a8",
            "#7a4527",
            "#b9804f",
            "#ecc999",
            "#5b3a8c",
            "#9a64c9",
            "#d9a6ec",
        )
    ]
)


def pixel_art(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """A small sprite sheet palette with ordered dither on big square pixels."""
    small = blocks(clip(contrast(saturate(picture, p["punch"]), 1.12)), 64)
    small = small * (1 - 0.45 * blocks(outline(picture, 7, 0.3), 64))[..., None]
    dithered = small + bayer(small)[..., None] * p["dither"] + rng.normal(0, 0.004)
    return enlarge(nearest(as_plane(dithered), PIXEL_PALETTE), picture)


def handheld(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Four shades of green on a reflective screen whose pixel grid shows."""
    small = blocks(picture, 64)
    light = contrast(luma(small), 1.5, 0.58) - 0.5 * blocks(outline(picture, 7, 0.35), 64)
    light = np.clip(light, 0, 1) + bayer(small) * 0.24 + rng.normal(0, 0.004)
    shades = np.stack([hsv(p["hue"], s, v) for s, v in ((0.72, 0.21), (0.56, 0.4), (0.86, 0.63), (0.82, p["glass"]))])
    screened = enlarge(shades[np.clip(np.round(light * 3), 0, 3).astype(int)], picture)
    y, x = (axis % 8 for axis in coordinates(picture))
    gap = (y < 1.3) | (x < 1.3)
    return clip(mix(screened, shades[3] * 0.9, as_plane(gap * 0.22)))


CRAFTS = {
    "stained-glass": Renderer(
        stained_glass,
        {"pane": Span(64, 54, 80), "lead": Span(8, 7, 10), "depth": Span(1.7, 1.5, 2.0), "tint": Span(0.12, 0.0, 1.0)},
        True,
    ),
    "mosaic": Renderer(
        mosaic, {"tile": Span(16, 15, 19), "mortar": Span(0.1, 0.05, 0.16), "joint": Span(3.4, 3, 4.2)}, True
    ),
    "paper-cut": Renderer(
        paper_cut, {"card": Span(0.1, 0.0, 1.0), "light": Span(125, 50, 150), "lift": Span(1.0, 0.7, 1.3)}, True
    ),
    "cross-stitch": Renderer(cross_stitch, {"count": Span(40, 34, 42), "cloth": Span(0.1, 0.05, 0.6)}, True),
    "felt": Renderer(
        felt, {"light": Span(120, 60, 150), "wool": Span(0.13, 0.1, 0.17), "stitch": Span(26, 22, 32)}, True
    ),
    "low-poly": Renderer(
        low_poly, {"facet": Span(50, 44, 62), "contrast": Span(0.13, 0.09, 0.18), "light": Span(0.1, 0.0, 1.0)}, True
    ),
    "pixel-art": Renderer(pixel_art, {"punch": Span(1.3, 1.15, 1.5), "dither": Span(0.13, 0.08, 0.18)}, True),
    "handheld": Renderer(handheld, {"hue": Span(0.2, 0.18, 0.24), "glass": Span(0.78, 0.72, 0.84)}, False),
}
