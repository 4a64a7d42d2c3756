"""Brush and paint: ghibli, watercolor, oil-painting, pointillism, ink-wash, pastel."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.painters.grounds import bare_paper, by_night, night, open_sky, painted_sky
from pipeline.painters.light import height_share, relief
from pipeline.painters.pieces import cells
from pipeline.painters.source import Source
from pipeline.painters.strokes import bristles, directions, lay_strokes, soften_steps, stroke_colours
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
    ramp,
    rgb,
    saturate,
    smoothstep,
    split_tone,
    spread,
    strongest,
    times,
)
from pipeline.painters.texture import blur, clouds, coordinates, fibres, grain, noise


def ghibli(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint gouache ground, cel-shaded figures in lush colours, warm light over cool shade, a cumulus sky."""
    dusk = by_night(source, "#3f6fd0", 0.5)
    soft = mix(dusk, painted_sky(source.calm, p["sky"], rng), as_plane(0.85 * open_sky(source)))
    dabs = noise(source.lines, 30, rng, 1.8) + 0.6 * noise(source.lines, 12, rng, 1.5)
    painted = times(soft, as_plane(1 + (0.03 + 0.05 * source.ground) * dabs))
    form = relief(source.swell(54, 6), 120, 26)
    shade = smoothstep(-form, 0.3, 0.42)
    cel = mix(painted, painted * rgb("#8f93c4"), as_plane(0.55 * shade))
    cel = mix(cel, np.ones(3, np.float32), as_plane(0.16 * smoothstep(form, 0.45, 0.6)))
    warm = split_tone(saturate(cel, p["lushness"]), hsv(0.58, 0.6, 0.7), hsv(0.13, 0.5, 1), p["warmth"])
    line = source.contour(0.25 * p["line"] - 1.4)
    return mix(clip(0.03 + 1.0 * warm**0.92), clip(0.26 * warm + rgb("#2a1a1a") * 0.6), as_plane(0.92 * line))


