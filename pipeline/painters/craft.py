"""Pieces set side by side: stained-glass, mosaic, paper-cut, felt, low-poly."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from pipeline.painters.grounds import by_night
from pipeline.painters.light import cast_shadow, relief, sunlight
from pipeline.painters.pieces import cell_means, cells, nearest_point, scatter, seams
from pipeline.painters.source import Source, rise
from pipeline.painters.strokes import rows_along
from pipeline.painters.surface import (
    Parameters,
    Picture,
    Plane,
    Renderer,
    Span,
    as_plane,
    clip,
    hsv,
    luma,
    mix,
    rgb,
    saturate,
    screen,
    smoothstep,
    times,
)
from pipeline.painters.texture import blur, clouds, fibres, grain, noise


def stained_glass(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint glowing glass in lead: whole panes in the figures, the ground in pieces, lead along the drawn lines."""
    labels, _, centres = cells(source.lines, p["pane"], 0.9, rng)
    pane = cell_means(source.calm, labels, len(centres))
    shade = rng.uniform(0.82, 1.14, len(pane)).astype(np.float32)[labels]
    own = rng.uniform(0.92, 1.08, int(source.regions.max()) + 1).astype(np.float32)[source.regions]
    behind = times(mix(source.calm, pane[labels], 0.4), shade)
    glass = saturate(clip(mix(times(source.calm, own), behind, source.ground)), p["depth"])
    glass = mix(glass, glass * hsv(p["tint"], 0.3, 0.97), smoothstep(luma(glass), 0.75, 1.0))
    glass = times(glass, as_plane(1 + 0.9 * smoothstep(as_plane(0.4 - source.light), 0.0, 0.3) * source.ground))
    streaks = 0.13 * clouds(source.lines, 60, rng) + 0.08 * fibres(source.lines, 70, 90, rng, 6)
    edge = 1 - 0.28 * np.exp(-np.maximum(source.away, 0) / 9)
    sun = 0.86 + 0.34 * sunlight(source.lines, 0.5, 0.4, 0.6)
    lit = clip(times(as_plane(clip(glass) ** 1.15), as_plane((1.05 + streaks) * edge * sun)))
    lit = screen(lit, blur(lit, 14) * 0.16)
    cut = seams(labels, p["lead"] * 0.85) * source.ground
    lead = np.maximum(cut, source.contour(0.14 * p["lead"]))
    metal = 0.1 + 0.22 * np.clip(relief(blur(lead, 1.6), 120, 8), 0, 1)
    return clip(mix(lit, times(rgb("#f2efff"), as_plane(metal)), lead))


