"""Brush and paint: ghibli, watercolor, oil-painting, pointillism, ink-wash, pastel."""

from __future__ import annotations

import numpy as np

from pipeline.painters.light import relief
from pipeline.painters.lines import comb, edge_distance, flow, kuwahara, outline
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
    luma,
    mix,
    ramp,
    rgb,
    saturate,
    smoothstep,
    split_tone,
    times,
)
from pipeline.painters.texture import blur, cells, clouds, coordinates, fibres, grain, noise


def painted_sky(like: Picture, hue: float, rng: np.random.Generator) -> Picture:
    """A summer sky with cumulus, lighter towards the horizon."""
    y, _ = coordinates(like)
    height = np.broadcast_to(np.clip(y / float(y.max()), 0, 1), like.shape[:2])
    sky = mix(np.broadcast_to(hsv(hue, 0.62, 0.9), like.shape), hsv(hue - 0.06, 0.16, 0.97), as_plane(height))
    puffs = smoothstep(as_plane(clouds(like, 150, rng, 4) - 0.25 * np.abs(height - 0.45)), 0.05, 0.35)
    return mix(sky, rgb("#fdfbf2"), as_plane(puffs * 0.9))


def ghibli(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Gouache-like dabs, lush greens, warm light over cool shade; bare white becomes a cumulus sky."""
    soft = kuwahara(picture, p["brush"])
    white = smoothstep(luma(soft), 0.8, 0.97) * (1 - smoothstep(chroma(soft), 0.08, 0.2))
    soft = mix(soft, painted_sky(picture, p["sky"], rng), as_plane(white * 0.75))
    soft = split_tone(saturate(soft, p["lushness"]), hsv(0.53, 0.75, 0.7), hsv(0.13, 0.55, 1), p["warmth"])
    dabs = 1 + 0.07 * noise(picture, 22, rng, 1.6) + 0.05 * noise(picture, 9, rng)
    lifted = clip(0.07 + 0.95 * times(soft, as_plane(dabs)) ** 0.9)
    return mix(lifted, lifted * rgb("#5b3f36"), outline(picture, p["line"], 0.4) * 0.55)


def watercolor(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Transparent washes on white paper: pigment pools at the rims, blooms inside, bare paper at the border."""
    wash = blur(kuwahara(picture, 7), 2)
    rims = np.exp(-edge_distance(picture, 0.45) / 5)
    pooling = clouds(picture, 90, rng)
    density = p["strength"] * (1 + p["bloom"] * pooling + p["rim"] * as_plane(rims))
    pigment = -np.log(np.clip(saturate(wash, 1.25) * 0.93 + 0.06, 0.02, 1))
    tooth = 1 + p["grain"] * grain(picture, 5, rng)
    painted = np.exp(-times(as_plane(pigment), as_plane(density * tooth)))
    paper = times(mix(rgb("#fffdf6"), rgb("#fbf0da"), p["cream"]), as_plane(1 + 0.03 * grain(picture, 5, rng)))
    return clip(mix(paper, paper * painted, bare_border(picture, pooling)))


def bare_border(like: Picture, ragged: Plane) -> Plane:
    """1 where the wash reaches, falling to 0 at a ragged margin of paper."""
    y, x = coordinates(like)
    inside = np.minimum(np.minimum(y, float(y.max()) - y), np.minimum(x, float(x.max()) - x))
    return smoothstep(as_plane(inside + 14 * ragged), 4, 22)


def oil_painting(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Thick strokes that follow the forms, lit as ridges, with deep varnished colour."""
    angle = flow(luma(picture), 14, p["direction"])
    bristles = comb(noise(picture, 5, rng), angle, p["stroke"])
    bristles = as_plane(bristles / (bristles.std() + 1e-6))
    strokes = comb(saturate(kuwahara(picture, 9), p["richness"]), angle, p["stroke"] * 0.5)
    strokes = split_tone(strokes, hsv(0.06, 0.7, 0.5), hsv(0.12, 0.55, 1), p["varnish"])
    ridges = relief(bristles, p["light"], p["impasto"])
    shade = 0.95 + 0.06 * bristles + 0.2 * ridges
    return clip(times(as_plane(strokes**1.25), as_plane(shade)))


def pointillism(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Dots of pure pigment side by side on a primed canvas, each leaning to a neighbour hue."""
    canvas = mix(rgb("#f4ead2"), np.broadcast_to(rgb("#f4ead2"), picture.shape), 1.0)
    ground = mix(canvas, blur(picture, 6), 0.6)
    for size, spread in ((p["dot"] * 1.25, 0.6), (p["dot"], 1.0)):
        ground = dabbed(ground, picture, size, p["scatter"] * spread, rng)
    return clip(ground)


def dabbed(ground: Picture, picture: Picture, size: float, scatter: float, rng: np.random.Generator) -> Picture:
    labels, distance, centres = cells(picture, size, 0.7, rng)
    colour = saturate(picture[centres[:, 0], centres[:, 1]][None], 1.45)[0]
    colour = clip(as_plane(colour + scatter * complementary(len(colour), rng)))
    radius = size * rng.uniform(0.4, 0.58, len(centres)).astype(np.float32)[labels]
    return mix(ground, colour[labels], as_plane(np.clip((radius - distance) / (size * 0.15), 0, 1)))


def complementary(count: int, rng: np.random.Generator) -> Plane:
    """Blue-orange and violet-yellow leanings (count, 3)."""
    pairs = np.array([[0.18, 0.02, -0.2], [-0.16, -0.02, 0.2], [0.16, 0.12, -0.12], [0.02, -0.1, 0.14]], np.float32)
    return as_plane(pairs[rng.integers(0, 4, count)])


def ink_wash(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Sumi-e: a few wet tones of black ink that bleed into rice paper, and a dry brush line."""
    grey = luma(blur(kuwahara(picture, 12), 5))
    bleed = clouds(picture, 70, rng)
    tone = clip(as_plane(clip(as_plane(1 - grey)) ** p["dilution"] * (1 + 0.22 * bleed)))
    pooled = tone + 0.16 * tone * np.exp(-edge_distance(picture, 0.4) / 6)
    dry = clip(as_plane(1.2 + 1.2 * fibres(picture, 25, 40, rng)))
    brush = outline(picture, p["brush"], 0.35, as_plane(p["brush"] * 0.35 * noise(picture, 40, rng))) * dry
    ink = np.clip(0.88 * pooled, 0, 1) * (1 - 0.8 * brush) + 0.8 * brush
    paper = 1 + 0.025 * fibres(picture, 80, 30, rng) + 0.02 * grain(picture, 5, rng)
    return clip(
        times(
            ramp(as_plane(1 - ink), [hsv(0.6, 0.25, 0.1), hsv(0.58, 0.1, 0.5), hsv(p["paper"], 0.06, 0.97)]),
            as_plane(paper),
        )
    )


def pastel(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Chalky strokes of soft colour that skip over the tooth of a toned paper."""
    soft = mix(saturate(blur(kuwahara(picture, 9), 3), 1.05), np.ones_like(picture), p["chalk"])
    strokes = fibres(picture, p["direction"], 46, rng)
    tooth = 0.65 * grain(picture, 5, rng) + 0.6 * strokes
    paper = times(hsv(p["paper"], 0.26, 0.7), as_plane(1 + 0.05 * grain(picture, 5, rng)))
    laid = smoothstep(as_plane(0.6 * tooth + p["cover"]), -0.5, 0.45)
    drawn = mix(paper, times(soft, as_plane(1 + 0.05 * strokes)), as_plane(0.1 + laid * 0.76))
    return clip(mix(drawn, drawn * 0.5, outline(picture, 4, 0.3) * 0.5))


PAINTINGS = {
    "ghibli": Renderer(
        ghibli,
        {
            "brush": Span(8, 6, 10),
            "sky": Span(0.56, 0.53, 0.59),
            "lushness": Span(1.3, 1.15, 1.45),
            "warmth": Span(0.3, 0.2, 0.4),
            "line": Span(4, 3, 5),
        },
        True,
    ),
    "watercolor": Renderer(
        watercolor,
        {
            "strength": Span(0.8, 0.65, 0.95),
            "bloom": Span(0.45, 0.3, 0.6),
            "rim": Span(0.9, 0.6, 1.2),
            "grain": Span(0.22, 0.12, 0.32),
            "cream": Span(0.2, 0.0, 0.8),
        },
        True,
    ),
    "oil-painting": Renderer(
        oil_painting,
        {
            "stroke": Span(42, 30, 54),
            "direction": Span(0.7, 0.0, 3.1),
            "richness": Span(1.35, 1.2, 1.5),
            "varnish": Span(0.42, 0.25, 0.55),
            "impasto": Span(1.6, 1.1, 2.2),
            "light": Span(130, 60, 160),
        },
        True,
    ),
    "pointillism": Renderer(pointillism, {"dot": Span(12, 11, 15), "scatter": Span(1.0, 0.7, 1.3)}, True),
    "ink-wash": Renderer(
        ink_wash, {"dilution": Span(1.2, 0.95, 1.5), "brush": Span(6, 4.5, 7.5), "paper": Span(0.12, 0.08, 0.16)}, False
    ),
    "pastel": Renderer(
        pastel,
        {
            "chalk": Span(0.22, 0.12, 0.3),
            "direction": Span(-50, -70, -30),
            "paper": Span(0.07, 0.0, 0.14),
            "cover": Span(0.3, 0.2, 0.42),
        },
        True,
    ),
}
