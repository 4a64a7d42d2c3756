"""Draw a 512 x 512 SVG by calls, and the shapes that several scenes share."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image

SIDE = 512
Point = tuple[float, float]


PEN_WIDTH = 5.0  # px: dark strokes up to this width are pen lines, not shapes


@dataclass(frozen=True)
class Shape:
    """Shape is one SVG element whose colour is left open."""

    body: str  # markup with {paint} for its colour and {opacity}
    paint: str
    opacity: float
    width: float = math.inf  # px of a stroke; endless for filled shapes

    def write(self, paint: str | None = None, opacity: float | None = None) -> str:
        """Write its markup, in its own colour and opacity or in others."""
        return self.body.format(paint=paint or self.paint, opacity=f"{opacity or self.opacity:.3g}")

    @property
    def is_pen(self) -> bool:
        """Return whether a person would draw it as a line."""
        if self.width > PEN_WIDTH or not self.paint.startswith("#"):
            return False
        return sum(int(self.paint[i : i + 2], 16) for i in (1, 3, 5)) < 0.36 * 3 * 255


@dataclass
class Drawing:
    """Drawing collects shapes in painting order. Every method that adds one takes plain SVG values."""

    rng: np.random.Generator
    shapes: list[Shape] = field(default_factory=list)
    defs: list[str] = field(default_factory=list)

    def add_path(self, d: str, fill: str, opacity: float = 1) -> None:
        """Add a filled path; `d` is SVG path data."""
        self._fill(f'<path d="{d}"', fill, opacity)

    def add_stroke(self, d: str, colour: str, width: float, opacity: float = 1) -> None:
        """Add a line with round ends along the SVG path data `d`, `width` px wide."""
        body = (
            f'<path d="{d}" fill="none" stroke="{{paint}}" stroke-width="{width:g}" '
            'stroke-linecap="round" stroke-linejoin="round" opacity="{opacity}"/>'
        )
        self.shapes.append(Shape(body, colour, opacity, width))

    def add_polygon(self, points: Iterable[Point], fill: str, opacity: float = 1) -> None:
        """Add a filled polygon."""
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._fill(f'<polygon points="{text}"', fill, opacity)

    def add_rect(
        self, x: float, y: float, width: float, height: float, fill: str, opacity: float = 1, round: float = 0
    ) -> None:
        """Add a rectangle from its upper left corner, its corners rounded by `round` px."""
        body = f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{round:g}"'
        self._fill(body, fill, opacity)

    def add_ellipse(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        fill: str,
        opacity: float = 1,
        turn: tuple[float, float, float] = (0, 0, 0),
    ) -> None:
        """Add an ellipse around (x, y), turned by so many degrees about a point: `turn` is (degrees, x, y)."""
        degrees, about_x, about_y = turn
        body = f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.1f}" ry="{ry:.1f}"'
        turned = f' transform="rotate({degrees:.1f} {about_x} {about_y})"' if degrees else ""
        self._fill(body + turned, fill, opacity)

    def add_circle(self, x: float, y: float, r: float, fill: str, opacity: float = 1) -> None:
        """Add a disc around (x, y)."""
        self.add_ellipse(x, y, r, r, fill, opacity)

    def add_gradient(self, *stops: str, across: bool = False) -> str:
        """Add a gradient, from top to bottom or from left to right, and return its fill."""
        name = f"g{len(self.defs)}"
        body = "".join(
            f'<stop offset="{i / (len(stops) - 1):.3g}" stop-color="{stop}"/>' for i, stop in enumerate(stops)
        )
        x, y = (1, 0) if across else (0, 1)
        self.defs.append(f'<linearGradient id="{name}" x2="{x}" y2="{y}">{body}</linearGradient>')
        return f"url(#{name})"

    def rasterise(self, mirrored: bool = False) -> NDArray[np.float32]:
        """Rasterise the drawing as float32 (512, 512, 3) RGB in [0, 1]."""
        pixels = self.rasterise_as([shape.write() for shape in self.shapes], mirrored)
        return np.asarray(pixels, np.float32) / np.float32(255)

    def rasterise_as(self, elements: Sequence[str], mirrored: bool, scale: int = 1) -> NDArray[np.uint8]:
        """Rasterise other elements with this drawing's gradients, (512 scale, 512 scale, 3) RGB on white."""
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}">'
            f"<defs>{''.join(self.defs)}</defs>{''.join(elements)}</svg>"
        )
        side = SIDE * scale
        png = bytes(
            resvg_py.svg_to_bytes(svg_string=svg, width=side, height=side, background="#ffffff", skip_system_fonts=True)
        )
        pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
        return np.ascontiguousarray(pixels[:, ::-1] if mirrored else pixels)

    def _fill(self, body: str, fill: str, opacity: float) -> None:
        self.shapes.append(Shape(body + ' fill="{paint}" opacity="{opacity}"/>', fill, opacity))


