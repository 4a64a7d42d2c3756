"""What every painter is built from: the Renderer value, colours, ramps and blends.

A picture is float32 (H, W, 3) RGB in [0, 1]; a plane is float32 (H, W). Lengths are given in pixels of a picture
whose shorter side is 512 and scaled by `unit`, so that a style looks the same at 256, 512 and 1024 px.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import look_for_cancel

Picture = NDArray[np.float32]
Plane = NDArray[np.float32]
Parameters = Mapping[str, float]
Subject = TypeVar("Subject")  # what a renderer paints: a Source, or a plain picture

cv2.setNumThreads(1)  # training runs one worker per core


@dataclass(frozen=True)
class Span:
    """The library's value of a parameter and the range that training draws from."""

    default: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.default <= self.high:
            raise ValueError(f"A span's default lies within its range; {self} does not.")


@dataclass(frozen=True)
class Renderer(Generic[Subject]):
    """One style: how it paints, what may vary in its look, whether a red car is still red in it."""

    paint: Callable[[Subject, Parameters, np.random.Generator], Picture]
    spans: Mapping[str, Span]
    keeps_color: bool

    def defaults(self) -> dict[str, float]:
        """Return the library's look."""
        return {name: span.default for name, span in self.spans.items()}

    def draw(self, rng: np.random.Generator) -> dict[str, float]:
        """Draw one look from the ranges that training uses."""
        return {name: float(rng.uniform(span.low, span.high)) for name, span in self.spans.items()}


def unit(picture: NDArray[np.float32]) -> float:
    """Return the pixels of this picture per pixel of one whose shorter side is 512."""
    return float(min(picture.shape[:2]) / 512)


def as_plane(array: object) -> Plane:
    """Return an array as float32, without a copy where it is so already.

    Every painter comes by here again and again: here it looks whether anybody still waits for its picture.
    """
    look_for_cancel()
    return np.asarray(array, np.float32)


