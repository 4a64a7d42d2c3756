"""Ways to colour a drawing in: plain, crayon, coloured-pencil, felt-pen, childrens-book, cartoon-3d."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painters.grounds import bare_paper, by_night, night, open_sky
from pipeline.painters.light import cast_shadow, height_share, relief
from pipeline.painters.source import Source
from pipeline.painters.strokes import directions, hatching, lay_strokes, soften_steps, stroke_colours
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
    rgb,
    saturate,
    screen,
    smoothstep,
    spread,
    strongest,
    times,
)
from pipeline.painters.texture import blur, clouds, coordinates, fibres, grain, noise, stripes


def plain(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint the colours as they came with the drawn lines laid on, a touch of the drawing paper's tooth."""
    return clip(times(source.plain, as_plane(1 + p["tooth"] * grain(source.lines, 4, rng))))


def crayon(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint wax crayon: thick streaks that skip over the paper's tooth and stop short of the lines, waxy lines."""
    angle = directions(source, 20, np.radians(p["direction"]), 0.5)
    strokes = lay_strokes(source, angle, 7, 52, 6, rng)
    seen = by_night(source, "#4f69c0", 0.5)
    soft = saturate(seen, 1.25)
    rows, columns = strokes.spots.T
    touched = stroke_colours(source, strokes, 0.06, rng) + (seen - source.calm)[rows, columns]
    wax = strokes.coloured(source, saturate(touched[None], 1.25)[0], soft)
    tooth = grain(source.lines, 3.2, rng) + 0.5 * fibres(source.lines, p["direction"], 50, rng, 4)
    pressed = p["pressure"] + 0.3 * clouds(source.lines, 70, rng, 2) + 0.14 * np.exp(-source.away / 7)
    hard = (1 - source.light) ** 2  # a dark colour is pressed into the paper
    rim = hard + (1 - hard) * smoothstep(source.away, 0.0, 2.0)
    cover = smoothstep(as_plane(0.75 * tooth + pressed + 0.3 * hard), -0.25, 0.35) * rim
    paper = times(rgb("#fdfaf2"), as_plane(1 + 0.02 * tooth))
    drawn = mix(paper, clip(soften_steps(wax)), as_plane(0.94 * cover))
    line = source.contour(0.5, as_plane(0.6 * noise(source.lines, 30, rng)))
    line = line * smoothstep(as_plane(0.8 * tooth + 1.1), 0.05, 0.6)
    return clip(mix(drawn, rgb("#2b2430"), as_plane(0.94 * line)))


def coloured_pencil(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint layers of coloured hatching on white paper that show the form, in a direction of its own in every shape.

    Strokes bend over what swells and cross in the shade, dark colours are pressed harder; what lies behind is hatched
    lightly, and its strokes end before the paper's rim.
    """
    height = source.swell(52, 7)
    form = relief(height, 125, 18)
    figure = 1 - source.ground
    seen = by_night(source, "#8fabda", 0.72)
    colour = saturate(seen, 1.35)
    tooth = grain(source.lines, 2.6, rng)
    bend = as_plane(9 * noise(source.lines, 110, rng) + 22 * height)
    ways = hatch_directions(source, p["direction"])
    first, ends = hatching(source, ways, p["hatch"], bend, rng)
    second, _ = hatching(source, ways + 38, p["hatch"], bend, rng)
    laid, crossed = (smoothstep(as_plane(each + 0.36 * tooth), 0.0, 0.75) for each in (first, second))
    shade = smoothstep(-form, -0.35, 0.5) * figure
    cover = 0.9 * laid + (0.16 + 0.5 * shade) * crossed * (1 - 0.5 * laid)
    hard = (0.72 - 0.57 * source.ground) * (1 - luma(seen)) ** 2  # a dark colour is pressed into the paper
    pressed = 0.66 + hard - 0.4 * form * figure + 0.22 * np.exp(-source.away / 8)
    pressed = pressed * (1 - (0.36 + 0.64 * white_rim(source, ends)) * source.ground)
    inside = 0.5 + hard + (0.5 - hard) * smoothstep(source.away, 0, 2)
    cover = as_plane(np.clip((0.3 + cover) * pressed * (1 + 0.3 * tooth), 0, 0.97) * inside)
    deep = clip(times(colour, as_plane(0.92 - 0.2 * np.maximum(-form, 0))))
    sky = mix(np.broadcast_to(rgb("#68acea"), seen.shape), rgb("#d0e2a4"), height_share(seen))
    deep = mix(deep, sky, as_plane(0.9 * bare_paper(source)))
    paper = times(rgb("#fefcf7"), as_plane(1 + 0.02 * tooth))
    drawn = mix(paper, deep, as_plane(np.clip(1.08 * cover, 0, 0.94)))
    line = source.contour(-0.5, as_plane(0.4 * noise(source.lines, 40, rng))) * clip(as_plane(0.9 + 0.5 * tooth))
    return clip(mix(drawn, clip(source.calm * 0.3) + rgb("#221d24") * 0.5, as_plane(0.93 * line)))


def hatch_directions(source: Source, degrees: float) -> Plane:
    """Return the direction (degrees) in which each region is hatched, (n,): by its colour, and `degrees` behind all."""
    turns = as_plane([0, 52, -40])[number_markers(source.region_colours) % 3]
    return as_plane(degrees + np.where(source.behind, 0, turns))


def white_rim(source: Source, ends: Plane) -> Plane:
    """Return 1 at the paper's rim, which hatching leaves white, 0 inside; strokes end here sooner and there later."""
    y, x = coordinates(source.lines)
    inside = np.minimum(np.minimum(y, float(y.max()) - y), np.minimum(x, float(x.max()) - x))
    return as_plane(1 - smoothstep(as_plane(inside + 26 * ends), 8, 46))


MARKERS = (
    "#ffe22b",
    "#ffb021",
    "#ff7a29",
    "#ee3b32",
    "#f0529c",
    "#ffb3cb",
    "#9a4fc4",
    "#c9a6ea",
    "#30389c",
    "#2272dd",
    "#4fbdf5",
    "#a5dff5",
    "#1db5a4",
    "#2c9f46",
    "#93d43a",
    "#1d6b45",
    "#8c512d",
    "#c98d4e",
    "#f8cda2",
    "#757c8c",
    "#b9c0cb",
    "#2b2833",
    "#fffefb",  # paper, left bare
)


@cache
def marker_table() -> NDArray[np.intp]:
    """Return which felt pen a child takes for a colour, (32, 32, 32): hue counts more than how pale a colour is."""
    levels = np.linspace(0, 1, 32, dtype=np.float32)
    colours = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(1, -1, 3)
    wanted, pens = (cv2.cvtColor(as_plane(each), cv2.COLOR_RGB2LAB)[0] for each in (colours, marker_inks()[None]))
    wanted[:, 1:] *= 1.6
    hueless = np.hypot(pens[:, 1], pens[:, 2]) < 15  # nobody takes a grey for a pale blue
    apart = ((wanted[:, None] - pens) ** 2 * np.where(hueless[:, None], 1, as_plane([0.45, 1, 1]))).sum(-1)
    return np.asarray(apart.argmin(1).reshape(32, 32, 32))


def marker_inks() -> Picture:
    """Return the felt pens' colours, (n, 3)."""
    return np.stack([rgb(pen) for pen in MARKERS])


def number_markers(colours: Picture) -> NDArray[np.intp]:
    """Return the number of the felt pen nearest to each colour, of the shape of the colours without their channels."""
    red, green, blue = ((np.clip(colours[..., k], 0, 1) * 31 + 0.5).astype(np.intp) for k in range(3))
    return marker_table()[red, green, blue]


def choose_markers(colours: Picture) -> Picture:
    """Return the felt pen nearest to each colour of a picture."""
    return as_plane(marker_inks()[number_markers(colours)])


def felt_pen(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint felt-tip colour: pens of a set in rows of strokes that overlap darker, paper between and at their ends.

    Every pen is drawn in a direction of its own; black ones are gone over twice and leave no paper. A bare page gets a
    strip of sky.
    """
    hand = as_plane(3.0 * noise(source.lines, 60, rng))
    band = pen_rows(source, p["tip"], p["direction"], hand)
    overlap = smoothstep(band, 0.82, 0.96)
    down = as_plane(height_share(source.lines) + 0.03 * noise(source.lines, 50, rng))
    sky = bare_paper(source) * (1 - smoothstep(down, 0.66, 0.68))
    seen = mix(by_night(source, "#5a78d8", 0.5), rgb("#a5dff5"), sky)
    own = saturate(clip(contrast(seen, 1.12, 0.55)), 1.45)
    colour = mix(own, blur(choose_markers(seen), 0.8), 0.72)
    twice = smoothstep(as_plane(1 - luma(colour)), 0.77, 0.84)
    second = smoothstep(clouds(source.lines, 120, rng, 2), 0.12, 0.2)
    ink = clip(as_plane(np.maximum(colour, 0.04) ** (1 + 0.55 * overlap + 0.25 * second)[..., None]))
    bleed = 0.12 * np.exp(-(((source.away - 2) / 2) ** 2))
    ends = source.away + 2.6 * noise(source.lines, 26, rng) + 1.6 * (band - 0.6)
    short = smoothstep(as_plane(ends), 0.0, 1.4)
    missed = (1 - smoothstep(band, 0.04, 0.16)) * smoothstep(clouds(source.lines, 70, rng, 2), -0.3, 0.15)
    cover = (0.1 + 0.9 * short) * (1 - 0.85 * missed)
    drawn = mix(rgb("#fffefb"), times(ink, as_plane(1 - bleed)), as_plane(cover + (1 - cover) * twice))
    return clip(mix(drawn, rgb("#17151c"), source.contour(1.1)))


def pen_rows(source: Source, tip: float, degrees: float, hand: Plane) -> Plane:
    """Return rows of strokes `tip` wide, (H, W): 1 where two overlap, 0 half way; the direction is the pen's own."""
    ways = (number_markers(source.region_colours) % 3)[source.regions]
    rows = np.zeros_like(hand)
    for way, turn in enumerate((0, 32, -27)):
        if (ways == way).any():
            rows = np.where(ways == way, stripes(source.lines, tip, degrees + turn, hand), rows)
    return as_plane(rows)


def childrens_book(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint picture-book gouache: dry-brushed warm colours, soft shade, brown pencil lines on creamy paper."""
    form = relief(source.swell(56, 9), 120, 16)
    figure = 1 - source.ground
    angle = directions(source, 26, 0.35, 0.7)
    strokes = lay_strokes(source, angle, 11, 48, 12, rng)
    sky = mix(np.broadcast_to(rgb("#a9d9e2"), source.calm.shape), rgb("#f9e6bd"), height_share(source.lines))
    washed = mix(source.calm, sky, as_plane(0.7 * open_sky(source)))  # nobody prints a bare page behind a thing
    washed = mix(washed, clip(washed * 0.6 + rgb("#8fb0cc") * 0.66), night(source))  # gouache's nights are chalky
    soft = saturate(washed, 1.08)
    rows, columns = strokes.spots.T
    touched = stroke_colours(source, strokes, 0.028, rng) + (washed - source.calm)[rows, columns]
    brushed = soften_steps(strokes.coloured(source, clip(touched), soft))
    small = smoothstep(strongest(np.abs(brushed - soft)), 0.14, 0.34)  # no wide brush goes over an eye
    paint = mix(soft, brushed, as_plane(0.7 * (1 - small)))
    paint = times(paint, as_plane(1 + 0.2 * form * figure + 0.05 * clouds(source.lines, 80, rng)))
    paint = mix(paint, paint * rgb("#b98aa0"), as_plane(0.5 * smoothstep(-form, 0.2, 0.9)))
    tooth = grain(source.lines, 3.5, rng)
    dry = smoothstep(as_plane(tooth + 0.9 * fibres(source.lines, 15, 60, rng, 4)), 0.75, 1.1) * 0.35
    paper = mix(rgb("#fff8ea"), rgb("#f6e5c6"), p["cream"])
    lifted = paint * 0.86 + spread(0.18 * smoothstep(source.light, 0.06, 0.36))  # pupils stay dark
    warm = clip(saturate(clip(lifted), 1.15)) * mix(np.ones(3, np.float32), paper, 1.0)
    page = mix(warm, paper, as_plane(dry * (0.5 + 0.5 * source.ground)))
    page = mix(page, paper, as_plane(0.97 * (1 - soft_page(source, rng))))
    line = source.contour(-0.4, as_plane(0.5 * noise(source.lines, 36, rng))) * clip(as_plane(0.98 + 0.14 * tooth))
    return clip(mix(page, rgb("#4a2f2a"), as_plane(0.9 * line)))


def soft_page(source: Source, rng: np.random.Generator) -> Picture:
    """Return 1 where the page is painted, falling to 0 at a ragged rim with round corners; things reach over it."""
    y, x = coordinates(source.lines)
    across, down = (np.abs(2 * axis / np.float32(axis.max()) - 1) for axis in (x, y))
    inside = as_plane(256 * (1 - (across**6 + down**6) ** np.float32(1 / 6)))
    painted = smoothstep(as_plane(inside + 11 * clouds(source.lines, 60, rng)), 9, 19)
    return as_plane(np.maximum(painted, 1 - source.ground))


def cartoon_3d(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint a computer-animated film: smooth bodies with soft shade, gloss and rim light before a blurred ground."""
    figure = 1 - source.ground
    height = source.swell(p["swell"] + 26, 7, 0.2)
    form = relief(height, p["light"], 24)
    up = relief(height, 90, 24)
    flat = clip(saturate(source.calm, 1.3))
    wide = smoothstep(blur(as_plane(np.minimum(source.border_distance, 40)), 8), 2.5, 7)
    crease = wide * 0.3 * np.exp(-source.border_distance / 7)
    form, up = form * (0.35 + 0.65 * wide), up * (0.35 + 0.65 * wide)
    cool, warm = hsv(0.7, 0.3, 0.74), hsv(0.11, 0.12, 1.16)
    light = mix(np.broadcast_to(cool, flat.shape), warm, smoothstep(form, -0.8, 0.5))
    body = times(as_plane(flat * light), as_plane(1.02 + 0.2 * up - crease))
    sheen = 0.3 * smoothstep(form, 0.2, 0.95) + 0.75 * smoothstep(form, 0.82, 0.93) * smoothstep(source.away, 3, 7)
    body = screen(clip(body), times(np.ones(3, np.float32), as_plane(sheen * (0.4 + 0.6 * wide))))
    rim = smoothstep(-form, 0.6, 0.95) * smoothstep(source.border_distance, 0.8, 2.5)
    body = screen(body, times(hsv(0.56, 0.45, 1), as_plane(0.3 * rim)))
    studio = mix(np.broadcast_to(rgb("#6fb9f0"), flat.shape), rgb("#eaf6fb"), height_share(source.lines))
    behind = blur(mix(saturate(by_night(source, "#6088e0", 0.5), 1.3), studio, bare_paper(source)), 7)
    haze = mix(np.broadcast_to(rgb("#8fb4ff"), flat.shape), rgb("#fff2dc"), height_share(source.lines))
    behind = screen(behind, haze * 0.16)  # air between a film's hero and what lies behind
    cast = cast_shadow(figure, p["light"], 24, 12)
    behind = times(behind, as_plane(1.04 - 0.36 * cast + 0.12 * (0.5 - height_share(source.lines))))
    scene = mix(behind, body, blur(figure, 0.6))
    thin = source.contour(-1.1)
    own = clip(as_plane(flat * 0.36)) + rgb("#140b14") * 0.3
    scene = mix(scene, own, as_plane(0.8 * thin * (0.35 + 0.65 * source.stoutness)))
    scene = mix(scene, rgb("#120c12"), source.blots)
    return clip(times(scene, as_plane(1 + 0.012 * grain(source.lines, 2, rng))))


COLOURINGS: dict[str, Renderer[Source]] = {
    "plain": Renderer(plain, {"tooth": Span(0.012, 0.0, 0.02)}, True),
    "crayon": Renderer(crayon, {"direction": Span(-40, -60, -20), "pressure": Span(0.46, 0.36, 0.56)}, True),
    "coloured-pencil": Renderer(
        coloured_pencil, {"direction": Span(-48, -65, -30), "hatch": Span(7.0, 6.5, 8.5)}, True
    ),
    "felt-pen": Renderer(felt_pen, {"direction": Span(-42, -60, 60), "tip": Span(15, 13, 19)}, True),
    "childrens-book": Renderer(childrens_book, {"cream": Span(0.45, 0.25, 0.7)}, True),
    "cartoon-3d": Renderer(cartoon_3d, {"swell": Span(36, 28, 46), "light": Span(120, 60, 150)}, True),
}