def draw_sky(d: Drawing, *stops: str) -> None:
    """Draw a gradient over the whole picture, its colours from top to bottom."""
    d.add_rect(0, 0, SIDE, SIDE, d.add_gradient(*stops))


def draw_ridge(d: Drawing, base: float, swing: float, fill: str, roughness: float = 1.0) -> None:
    """Draw a hill line across the picture, filled to the bottom."""
    phase = d.rng.uniform(0, 2 * math.pi, 4)
    x = np.arange(-8, SIDE + 16, 8)
    y = (
        base
        - swing
        * sum(np.sin(x / 512 * math.pi * 2 * (0.7 + k * 0.9) * roughness + phase[k]) / (k + 1) for k in range(4))
        / 1.6
    )
    d.add_polygon([(-8, SIDE), *zip(x.tolist(), y.tolist(), strict=True), (SIDE + 8, SIDE)], fill)


def draw_cloud(d: Drawing, x: float, y: float, size: float, light: str = "#ffffff", shade: str = "#cfe2ee") -> None:
    """Draw a cumulus: heaped circles over a flat foot, shaded below."""
    heaps = [(-1.0, 0.0, 0.42), (-0.45, -0.3, 0.55), (0.15, -0.42, 0.62), (0.7, -0.15, 0.5), (1.15, 0.02, 0.34)]
    for colour, drop in ((shade, 0.1), (light, 0.0)):
        for dx, dy, r in heaps:
            d.add_circle(x + dx * size, y + (dy + drop) * size, r * size, colour)
        d.add_rect(x - 1.3 * size, y + (drop - 0.05) * size, 2.7 * size, 0.42 * size, colour, round=0.2 * size)


def draw_leafage(d: Drawing, x: float, y: float, spread: float, tones: Sequence[str], count: int = 26) -> None:
    """Draw a tree's crown: clumps in darker tones first, lit ones towards the upper left."""
    for level, tone in enumerate(tones):
        for _ in range(count):
            angle, away = d.rng.uniform(0, 2 * math.pi), math.sqrt(d.rng.uniform()) * spread * (1 - 0.16 * level)
            r = spread * d.rng.uniform(0.16, 0.3) * (1 - 0.14 * level)
            d.add_circle(x + math.cos(angle) * away - 5 * level, y + math.sin(angle) * away * 0.82 - 8 * level, r, tone)


def draw_pine(d: Drawing, x: float, foot: float, height: float, fill: str, shade: str) -> None:
    """Draw a fir of four tiers on `foot`, shaded on the right."""
    width = height * 0.36
    d.add_rect(x - height * 0.03, foot - height * 0.12, height * 0.06, height * 0.14, "#4a3426")
    for k in range(4):
        top, low = foot - height + k * height * 0.2, foot - height * 0.6 + k * height * 0.18
        half = width * (0.42 + 0.2 * k) / 1.05
        d.add_polygon([(x, top), (x + half, low), (x - half, low)], fill)
        d.add_polygon([(x, top), (x + half, low), (x + half * 0.1, low)], shade)


def draw_gull(d: Drawing, x: float, y: float, size: float, colour: str = "#33414f") -> None:
    """Draw a flying gull as two arcs that meet in (x, y)."""
    d.add_stroke(
        f"M{x - size} {y - size * 0.3} Q{x - size * 0.4} {y - size * 0.7} {x} {y} "
        f"Q{x + size * 0.4} {y - size * 0.7} {x + size} {y - size * 0.3}",
        colour,
        max(size * 0.16, 1.6),
    )


def draw_ripples(d: Drawing, top: float, bottom: float, colours: Sequence[str], count: int = 46) -> None:
    """Draw dashes of light on water, longer towards the viewer."""
    for _ in range(count):
        y = d.rng.uniform(top, bottom)
        near = (y - top) / (bottom - top)
        length, x = (10 + 54 * near) * d.rng.uniform(0.5, 1.2), d.rng.uniform(-10, SIDE)
        d.add_stroke(
            f"M{x:.0f} {y:.0f} q{length / 2:.0f} {-2 - 4 * near:.1f} {length:.0f} 0",
            colours[int(d.rng.integers(len(colours)))],
            1.6 + 2.6 * near,
            0.75,
        )


def draw_bush(d: Drawing, x: float, y: float, size: float, tones: Sequence[str]) -> None:
    """Draw a bush: heaps of circles in each tone, the lighter ones higher."""
    for level, tone in enumerate(tones):
        for k in range(5):
            d.add_circle(
                x + (k - 2) * size * 0.42,
                y - (2 - abs(k - 2)) * size * 0.2 - level * size * 0.12,
                size * (0.42 - 0.07 * level),
                tone,
            )
