"""Pictures on a grid: cross-stitch, pixel-art, handheld."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.painters.grounds import bare_paper, by_night
from pipeline.painters.light import height_share, relief
from pipeline.painters.pieces import bayer, blocks, enlarge
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
    nearest,
    rgb,
    saturate,
    smoothstep,
    spread,
    times,
)
from pipeline.painters.texture import coordinates, grain


def block_side(source: Source, size: float) -> int:
    """Return the whole number of this picture's pixels that a square of `size` pixels of a 512 picture takes."""
    return max(round(size * source.unit), 1)


def block_lines(source: Source, side: int) -> NDArray[np.bool_]:
    """Return the blocks (rows, columns) that the middle of a line runs through, or that a filled area covers."""
    crossed = blocks(as_plane(source.centre_lines), side) > 0.55 / side
    line = crossed & (blocks(source.contour(), side) > 0.22)
    return np.asarray(line | (blocks(source.blots, side) > 0.36))


def cross_stitch(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint crossed threads on aida cloth, one colour a stitch, and the lines in dark back stitch over them."""
    side = max(block_side(source, 2 * round(256 / p["count"])), 3)
    form = relief(source.swell(52, 8), 125, 16)
    small = blocks(clip(times(by_night(source, "#7d9ad0", 0.5), as_plane(1 + 0.14 * form))), side)
    small = nearest(saturate(small, 1.2), small_palette(saturate(small, 1.2), 40))
    dyed = small * rng.uniform(0.95, 1.05, (*small.shape[:2], 1))
    thread = enlarge(clip(as_plane(dyed)), side, source.lines)
    y, x = (((axis * source.unit) % side) / side - 0.5 for axis in coordinates(source.lines))
    rising, falling = (np.clip(1.3 - 3.4 * np.abs(x + k * y), 0, 1) for k in (1, -1))
    cross = np.maximum(rising, falling * 0.8)
    hole = np.clip(np.hypot(np.abs(x) - 0.5, np.abs(y) - 0.5) * 4.5, 0.5, 1)
    cloth = times(hsv(p["cloth"], 0.1, 0.94), as_plane(hole * (1 + 0.05 * grain(source.lines, 4, rng))))
    shaded = times(thread, as_plane(0.48 + 0.66 * cross))
    sewn = mix(cloth, shaded, as_plane(0.35 + 0.65 * smoothstep(as_plane(cross), 0.0, 0.3)))
    strand = 0.75 + 0.35 * np.abs(np.sin((x + y) * np.pi * 2))
    dark = times(rgb("#2a2226"), as_plane(strand))
    return clip(mix(sewn, dark, as_plane(0.95 * source.contour(-0.6))))


def small_palette(picture: Picture, count: int) -> Plane:
    """Return at most `count` colours (n, 3) that stand for all of a picture's, rare ones too."""
    pixels = np.asarray(np.clip(picture, 0, 1) * 255 + 0.5, np.uint8)
    cut = Image.fromarray(pixels).quantize(count, method=Image.Quantize.MAXCOVERAGE)
    table = as_plane(cut.getpalette() or [0, 0, 0])[: 3 * count].reshape(-1, 3) / np.float32(255)
    return as_plane(np.unique(table, axis=0))


def apart(palette: Plane, picture: Picture, least: float) -> Plane:
    """Return a palette (n, 3) without colours that look like a commoner one of the picture's: they part by `least`."""
    used = nearest(picture, palette).reshape(-1, 1, 3)
    common = np.argsort([-np.count_nonzero((used == colour).all(-1)) for colour in palette], kind="stable")
    kept: list[Plane] = []
    for colour in palette[common]:
        if all(float(np.abs(colour - other).max()) >= least for other in kept):
            kept.append(colour)
    return np.stack(kept)


def checker(like: Picture) -> Plane:
    """Return a checkerboard of -0.5 and 0.5: pixel artists lay it between two tones, never sparse dots."""
    rows, columns = np.ogrid[: like.shape[0], : like.shape[1]]
    return as_plane((rows + columns) % 2 - 0.5)


def pixel_art(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint big crisp square pixels in a small palette: hard shade on the forms, dark outline, banded ground.

    The ground is deeper above than below, a bare page a pale sky, and bands of tone meet in checkerboards.
    """
    side = block_side(source, 8)
    form = blocks(relief(source.swell(44, 6), 125, 20), side)
    small = blocks(clip(contrast(saturate(source.calm, p["punch"]), 1.08)), side)
    figure = blocks(1 - source.ground, side)
    board = checker(small)
    form = as_plane(form + 0.16 * board)  # light and shade meet in a row of the board, too
    tone = 1 + figure * (0.2 * (form > 0.42) - 0.24 * (form < -0.36))
    shaded = mix(banded(small, blocks(bare_paper(source), side)), clip(times(small, as_plane(tone))), figure)
    palette = apart(small_palette(shaded, 32), shaded, 0.11)
    mottled = p["dither"] * (1 - figure) * smoothstep(luma(small), 0.12, 0.35)  # black stays one colour
    dithered = shaded + spread(as_plane(board * mottled))
    flat = nearest(as_plane(dithered + rng.normal(0, 0.002)), palette)
    dark = clip(flat * 0.14 + rgb("#14101f") * 0.8)
    return enlarge(mix(flat, dark, as_plane(block_lines(source, side))), side, source.lines)


def banded(ground: Picture, bare: Plane) -> Picture:
    """Return a ground that is deeper above than below; where it is bare paper, a pale sky."""
    down = height_share(ground)
    sky = mix(np.broadcast_to(rgb("#74bdf2"), ground.shape), rgb("#f4fbff"), down)
    light = luma(ground)
    cool = mix(np.full_like(ground, 0.72), rgb("#9cc0e0"), smoothstep(light, 0.7, 0.9))  # greys would be dirty
    deep = clip(saturate(as_plane(ground * cool), 1.2))
    pale = as_plane(ground + (1 - ground) * spread(0.1 + 0.2 * light))
    return mix(mix(mix(deep, ground, smoothstep(down, 0.0, 0.5)), pale, smoothstep(down, 0.5, 1.0)), sky, bare)


def handheld(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint four shades of green on a reflective screen whose pixel grid shows."""
    side = block_side(source, 5)
    form = blocks(relief(source.swell(44, 6), 125, 20), side)
    small = blocks(source.calm, side)
    figure = blocks(1 - source.ground, side)
    light = contrast(luma(small), 1.25, 0.52) + 0.14 * figure * form
    light = np.clip(light, 0.12, 1) + bayer(small) * 0.26 + rng.normal(0, 0.003)
    level = np.clip(np.round(light * 3), 0, 3)
    level = np.where(block_lines(source, side), 0, np.maximum(level, 1)).astype(int)
    shades = np.stack([hsv(p["hue"], s, v) for s, v in ((0.72, 0.19), (0.6, 0.4), (0.8, 0.62), (0.78, p["glass"]))])
    screened = enlarge(as_plane(shades[level]), side, source.lines)
    y, x = ((axis * source.unit) % side for axis in coordinates(source.lines))
    gap = (y < max(0.16 * side, 1)) | (x < max(0.16 * side, 1))
    return clip(mix(screened, shades[3] * 0.92, as_plane(gap * 0.2)))


GRIDS: dict[str, Renderer[Source]] = {
    "cross-stitch": Renderer(cross_stitch, {"count": Span(51, 46, 57), "cloth": Span(0.1, 0.05, 0.6)}, True),
    "pixel-art": Renderer(pixel_art, {"punch": Span(1.25, 1.1, 1.4), "dither": Span(0.08, 0.05, 0.11)}, True),
    "handheld": Renderer(handheld, {"hue": Span(0.2, 0.18, 0.24), "glass": Span(0.78, 0.72, 0.84)}, False),
}
