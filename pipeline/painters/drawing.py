"""Lines on a ground: sketch, charcoal, chalkboard, blueprint, manga, comic."""

from __future__ import annotations

import numpy as np

from pipeline.painters.grounds import by_night
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
    hsv,
    mix,
    ramp,
    rgb,
    saturate,
    smoothstep,
    times,
)
from pipeline.painters.texture import clouds, coordinates, dots, fibres, grain, noise, printed, smear, stripes


def darkness_of(source: Source, form: float, ground: float = 1.0) -> Plane:
    """Return how much a draughtsman shades each place, in [0, 1]: its tone and, by `form`, the side away from light.

    `ground` is the share of its tone that the ground keeps.
    """
    lit = relief(source.swell(52, 7), 125, 18)
    tone = (1 - source.light) * (ground * source.ground + 1 - source.ground)
    return clip(as_plane(tone - form * lit * (1 - source.ground)))


def hatching(darkness: Plane, degrees: float, period: float, rng: np.random.Generator) -> Plane:
    """Return pencil hatching in [0, 1]: a second and third direction come in where it gets darker."""
    laid = np.zeros_like(darkness)
    for turn, start in ((0, 0.12), (24, 0.42), (-55, 0.62)):
        wander = 0.3 * period * noise(darkness, 60, rng)
        line = 1 - stripes(darkness, period, degrees + turn, as_plane(wander))
        broken = 0.22 * fibres(darkness, degrees + turn, 60, rng, period * 0.8)
        amount = smoothstep(as_plane(darkness + broken), start, start + 0.34)
        laid = np.maximum(laid, amount * smoothstep(line, 0.42, 0.95))
    return as_plane(laid)


