"""Light and air: cyberpunk, golden-hour, moonlight, misty, film-noir, thermal."""

from __future__ import annotations

import math

import numpy as np

from pipeline.painters.light import bloom, height_share, relief, shafts, sunlight, vignette
from pipeline.painters.pieces import cells
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
    ramp,
    rgb,
    saturate,
    screen,
    smoothstep,
    split_tone,
    strongest,
    times,
)
from pipeline.painters.texture import blur, clouds, coordinates, fibres, grain, noise, smear


def after_dark(picture: Picture, white: float, pure: float) -> Picture:
    """Expose for the night: white falls to `white` while pure colours keep `pure` of their light."""
    keep = white + (pure - white) * np.clip(chroma(picture) * 1.3, 0, 1)
    return times(picture, as_plane(keep))


def under_neon(picture: Picture) -> Picture:
    """Show colours as coloured lamps light them: hues glow deep and pure, greys turn violet."""
    most = strongest(picture)
    pure = times(picture, as_plane(1 / np.maximum(most, 0.02))) ** 2.2
    grey = times(rgb("#4d4478"), as_plane(0.12 + 0.5 * luma(picture)))
    return mix(grey, times(pure, as_plane(0.56 * most)), smoothstep(chroma(picture), 0.1, 0.34))


def cyberpunk(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint neon night: the drawn lines are glowing tubes over dark bodies, violet haze, far lights, a wet floor."""
    left, right = hsv(p["left"], 0.85, 1), hsv(p["right"], 0.9, 1)
    figure = 1 - source.ground
    down = height_share(source.lines)
    sky = mix(
        np.broadcast_to(rgb("#0b0620"), source.calm.shape), left * 0.34 + rgb("#1b0f55") * 0.5, as_plane(down**1.5)
    )
    sky = screen(sky, far_lights(source, left, right, rng))
    tint = 0.1 * after_dark(saturate(source.calm, 1.2), 0.4, 1.0)
    body = under_neon(source.calm)
    dx = blur(as_plane(figure * source.light), 30)
    side = as_plane(0.5 + 0.5 * np.tanh(2.2 * noise(source.lines, 130, rng) + 3 * (dx - dx.mean())))
    form = relief(source.swell(46, 7), 20, 20)
    rims = times(
        mix(np.broadcast_to(left, body.shape), right, as_plane(form > 0)), as_plane(np.abs(form) * 0.22 * figure)
    )
    dark = mix(screen(body, rims), sky + tint, source.ground)
    tube = source.contour(0.25 * p["line"] - 1.0)
    neon = times(mix(np.broadcast_to(left, body.shape), right, side), tube)
    lit = screen(clip(dark * (1 - 0.85 * tube)[..., None]), blur(neon, 22) * (p["glow"] * 1.25))
    lit = screen(screen(lit, blur(neon, 6) * 0.75), neon)
    core = source.contour(-1.3) * (1 - 0.9 * source.blots)
    lit = mix(lit, clip(neon + 0.62), as_plane(0.7 * core))
    rain = np.clip(fibres(source.lines, 78, 60, rng, 3) - 0.62, 0, 1) * 0.3
    return screen(wet(lit, p["wet"] * 0.8, rng), times(rgb("#b8c8ff"), as_plane(rain)))


def far_lights(source: Source, left: Plane, right: Plane, rng: np.random.Generator) -> Picture:
    """Return soft columns of city light behind everything, (H, W, 3)."""
    y, x = coordinates(source.lines)
    tower = (x / 46).astype(np.int64)
    tops = rng.uniform(0.22, 0.62, 512)[tower % 512] * float(y.max())
    stands = smoothstep(as_plane(y - tops), 0, 3)
    floor, pane = (y / 15).astype(np.int64), (x / 11.5).astype(np.int64)
    lit = rng.random((512, 512))[floor % 512, pane % 512]
    shape = (np.abs(y / 15 % 1 - 0.5) < 0.26) & (np.abs(x / 11.5 % 1 - 0.5) < 0.24)
    windows = blur(as_plane((lit > 0.66) * (lit - 0.3) * shape * stands), 0.9)
    hue = rng.random(512)[tower % 512] > 0.5
    haze = mix(np.broadcast_to(left, source.calm.shape), right, as_plane(np.broadcast_to(hue, lit.shape)))
    return times(haze, as_plane(0.8 * windows + 0.07 * stands))


def wet(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """Mirror in the lowest part what stands above it, broken by ripples."""
    height = picture.shape[0]
    line = round(height * 0.78)
    source = np.clip(2 * line - np.arange(line, height), 0, height - 1)
    mirrored = smear(picture[source], 90, 40) if len(source) > 2 else picture[source]
    ripple = 0.55 + 0.45 * noise(picture, 10, rng, 5)[line:]
    fade = np.linspace(1.0, 0.5, height - line, dtype=np.float32)[:, None]
    result = picture.copy()
    result[line:] = screen(picture[line:], times(as_plane(mirrored), as_plane(ripple * fade)) * np.float32(strength))
    return result


def golden_hour(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint low sun: amber light from one side, long beams, violet shade on the forms, warm bloom."""
    degrees = 35 + 110 * (1 - p["sun"])
    form = relief(source.swell(54, 6), degrees, 22)
    figure = 1 - source.ground
    deep = times(source.calm, as_plane(1 + figure * (0.3 * form)))
    deep = mix(deep, deep * rgb("#8a6fa0"), as_plane(0.6 * smoothstep(-form, 0.1, 0.8)))
    graded = split_tone(saturate(clip(deep), 1.1), hsv(0.78, 0.6, 0.5), hsv(p["amber"], 0.9, 1), 0.42) * rgb("#ffcf94")
    glow = sunlight(source.lines, p["sun"], 0.16, 0.5)
    beams = shafts(source.lines, degrees, rng) * glow
    sky = source.ground * (1 - smoothstep(height_share(source.lines), 0.5, 0.85))
    graded = mix(graded, ramp(height_share(source.lines), ["#f0883e", "#fbb35a", "#ffe3a6"]), as_plane(0.62 * sky))
    rim = smoothstep(form, 0.45, 0.85) * figure
    light = 0.42 * glow + 0.3 * beams + 0.35 * rim
    lit = screen(clip(graded), times(hsv(p["amber"], 0.62, 1), as_plane(light)))
    lined = mix(lit, clip(lit * rgb("#4a2414") * 0.8), as_plane(0.88 * source.lines))
    shaded = times(lined, as_plane(0.84 + 0.26 * np.sqrt(glow)))
    return clip(bloom(clip(shaded), 0.72, 18, 0.32))


def moonlight(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint night blue under a full moon: silver rims from the moon's side, stars in the open sky, dark lines."""
    night = after_dark(saturate(source.calm, 1.2), 0.42, 0.78)
    warm = 1.3 * chroma(source.calm) * (1 - source.ground)
    tint = mix(hsv(p["blue"], 0.46, 1), hsv(p["blue"], 0.2, 1), clip(as_plane(warm)))
    night = as_plane(night * tint + hsv(p["blue"], 0.8, 0.1))
    glow = sunlight(source.lines, p["moon"], 0.12, 0.5)
    down = height_share(source.lines)
    figure = 1 - source.ground
    form = relief(source.swell(50, 5), 60 + 60 * (1 - p["moon"]), 22)
    night = times(night, as_plane(1 + 0.3 * figure * form - 0.25 * source.ground * (1 - down)))
    rim = smoothstep(form, 0.4, 0.85) * figure
    lit = screen(clip(night), times(hsv(p["blue"] - 0.02, 0.22, 1), as_plane(0.5 * rim + 0.3 * glow)))
    calm = smoothstep(source.away, 6, 14) * source.ground * (1 - smoothstep(down, 0.45, 0.7))
    labels, distance, centres = cells(source.lines, 20, 1.0, rng)
    bright = (rng.random(len(centres)) ** 3).astype(np.float32)[labels]
    stars = np.clip(0.4 + 1.5 * bright - distance, 0, 1) * calm
    lined = mix(lit, rgb("#070b1c"), as_plane(0.9 * source.lines))
    lined = screen(lined, times(hsv(p["blue"], 0.3, 1), as_plane(0.35 * source.contour(0.8) * (1 - source.lines))))
    return clip(screen(times(lined, as_plane(0.74 + 0.42 * glow)), times(rgb("#f4f7ff"), as_plane(stars))))


def misty(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint morning fog: soft colour, cool white veils in drifts, thickest on the ground behind and at the feet."""
    figure = 1 - source.ground
    form = relief(source.swell(50, 8), 110, 14)
    soft = mix(saturate(source.calm, 0.62), blur(source.calm, 7), 0.25)
    soft = times(soft, as_plane(0.86 + 0.12 * form))
    soft = mix(soft, rgb("#39434a"), as_plane(0.8 * source.lines))
    drift = 0.5 + 0.5 * as_plane(noise(source.lines, 70, rng, 3.5) * 0.7 + clouds(source.lines, 120, rng) * 0.5)
    foot = smoothstep(height_share(source.lines), 0.45, 1.0)
    veil = p["density"] + 0.34 * (drift - 0.5) + 0.16 * foot - 0.2 * figure * (1 - 0.6 * foot)
    fog = mix(np.broadcast_to(hsv(p["air"], 0.1, 0.82), source.calm.shape), rgb("#f2f4f3"), clip(drift))
    return clip(mix(soft, fog, clip(as_plane(np.clip(veil, 0.12, 0.88)))))


def film_noir(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint hard black and white: a lamp through venetian blinds, deep shade on the forms, silver rims, grain."""
    form = relief(source.swell(54, 5), 60 + 70 * (1 - p["lamp"]), 24)
    figure = 1 - source.ground
    curve = smoothstep(contrast(source.light, 1.1, 0.5), 0.02, 0.95)
    y, x = coordinates(source.lines)
    across = y + np.float32(math.tan(math.radians(p["slant"]))) * x
    slats = smoothstep(as_plane(np.sin(across * np.float32(2 * np.pi / p["slat"]))), -0.35, 0.35)
    pool = sunlight(source.lines, p["lamp"], 0.4, 0.6)
    behind = (0.06 + 0.5 * pool * (0.2 + 0.8 * blur(slats, 3))) * (0.45 + 0.55 * curve)
    front = curve * (0.34 + 0.66 * pool) * (0.75 + 0.25 * blur(slats, 3)) * (1 + 0.5 * form) + 0.13
    tone = np.where(source.ground > 0, behind, front) + 0.4 * figure * smoothstep(form, 0.55, 0.9)
    line = source.contour(0.3 if source.outlined else 1.2)
    edge = 0.3 * source.contour(1.6) * (1 - line)
    tone = as_plane(tone * (1 - 0.95 * line) + edge * (0.3 + 0.7 * pool) + 0.05 * grain(source.lines, 3, rng))
    tone = times(tone[..., None], 0.6 + 0.4 * vignette(source.lines, 0.9))[..., 0]
    return ramp(as_plane(tone * 1.12), ["#050506", "#3c3d41", "#98999c", "#f6f6f4"])


IRON = ("#00000f", "#1b0a5a", "#5b0f9a", "#a3138f", "#d93a5c", "#f2702a", "#fbb01b", "#fdea6a", "#fffdf0")


def thermal(source: Source, p: Parameters, rng: np.random.Generator) -> Picture:
    """Paint an infrared camera's iron colours: figures hot to the core before a cold ground, cool lines."""
    figure = blur(as_plane(1 - source.ground), 4)
    core = blur(depth_inside(source), 9)
    smooth = blur(source.calm, 4)
    warm = np.clip(smooth[..., 0] - smooth[..., 2], -0.5, 1)
    behind = p["ambient"] + 0.12 * (luma(smooth) - 0.5) + 0.1 * height_share(source.lines) + 0.06 * warm
    heat = p["ambient"] + p["gain"] * (0.3 + 0.3 * core + 0.24 * warm + 0.14 * (luma(smooth) - 0.5))
    heat = blur(as_plane(behind + (heat - behind) * figure), 2.5) - 0.3 * blur(source.contour(-0.4), 0.9)
    halo = 0.08 * blur(figure, 18) * source.ground
    sensor = 0.015 * noise(source.lines, 4, rng, 40) + 0.015 * grain(source.lines, 4, rng)
    return ramp(as_plane(heat + halo + sensor), IRON)


def depth_inside(source: Source) -> Plane:
    """Return how deep inside of its form each place lies, in [0, 1]."""
    return source.swell(52, 0, 0.2)


ATMOSPHERES: dict[str, Renderer[Source]] = {
    "cyberpunk": Renderer(
        cyberpunk,
        {
            "left": Span(0.9, 0.85, 0.95),
            "right": Span(0.51, 0.46, 0.56),
            "line": Span(5, 4, 6),
            "glow": Span(1.3, 0.9, 1.7),
            "wet": Span(0.7, 0.5, 0.9),
        },
        True,
    ),
    "golden-hour": Renderer(golden_hour, {"amber": Span(0.09, 0.07, 0.11), "sun": Span(0.85, 0.0, 1.0)}, True),
    "moonlight": Renderer(moonlight, {"blue": Span(0.61, 0.58, 0.64), "moon": Span(0.75, 0.1, 0.9)}, False),
    "misty": Renderer(misty, {"density": Span(0.62, 0.5, 0.7), "air": Span(0.56, 0.48, 0.62)}, True),
    "film-noir": Renderer(
        film_noir, {"slant": Span(14, -20, 20), "slat": Span(58, 48, 72), "lamp": Span(0.4, 0.25, 0.75)}, False
    ),
    "thermal": Renderer(thermal, {"ambient": Span(0.14, 0.08, 0.2), "gain": Span(0.95, 0.8, 1.1)}, False),
}
