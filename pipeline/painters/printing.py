"""Ink from a plate or a block: linocut, ukiyo-e, risograph, pop-art, engraving."""

from __future__ import annotations

from functools import cache, lru_cache

import cv2
import numpy as np

from pipeline.painters.drawing import darkness_of
from pipeline.painters.grounds import bare_paper, by_night
from pipeline.painters.light import height_share, relief
from pipeline.painters.source import Source
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
from pipeline.painters.texture import clouds, dots, fibres, grain, noise, printed, stripes

LEVELS = 17  # of each channel in the table of a risograph's inks


def linocut(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint one dark ink from a gouged block: bold blacks, cuts that bend over the forms, salty printing."""
    dark = contrast(darkness_of(source, 0.3), 1.35, 0.42)
    figure = 1 - source.ground
    wander = 7 * noise(source.lines, 60, rng)
    ground = stripes(source.lines, p["gouge"], p["direction"], as_plane(wander))
    own = gouges(source, 0.72 * p["gouge"], p["direction"], as_plane(0.5 * wander))
    cuts = np.where(figure > 0, own, ground) + 0.22 * noise(source.lines, 22, rng)
    ink = smoothstep(as_plane(dark * 1.35 - 0.2 - cuts), -0.06, 0.06) * source.room(4, 11)  # eyes stand clear
    ink = np.maximum(ink, smoothstep(as_plane(p["black"] - source.light), -0.03, 0.03))
    ink = ink * smoothstep(source.away, 2.5, 5.0)  # the knife clears a line on both sides
    ink = np.maximum(np.maximum(ink, source.black), source.firm(1.0))
    salt = smoothstep(grain(source.lines, 3.5, rng), 0.62, 0.9)
    paper = times(rgb("#f4ecd8"), as_plane(1 + 0.02 * grain(source.lines, 4, rng)))
    return clip(mix(paper, hsv(p["ink"], 0.8, 0.27), as_plane(ink * (1 - 0.45 * salt))))


def gouges(source: Source, period: float, degrees: float, wander: Plane) -> Plane:
    """Return cuts (H, W) in [0, 1] that bend over the forms; neighbouring regions are cut in different directions."""
    bend = as_plane(wander + 14 * source.swell(46, 6))
    result = np.zeros_like(bend)
    for turn, angle in enumerate((degrees + 75, degrees - 35, degrees + 20)):
        result = np.where(source.regions % 3 == turn, stripes(source.lines, period, angle, bend), result)
    return as_plane(result)


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


def ukiyo_e(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint woodblock print: flat mineral colours, black key lines, a bokashi band of blue from the top, wood grain."""
    flat = as_plane(0.6 * saturate(source.calm, 1.05) + 0.4 * mineral(source.calm))
    down = height_share(source.lines)
    band = (1 - smoothstep(down, 0.0, p["bokashi"])) * source.ground
    dusk = smoothstep(down, 0.3, 0.75) * (1 - smoothstep(down, 0.75, 0.9)) * source.ground
    flat = mix(flat, rgb("#2b4a78"), as_plane(band * 0.9))
    flat = mix(flat, rgb("#e9a27c"), as_plane(dusk * 0.3 * smoothstep(source.light, 0.6, 0.85)))
    form = relief(source.swell(50, 7), 90, 14)
    flat = times(flat, as_plane(1 + 0.1 * np.minimum(form, 0)))
    plank = fibres(source.lines, 2, 260, rng, 5)
    pressed = times(flat, as_plane(1 + p["plank"] * plank + 0.02 * grain(source.lines, 4, rng)))
    aged = pressed * mix(rgb("#ffffff"), rgb("#f0dfb8"), p["age"])
    line = source.contour(0.25 * p["line"] - 1.7, as_plane(0.7 * noise(source.lines, 45, rng)))
    return clip(mix(aged, rgb("#1d1a22"), as_plane(line * 0.95)))


def mineral(picture: Picture) -> Picture:
    """Return the nearest of the print's inks, a little mixed on the borders between two."""
    red, green, blue = ((np.clip(picture[..., k], 0, 1) * 31).astype(np.intp) for k in range(3))
    return as_plane(mineral_table()[red, green, blue])


@cache
def mineral_table() -> Picture:
    """Return the inks' table (32, 32, 32, 3): computed once, since training paints thousands of prints."""
    levels = np.linspace(0, 1, 32, dtype=np.float32)
    colours = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1)
    inks = np.stack([rgb(ink) for ink in UKIYO_INKS])
    spread = ((colours[..., None, :] - inks) ** 2 * as_plane([0.3, 0.5, 0.2])).sum(-1)
    weight = np.exp(-spread * 90)
    return as_plane(weight @ inks / (weight.sum(-1, keepdims=True) + 1e-9))