def sketch(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint graphite on paper: one pencil contour pressed here and there, hatching that follows tone and form."""
    darkness = darkness_of(source, 0.34, 0.42)
    darkness = clip(as_plane(darkness - source.ground * 0.12))
    tooth = grain(source.lines, 3.6, rng)
    shade = hatching(darkness, p["direction"], p["hatch"], rng) * 0.55
    smudge = 0.2 * smoothstep(darkness, 0.15, 1)
    pressure = as_plane(0.16 * p["line"] * noise(source.lines, 50, rng))
    contour = 0.95 * source.contour(0.25 * p["line"] - 1.5, pressure) * clip(as_plane(0.95 + 0.25 * tooth))
    graphite = np.clip(np.maximum((shade + smudge) * (1 + 0.35 * tooth), contour), 0, 0.95)
    paper = times(mix(rgb("#fcfbf8"), rgb("#f3eddf"), p["cream"]), as_plane(1 + 0.02 * tooth))
    return clip(mix(paper, hsv(0.62, 0.06, p["lead"]), as_plane(graphite)))


def charcoal(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint broad smudged blacks on toned paper, a sooty line, white heightening on the lit side."""
    darkness = darkness_of(source, 0.42, 0.55)
    smudged = smear(darkness, p["direction"], 22)
    tooth = 0.6 * grain(source.lines, 4.5, rng) + 0.4 * fibres(source.lines, p["direction"], 34, rng, 5)
    black = smoothstep(as_plane(smudged + 0.26 * tooth), 0.22, 1.0) * p["weight"]
    swing = as_plane(1.2 * noise(source.lines, 30, rng))
    line = source.contour(0.9, swing) * clip(as_plane(1.0 + 0.5 * tooth))
    lit = np.clip(0.9 - darkness, 0, 1) * (1 - source.ground)
    white = smoothstep(as_plane(lit + 0.16 * tooth), 0.55, 1.0) * p["heightening"]
    paper = times(hsv(p["paper"], 0.2, 0.74), as_plane(1 + 0.05 * grain(source.lines, 4, rng)))
    drawn = mix(mix(paper, rgb("#f7f3ea"), as_plane(white * 0.85)), rgb("#17151a"), clip(as_plane(0.9 * black)))
    return clip(mix(drawn, rgb("#0f0d10"), as_plane(0.93 * line)))


def chalkboard(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint coloured chalk on a green-black slate with wiped dust; white chalk lines."""
    dust = clouds(source.lines, 160, rng)
    slate = times(hsv(p["slate"], 0.38, 0.2), as_plane(1 + 0.2 * dust + 0.06 * grain(source.lines, 5, rng)))
    streak = fibres(source.lines, p["direction"], 60, rng, 5)
    tooth = 0.7 * grain(source.lines, 3.6, rng) + 0.6 * streak
    chalk = clip(saturate(source.calm, 1.3) * 0.68 + 0.3)
    inside = smoothstep(source.away, 1.5, 4)
    figure = 1 - source.ground
    amount = p["fill"] * (0.18 + 0.82 * figure) * (0.35 + 0.5 * source.light + 0.35 * chroma(source.calm))
    filled = smoothstep(as_plane(tooth + 0.35 * figure), -0.55, 0.6) * amount * inside
    line = source.contour(0.25 * p["line"] - 1.2) * clip(as_plane(1.02 + 0.4 * tooth))
    drawn = mix(slate, chalk, clip(as_plane(filled)))
    return clip(mix(drawn, mix(chalk, rgb("#fdfcf5"), 0.88), as_plane(0.97 * line)))


def blueprint(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint one clean set of white lines on cyanotype blue over a drawing grid, hatching in the darker parts."""
    y, x = coordinates(source.lines)
    paper = times(hsv(p["blue"], 0.8, p["depth"]), as_plane(1 + 0.1 * clouds(source.lines, 180, rng)))
    grid = np.maximum(ruled(y, p["grid"]), ruled(x, p["grid"]))
    fine = np.maximum(ruled(y, p["grid"] / 4), ruled(x, p["grid"] / 4))
    figure = 1 - source.ground
    section = smoothstep(stripes(source.lines, 9, 45), 0.6, 0.95)
    section = section * figure * smoothstep(as_plane(1 - source.light), 0.42, 0.6) * smoothstep(source.away, 1, 3)
    contour = source.contour(0.25 * p["line"] - 1.7)
    faint = 0.15 * grid + 0.05 * fine + 0.3 * section + 0.07 * figure
    white = np.maximum(faint, 0.98 * contour) * (1 + 0.08 * grain(source.lines, 4, rng))
    return clip(mix(paper, rgb("#eef6ff"), clip(as_plane(white))))


def ruled(along: Plane, period: float) -> Plane:
    """Return thin lines every `period`."""
    away = np.abs((along + period / 2) % period - period / 2)
    return as_plane(np.clip(1.6 - away, 0, 1))


def manga(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint black ink on white: dot screens for the middle tones and the shaded side, solid black for the darkest."""
    form = relief(source.swell(56, 7), 125, 20)
    figure = 1 - source.ground
    grey = source.light - 0.16 * figure * smoothstep(-form, 0.3, 0.45)
    tone = dots(source.lines, p["screen"], 45)
    down = height_share(source.lines)
    amount = np.where(grey < 0.78, 0.16 + 0.62 * (0.78 - grey), -1)
    sky = (0.5 - 0.62 * down) * smoothstep(as_plane(0.93 - source.light), 0, 0.12)
    amount = np.where((source.ground > 0) & (down < 0.75), np.minimum(sky, 0.1 + 0.5 * (1 - grey)), amount)
    middle = printed(as_plane(amount), tone)
    black = smoothstep(as_plane(p["black"] - source.light), -0.02, 0.02)
    line = source.contour(0.25 * p["line"] - 1.0, as_plane(0.5 * noise(source.lines, 60, rng)))
    halo = smoothstep(source.away, 0.5, 2.5)
    ink = np.maximum(np.maximum(middle * 0.9, black) * halo, line)
    glint = smoothstep(form, 0.62, 0.72) * (1 - line)
    return ramp(clip(as_plane(1 - ink + glint)), ["#0b0b0e", "#fdfdfd"])


def comic(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint newsprint comic: flat strong colour, halftone dots on the shaded side, clean black ink, yellowed paper."""
    form = relief(source.swell(58, 7), 125, 20)
    figure = 1 - source.ground
    flat = saturate(by_night(source, "#3a78d8", 0.5), p["punch"])
    flat = clip(flat * 1.04)
    lower = smoothstep(height_share(source.lines), 0.0, 1.0)
    shade = figure * np.clip(0.16 - 0.95 * form, 0, 0.8) + source.ground * (0.14 + 0.3 * (1 - lower))
    dotted = printed(as_plane(shade - 0.04), dots(source.lines, p["screen"], 30), 0.1)
    deep = clip(flat * hsv(p["shadow"], 0.35, 0.72))
    inked = mix(flat, deep, as_plane(dotted * 0.9))
    solid = figure * smoothstep(-form, 0.72, 0.78)
    inked = mix(inked, deep * 0.9, as_plane(0.8 * solid))
    inked = mix(inked, np.ones(3, np.float32), as_plane(0.7 * figure * smoothstep(form, 0.66, 0.72)))
    line = source.contour(0.25 * p["line"] - 0.9, as_plane(0.7 * noise(source.lines, 50, rng)))
    paper = mix(rgb("#fffaea"), rgb("#f9ecc4"), p["age"])
    return clip(mix(inked * paper, rgb("#120c14"), line))


DRAWINGS: dict[str, Renderer[Source]] = {
    "sketch": Renderer(
        sketch,
        {
            "direction": Span(-50, -65, -35),
            "hatch": Span(7.5, 7, 9),
            "line": Span(4, 3, 5),
            "cream": Span(0.25, 0.0, 0.7),
            "lead": Span(0.2, 0.12, 0.3),
        },
        False,
    ),
    "charcoal": Renderer(
        charcoal,
        {
            "direction": Span(-40, -60, -20),
            "weight": Span(0.95, 0.85, 1.05),
            "heightening": Span(0.8, 0.5, 1),
            "paper": Span(0.08, 0.05, 0.11),
        },
        False,
    ),
    "chalkboard": Renderer(
        chalkboard,
        {
            "slate": Span(0.42, 0.36, 0.5),
            "direction": Span(-35, -55, 55),
            "fill": Span(0.85, 0.65, 1.0),
            "line": Span(6, 5, 7.5),
        },
        True,
    ),
    "blueprint": Renderer(
        blueprint,
        {
            "blue": Span(0.6, 0.575, 0.625),
            "depth": Span(0.56, 0.45, 0.66),
            "grid": Span(32, 26, 44),
            "line": Span(4.4, 3.6, 5.5),
        },
        False,
    ),
    "manga": Renderer(
        manga, {"screen": Span(8.5, 7.5, 10.5), "black": Span(0.2, 0.15, 0.26), "line": Span(4.8, 4, 6)}, False
    ),
    "comic": Renderer(
        comic,
        {
            "punch": Span(1.45, 1.3, 1.65),
            "screen": Span(12, 10.5, 14),
            "shadow": Span(0.66, 0.6, 0.75),
            "line": Span(7, 6, 8.5),
            "age": Span(0.55, 0.3, 0.9),
        },
        True,
    ),
}
