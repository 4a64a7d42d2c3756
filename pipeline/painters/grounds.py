"""The ground behind things: where it is sky, bare paper or night, and what painters put there instead."""

from __future__ import annotations

import numpy as np

from pipeline.painters.light import height_share, relief
from pipeline.painters.source import Source
from pipeline.painters.surface import Picture, Plane, as_plane, chroma, clip, hsv, mix, rgb, smoothstep
from pipeline.painters.texture import blur, noise


def open_sky(source: Source) -> Plane:
    """Return where the ground is a pale or blue sky, in [0, 1]: nowhere in the lowest quarter."""
    soft = source.calm
    blue = smoothstep(as_plane(soft[..., 2] - soft[..., 0]), 0.06, 0.22) * smoothstep(source.light, 0.4, 0.6)
    sky = np.maximum(bare_paper(source), blue * source.ground)
    return as_plane(sky * (1 - smoothstep(height_share(soft), 0.62, 0.8)))


def bare_paper(source: Source) -> Plane:
    """Return where the ground is white or nearly so, in [0, 1]."""
    pale = smoothstep(source.light, 0.85, 0.95) * (1 - smoothstep(chroma(source.calm), 0.03, 0.1))
    return as_plane(pale * source.ground)


def night(source: Source) -> Plane:
    """Return where a wide ground is dark, in [0, 1]; a small dark thing on a light one is no night."""
    return as_plane(source.ground * smoothstep(as_plane(1 - blur(source.light, 16)), 0.55, 0.85))


def by_night(source: Source, tone: str, share: float) -> Picture:
    """Return a source's colours; nights are lifted towards a tone, as far as wool, wax or print is never black."""
    dark = night(source)
    return mix(source.calm, clip(source.calm * 0.6 + rgb(tone) * share), dark) if dark.any() else source.calm


def painted_sky(like: Picture, hue: float, rng: np.random.Generator) -> Picture:
    """Return a summer sky with cumulus, lighter towards the horizon."""
    height = height_share(like)
    sky = mix(np.broadcast_to(hsv(hue, 0.6, 0.93), like.shape), hsv(hue - 0.05, 0.18, 0.98), height * 1.2)
    heap = noise(like, 120, rng, 1.7) + 0.45 * noise(like, 48, rng, 1.2) + 0.22 * noise(like, 20, rng)
    puffs = smoothstep(as_plane(heap - 0.7 * np.abs(height - 0.42)), 0.3, 0.42)
    lit = relief(blur(as_plane(np.clip(heap - 0.2, 0, 1)), 5), 80, 40)
    return mix(sky, mix(rgb("#cfe0ec"), rgb("#ffffff"), clip(0.8 + 0.5 * lit)), as_plane(puffs * 0.92))
