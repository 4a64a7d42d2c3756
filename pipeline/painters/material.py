"""Made of one stuff: clay, stone-relief, gold-lacquer, pyrography, ice, industrial."""

from __future__ import annotations

import numpy as np

from pipeline.painters.craft import seams
from pipeline.painters.light import relief, rounded
from pipeline.painters.lines import edge_distance, flatten, kuwahara, outline
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
    times,
)
from pipeline.painters.texture import blur, cells, clouds, coordinates, fibres, grain, noise


def clay(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Plasticine: swollen shapes, soft studio light with a highlight, thumb marks."""
    flat = clip(saturate(flatten(kuwahara(picture, 9), 0.3), 1.1) * 0.82 + 0.1)
    away = edge_distance(picture, 0.35)
    height = blur(rounded(away, p["swell"]), 5) + 0.05 * noise(picture, 26, rng) + 0.02 * noise(picture, 10, rng)
    form = relief(as_plane(height), p["light"], 30)
    shine = smoothstep(form, 0.55, 0.95)
    crease = np.exp(-away / 6)
    body = times(flat, as_plane(1 + 0.3 * form - 0.3 * crease))
    return clip(mix(body, np.ones(3, np.float32), as_plane(shine * p["gloss"])))


def stone_relief(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Carved sandstone: the drawing as a shallow relief in raking light."""
    away = edge_distance(picture, 0.5)
    grey = luma(blur(kuwahara(picture, 9), 3))
    pitted = 0.07 * clouds(picture, 40, rng) + 0.06 * grain(picture, 6, rng)
    height = 0.35 * grey + 0.5 * blur(rounded(away, 22), 2.5) + pitted * 0.35
    lit = relief(as_plane(height), p["light"], p["depth"])
    strata = 0.05 * noise(picture, 60, rng, 6)
    tone = 0.6 + 0.4 * lit + 0.42 * (grey - 0.5) - 0.26 * np.exp(-away / 4) + strata + 0.6 * pitted
    return ramp(as_plane(tone), [hsv(p["stone"], 0.26, 0.16), hsv(p["stone"], 0.17, 0.6), hsv(p["stone"], 0.06, 0.95)])


def border_colour(picture: Picture) -> Plane:
    """Median colour (3,) of the frame's outermost pixels: what the picture stands on."""
    rim = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    return as_plane(np.median(rim, axis=0))


def gold_lacquer(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Maki-e: gold lines and sprinkled gold dust on black lacquer; what stands out from the ground takes the gold."""
    smooth = blur(kuwahara(picture, 8), 3)
    figure = clip(as_plane(np.abs(smooth - border_colour(smooth)).max(axis=2) * 1.6))
    sprinkle = 0.5 + 0.5 * grain(picture, 4, rng)
    away = edge_distance(picture, 0.5)
    near = np.exp(-away / p["dusting"])
    light = 0.35 + 0.65 * luma(smooth)
    halo = np.exp(-(((away - 9) / 5) ** 2))  # bare lacquer beside a line keeps gold shapes apart
    dust = smoothstep(as_plane(figure * light * 0.9 + 0.25 * near - 0.5 * halo - 0.85 * sprinkle), -0.25, 0.3)
    stray = smoothstep(sprinkle, 0.97, 1.1) * 0.5
    gold = np.clip(np.maximum(dust * 0.75 + stray, outline(picture, p["line"], 0.5)), 0, 1)
    ground = times(rgb("#1c0d0b"), as_plane(0.75 + 0.5 * clouds(picture, 220, rng)))
    leaf = ramp(
        as_plane(0.55 + 0.22 * noise(picture, 34, rng) + 0.2 * grain(picture, 5, rng)),
        [hsv(p["gold"] - 0.02, 0.8, 0.5), hsv(p["gold"], 0.66, 0.88), hsv(p["gold"] + 0.03, 0.35, 1.0)],
    )
    return clip(mix(ground, leaf, as_plane(gold)))


def pyrography(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Burnt into a birch board: brown shading with scorched lines over wood grain."""
    rings = fibres(picture, p["board"], 200, rng, 7)
    wander = noise(picture, 120, rng, 3)
    plank = 0.74 + 0.09 * rings + 0.06 * wander
    wood = ramp(as_plane(plank), [hsv(0.07, 0.7, 0.4), hsv(p["wood"], 0.6, 0.76), hsv(p["wood"] + 0.015, 0.42, 0.96)])
    dark = 1 - contrast(luma(blur(picture, 4)), 1.1, 0.5)
    burn = smoothstep(as_plane(dark + 0.12 * rings + 0.14 * grain(picture, 6, rng)), 0.15, 1.05) * p["burn"]
    line = outline(picture, p["line"], 0.5, as_plane(1.2 * noise(picture, 16, rng)))
    scorch = blur(line, 5) * 0.5
    toned = mix(wood, wood * rgb("#5a2d12"), as_plane(np.clip(burn + scorch, 0, 1)))
    return clip(mix(toned, rgb("#2a1108"), line * 0.9))


def ice(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Carved from clear ice: blue depth, frosted faces, bright rims, fine cracks."""
    grey = luma(blur(kuwahara(picture, 8), 3))
    labels, distance, _ = cells(picture, 70, 0.95, rng)
    crack = seams(labels, 2.5)
    away = edge_distance(picture, 0.5)
    facet = relief(as_plane(0.5 * rounded(away, 30) + 0.3 * grey + 0.1 * clouds(picture, 50, rng)), p["light"], 34)
    frost = smoothstep(as_plane(clouds(picture, 90, rng) + 0.55 * grain(picture, 5, rng)), 0.1, 0.7)
    tone = 0.1 + 0.66 * contrast(grey, 1.3) + 0.24 * facet + 0.13 * frost * (0.3 + grey)
    tone = tone + 0.12 * crack - 0.0006 * distance
    frozen = ramp(
        as_plane(tone),
        [
            hsv(p["deep"] + 0.03, 0.9, 0.3),
            hsv(p["deep"], 0.68, 0.75),
            hsv(p["deep"] - 0.04, 0.28, 0.96),
            rgb("#fbfeff"),
        ],
    )
    tinted = mix(frozen, clip(as_plane(frozen * 0.6 + saturate(picture, 1.2) * 0.4)), as_plane(0.5 * chroma(picture)))
    return clip(mix(tinted, rgb("#ffffff"), as_plane(outline(picture, 4, 0.5) * 0.8)))


def industrial(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Steel, concrete and rust: cold desaturated metal, panel seams with rivets, rust running down."""
    grey = contrast(luma(kuwahara(picture, 6)), 1.2, 0.5)
    metal = ramp(as_plane(grey * 0.9 + 0.1), ["#15181c", "#4a5560", "#8b959b", "#c9cbc6"])
    metal = mix(metal, saturate(picture, 0.8) * 0.75, as_plane(np.clip(chroma(picture) * p["paint"], 0, 1)))
    brushed = 0.1 * fibres(picture, 0, 60, rng) + 0.09 * grain(picture, 5, rng) + 0.1 * clouds(picture, 70, rng)
    worn = times(metal, as_plane(1 + brushed))
    drip = clouds(picture, 60, rng) + 0.7 * fibres(picture, 90, 150, rng, 7)
    run = smoothstep(as_plane(drip), p["rust"], p["rust"] + 0.6)
    rusty = mix(worn, times(hsv(p["oxide"], 0.78, 0.55), as_plane(0.55 + 0.6 * grey)), as_plane(run * 0.72))
    groove, rivet = panels(picture, p["panel"])
    rusty = times(rusty, as_plane(1 - 0.3 * groove + 0.3 * rivet))
    return clip(mix(rusty, rgb("#101114"), outline(picture, 5, 0.45) * 0.8))


def panels(like: Picture, size: float) -> tuple[Plane, Plane]:
    """Seams between metal sheets and the rivets along them, both (H, W)."""
    y, x = coordinates(like)
    row = np.floor(y / size)
    along = (x + size * 0.5 * (row % 2)) % (size * 1.6)
    down = y % size
    groove = np.clip(2.4 - np.minimum(down, along), 0, 1)
    rivet = np.clip(3.4 - np.hypot(along % (size * 0.4) - size * 0.2, down - 10), 0, 1)
    return as_plane(groove), as_plane(rivet)


MATERIALS = {
    "clay": Renderer(
        clay, {"swell": Span(34, 26, 44), "light": Span(120, 60, 150), "gloss": Span(0.3, 0.18, 0.42)}, True
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
            "paint": Span(0.75, 0.6, 0.9),
            "rust": Span(0.2, 0.08, 0.32),
            "oxide": Span(0.05, 0.035, 0.07),
            "panel": Span(118, 96, 150),
        },
        True,
    ),
}
