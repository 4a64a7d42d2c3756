"""The looks of an era: sepia-photo, art-deco, vaporwave."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.painters.light import bloom, height_share, relief, vignette
from pipeline.painters.source import Source
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
    times,
)
from pipeline.painters.texture import blur, clouds, coordinates, fibres, grain, noise


def sepia_photo(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint an old print: brown tone, modelled light, soft lens, faded border, dust and hair scratches."""
    form = relief(source.swell(54, 8), 120, 18)
    figure = 1 - source.ground
    grey = luma(mix(source.plain, clip(times(source.plain, as_plane(1 + 0.35 * form))), figure))
    grey = mix(blur(grey, 0.9), blur(grey, 9), 0.25)
    stain = 0.06 * clouds(source.lines, 140, rng) + 0.035 * grain(source.lines, 3.5, rng)
    fading = 1 - vignette(source.lines, 0.8)
    grey = contrast(grey, 1.15, 0.55)
    tone = 0.1 + 0.78 * grey + stain + p["fade"] * fading * (0.8 - grey)
    dust = smoothstep(noise(source.lines, 5, rng), 0.95, 1.05) * 0.3
    hair = np.clip(fibres(source.lines, 84, 300, rng, 3) - 0.9, 0, 1) * 1.2
    browns = ((0.0, 0.75, 0.12), (0.0, 0.6, 0.46), (0.02, 0.38, 0.82), (0.04, 0.16, 0.97))
    return ramp(as_plane(tone + dust + hair), [hsv(p["brown"] + turn, s, v) for turn, s, v in browns])