def rgb(colour: str) -> Plane:
    """Return the float32 (3,) colour of '#rrggbb'."""
    return as_plane([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def hsv(hue: float, saturation: float, value: float) -> Plane:
    """Return the float32 (3,) colour of a hue in turns, a saturation and a value."""
    return as_plane(colorsys.hsv_to_rgb(hue % 1, saturation, value))


def luma(picture: Picture) -> Plane:
    """Return how light each pixel is to the eye, (H, W) in [0, 1]."""
    return as_plane(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))


def strongest(picture: Picture) -> Plane:
    """Return the largest of the three channels, (H, W)."""
    return as_plane(np.maximum(np.maximum(picture[..., 0], picture[..., 1]), picture[..., 2]))


def weakest(picture: Picture) -> Plane:
    """Return the smallest of the three channels, (H, W)."""
    return as_plane(np.minimum(np.minimum(picture[..., 0], picture[..., 1]), picture[..., 2]))


def chroma(picture: Picture) -> Plane:
    """Return the largest minus the smallest channel: 0 for greys, 1 for pure hues."""
    return strongest(picture) - weakest(picture)


def smoothstep(plane: Plane, low: float, high: float) -> Plane:
    """Return 0 below low, 1 above high and a smooth step between them."""
    t = (plane - np.float32(low)) * np.float32(1 / (high - low))
    t = np.clip(t, 0, 1)
    return as_plane(t * t * (3 - 2 * t))


def mix(a: Picture | Plane, b: Picture | Plane, amount: Plane | float) -> Picture:
    """Return a where amount is 0, b where it is 1; amount is a number or a plane (H, W).

    a and b are pictures or single colours. Arrays are spread to three whole channels first: numpy's own broadcasting
    over a last axis of three is several times slower.
    """
    if not isinstance(amount, np.ndarray) or amount.ndim != 2:
        return as_plane(a + (b - a) * np.float32(amount))
    share = spread(amount)
    first, second = whole(a, amount), whole(b, amount)
    result = second - first
    result *= share
    result += first
    return result


def spread(plane: Plane) -> Picture:
    """Return a plane (H, W) as three equal channels."""
    plane = np.ascontiguousarray(plane, np.float32)
    return as_plane(cv2.merge((plane, plane, plane)))


def whole(picture: Picture | Plane, like: Plane) -> Picture:
    """Return a picture as it is and a single colour (3,) as a picture of that colour."""
    if picture.shape[:2] == like.shape and 0 not in picture.strides:
        return as_plane(picture)
    colour = picture if picture.ndim == 1 else picture.reshape(-1, 3)[0] if 0 in picture.strides[:2] else picture
    if colour.ndim != 1:
        return as_plane(np.broadcast_to(colour, (*like.shape, 3)))
    return as_plane(cv2.merge([np.full(like.shape, part, np.float32) for part in colour.tolist()]))


def times(picture: Picture | Plane, plane: Plane) -> Picture:
    """Return a picture or one colour (3,) multiplied by a plane (H, W)."""
    if picture.ndim == 1:
        return as_plane(cv2.merge([plane * np.float32(part) for part in picture.tolist()]))
    return as_plane(picture * spread(plane)) if picture.shape[2] == 3 else as_plane(picture * plane[..., None])


def screen(a: Picture, b: Picture) -> Picture:
    """Return what two lights give together: 1 - (1 - a)(1 - b)."""
    first, second = np.clip(a, 0, 1), np.clip(b, 0, 1)
    both = first * second
    first = first + second
    first -= both
    return as_plane(first)


def clip(picture: Picture) -> Picture:
    """Return a picture or plane with its values held in [0, 1]."""
    return as_plane(np.clip(picture, 0, 1))


def saturate(picture: Picture, factor: float) -> Picture:
    """Return colours farther from grey by a factor above 1, nearer below."""
    if picture.shape[0] * picture.shape[1] < 4096:
        grey = luma(picture)[..., None]
        return clip(as_plane(grey + (picture - grey) * factor))
    grey = spread(luma(picture))
    result = picture - grey
    result *= np.float32(factor)
    result += grey
    return as_plane(np.clip(result, 0, 1, out=result))


def contrast(plane: Plane, factor: float, middle: float = 0.5) -> Plane:
    """Stretch tones about a middle, held in [0, 1]."""
    return clip(as_plane((plane - middle) * factor + middle))


def ramp(plane: Plane, stops: Sequence[str] | Sequence[Plane]) -> Picture:
    """Turn greys into colours, by even stops from dark to light."""
    colours = np.stack([rgb(stop) if isinstance(stop, str) else stop for stop in stops])
    at = np.linspace(0, 255, len(colours))
    table = np.stack([np.interp(np.arange(256), at, colours[:, k]) for k in range(3)], axis=1).astype(np.float32)
    return as_plane(table[(np.clip(plane, 0, 1) * 255).astype(np.uint8)])


def steps(plane: Plane, count: int, softness: float = 0.0) -> Plane:
    """Posterise to `count` levels 0..1; softness in (0, 1] rounds the stairs."""
    scaled = np.clip(plane, 0, 1) * (count - 1)
    floor = np.floor(scaled + 0.5)
    return as_plane((floor + (scaled - floor) * softness) / (count - 1))


def nearest(picture: Picture, palette: Plane) -> Picture:
    """Return each pixel's nearest of `palette` (n, 3), weighted as the eye does."""
    weight = np.sqrt(as_plane([0.3, 0.5, 0.2]))
    points, colours = picture.reshape(-1, 3) * weight, palette * weight
    distance = (colours**2).sum(1) - 2 * points @ colours.T
    return as_plane(palette[distance.argmin(1)].reshape(picture.shape))


def turn_hue(picture: Picture, turns: float) -> Picture:
    """Turn every hue by a share of the whole circle."""
    values = cv2.cvtColor(clip(picture), cv2.COLOR_RGB2HSV)
    values[..., 0] = (values[..., 0] + 360 * turns) % 360
    return as_plane(cv2.cvtColor(values, cv2.COLOR_HSV2RGB))


def split_tone(picture: Picture, shadow: Plane, light: Plane, amount: float) -> Picture:
    """Pull the dark parts towards one colour and the light ones towards another, keeping the light."""
    grey = luma(picture)
    tone = mix(np.broadcast_to(shadow, picture.shape), light, grey)
    return clip(picture + (tone - tone.mean(axis=2, keepdims=True)) * amount)