def risograph(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint fluorescent pink, yellow and blue soy inks in grain-touched layers a little out of register; dark lines.

    How much of each ink comes nearest to a colour is looked up. Bare paper behind things is tinted: blue above, pink
    below.
    """
    form = relief(source.swell(54, 8), 125, 16)
    seen = by_night(source, "#4a78d8", 0.5)
    soft = clip(times(saturate(seen, 1.2), as_plane(1 + 0.2 * form)))
    inks = (hsv(p["pink"], 0.66, 1.0), hsv(0.145, 0.8, 1.0), hsv(p["blue"], 0.95, 0.76))
    amounts = separate(soft, inks)
    down, bare = height_share(source.lines), bare_paper(source)
    tints = (0.3 * smoothstep(down, 0.45, 1.0), np.zeros_like(down), 0.26 * (1 - smoothstep(down, 0, 0.5)))
    dull = 1 - smoothstep(chroma(soft), 0.34, 0.62)
    flat = as_plane(0.8 * dull * (1 - source.ground))  # greys and browns in flat tints: of dots they are confetti
    page = np.broadcast_to(rgb("#f8f4ea"), soft.shape)
    for plate, (ink, (dx, dy)) in enumerate(zip(inks, ((1, 0), (0, -1), (-1, 1)), strict=True)):
        amount = shifted(as_plane(np.maximum(amounts[..., plate], bare * tints[plate])), dx * p["slip"], dy * p["slip"])
        speck = as_plane(0.1 * grain(source.lines, 3.4, rng) + 0.4 * dots(source.lines, 10, 20 + 30 * plate))
        at = np.quantile(speck[::5, ::5], np.linspace(0, 1, 17))  # so that as much ink is printed as was asked for
        level = as_plane(np.interp(amount, np.linspace(0, 1, 17), at))
        laid = printed(level, speck, 0.55) * (1 - flat) + amount * flat
        page = page * mix(np.ones(3, np.float32), ink, as_plane(laid * 0.96))
    key = shifted(source.contour(0.2), 0.3 * p["slip"], 0)
    key = np.maximum(key, smoothstep(as_plane(1 - luma(seen)), 0.76, 0.88))
    dark = hsv(p["blue"] + 0.06, 0.8, 0.34)
    pressed = clip(as_plane(key * (1.04 + 0.33 * grain(source.lines, 3, rng))))
    over = mix(np.ones(3, np.float32), dark, pressed)  # ink lies over ink: black is darker than the line's blue
    return clip(times(as_plane(page * over), as_plane(1 + 0.02 * grain(source.lines, 4, rng))))


def separate(picture: Picture, inks: tuple[Plane, ...]) -> Picture:
    """Return how much of each of three inks, (H, W, 3) in [0, 1], comes nearest to a picture's colours."""
    table = ink_table(tuple(tuple(ink.tolist()) for ink in inks))
    red, green, blue = ((np.clip(picture[..., k], 0, 1) * (LEVELS - 1) + 0.5).astype(np.intp) for k in range(3))
    return as_plane(table[red, green, blue])


@lru_cache(maxsize=8)
def ink_table(inks: tuple[tuple[float, ...], ...]) -> Picture:
    """Return how much of each of three inks comes nearest to a colour, (LEVELS, LEVELS, LEVELS, 3).

    Inks lie over one another in independent dots (Demichel 1924, Neugebauer 1937); hue counts more than lightness, and
    of mixtures that are as near the one of fewer inks is taken, since three inks over one another are mud.
    """
    levels = np.linspace(0, 1, LEVELS, dtype=np.float32)
    colours = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(1, -1, 3)
    shares = np.linspace(0, 1, 9, dtype=np.float32)
    amounts = np.stack(np.meshgrid(shares, shares, shares, indexing="ij"), -1).reshape(-1, 3)
    mixed = np.prod(1 - amounts[..., None] * (1 - as_plane(inks)), axis=1)[None]
    wanted, laid = (cv2.cvtColor(as_plane(each), cv2.COLOR_RGB2LAB)[0] for each in (colours, mixed))
    weight = as_plane([0.9, 1, 1])
    wanted, laid = wanted * weight, laid * weight
    apart = (laid**2).sum(1) - 2 * wanted @ laid.T + 900 * amounts.min(1)
    return as_plane(amounts[apart.argmin(1)].reshape(LEVELS, LEVELS, LEVELS, 3))


def shifted(plane: Plane, dx: float, dy: float) -> Plane:
    """Return a plane moved by (dx, dy) pixels of a 512 picture, the border repeated."""
    columns = round(dx * unit(plane))
    rows = round(dy * unit(plane))
    reach = max(abs(columns), abs(rows))
    wide = np.pad(plane, reach, mode="edge")
    height, width = plane.shape
    return as_plane(wide[reach - rows : reach - rows + height, reach - columns : reach - columns + width])


def pop_art(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint silkscreen: flat acid colours, a loud dotted ground, big dots on the shaded side, thick ink."""
    form = relief(source.swell(56, 8), 125, 18)
    figure = 1 - source.ground
    strength = smoothstep(chroma(source.calm), 0.1, 0.26)
    loud = saturate(clip(steps(contrast(source.calm, 1.25, 0.5), 4, 0.2)), 2.0)
    pale = mix(np.broadcast_to(rgb("#2a1558"), loud.shape), rgb("#fffbe8"), smoothstep(source.light, 0.22, 0.5))
    body = mix(pale, loud, strength)
    screen = dots(source.lines, p["dot"] * 0.62, 45)
    shade = printed(as_plane(np.clip(0.05 - form, 0, 0.6)), screen, 0.1) * figure
    body = mix(body, hsv(p["ground"] + p["clash"], 0.8, 0.9), as_plane(0.85 * shade))
    ground, spot = hsv(p["ground"], 0.88, 1.0), hsv(p["ground"] + p["clash"], 0.75, 1.0)
    down = height_share(source.lines)
    amount = 0.2 + 0.5 * np.abs(down - 0.5)
    behind = mix(np.broadcast_to(ground, loud.shape), spot, printed(as_plane(amount), dots(source.lines, p["dot"], 45)))
    lower = clip(saturate(source.calm, 1.8))
    behind = mix(behind, lower, smoothstep(down, 0.78, 0.79) * strength)
    shown = mix(body, behind, source.ground)
    worn = 1 - 0.14 * smoothstep(grain(source.lines, 7, rng), 0.6, 0.9)
    return clip(mix(times(shown, as_plane(worn)), rgb("#140a2c"), source.contour(0.25 * p["line"] - 0.8)))


def engraving(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint steel engraving: fine lines that swell with the tone and bend over the forms, crossed in the darks."""
    grey = contrast(1 - darkness_of(source, 0.34), 1.15, 0.6)
    height = source.swell(60, 9)
    bend = as_plane(16 * height)
    first = stripes(source.lines, p["pitch"], p["direction"], bend)
    second = stripes(source.lines, p["pitch"], p["direction"] + 62, bend)
    level = stripes(source.lines, p["pitch"], 0, as_plane(1.5 * noise(source.lines, 120, rng)))
    first = np.where(source.ground > 0, level, first)
    dark = 1 - grey
    fade = source.ground * 0.18 * (1 - height_share(source.lines))
    lines = printed(as_plane(dark * 1.0 - 0.06 + fade * 0.6), as_plane(first), 0.3)
    crossed = printed(as_plane(dark * 1.5 - 0.72), second, 0.3)
    inside = smoothstep(source.away, 0.3, 2.0)
    ink = np.maximum(np.maximum(lines, crossed) * 0.85 * inside, source.contour(-0.4))
    paper = 1 + 0.025 * clouds(source.lines, 120, rng) + 0.015 * grain(source.lines, 4, rng)
    return clip(mix(times(rgb("#f5ecd6"), as_plane(paper)), hsv(p["ink"], 0.6, 0.2), as_plane(ink * 0.95)))


PRINTS: dict[str, Renderer[Source]] = {
    "linocut": Renderer(
        linocut,
        {
            "gouge": Span(15, 13, 19),
            "direction": Span(20, -30, 60),
            "black": Span(0.32, 0.26, 0.38),
            "ink": Span(0.47, 0.42, 0.52),
        },
        False,
    ),
    "ukiyo-e": Renderer(
        ukiyo_e,
        {
            "bokashi": Span(0.42, 0.3, 0.55),
            "plank": Span(0.07, 0.05, 0.11),
            "age": Span(0.55, 0.3, 0.85),
            "line": Span(4.5, 3.5, 5.5),
        },
        True,
    ),
    "risograph": Renderer(
        risograph, {"pink": Span(0.945, 0.92, 0.97), "blue": Span(0.56, 0.52, 0.62), "slip": Span(3.6, 2.6, 4.6)}, True
    ),
    "pop-art": Renderer(
        pop_art,
        {
            "ground": Span(0.145, 0.0, 1.0),
            "clash": Span(0.77, 0.6, 0.85),
            "dot": Span(18, 16, 22),
            "line": Span(6.5, 5.5, 8),
        },
        True,
    ),
    "engraving": Renderer(
        engraving, {"pitch": Span(6.6, 6.2, 8), "direction": Span(20, -20, 40), "ink": Span(0.06, 0.02, 0.1)}, False
    ),
}
