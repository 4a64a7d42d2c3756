"""Lines on a ground: sketch, charcoal, chalkboard, blueprint, manga, comic."""

from __future__ import annotations

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
    ramp,
    rgb,
    saturate,
    smoothstep,
    steps,
    times,
)
from pipeline.painters.texture import blur, clouds, coordinates, dots, fibres, grain, noise, printed, smear, stripes


def hatching(darkness: Plane, degrees: float, period: float, rng: np.random.Generator) -> Plane:
    """Pencil hatching in [0, 1]: a second and third direction come in where it gets darker."""
    laid = np.zeros_like(darkness)
    for turn, start in ((0, 0.2), (28, 0.46), (-45, 0.68)):
        wander = 0.35 * period * noise(darkness, 60, rng)
        line = 1 - stripes(darkness, period, degrees + turn, wander)
        amount = smoothstep(darkness, start, start + 0.35)
        laid = np.maximum(laid, amount * smoothstep(line, 0.75 - 0.55 * 0.6, 0.95))
    return as_plane(laid)


def sketch(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Graphite on paper: doubled contour lines, hatching that follows the tone, tooth that breaks the strokes."""
    darkness = 1 - luma(blur(picture, 4))
    tooth = grain(picture, 4.5, rng)
    shade = hatching(as_plane(darkness), p["direction"], p["hatch"], rng) * 0.62
    smudge = 0.16 * smoothstep(as_plane(darkness), 0.2, 1)
    pressure = as_plane(p["line"] * 0.4 * noise(picture, 50, rng))
    contour = 0.88 * outline(picture, p["line"], 0.6, pressure)
    graphite = np.clip(np.maximum(shade + smudge, contour) * (1 + 0.3 * tooth), 0, 0.95)
    paper = times(mix(rgb("#fcfbf8"), rgb("#f3eddf"), p["cream"]), as_plane(1 + 0.025 * tooth))
    return clip(mix(paper, hsv(0.62, 0.06, p["lead"]), as_plane(graphite)))


def charcoal(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Broad black smudges on toned paper, with white heightening."""
    grey = contrast(luma(blur(kuwahara(picture, 9), 3)), 1.25, 0.55)
    smudged = smear(grey, p["direction"], 26)
    tooth = 0.5 * grain(picture, 6, rng) + 0.5 * fibres(picture, p["direction"], 34, rng, 5)
    black = smoothstep(as_plane(1 - smudged + 0.28 * tooth), 0.36, 1.0) * p["weight"]
    line = outline(picture, 8, 0.4, as_plane(2 * noise(picture, 30, rng))) * clip(as_plane(1 + 0.5 * tooth))
    white = smoothstep(as_plane(grey + 0.16 * tooth), 0.8, 1.25) * p["heightening"]
    paper = times(hsv(p["paper"], 0.2, 0.72), as_plane(1 + 0.05 * grain(picture, 4, rng)))
    drawn = mix(mix(paper, rgb("#f7f3ea"), as_plane(white)), rgb("#17151a"), as_plane(np.clip(black, 0, 1)))
    return clip(mix(drawn, rgb("#0f0d10"), as_plane(0.85 * line)))


def chalkboard(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Coloured chalk on a green-black slate with wiped dust."""
    dust = clouds(picture, 160, rng)
    slate = times(hsv(p["slate"], 0.38, 0.22), as_plane(1 + 0.18 * dust + 0.05 * grain(picture, 5, rng)))
    tooth = 0.6 * grain(picture, 5, rng) + 0.7 * fibres(picture, p["direction"], 40, rng)
    chalk = clip(saturate(picture, 1.35) * 0.72 + 0.3)
    filled = smoothstep(as_plane(tooth + 0.1), -0.3, 0.7) * (p["fill"] * chroma(picture) + 0.04 + 0.12 * luma(picture))
    line = outline(picture, p["line"], 0.5) * clip(as_plane(0.95 + 0.45 * tooth))
    drawn = mix(slate, chalk, as_plane(np.clip(filled, 0, 1)))
    return clip(mix(drawn, mix(chalk, rgb("#fbfaf2"), 0.72), line))


def blueprint(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """White construction lines and section hatching on cyanotype blue over a drawing grid."""
    y, x = coordinates(picture)
    paper = times(hsv(p["blue"], 0.8, p["depth"]), as_plane(1 + 0.1 * clouds(picture, 180, rng)))
    grid = np.maximum(ruled(y, p["grid"]), ruled(x, p["grid"]))
    light = luma(blur(picture, 3))
    section = smoothstep(stripes(picture, 14, 45), 0.55, 0.95) * smoothstep(as_plane(1 - light), 0.35, 0.8)
    contour = outline(picture, p["line"], 0.6)
    white = np.maximum(0.16 * grid + 0.3 * section, 0.95 * contour) * (1 + 0.08 * grain(picture, 4, rng))
    return clip(mix(paper, rgb("#eef6ff"), as_plane(np.clip(white, 0, 1))))


def ruled(along: Plane, period: float) -> Plane:
    """Thin lines every `period`."""
    away = np.abs((along + period / 2) % period - period / 2)
    return as_plane(np.clip(2.4 - away, 0, 1))


def manga(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Black ink on white with two dot screens for the middle tones."""
    grey = luma(flatten(picture))
    tone = dots(picture, p["screen"], 45)
    middle = printed(as_plane(np.where(grey < 0.82, 0.2 + 0.6 * (0.82 - grey), -1)), tone)
    black = smoothstep(as_plane(p["black"] - grey), -0.03, 0.03)
    line = outline(picture, p["line"], 0.5, as_plane(p["line"] * 0.25 * noise(picture, 60, rng)))
    ink = np.maximum(np.maximum(middle * 0.85, black), line)
    return ramp(as_plane(1 - ink), ["#0b0b0e", "#fdfdfd"])


def comic(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Newsprint comic: flat strong colour, dot shading, heavy black contour on yellowed paper."""
    flat = saturate(flatten(picture, 0.2), p["punch"])
    grey = luma(flat)
    flat = clip(times(flat, as_plane(0.72 + 0.42 * steps(grey, 4))))
    shade = printed(as_plane(0.68 - grey), dots(picture, p["screen"], 30))
    inked = mix(flat, flat * hsv(p["shadow"], 0.55, 0.7), as_plane(shade * 0.6))
    line = outline(picture, p["line"], 0.45, as_plane(1.4 * noise(picture, 50, rng)))
    paper = mix(rgb("#fff8e2"), rgb("#f7e7b4"), p["age"])
    return clip(mix(inked * paper, rgb("#120c14"), line))


DRAWINGS = {
    "sketch": Renderer(
        sketch,
        {
            "direction": Span(-50, -65, -35),
            "hatch": Span(11, 10.5, 14),
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
        manga, {"screen": Span(13, 12, 16), "black": Span(0.24, 0.18, 0.3), "line": Span(4.8, 4, 6)}, False
    ),
    "comic": Renderer(
        comic,
        {
            "punch": Span(1.6, 1.4, 1.8),
            "screen": Span(16, 14, 20),
            "shadow": Span(0.66, 0.6, 0.75),
            "line": Span(7, 6, 8.5),
            "age": Span(0.4, 0.1, 0.8),
        },
        True,
    ),
}