def spread_wet(picture: Picture, reach: float, rng: np.random.Generator) -> Picture:
    """Let colours wander off their contours by up to `reach` pixels of a 512 picture."""
    height, width = picture.shape[:2]
    scale = min(height, width) / 512 * reach
    y, x = np.mgrid[:height, :width].astype(np.float32)
    dx, dy = (noise(picture, 26, rng) + 0.5 * noise(picture, 9, rng) for _ in range(2))
    moved = cv2.remap(picture, x + scale * dx, y + scale * dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return as_plane(moved)


def watercolor(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint transparent washes on white paper: wet rims round every shape, backruns, pigment in the paper's hollows.

    A bare page gets a loose pale wash behind the thing; nights stay as light as thin paint is.
    """
    both = spread_wet(np.dstack([source.calm, np.minimum(source.away, 60) / 60]), 3.0, rng)
    wash, away = saturate(as_plane(both[..., :3]), 1.3), as_plane(both[..., 3] * 60)
    pool = clouds(source.lines, 110, rng)
    loose, wet = loose_wash(source, rng)
    wash = mix(wash, loose, bare_paper(source))
    rim = np.exp(-(((away - 3.5) / 2.6) ** 2)) + 0.35 * np.exp(-away / 14) + wet
    bloom = np.exp(-(((pool - 0.28) / 0.05) ** 2)) - 0.8 * smoothstep(pool, 0.28, 0.5)
    tooth = grain(source.lines, 6.5, rng)
    light = relief(source.swell(60, 9), 125, 14)
    density = p["strength"] * (0.84 + p["bloom"] * (0.55 * pool + 0.25 * bloom) + p["rim"] * 0.5 * rim - 0.3 * light)
    dry = smoothstep(as_plane(away + 1.6 * noise(source.lines, 34, rng)), -0.6, 1.8)
    pigment = -np.log(np.clip(wash * 0.94 + 0.05, 0.03, 1))
    density = density * (1 - 0.5 * night(source))  # a ground is one wash, and paper takes up no more
    cover = density * (1 + p["grain"] * tooth) * (0.15 + 0.85 * dry) * bare_border(source.lines, pool)
    paper = times(mix(rgb("#fffefa"), rgb("#fbf0da"), p["cream"]), as_plane(1 + 0.025 * tooth))
    painted = paper * np.exp(-times(as_plane(pigment), as_plane(cover)))
    pen = source.contour(-0.9, as_plane(0.6 * noise(source.lines, 40, rng))) * clip(as_plane(0.92 + 0.2 * tooth))
    return clip(mix(painted, rgb("#4a3d40"), as_plane(0.8 * pen)))


def loose_wash(source: Source, rng: np.random.Generator) -> tuple[Picture, Plane]:
    """Return a pale wash for a bare page, sky over earth, (H, W, 3), and its wet rim (H, W) in [0, 1]."""
    down = height_share(source.lines)
    puddle = as_plane(clouds(source.lines, 150, rng) - 0.9 * (down - 0.3) ** 2)
    sky = mix(np.broadcast_to(rgb("#86c0ea"), source.calm.shape), rgb("#dcebe6"), down)
    earth = smoothstep(as_plane(down + 0.12 * puddle), 0.72, 0.82)
    hue = mix(sky, rgb("#e6dcae"), earth)
    inside = np.maximum(smoothstep(puddle, -0.5, -0.42), earth)
    wet = bare_paper(source) * np.exp(-(((puddle + 0.43) / 0.03) ** 2)) * (1 - earth)
    return mix(np.ones_like(source.calm), hue, as_plane(inside)), as_plane(wet)


def bare_border(like: Picture, ragged: Plane) -> Plane:
    """Return 1 where the wash reaches, falling to 0 at a ragged margin of paper."""
    y, x = coordinates(like)
    inside = np.minimum(np.minimum(y, float(y.max()) - y), np.minimum(x, float(x.max()) - x))
    return smoothstep(as_plane(inside + 12 * ragged), 5, 12)


def oil_painting(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint loaded strokes along the forms, wide on the ground and fine near contours, lit as ridges of paint."""
    angle = directions(source, 34, p["direction"])
    air = mix(np.broadcast_to(rgb("#9cc3dc"), source.calm.shape), rgb("#efe3c6"), height_share(source.lines))
    seen = mix(by_night(source, "#7d9fd8", 0.55), air, as_plane(0.75 * bare_paper(source)))  # no canvas is left bare
    rich = saturate(seen, p["richness"])
    under = split_tone(rich, hsv(0.06, 0.7, 0.5), hsv(0.12, 0.55, 1), p["varnish"])
    form = relief(source.swell(50, 6), p["light"], 22)
    under = clip(times(under, as_plane(1 + 0.2 * form)))
    painted, ridge = under, np.zeros_like(source.lines)
    for spacing, length, width, near in ((11, p["stroke"], 13, 1e9), (7, 0.55 * p["stroke"], 6.5, 26)):
        strokes = lay_strokes(source, angle, spacing, length, width, rng)
        own = strokes.own_region(source) & (source.away < near)
        colours = under[strokes.spots[:, 0], strokes.spots[:, 1]]
        colours = as_plane(colours * (1 + rng.normal(0, 0.08, (len(colours), 1))) + rng.normal(0, 0.02, colours.shape))
        painted = as_plane(np.where(own[..., None], colours[strokes.cover], painted))
        ridge = np.where(own, rng.uniform(0, 1, len(colours)).astype(np.float32)[strokes.cover], ridge)
    hairs = bristles(source, angle, 26, rng)
    thick = relief(as_plane(0.5 * blur(as_plane(ridge), 1.2) + 0.28 * hairs), p["light"], 1.9 * p["impasto"])
    line = source.contour(-0.2, as_plane(0.4 * hairs)) * clip(as_plane(0.95 + 0.15 * hairs))
    lined = mix(soften_steps(as_plane(painted)), clip(under * 0.2) + rgb("#1a0f12") * 0.6, as_plane(0.9 * line))
    lit = times(lined, as_plane(0.97 + 0.06 * hairs + 0.24 * thick))
    return clip(lit + spread(0.2 * smoothstep(thick, 0.45, 0.95)))  # wet ridges shine


def pointillism(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint dots of pure pigment on a primed canvas, each leaning to a neighbour hue; dark ones on the lines."""
    seen = by_night(source, "#6a83d8", 0.5)
    air = mix(np.broadcast_to(rgb("#aacdf2"), seen.shape), rgb("#f6ecd4"), height_share(source.lines))
    seen = mix(seen, air, as_plane(0.85 * bare_paper(source)))  # nobody dots a white canvas white
    primed = as_plane(0.62 + 0.34 * (1 - source.light))  # under dark dots no light canvas is left
    ground = mix(np.broadcast_to(rgb("#f4ead2"), seen.shape), blur(seen, 3), primed)
    for size, wide in ((p["dot"] * 1.1, 0.7), (p["dot"] * 0.85, 1.0)):
        ground = dabbed(ground, seen, size, p["scatter"] * wide, rng)
    fine, distance, _ = cells(source.lines, p["dot"] * 0.42, 0.5, rng)
    shade = as_plane(rng.uniform(0.6, 1.0, int(fine.max()) + 1))[fine]
    speck = smoothstep(as_plane(p["dot"] * 0.42 * 0.62 - distance), -0.8, 0.8)
    line = as_plane(source.contour(0.3) * shade * (0.72 + 0.28 * speck))
    return clip(mix(ground, clip(source.calm * 0.22) + rgb("#1c1440") * 0.55, line))


def dabbed(ground: Picture, picture: Picture, size: float, scatter: float, rng: np.random.Generator) -> Picture:
    """Lay one coat of round dots over a ground."""
    labels, distance, centres = cells(picture, size, 0.75, rng)
    colour = saturate(picture[centres[:, 0], centres[:, 1]][None], 1.45)[0]
    room = np.clip(2.2 * (1 - luma(colour[None])[0]), 0.6, 1)  # a pale dot leans less: it would be confetti
    room = room * np.clip(1.3 * strongest(colour[None])[0], 0.12, 1)  # a dark one, too: brown would be violet
    colour = clip(as_plane(colour + scatter * room[:, None] * leanings(len(colour), rng)))
    radius = size * rng.uniform(0.4, 0.56, len(centres)).astype(np.float32)[labels]
    return mix(ground, colour[labels], as_plane(np.clip((radius - distance) / (size * 0.12), 0, 1)))


def leanings(count: int, rng: np.random.Generator) -> Plane:
    """Return blue-orange and violet-yellow leanings (count, 3)."""
    pairs = np.array([[0.15, 0.02, -0.16], [-0.13, -0.02, 0.17], [0.13, 0.1, -0.1], [0.02, -0.08, 0.12]], np.float32)
    return as_plane(pairs[rng.integers(0, 4, count)])


def ink_wash(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint Sumi-e: wet tones of black ink that bleed into rice paper, a brush line that swells and runs dry."""
    both = spread_wet(np.dstack([source.light, np.minimum(source.away, 60) / 60]), 5.0, rng)
    grey, away = both[..., 0], both[..., 1] * 60
    pool = clouds(source.lines, 70, rng)
    figure = 1 - source.ground
    form = relief(source.swell(48, 7), 120, 20)
    deep = clip(as_plane(1 - grey)) ** p["dilution"]
    tone = deep * (0.42 + 0.4 * figure) * (1 + 0.3 * pool) + figure * (0.05 - 0.16 * form)
    tone = tone + 0.2 * tone * np.exp(-(((away - 4) / 3) ** 2)) - 0.1 * np.exp(-away / 3)
    swing = as_plane(p["brush"] * 0.24 * noise(source.lines, 60, rng))
    dry = clip(as_plane(1.15 + 0.55 * fibres(source.lines, 25, 60, rng, 3) - 0.3 * smoothstep(pool, 0.1, 0.5)))
    brush = source.contour(0.22 * p["brush"] - 0.5, swing) * dry
    ink = np.clip(0.85 * tone, 0, 1) * (1 - 0.92 * brush) + 0.92 * brush
    paper = 1 + 0.025 * fibres(source.lines, 80, 30, rng) + 0.02 * grain(source.lines, 5, rng)
    stops = [hsv(0.6, 0.25, 0.08), hsv(0.58, 0.1, 0.5), hsv(p["paper"], 0.06, 0.97)]
    return clip(times(ramp(as_plane(1 - ink), stops), as_plane(paper)))


def pastel(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint chalky strokes of soft colour, smudged inside the forms, that skip over the tooth of a toned paper."""
    angle = directions(source, 24, np.radians(p["direction"]), 0.6)
    strokes = lay_strokes(source, angle, 8, 40, 6, rng)
    figure = 1 - source.ground
    sky = mix(np.broadcast_to(rgb("#7fb2e6"), source.calm.shape), rgb("#dfe6f0"), height_share(source.lines))
    seen = by_night(source, "#5f80c8", 0.45)
    seen = mix(seen, sky, as_plane(0.9 * bare_paper(source)))  # nobody chalks a white page white
    soft = mix(saturate(seen, 1.3), np.ones(3, np.float32), 0.7 * p["chalk"])
    rows, columns = strokes.spots.T
    touched = stroke_colours(source, strokes, 0.1, rng) + (seen - source.calm)[rows, columns]
    touched = touched * (1 - p["chalk"]) + p["chalk"]
    laid = strokes.coloured(source, clip(saturate(touched[None], 1.25)[0]), soft)
    form = relief(source.swell(46, 8), 125, 16)
    chalk = mix(soft, soften_steps(laid), as_plane(0.62 + 0.12 * figure))
    chalk = times(chalk, as_plane(1.02 + 0.22 * form))
    tooth = grain(source.lines, 3.6, rng) + 0.55 * fibres(source.lines, p["direction"], 46, rng, 3)
    paper = times(hsv(p["paper"], 0.14, 0.8), as_plane(1 + 0.05 * tooth))
    paper = mix(paper, soft, as_plane(0.25 * source.ground))
    pressed = p["cover"] + 0.26 + 0.16 * figure + 0.16 * form * figure
    cover = smoothstep(as_plane(0.8 * tooth + pressed), -0.3, 0.42)
    drawn = mix(paper, chalk, as_plane(0.16 + 0.82 * cover))
    line = source.contour(0.2) * clip(as_plane(0.92 + 0.5 * tooth))
    return clip(mix(drawn, clip(source.calm * 0.3 + 0.05), as_plane(0.85 * line)))


PAINTINGS: dict[str, Renderer[Source]] = {
    "ghibli": Renderer(
        ghibli,
        {
            "sky": Span(0.57, 0.54, 0.6),
            "lushness": Span(1.35, 1.2, 1.5),
            "warmth": Span(0.26, 0.16, 0.36),
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
            "stroke": Span(42, 32, 54),
            "direction": Span(0.5, 0.0, 3.1),
            "richness": Span(1.25, 1.1, 1.4),
            "varnish": Span(0.3, 0.2, 0.42),
            "impasto": Span(1.6, 1.1, 2.2),
            "light": Span(130, 60, 160),
        },
        True,
    ),
    "pointillism": Renderer(pointillism, {"dot": Span(9.5, 8.5, 11.5), "scatter": Span(1.0, 0.7, 1.3)}, True),
    "ink-wash": Renderer(
        ink_wash, {"dilution": Span(1.1, 0.9, 1.4), "brush": Span(6, 4.5, 7.5), "paper": Span(0.12, 0.08, 0.16)}, False
    ),
    "pastel": Renderer(
        pastel,
        {
            "chalk": Span(0.2, 0.12, 0.28),
            "direction": Span(-50, -70, -30),
            "paper": Span(0.07, 0.0, 0.14),
            "cover": Span(0.3, 0.2, 0.42),
        },
        True,
    ),
}
