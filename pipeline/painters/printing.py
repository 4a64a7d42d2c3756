"""Ink from a plate or a block: linocut, ukiyo-e, risograph, pop-art, engraving."""

from __future__ import annotations

from functools import cache

import numpy as np

from pipeline.painters.lines import flatten, kuwahara, outline
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
    rgb,
    saturate,
    smoothstep,
    steps,
    times,
    unit,
)
from pipeline.painters.texture import blur, clouds, coordinates, dots, fibres, grain, noise, printed, stripes


def linocut(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """One dark ink from a gouged block: bold blacks, tapering cuts in the half-tones, salty printing."""
    grey = luma(flatten(picture, 0.2))
    wander = 10 * noise(picture, 70, rng)
    cuts = stripes(picture, p["gouge"], p["direction"], wander) + 0.3 * noise(picture, 26, rng)
    dark = smoothstep(as_plane(1 - grey), 0.08, 0.75)
    ink = smoothstep(as_plane(dark * 1.3 - 0.12 - cuts), -0.08, 0.08)
    ink = np.maximum(ink, smoothstep(as_plane(p["black"] - grey), -0.03, 0.03))
    ink = np.maximum(ink * (1 - outline(picture, 5, 0.3) * (grey < 0.4)), outline(picture, 8, 0.3) * (grey >= 0.4))
    salt = smoothstep(grain(picture, 5, rng), 0.62, 0.9)
    paper = times(rgb("#f4ecd8"), as_plane(1 + 0.02 * grain(picture, 4, rng)))
    return clip(mix(paper, hsv(p["ink"], 0.72, 0.24), as_plane(ink * (1 - 0.55 * salt))))


UKIYO_INKS = (
    "#243a5e",
    "#4f7a96",
    "#a9c4c0",
    "#efe3c4",
    "#d9b26a",
    "#c8553d",
    "#8f2f2b",
    "#5f7a4a",
    "#2c3b2e",
    "#7d5a6e",
    "#e2a48c",
    "#3a2f33",
)


def ukiyo_e(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Woodblock print: flat mineral colours, black key lines, a bokashi band of blue from the top, wood grain."""
    flat = flatten(picture, 0.25)
    flat = as_plane(0.35 * saturate(flat, 0.85) + 0.65 * mineral(flat))
    y, _ = coordinates(picture)
    band = np.broadcast_to(1 - smoothstep(as_plane(y / float(y.max())), 0.0, p["bokashi"]), picture.shape[:2])
    light = smoothstep(luma(flat), 0.55, 0.85)
    flat = mix(flat, rgb("#2b4a78"), as_plane(band * light * 0.85))
    plank = fibres(picture, 2, 220, rng, 5)
    pressed = times(flat, as_plane(1 + p["plank"] * plank))
    aged = pressed * mix(rgb("#ffffff"), rgb("#f0dfb8"), p["age"])
    return clip(mix(aged, rgb("#1d1a22"), outline(picture, p["line"], 0.5) * 0.92))


def mineral(picture: Picture) -> Picture:
    """The nearest of the print's inks, a little mixed on the borders between two."""
    red, green, blue = ((np.clip(picture[..., k], 0, 1) * 31).astype(np.intp) for k in range(3))
    return as_plane(mineral_table()[red, green, blue])


@cache
def mineral_table() -> Picture:
    """(32, 32, 32, 3): computed once, since training paints thousands of prints."""
    levels = np.linspace(0, 1, 32, dtype=np.float32)
    colours = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1)
    inks = np.stack([rgb(ink) for ink in UKIYO_INKS])
    spread = ((colours[..., None, :] - inks) ** 2 * as_plane([0.3, 0.5, 0.2])).sum(-1)
    weight = np.exp(-spread * 90)
    return as_plane(weight @ inks / (weight.sum(-1, keepdims=True) + 1e-9))


def risograph(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Fluorescent pink, blue and yellow soy inks, grain-touched and a little out of register."""
    soft = contrast(saturate(kuwahara(picture, 6), 1.25), 1.1, 0.55)
    page = np.broadcast_to(rgb("#f8f4ea"), picture.shape)
    inks = (hsv(p["pink"], 0.68, 1.0), hsv(0.145, 0.78, 1.0), hsv(p["blue"], 0.95, 0.78))
    for channel, ink, (dx, dy) in zip((1, 2, 0), inks, ((1, 0), (0, -1), (-1, 1)), strict=True):
        plate = shifted(as_plane(1 - soft[..., channel]), dx * p["slip"], dy * p["slip"])
        speck = 0.5 + 0.24 * grain(picture, 4.5, rng) + 0.16 * (dots(picture, 13, 20 + 30 * channel) - 0.5)
        page = page * mix(np.ones(3, np.float32), ink, as_plane(printed(plate, as_plane(speck), 0.9) * 0.96))
    return clip(times(as_plane(page), as_plane(1 + 0.02 * grain(picture, 4, rng))))


def shifted(plane: Plane, dx: float, dy: float) -> Plane:
    """Moved by (dx, dy) pixels of a 512 picture, the border repeated."""
    columns = round(dx * unit(plane))
    rows = round(dy * unit(plane))
    reach = max(abs(columns), abs(rows))
    wide = np.pad(plane, reach, mode="edge")
    height, width = plane.shape
    return as_plane(wide[reach - rows : reach - rows + height, reach - columns : reach - columns + width])


def pop_art(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Silkscreen: hues pushed to flat acid colour, greys replaced by a loud duotone with big dots."""
    flat = flatten(picture, 0.3)
    strength = smoothstep(chroma(flat), 0.12, 0.3)
    loud = saturate(steps(flat, 3, 0.15), 2.2)
    ground, spot = hsv(p["ground"], 0.92, 1.0), hsv(p["ground"] + p["clash"], 0.85, 1.0)
    grey = luma(flat)
    dotted = mix(
        np.broadcast_to(ground, picture.shape),
        spot,
        printed(as_plane(np.full_like(grey, 0.42)), dots(picture, p["dot"], 45)),
    )
    duotone = mix(
        mix(
            np.broadcast_to(rgb("#1a0f3c"), picture.shape),
            hsv(p["ground"] + 0.45, 0.8, 0.95),
            smoothstep(grey, 0.2, 0.3),
        ),
        dotted,
        smoothstep(grey, 0.55, 0.62),
    )
    worn = 1 - 0.18 * smoothstep(grain(picture, 9, rng), 0.6, 0.9)
    shown = times(mix(duotone, loud, strength), as_plane(worn))
    return clip(mix(shown, rgb("#140a2c"), outline(picture, p["line"], 0.35)))


def engraving(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Steel engraving: swelling lines that bend with the tone, crossed in the darks, in one warm ink on ivory."""
    grey = contrast(luma(blur(picture, 3)), 1.15, 0.55)
    bend = 22 * blur(grey, 10)
    first = stripes(picture, p["pitch"], p["direction"], bend)
    second = stripes(picture, p["pitch"], p["direction"] + 62, bend)
    dark = smoothstep(as_plane(1 - grey), 0.02, 0.95)
    lines = printed(as_plane(dark * 1.05 - 0.12), first, 0.3), printed(as_plane(dark * 1.5 - 0.75), second, 0.3)
    ink = np.maximum(np.maximum(*lines) * 0.85, outline(picture, 4.5, 0.55))
    paper = times(rgb("#f5ecd6"), as_plane(1 + 0.025 * clouds(picture, 120, rng) + 0.015 * grain(picture, 4, rng)))
    return clip(mix(paper, hsv(p["ink"], 0.6, 0.26), as_plane(ink * 0.94)))


PRINTS = {
    "linocut": Renderer(
        linocut,
        {
            "gouge": Span(20, 17, 26),
            "direction": Span(20, -30, 60),
            "black": Span(0.4, 0.32, 0.46),
            "ink": Span(0.47, 0.42, 0.52),
        },
        False,
    ),
    "ukiyo-e": Renderer(
        ukiyo_e,
        {
            "bokashi": Span(0.42, 0.3, 0.55),
            "plank": Span(0.08, 0.05, 0.12),
            "age": Span(0.6, 0.3, 0.9),
            "line": Span(4.5, 3.5, 5.5),
        },
        True,
    ),
    "risograph": Renderer(
        risograph, {"pink": Span(0.945, 0.92, 0.97), "blue": Span(0.56, 0.52, 0.62), "slip": Span(4, 2, 5)}, True
    ),
    "pop-art": Renderer(
        pop_art,
        {
            "ground": Span(0.145, 0.0, 1.0),
            "clash": Span(0.77, 0.6, 0.85),
            "dot": Span(24, 20, 28),
            "line": Span(6.5, 5.5, 8),
        },
        True,
    ),
    "engraving": Renderer(
        engraving, {"pitch": Span(10.5, 10, 13), "direction": Span(12, -20, 40), "ink": Span(0.06, 0.02, 0.1)}, False
    ),
}
