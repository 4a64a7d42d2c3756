"""Made of one stuff: clay, stone-relief, gold-lacquer, pyrography, ice, industrial."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.painters.drawing import darkness_of
from pipeline.painters.grounds import bare_paper, by_night
from pipeline.painters.light import cast_shadow, relief
from pipeline.painters.pieces import cells, seams
from pipeline.painters.source import Source, rise
from pipeline.painters.strokes import rows_along
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
    mix,
    ramp,
    rgb,
    saturate,
    smoothstep,
    times,
)
from pipeline.painters.texture import blur, clouds, coordinates, fibres, grain, noise, stripes


def clay(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint plasticine: round kneaded bodies with thumb dents and a dull shine; the lines are grooves in own colour."""
    line = source.contour(0.2)
    lump = noise(source.lines, 30, rng) + 0.45 * noise(source.lines, 11, rng)
    prints = stripes(source.lines, 5, 30, as_plane(26 * noise(source.lines, 90, rng)))
    dent = smoothstep(clouds(source.lines, 60, rng), 0.1, 0.45)
    figure = 1 - source.ground
    body = source.swell(2 * p["swell"], 3.0, 0.22)
    kneaded = (0.008 + 0.022 * figure) * lump + (0.004 * prints - 0.03) * dent * figure
    height = as_plane(body + kneaded - 0.1 * blur(line, 1.6) * figure)
    form = as_plane(relief(height, p["light"], 46) * (0.35 + 0.65 * figure))
    slab = by_night(source, "#6f8cc8", 0.5)
    slab = mix(slab, rgb("#efdcbb"), as_plane(0.85 * bare_paper(source)))  # rolled out, as a page is of paper
    flat = clip(saturate(slab, 1.12) * 0.84 + 0.09)
    flat = mix(flat, clip(saturate(source.calm, 1.3) * 0.3) + rgb("#241410") * 0.45, as_plane(0.96 * line))
    crease = np.exp(-((np.maximum(source.pen_distance, 0) / 5.0) ** 2)) * (source.pen_distance > 0) * figure
    crease = np.maximum(crease, 0.8 * np.exp(-source.border_distance / 4)) * (1 - line)
    cast = cast_shadow(as_plane(figure), p["light"], 26, 8) * source.ground
    touch = source.ground * np.exp(-source.border_distance / 6)
    lit = times(flat, as_plane(1.03 + 0.4 * form - 0.26 * crease - 0.36 * cast - 0.16 * touch))
    shine = smoothstep(form, 0.55, 0.95) * (0.6 + 0.4 * lump) * (1 - line)
    return clip(mix(lit, np.ones(3, np.float32), clip(as_plane(shine * p["gloss"]))))


