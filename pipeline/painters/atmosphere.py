"""Light, lens and age: neon night, low sun, moon, fog, film, old prints, and the palettes of an era."""

from __future__ import annotations

import math

import numpy as np

from pipeline.painters.light import bloom, relief, shafts, sunlight, vignette
from pipeline.painters.lines import flatten, kuwahara, outline, slope
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
    steps,
    times,
)
from pipeline.painters.texture import blur, clouds, coordinates, fibres, grain, noise, smear


def height_share(like: Picture) -> Plane:
    """0 at the top, 1 at the bottom, (H, W)."""
    y, _ = coordinates(like)
    return as_plane(np.broadcast_to(y / float(y.max()), like.shape[:2]))


def after_dark(picture: Picture, white: float, pure: float) -> Picture:
    """Night exposure: white falls to `white` while pure colours keep `pure` of their light."""
    keep = white + (pure - white) * np.clip(chroma(picture) * 1.3, 0, 1)
    return times(picture, as_plane(keep))


def cyberpunk(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Neon night: magenta and cyan rim light, violet haze, bloom, and a wet floor that mirrors it."""
    left, right = hsv(p["left"], 0.85, 1), hsv(p["right"], 0.9, 1)
    haze = mix(
        np.broadcast_to(rgb("#140a33"), picture.shape),
        left * 0.5 + rgb("#241058") * 0.5,
        as_plane(smoothstep(height_share(picture), 0.1, 0.95) * 0.75),
    )
    dark = after_dark(saturate(picture, 1.3), 0.12, 0.85) + haze * (0.3 + 0.22 * luma(picture)[..., None]) * (
        1 - 0.85 * np.clip(chroma(picture) * 1.4, 0, 1)[..., None]
    )
    dx, _ = slope(blur(luma(picture), 4))
    side = as_plane(0.5 + 0.5 * np.tanh(dx * 90 + 1.2 * noise(picture, 150, rng)))
    rim = times(mix(np.broadcast_to(left, picture.shape), right, side), outline(picture, p["line"], 0.2))
    lit = screen(screen(clip(dark), blur(rim, 16) * p["glow"]), blur(rim, 5) * 0.6)
    lit = screen(lit, rim * 0.95)
    rain = np.clip(fibres(picture, 78, 60, rng) - 0.55, 0, 1) * 0.22
    return screen(wet(lit, p["wet"], rng), times(rgb("#b8c8ff"), as_plane(rain)))


def wet(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """The lowest third mirrors what stands above it, broken by ripples."""
    height = picture.shape[0]
    line = round(height * 0.7)
    source = np.clip(2 * line - np.arange(line, height), 0, height - 1)
    mirrored = smear(picture[source], 90, 40) if len(source) > 2 else picture[source]
    ripple = 0.65 + 0.35 * noise(picture, 12, rng, 5)[line:]
    result = picture.copy()
    result[line:] = screen(picture[line:], times(as_plane(mirrored), as_plane(ripple)) * strength)
    return result


def golden_hour(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Low sun: amber light from one side, long beams, violet shade, warm bloom."""
    deep = contrast(picture, 1.15, 0.6) ** 1.25
    graded = split_tone(saturate(deep, 1.2), hsv(0.78, 0.7, 0.5), hsv(p["amber"], 0.9, 1), 0.45)
    graded = graded * rgb("#ffc484")
    glow = sunlight(picture, p["sun"], 0.2, 0.45)
    beams = shafts(picture, 35 + 110 * (1 - p["sun"]), rng) * glow
    rim = np.clip(relief(blur(luma(picture), 5), 30 + 120 * (1 - p["sun"]), 60), 0, 1)
    lit = screen(graded, times(hsv(p["amber"], 0.7, 1), as_plane(0.5 * glow + 0.3 * beams + 0.28 * rim)))
    shaded = times(lit, as_plane(0.7 + 0.4 * np.sqrt(glow)))
    return clip(bloom(clip(shaded), 0.7, 18, 0.3))


def moonlight(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Night blue under a full moon: silver rims from above, stars where it is calm."""
    night = after_dark(saturate(picture, 0.7), 0.36, 0.8)
    night = as_plane(night * hsv(p["blue"], 0.5, 1) + hsv(p["blue"], 0.8, 0.12))
    glow = sunlight(picture, p["moon"], 0.12, 0.5)
    rim = np.clip(relief(blur(luma(picture), 3), 90, 80), 0, 1) + 0.7 * outline(picture, 3, 0.3)
    lit = screen(clip(night), times(hsv(p["blue"] - 0.02, 0.22, 1), as_plane(0.42 * rim + 0.34 * glow)))
    calm = 1 - smoothstep(blur(outline(picture, 6, 0.8), 14), 0.02, 0.2)
    stars = smoothstep(noise(picture, 5, rng), 0.9, 1.05) * calm * (1 - smoothstep(height_share(picture), 0.3, 0.6))
    return clip(screen(times(lit, as_plane(0.7 + 0.45 * glow)), times(rgb("#f4f7ff"), as_plane(stars))))


def misty(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Morning fog: low contrast, cool white veils that thicken in drifts, light that swallows the distance."""
    soft = mix(saturate(picture, 0.6), blur(picture, 8), 0.35)
    drift = 0.5 + 0.5 * as_plane(noise(picture, 70, rng, 3.5) * 0.7 + clouds(picture, 120, rng) * 0.5)
    veil = np.clip(p["density"] + 0.3 * (drift - 0.5) + 0.22 * (height_share(picture) - 0.4), 0.2, 0.9)
    fog = mix(np.broadcast_to(hsv(p["air"], 0.12, 0.8), picture.shape), rgb("#f2f4f3"), clip(drift))
    deep = saturate(clip(soft * 0.8), 0.85)
    return clip(mix(deep, fog, as_plane(veil)))


def film_noir(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Hard black and white: a lamp through venetian blinds, deep shadow, silver grain."""
    grey = luma(picture)
    curve = smoothstep(contrast(grey, 1.15, 0.5), 0.08, 0.98)
    y, x = coordinates(picture)
    across = y + math.tan(math.radians(p["slant"])) * x
    slats = smoothstep(as_plane(np.sin(across * (2 * np.pi / p["slat"]))), -0.35, 0.35)
    pool = sunlight(picture, p["lamp"], 0.42, 0.55)
    light = 0.22 + 0.68 * pool * (0.3 + 0.7 * blur(slats, 3))
    rim = 0.35 * np.clip(relief(blur(grey, 3), 60, 70), 0, 1)
    tone = curve * light + rim * (0.3 + pool) * 0.6 + 0.05 * grain(picture, 4, rng)
    return ramp(as_plane(tone * 1.05), ["#050506", "#3c3d41", "#98999c", "#f4f4f2"])


def sepia_photo(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """An old print: brown tone, soft lens, faded border, dust and hair scratches."""
    grey = luma(mix(blur(picture, 2), blur(picture, 10), 0.3))
    stain = 0.06 * clouds(picture, 140, rng) + 0.04 * grain(picture, 5, rng)
    fading = 1 - vignette(picture, 0.8)
    grey = contrast(grey, 1.25, 0.55)
    tone = 0.12 + 0.76 * grey + stain + p["fade"] * fading * (0.75 - grey)
    dust = smoothstep(noise(picture, 6, rng), 0.93, 1.0) * 0.3
    hair = np.clip(fibres(picture, 84, 300, rng) - 0.88, 0, 1) * 1.2
    return ramp(
        as_plane(tone + dust + hair),
        [
            hsv(p["brown"], 0.75, 0.14),
            hsv(p["brown"], 0.6, 0.48),
            hsv(p["brown"] + 0.02, 0.38, 0.82),
            hsv(p["brown"] + 0.04, 0.16, 0.97),
        ],
    )


def art_deco(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Poster of the twenties: jewel colours in flat steps, gold contour, a sunburst on ivory and black."""
    flat = flatten(kuwahara(picture, 9), 0.25)
    jewel = saturate(as_plane(clip(steps(flat, 4, 0.3)) ** 1.25), 0.95) * 0.9
    y, x = coordinates(picture)
    angle = np.arctan2(512 * 1.05 - y, x - 256)
    rays = smoothstep(as_plane(np.sin(angle * p["rays"])), -0.15, 0.15)
    gold = hsv(p["gold"], 0.58, 0.83)
    burst = mix(np.broadcast_to(hsv(p["night"], 0.66, 0.26), picture.shape), hsv(p["night"], 0.5, 0.44), rays)
    pale = smoothstep(luma(flat), 0.72, 0.86) * (1 - smoothstep(chroma(flat), 0.12, 0.3))
    page = mix(jewel, burst, pale)
    page = times(page, as_plane(1 - 0.28 * (1 - rays) * smoothstep(luma(flat), 0.2, 0.5)))
    grainy = times(page, as_plane(1 + 0.05 * grain(picture, 5, rng)))
    shine = 0.9 + 0.25 * noise(picture, 60, rng)
    return clip(mix(grainy, times(gold, as_plane(shine)), outline(picture, p["line"], 0.4)))


def vaporwave(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """Pink-to-cyan dream: duotone sunset light, a neon grid on the floor, scan lines, a hint of chroma slip."""
    grey = contrast(luma(picture), 1.1)
    tone = ramp(
        grey, [rgb("#2a0f5e"), hsv(p["pink"] - 0.1, 0.75, 0.78), hsv(p["pink"], 0.52, 1.0), hsv(p["cyan"], 0.35, 1.0)]
    )
    down = height_share(picture)
    dusk = mix(np.broadcast_to(hsv(p["cyan"], 0.35, 1), picture.shape), hsv(p["pink"], 0.3, 1), down)
    tone = mix(tone, tone * dusk, 0.8)
    body = mix(tone, clip(saturate(picture, 1.2) * rgb("#ffd6f6")), 0.28)
    y, _ = coordinates(picture)
    scan = 0.5 + 0.5 * np.cos(y * (2 * np.pi / 12))
    lit = times(screen(body, times(hsv(p["cyan"], 0.8, 1), floor_grid(picture) * 0.6)), as_plane(1 - 0.1 * scan))
    edged = screen(lit, times(hsv(p["cyan"], 0.7, 1), outline(picture, 4, 0.25) * 0.55))
    return clip(bloom(edged, 0.8, 12, 0.25) + 0.015 * grain(picture, 4, rng)[..., None])


def floor_grid(like: Picture) -> Plane:
    """A perspective grid in the lowest quarter, (H, W)."""
    y, x = coordinates(like)
    depth = np.maximum(y - 384, 0.5) / 128
    rows = np.clip(1 - np.abs((1 / depth) % 1 - 0.5) * 6 * depth**0.5 * 1.2, 0, 1)
    columns = np.clip(2.2 - np.abs(((x - 256) / (depth + 0.35) / 60 + 0.5) % 1 - 0.5) * 60 * (depth + 0.35), 0, 1)
    return as_plane(np.maximum(rows, columns) * np.clip((y - 384) / 40, 0, 1))


IRON = ("#00000f", "#1b0a5a", "#5b0f9a", "#a3138f", "#d93a5c", "#f2702a", "#fbb01b", "#fdea6a", "#fffdf0")


def thermal(picture: Picture, p: Parameters, rng: np.random.Generator) -> Picture:
    """An infrared camera's iron colours: figures warmer than the ground, soft optics, sensor lines."""
    smooth = blur(picture, 7)
    rim = np.concatenate([smooth[0], smooth[-1], smooth[:, 0], smooth[:, -1]])
    stands_out = np.abs(smooth - np.median(rim, axis=0)).max(axis=2)
    warm = np.clip(smooth[..., 0] - smooth[..., 2], -0.4, 1)
    heat = p["ambient"] + p["gain"] * (0.6 * stands_out + 0.5 * warm) + 0.25 * (luma(smooth) - 0.5)
    heat = blur(as_plane(heat), 3) - 0.12 * outline(picture, 5, 0.5)
    sensor = 0.02 * noise(picture, 5, rng, 40) + 0.015 * grain(picture, 5, rng)
    return ramp(as_plane(heat + sensor), IRON)


ATMOSPHERES = {
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
    "misty": Renderer(misty, {"density": Span(0.56, 0.45, 0.64), "air": Span(0.56, 0.48, 0.62)}, True),
    "film-noir": Renderer(
        film_noir, {"slant": Span(14, -20, 20), "slat": Span(58, 48, 72), "lamp": Span(0.45, 0.25, 0.75)}, False
    ),
    "sepia-photo": Renderer(sepia_photo, {"fade": Span(0.45, 0.3, 0.6), "brown": Span(0.075, 0.06, 0.09)}, False),
    "art-deco": Renderer(
        art_deco,
        {
            "rays": Span(18, 14, 24),
            "gold": Span(0.115, 0.1, 0.13),
            "night": Span(0.58, 0.45, 0.7),
            "line": Span(5.5, 4.5, 6.5),
        },
        True,
    ),
    "vaporwave": Renderer(vaporwave, {"pink": Span(0.89, 0.86, 0.92), "cyan": Span(0.5, 0.47, 0.53)}, False),
    "thermal": Renderer(thermal, {"ambient": Span(0.16, 0.08, 0.24), "gain": Span(0.95, 0.75, 1.1)}, False),
}