def art_deco(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint poster of the twenties: jewel colours airbrushed inside gold contours, a sunburst behind, a gold frame."""
    figure = 1 - source.ground
    form = relief(source.swell(64, 10), 125, 18)
    jewel = saturate(as_plane(contrast(source.calm, 1.15, 0.5) ** 1.15), 1.2) * 0.95
    jewel = times(jewel, as_plane(1 + 0.34 * form))
    y, x = coordinates(source.lines)
    middle = float(x.max()) / 2
    angle = np.arctan2(float(y.max()) * 1.02 - y, x - middle)
    rays = smoothstep(as_plane(np.sin(angle * p["rays"])), -0.06, 0.06)
    burst = mix(np.broadcast_to(hsv(p["night"], 0.7, 0.22), jewel.shape), hsv(p["night"], 0.5, 0.46), rays)
    lower = smoothstep(height_share(source.lines), 0.7, 0.76)
    behind = mix(burst, clip(jewel * (0.7 + 0.2 * rays)[..., None]), as_plane(0.2 + 0.6 * lower))
    page = mix(behind, jewel, figure)
    grainy = times(page, as_plane(1 + 0.04 * grain(source.lines, 3, rng)))
    gold = times(hsv(p["gold"], 0.55, 0.88), as_plane(0.92 + 0.22 * noise(source.lines, 60, rng)))
    border = deco_frame(source.lines)
    line = np.maximum(source.contour(0.25 * p["line"] - 1.3), border)
    shade = blur(source.contour(0.8), 1.5) * 0.5 * (1 - line)
    gilt = mix(times(grainy, as_plane(1 - shade)), gold, as_plane(line))
    return clip(mix(gilt, hsv(p["night"], 0.7, 0.1), source.blots))


def deco_frame(like: Plane) -> Plane:
    """Return a double line along the picture's rim, stepped at the corners, (H, W) in [0, 1]."""
    y, x = coordinates(like)
    across, down = np.minimum(x, float(x.max()) - x), np.minimum(y, float(y.max()) - y)
    nearest = np.minimum(across, down)
    outer = np.clip(1.6 - np.abs(nearest - 9), 0, 1)
    inner = np.clip(0.9 - np.abs(nearest - 15), 0, 1)
    return as_plane(np.maximum(outer, inner))


def vaporwave(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint a pink-to-cyan dream: a striped sun over a neon floor, tinted figures, neon lines, scan lines."""
    figure = 1 - source.ground
    form = relief(source.swell(56, 8), 125, 18)
    down = height_share(source.lines)
    pink, cyan = hsv(p["pink"], 0.5, 1.0), hsv(p["cyan"], 0.4, 1.0)
    tone = ramp(contrast(source.light, 1.15, 0.55), [rgb("#2a0f5e"), hsv(p["pink"] - 0.1, 0.7, 0.8), pink, cyan])
    body = mix(tone, clip(saturate(source.calm, 1.3) * rgb("#ffd6f6")), 0.4)
    body = clip(times(body, as_plane(1 + 0.25 * form)))
    dusk = hsv(p["pink"], 0.55, 1.0)
    sky = ramp(down, [rgb("#2b1466"), rgb("#7a2fa8"), dusk, rgb("#ffb48f"), rgb("#2a1060"), rgb("#1c0b4a")])
    sky = mix(sky, tone, 0.2)
    sky = mix(sky, mix(rgb("#ffe08a"), hsv(p["pink"], 0.62, 1), smoothstep(down, 0.2, 0.66)), striped_sun(source.lines))
    sky = screen(sky, times(hsv(p["cyan"], 0.8, 1), floor_grid(source.lines) * np.float32(0.8)))
    lit = mix(sky, body, figure)
    line = source.contour(0.2)
    lit = mix(lit, rgb("#2a0c5c"), as_plane(0.5 * blur(source.contour(1.2), 1.2)))
    neon = times(hsv(p["cyan"], 0.45, 1), line)
    lit = screen(lit, as_plane(blur(neon, 6) * 0.45))
    lit = mix(mix(lit, hsv(p["cyan"], 0.38, 1), as_plane(0.95 * line)), rgb("#1a0846"), source.blots)
    y, _ = coordinates(source.lines)
    scan = 0.5 + 0.5 * np.cos(y * np.float32(2 * np.pi / 6))
    slipped = slip(clip(lit), 1.4)
    return clip(times(bloom(slipped, 0.8, 12, 0.25), as_plane(np.broadcast_to(1 - 0.09 * scan, line.shape))))


def striped_sun(like: Plane) -> Plane:
    """Return a low sun cut by bars, (H, W) in [0, 1]."""
    y, x = coordinates(like)
    away = np.hypot(x - float(x.max()) / 2, y - float(y.max()) * 0.45) / 512
    disc = smoothstep(as_plane(0.3 - away), 0.0, 0.004)
    share = y / np.float32(y.max())
    bars = ((share * 26) % 1) < np.clip((share - 0.34) * 2.2, 0, 0.75)
    return as_plane(disc * (1 - bars) * (share < 0.72))


def slip(picture: Picture, reach: float) -> Picture:
    """Move red one way and blue the other, as a worn tape does."""
    step = reach * min(picture.shape[:2]) / 512
    moved = [
        cv2.warpAffine(
            np.ascontiguousarray(picture[..., k]),
            as_plane([[1, 0, dx], [0, 1, 0]]),
            picture.shape[1::-1],
            borderMode=cv2.BORDER_REPLICATE,
        )
        for k, dx in ((0, -step), (1, 0.0), (2, step))
    ]
    return as_plane(np.dstack(moved))


def floor_grid(like: Plane) -> Plane:
    """Return a perspective grid in the lowest quarter, (H, W)."""
    y, x = coordinates(like)
    top, middle = float(y.max()) * 0.74, float(x.max()) / 2
    depth = np.maximum(y - top, 0.5) / (float(y.max()) - top)
    rows = np.clip(1 - np.abs((1 / depth) % 1 - 0.5) * 6 * depth**0.5 * 1.2, 0, 1)
    columns = np.clip(2.0 - np.abs(((x - middle) / (depth + 0.35) / 60 + 0.5) % 1 - 0.5) * 60 * (depth + 0.35), 0, 1)
    return as_plane(np.maximum(rows, columns) * np.clip((y - top) / 12, 0, 1))


ERAS: dict[str, Renderer[Source]] = {
    "sepia-photo": Renderer(sepia_photo, {"fade": Span(0.4, 0.28, 0.55), "brown": Span(0.075, 0.06, 0.09)}, False),
    "art-deco": Renderer(
        art_deco,
        {
            "rays": Span(18, 14, 24),
            "gold": Span(0.115, 0.1, 0.13),
            "night": Span(0.58, 0.45, 0.7),
            "line": Span(5.5, 4.5, 6.5),
        },
        True,
    ),
    "vaporwave": Renderer(vaporwave, {"pink": Span(0.89, 0.86, 0.92), "cyan": Span(0.5, 0.47, 0.53)}, False),
}