def mosaic(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint stone tesserae in rows along the forms, each with its own shade, in mortar; dark stones on the lines."""
    tile = p["tile"]
    points = tile_points(source, tile, rng)
    labels, distance, centres = nearest_point(source.lines, points)
    at = source.calm[centres[:, 0], centres[:, 1]]
    colour = saturate(as_plane(at)[None], 1.25)[0] * rng.uniform(0.84, 1.12, (len(at), 1))
    colour = clip(as_plane(colour + rng.normal(0, 0.02, colour.shape)))
    own = source.regions[centres[:, 0], centres[:, 1]][labels] == source.regions
    stone = np.where(own[..., None], colour[labels], saturate(source.calm, 1.25))
    tilt = rng.uniform(-1, 1, len(at)).astype(np.float32)[labels]
    dark = rng.uniform(0.75, 1.25, len(at)).astype(np.float32)[labels]
    stone = mix(as_plane(stone), times(rgb("#2b2622"), dark), source.contour(0.2) * 0.96)
    lit = 1.06 - 0.02 * distance * (16 / tile) + 0.04 * tilt + 0.03 * grain(source.lines, 3, rng)
    mortar = times(hsv(p["mortar"], 0.16, 0.7), as_plane(1 + 0.06 * grain(source.lines, 5, rng)))
    mortar = mix(mortar, mortar * 0.5, source.contour(0.2))
    mortar = mix(mortar, rgb("#1c1917"), as_plane(0.85 * source.black))  # pale joints would cut a pupil to pieces
    joint = seams(labels, p["joint"])
    edge = relief(blur(as_plane(1 - joint), 0.8), 125, 3.0) * 0.22
    return clip(mix(times(as_plane(stone), as_plane(lit + edge)), mortar, as_plane(joint * 0.9)))


def tile_points(source: Source, tile: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return where tesserae lie, (n, 2) as row, column: in rows one tile apart along the nearest line or border."""
    scale = source.unit
    distance = np.minimum(source.away, 400).copy()
    rim = np.ones_like(distance)
    rim[[0, -1]] = 0
    rim[:, [0, -1]] = 0
    frame = cv2.distanceTransform(rim.astype(np.uint8), cv2.DIST_L2, 5) / scale
    distance = as_plane(np.minimum(distance, frame + tile * 0.2))
    levels = [(k + 0.5) * tile for k in range(int(float(distance.max()) / tile) + 1)]
    rows: list[NDArray[np.floating]] = [points[:, ::-1] for points in rows_along(distance, levels, tile * 1.02)]
    on_lines = scatter(source.lines, tile * 0.9, 0.3, rng)
    at = on_lines.astype(np.int64)
    rows.append(on_lines[source.away[at[:, 0], at[:, 1]] < tile * 0.22])
    points = np.concatenate(rows).astype(np.float64)
    height, width = distance.shape
    return np.asarray(np.clip(points, 0, (height - 1, width - 1)))


def layer_heights(source: Source) -> Plane:
    """Return how high each region's sheet lies, 0 for the ground, up to 1: small sheets lie on large ones."""
    areas = np.maximum(np.bincount(source.regions.ravel()), 1) / source.regions.size
    heights = np.clip(0.3 - 0.14 * np.log(areas), 0.25, 1.0).astype(np.float32)[source.regions]
    return as_plane(heights * (1 - source.ground))


def paper_cut(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint layers of coloured card, small on large, each throwing a soft shadow; the lines are strips of dark card."""
    line = source.contour(-0.3)
    height = blur(layer_heights(source), 0.6)
    fibre = 0.02 * grain(source.lines, 4, rng) + 0.015 * clouds(source.lines, 60, rng)
    card = clip(saturate(source.calm, 0.95) * 0.9 + 0.07)
    card = mix(card, card * hsv(p["card"], 0.1, 0.98), 0.5)
    near = cast_shadow(height, p["light"], 7, 1.8)
    far = cast_shadow(as_plane(1 - source.ground), p["light"], 15, 6)
    lip = relief(blur(height, 0.9), p["light"], 3)
    dark = 0.42 * np.minimum(near * 1.6, 1) * (1 - source.ground) + 0.42 * far * source.ground
    lit = clip(times(card, as_plane(1 - p["lift"] * dark + 0.1 * lip + fibre)))
    slot = 0.16 + 0.14 * np.clip(relief(blur(line, 1.0), p["light"] + 180, 5), 0, 1)
    return clip(mix(lit, times(clip(source.calm * 0.8 + 0.12), as_plane(slot + 0.1)), as_plane(line * 0.97)))


def felt(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint wool felt shapes sewn onto felt: fuzzy fibres, padded rims, running stitches, lines in dark thread."""
    wool = sum(fibres(source.lines, turn, length, rng, 4.5) for turn, length in ((35, 32), (-50, 28), (95, 24)))
    fuzz = as_plane(0.5 * wool + 0.5 * clouds(source.lines, 14, rng, 2))
    flat = clip(saturate(by_night(source, "#7090cc", 0.5), 0.88) * 0.88 + 0.05)
    padded = blur(rise(source.border_distance, 20), 2) * (1 - source.ground)
    pillow = relief(padded, p["light"], 16)
    around = 0.3 * np.exp(-source.border_distance / 4)
    cast = cast_shadow(as_plane(1 - source.ground), p["light"], 8, 3) * source.ground
    cloth = times(flat, as_plane(1 + p["wool"] * fuzz + 0.17 * pillow - around * (1 - source.ground) - 0.34 * cast))
    thread = source.contour(-0.1, as_plane(0.35 * fuzz))
    twist = 0.5 + 0.5 * np.sin(source.pen_distance * 0.5 + fibres(source.lines, 45, 7, rng, 3) * 2)
    cord = times(clip(source.calm * 0.2 + rgb("#2a1f1c") * 0.6), as_plane(0.8 + 0.4 * twist))
    sewn = mix(cloth, cord, thread)
    stitch = stitches(source, 9.0, p["stitch"], 2.4)
    sunk = blur(stitch, 1.4) * 0.35
    return clip(mix(times(sewn, as_plane(1 - sunk)), rgb("#fff6e0"), as_plane(0.92 * stitch)))


def stitches(source: Source, inside: float, length: float, width: float) -> Plane:
    """Return running stitches (H, W) in [0, 1] along every large enough form, `inside` pixels within its border."""
    distance = as_plane(source.border_distance * (1 - source.ground))
    page = np.zeros(distance.shape, np.uint8)
    step = length / 2
    thickness = max(round(width * source.unit), 1)
    for points in rows_along(blur(distance, 2), [inside], step):
        if len(points) >= 10:
            ends = (points[: len(points) // 2 * 2].reshape(-1, 2, 2) * 16).astype(np.int32)
            middle, reach = ends.mean(axis=1, keepdims=True), 0.62
            dashes = (middle + (ends - middle) * 2 * reach).astype(np.int32)
            cv2.polylines(page, list(dashes), False, 255, thickness, cv2.LINE_AA, 4)
    return as_plane(page / np.float32(255) * smoothstep(source.away, 3.5, 5))


def low_poly(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint triangles with corners on the contours, one colour each, lit like facets; fine dark edges on the lines."""
    corners = facet_corners(source, p["facet"], rng)
    triangles = Delaunay(corners).simplices
    middles = corners[triangles].mean(axis=1)
    height, width = source.lines.shape
    rows, columns = (np.clip(middles[:, k].astype(int), 0, n - 1) for k, n in ((1, height), (0, width)))
    form = relief(source.swell(60, 10), 125, 18)
    colour = saturate(by_night(source, "#7d9ae0", 0.5)[rows, columns][None], 1.15)[0]
    swing = p["contrast"] * (1.35 - 0.35 * source.ground[rows, columns])  # quieter behind than in front
    tilt = 1.3 * noise(source.lines, 16, rng)[rows, columns] * swing + 0.42 * form[rows, columns]
    colour = colour * (1 + tilt[:, None]) + 0.2 * tilt[:, None] * hsv(p["light"], 0.3, 1)  # dark facets shine, too
    page = np.zeros_like(source.calm)
    for corner, shade in zip((corners[triangles] * 16).astype(np.int32), colour.tolist(), strict=True):
        cv2.fillConvexPoly(page, corner, shade, cv2.LINE_8, 4)
    crisp = mix(clip(page), clip(source.calm * (1 + 0.2 * form)[..., None]), smoothstep(-source.away, -5, -3.5))
    return clip(mix(crisp, clip(source.calm * 0.32) + rgb("#151a2e") * 0.4, as_plane(source.contour(-0.8) * 0.9)))


def facet_corners(source: Source, size: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return corners (n, 2) as x, y: along the contours, spread evenly between them, and all round the frame."""
    height, width = source.lines.shape
    along = list(rows_along(source.away, [3.0], 0.4 * size))
    inside = scatter(source.lines, size, 0.85, rng)[:, ::-1]
    columns, rows = inside.astype(np.int64).T
    inside = inside[source.away[rows, columns] > 0.25 * size]
    rim = np.linspace(0, 1, round(512 / size) + 1)
    zero, one = np.zeros_like(rim), np.ones_like(rim)
    frame = np.concatenate([np.stack(side, 1) for side in ((zero, rim), (one, rim), (rim, zero), (rim, one))])
    return as_plane(np.unique(np.concatenate([*along, inside, frame * (width, height)]).round(2), axis=0))


CRAFTS: dict[str, Renderer[Source]] = {
    "stained-glass": Renderer(
        stained_glass,
        {"pane": Span(70, 60, 84), "lead": Span(8, 7, 10), "depth": Span(1.5, 1.3, 1.7), "tint": Span(0.12, 0.0, 1.0)},
        True,
    ),
    "mosaic": Renderer(
        mosaic, {"tile": Span(11, 10, 13), "mortar": Span(0.1, 0.05, 0.16), "joint": Span(2.2, 2, 2.8)}, True
    ),
    "paper-cut": Renderer(
        paper_cut, {"card": Span(0.1, 0.0, 1.0), "light": Span(125, 50, 150), "lift": Span(1.0, 0.7, 1.2)}, True
    ),
    "felt": Renderer(
        felt, {"light": Span(120, 60, 150), "wool": Span(0.18, 0.14, 0.22), "stitch": Span(14, 12, 17)}, True
    ),
    "low-poly": Renderer(
        low_poly, {"facet": Span(42, 38, 52), "contrast": Span(0.13, 0.1, 0.17), "light": Span(0.1, 0.0, 1.0)}, True
    ),
}