def stone_relief(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint carved sandstone: figures stand out of a rough ground in raking light, the lines are chiselled grooves."""
    pitted = clouds(source.lines, 34, rng) + 0.9 * grain(source.lines, 4, rng)
    groove = blur(source.contour(0.3), 0.9)
    raised = blur(as_plane(1 - source.ground), 2.0)
    body = source.swell(46, 4, 0.25)
    height = 0.45 * raised + 0.6 * body - 0.32 * groove + (0.02 + 0.014 * source.ground) * pitted
    lit = relief(as_plane(height), p["light"], 0.75 * p["depth"])
    cast = cast_shadow(as_plane(1 - source.ground), p["light"], 9, 2.5) * source.ground
    strata = 0.05 * noise(source.lines, 60, rng, 6)
    local = 0.3 * (source.light - 0.6) * (1 - 0.6 * source.ground)
    tone = 0.6 + 0.4 * lit + local - 0.34 * groove - 0.3 * cast + strata + 0.035 * pitted + 0.07 * raised
    return ramp(as_plane(tone), [hsv(p["stone"], 0.26, 0.14), hsv(p["stone"], 0.2, 0.6), hsv(p["stone"], 0.07, 0.97)])


def gold_lacquer(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint Maki-e on black lacquer: gold lines, leaf and sprinkled dust in the figures, bare lacquer beside lines."""
    sprinkle = 0.5 + 0.5 * grain(source.lines, 3, rng)
    figure = 1 - source.ground
    form = relief(source.swell(p["dusting"] + 24, 6), 125, 18)
    bare = smoothstep(source.away, 2.0, 4.5)
    light = 0.2 + 0.62 * source.light + 0.25 * form
    dust = smoothstep(as_plane(light - 0.72 * sprinkle), -0.08, 0.22) * figure * bare
    far = smoothstep(clouds(source.lines, 150, rng), 0.1, 0.6)
    stray = smoothstep(as_plane(sprinkle + 0.12 * far), 0.94, 1.08) * 0.7
    gold = np.maximum(np.maximum(dust * 0.82, stray * source.ground), source.contour(0.25 * p["line"] - 1.2))
    ground = times(rgb("#160a09"), as_plane(0.8 + 0.5 * clouds(source.lines, 220, rng)))
    ground = mix(ground, rgb("#3a0f0c"), as_plane(0.5 * figure * (1 - dust)))
    sheen = 0.58 + 0.2 * noise(source.lines, 40, rng) + 0.14 * grain(source.lines, 3, rng) + 0.16 * form
    tones = [hsv(p["gold"] - 0.02, 0.8, 0.45), hsv(p["gold"], 0.66, 0.88), hsv(p["gold"] + 0.03, 0.35, 1.0)]
    return clip(mix(ground, ramp(as_plane(sheen), tones), clip(as_plane(gold))))


def pyrography(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint burnt into a birch board: scorched lines, brown shading that deepens along the rims, wood grain."""
    rings = fibres(source.lines, p["board"], 240, rng, 6)
    wander = noise(source.lines, 120, rng, 3)
    plank = 0.76 + 0.08 * rings + 0.06 * wander
    wood = ramp(as_plane(plank), [hsv(0.07, 0.7, 0.4), hsv(p["wood"], 0.6, 0.76), hsv(p["wood"] + 0.015, 0.42, 0.98)])
    dark = darkness_of(source, 0.3, 0.4)
    figure = 1 - source.ground
    rim = np.exp(-source.away / 9) * figure
    tooth = grain(source.lines, 4.5, rng)
    burn = smoothstep(as_plane(dark + 0.3 * rim + 0.1 * rings + 0.1 * tooth), 0.12, 1.05) * p["burn"]
    line = source.contour(0.25 * p["line"] - 0.9, as_plane(0.6 * noise(source.lines, 14, rng)))
    scorch = blur(line, 4) * 0.5
    toned = mix(wood, wood * rgb("#5a2d12"), clip(as_plane(burn + scorch)))
    return clip(mix(toned, rgb("#241008"), as_plane(line * 0.94)))


def ice(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint carved from clear ice: blue depth, frosted faces, bright rims, deep-blue cuts, a cracked frozen ground."""
    labels, _, centres = cells(source.lines, 64, 0.95, rng)
    crack = seams(labels, 1.8)
    facet = as_plane(rng.uniform(-1, 1, len(centres)))[labels]
    body = source.swell(44, 3, 0.3)
    form = relief(as_plane(body + 0.05 * clouds(source.lines, 40, rng)), p["light"], 17)
    frost = smoothstep(as_plane(clouds(source.lines, 90, rng) + 0.4 * grain(source.lines, 4, rng)), 0.1, 0.7)
    figure = 1 - source.ground
    rim = np.exp(-(((source.away - 3.5) / 2.5) ** 2)) * figure
    tone = 0.2 + 0.42 * contrast(source.light, 1.2, 0.55) + 0.26 * form + 0.1 * frost + 0.32 * rim
    tone = tone + source.ground * (0.06 + 0.05 * facet) + (0.1 * source.ground + 0.03) * crack
    glint = smoothstep(form, 0.72, 0.95) * 0.5
    blues = [
        hsv(p["deep"] + 0.03, 0.9, 0.26),
        hsv(p["deep"], 0.7, 0.72),
        hsv(p["deep"] - 0.04, 0.3, 0.96),
        rgb("#fbfeff"),
    ]
    frozen = ramp(clip(as_plane(tone + glint)), blues)
    tinted = clip(as_plane(frozen * 0.62 + saturate(source.calm, 1.1) * 0.38))
    warm = clip(as_plane(source.calm[..., 0] - source.calm[..., 2]))
    shown = 0.6 - 0.5 * warm  # of a colour in the ice: blue and orange together are mud
    frozen = mix(frozen, tinted, as_plane(shown * figure * chroma(source.calm)))
    return clip(mix(frozen, hsv(p["deep"] + 0.04, 0.85, 0.3), as_plane(source.contour(-0.4) * 0.85)))


def industrial(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint steel, worn paint and rust: plates with rivets and lit edges on a panelled wall, rust running down."""
    figure = 1 - source.ground
    form = relief(source.swell(40, 5), 110, 14)
    grey = contrast(source.light, 1.1, 0.52)
    grey = as_plane(grey + source.ground * (0.28 - 0.5 * grey))  # the wall is of steel by night, too
    metal = ramp(as_plane(grey * 0.85 + 0.08), ["#15181c", "#4a5560", "#8b959b", "#c9cbc6"])
    chips = smoothstep(as_plane(clouds(source.lines, 26, rng) + 0.5 * grain(source.lines, 4, rng)), 0.5, 0.62)
    coat = np.clip(1.5 * chroma(source.calm) * p["paint"] * (0.35 + 0.65 * figure), 0, 0.92) * (1 - 0.85 * chips)
    plate = mix(metal, saturate(source.calm, 0.85) * 0.8, as_plane(coat))
    brushed = 0.09 * fibres(source.lines, 0, 80, rng, 3) + 0.06 * grain(source.lines, 3, rng)
    brushed = brushed + 0.1 * clouds(source.lines, 70, rng)
    plate = times(plate, as_plane(1 + brushed + 0.26 * form))
    drip = clouds(source.lines, 60, rng) + 0.8 * fibres(source.lines, 90, 170, rng, 7)
    run = smoothstep(as_plane(drip + 0.25 * np.exp(-source.away / 6)), p["rust"], p["rust"] + 0.6)
    rusty = mix(plate, times(hsv(p["oxide"], 0.78, 0.52), as_plane(0.55 + 0.55 * grey)), as_plane(run * 0.6))
    groove, rivet = panels(source.lines, p["panel"])
    studs, shine = rivets(source)
    wall = source.ground
    shade = 1 - 0.34 * groove * wall + 0.3 * rivet * wall - 0.35 * studs + 0.7 * shine
    return clip(mix(times(rusty, as_plane(shade)), rgb("#0c0d10"), as_plane(source.contour(0.2) * 0.92)))


def rivets(source: Source) -> tuple[Plane, Plane]:
    """Return rivets along the inside of the forms and the light on their heads, both (H, W) in [0, 1]."""
    page = np.zeros_like(source.lines)
    for points in rows_along(as_plane(source.border_distance * (1 - source.ground)), [9.0], 34):
        if len(points) >= 5:
            at = np.clip(points.astype(np.int64), 0, (page.shape[1] - 1, page.shape[0] - 1))
            page[at[:, 1], at[:, 0]] = 1
    if not page.any():
        return page, page
    away = distance_to(page) / np.float32(source.unit)
    head = as_plane(np.clip((3.8 - away) * source.unit, 0, 1) - np.clip((2.6 - away) * source.unit, 0, 1))
    dome = rise(as_plane(3.4 - away), 3.4)
    return head, as_plane(np.clip(relief(dome, 125, 3), 0, 1))


def distance_to(points: Plane) -> Plane:
    """Return the distance in pixels to the nearest point that is not 0."""
    return as_plane(cv2.distanceTransform((points == 0).astype(np.uint8), cv2.DIST_L2, 5))


def panels(like: Picture, size: float) -> tuple[Plane, Plane]:
    """Return seams between metal sheets and the rivets along them, both (H, W)."""
    y, x = coordinates(like)
    row = np.floor(y / size)
    along = (x + size * 0.5 * (row % 2)) % (size * 1.6)
    down = y % size
    groove = np.clip(2.4 - np.minimum(down, along), 0, 1)
    rivet = np.clip(3.0 - np.hypot(along % (size * 0.4) - size * 0.2, down - 10), 0, 1)
    return as_plane(groove), as_plane(rivet)


MATERIALS: dict[str, Renderer[Source]] = {
    "clay": Renderer(
        clay, {"swell": Span(34, 26, 44), "light": Span(120, 60, 150), "gloss": Span(0.34, 0.22, 0.46)}, True
    ),
    "stone-relief": Renderer(
        stone_relief, {"light": Span(130, 40, 150), "depth": Span(28, 22, 36), "stone": Span(0.1, 0.06, 0.14)}, False
    ),
    "gold-lacquer": Renderer(
        gold_lacquer, {"dusting": Span(26, 16, 36), "line": Span(5, 4, 6), "gold": Span(0.115, 0.1, 0.13)}, False
    ),
    "pyrography": Renderer(
        pyrography,
        {
            "board": Span(4, -8, 12),
            "wood": Span(0.09, 0.075, 0.105),
            "burn": Span(0.9, 0.75, 1.0),
            "line": Span(4.6, 4, 6),
        },
        False,
    ),
    "ice": Renderer(ice, {"deep": Span(0.56, 0.53, 0.59), "light": Span(115, 60, 150)}, False),
    "industrial": Renderer(
        industrial,
        {
            "paint": Span(0.6, 0.5, 0.7),
            "rust": Span(0.3, 0.18, 0.42),
            "oxide": Span(0.05, 0.035, 0.07),
            "panel": Span(118, 96, 150),
        },
        True,
    ),
}
