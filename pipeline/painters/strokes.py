"""Brush strokes and rows along forms: where hands put the tool down, and in which direction they draw it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painters.pieces import scatter
from pipeline.painters.source import Source
from pipeline.painters.surface import Picture, Plane, as_plane, clip, unit
from pipeline.painters.texture import blur, coordinates

Points = NDArray[np.float32]


def directions(source: Source, reach: float, rest: float, follow: float = 1.0) -> Plane:
    """Return the direction (radians) along the nearest contour, (H, W); far from all it turns to `rest`.

    `reach` is how far a contour is felt; `follow` in [0, 1] how much.
    """
    small, scale = shrunk(np.minimum(source.away, 2 * reach), source.unit)
    sigma = 5 * scale
    dx = cv2.GaussianBlur(cv2.Sobel(small, cv2.CV_32F, 1, 0, ksize=3), (0, 0), 0.8)
    dy = cv2.GaussianBlur(cv2.Sobel(small, cv2.CV_32F, 0, 1, ksize=3), (0, 0), 0.8)
    near = np.exp(-small / reach) * follow
    power = dx * dx + dy * dy + 1e-6
    double_cos, double_sin = (dy * dy - dx * dx) / power, -2 * dx * dy / power
    cos = cv2.GaussianBlur(near * double_cos + 0.25 * np.cos(2 * rest), (0, 0), sigma)
    sin = cv2.GaussianBlur(near * double_sin + 0.25 * np.sin(2 * rest), (0, 0), sigma)
    height, width = source.lines.shape
    cos, sin = (cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR) for part in (cos, sin))
    return as_plane(0.5 * np.arctan2(sin, cos))


def shrunk(plane: Plane, scale: float) -> tuple[Plane, float]:
    """Return a plane whose shorter side is at most 256, and its pixels per pixel of a 512 picture."""
    factor = min(0.5 / scale, 1.0)
    height, width = plane.shape
    size = (max(round(width * factor), 2), max(round(height * factor), 2))
    return as_plane(cv2.resize(plane, size, interpolation=cv2.INTER_AREA)), scale * factor


@dataclass(frozen=True)
class Strokes:
    """Strokes laid side by side: which one covers each pixel, and where each was put down."""

    cover: NDArray[np.int32]  # (H, W) index of the stroke on top; -1 bare
    spots: NDArray[np.int64]  # (n, 2) row, column

    def own_region(self, source: Source) -> NDArray[np.bool_]:
        """Return where a stroke lies in the region it was put down in: paint does not cross a border."""
        regions = source.regions[self.spots[:, 0], self.spots[:, 1]]
        return np.asarray((self.cover >= 0) & (regions[self.cover] == source.regions))

    def coloured(self, source: Source, colours: Picture, under: Picture) -> Picture:
        """Return strokes in colours (n, 3), over `under` where there is no stroke or it would cross a border."""
        return as_plane(np.where(self.own_region(source)[..., None], colours[self.cover], under))


def lay_strokes(
    source: Source, angle: Plane, spacing: float, length: float, width: float, rng: np.random.Generator
) -> Strokes:
    """Lay strokes of a length and width, in pixels of a 512 picture, along a field of directions."""
    height, columns = source.lines.shape
    spots = scatter(source.colours, spacing, 1.0, rng)
    spots = spots[rng.permutation(len(spots))]
    at = spots.astype(np.int64)
    size = length * source.unit * rng.uniform(0.7, 1.15, len(at))
    turn = angle[at[:, 0], at[:, 1]]
    ends = [bend(source, angle, spots, turn, k * size / 2) for k in (-1.0, 1.0)]
    path = (np.stack([ends[0], spots[:, ::-1], ends[1]], 1) * 16).astype(np.int32)
    thickness = np.maximum(np.round(width * source.unit * rng.uniform(0.75, 1.2, len(at))), 1).astype(int).tolist()
    cover = np.full((height, columns), -1, np.int32)
    for number, points in enumerate(path):
        cv2.polylines(cover, [points], False, number, thickness[number], cv2.LINE_8, 4)
    return Strokes(cover, at)


def bend(
    source: Source, angle: Plane, spots: NDArray[np.float64], turn: Plane, reach: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the strokes' ends (n, 2) as x, y: the direction half way to the end is the one that counts."""
    height, width = source.lines.shape
    half = spots + 0.5 * reach[:, None] * np.stack([np.sin(turn), np.cos(turn)], 1)
    rows = np.clip(half[:, 0], 0, height - 1).astype(np.int64)
    columns = np.clip(half[:, 1], 0, width - 1).astype(np.int64)
    there = angle[rows, columns]
    there = np.where(np.cos(there - turn) < 0, there + np.pi, there)
    return np.asarray(spots[:, ::-1] + reach[:, None] * np.stack([np.cos(there), np.sin(there)], 1))


def stroke_colours(source: Source, strokes: Strokes, spread: float, rng: np.random.Generator) -> Picture:
    """Return each stroke's colour (n, 3): that of its spot, a little lighter or darker, warmer or cooler."""
    colours = source.calm[strokes.spots[:, 0], strokes.spots[:, 1]]
    light = rng.normal(0, spread, (len(colours), 1))
    warm = rng.normal(0, 0.4 * spread, (len(colours), 1)) * np.array([1.0, 0.0, -1.0])
    return clip(as_plane(colours * (1 + light) + 0.3 * light + warm))


def rows_along(distance: Plane, levels: Sequence[float], step: float) -> Iterator[Points]:
    """Walk the curves on which a distance takes each of some levels.

    Yields for each curve its points (n, 2) as x, y in the plane's pixels, about `step` pixels of a 512 picture apart.
    The curves are found on a plane of one size, so that pictures of all sizes get the same points.
    """
    small, scale = shrunk(distance, unit(distance))
    back = as_plane([distance.shape[1] / small.shape[1], distance.shape[0] / small.shape[0]])
    for level in levels:
        found, _ = cv2.findContours((small > level).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        for curve in found:
            if len(curve) >= 2 * step * scale:
                points = even_points(smooth_curve(curve[:, 0].astype(np.float32)), step * scale)
                yield as_plane((points + 0.5) * back - 0.5)


def smooth_curve(curve: Points) -> Points:
    """Return a closed curve without the stairs of its pixels."""
    total = curve.copy()
    for k in (1, 2):
        total += np.roll(curve, k, axis=0) + np.roll(curve, -k, axis=0)
    return as_plane(total / 5)


def even_points(curve: Points, step: float) -> Points:
    """Return points of a closed curve at equal distances near `step`."""
    closed = np.concatenate([curve, curve[:1]])
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    count = max(round(float(lengths[-1]) / step), 2)
    at = np.arange(count) * lengths[-1] / count
    return as_plane(np.stack([np.interp(at, lengths, closed[:, k]) for k in (0, 1)], 1))


def bristles(source: Source, angle: Plane, length: float, rng: np.random.Generator) -> Plane:
    """Return fine streaks along a field of directions, about [-1, 1]: noise drawn out in both ways."""
    from pipeline.painters.lines import comb
    from pipeline.painters.texture import noise

    streaks = comb(noise(source.lines, 3.2, rng), angle, length)
    return as_plane(np.clip(streaks / (2.2 * streaks.std() + 1e-6), -1, 1))


def soften_steps(picture: Picture) -> Picture:
    """Take the jagged rims off hard-edged strokes."""
    return blur(picture, 0.7)


def hatching(
    source: Source, degrees: Plane, period: float, bend: Plane, rng: np.random.Generator
) -> tuple[Plane, Plane]:
    """Return strokes `period` apart, (H, W) in [-0.55, 1.15], and the long streaks that break them, (H, W) in [-1, 1].

    degrees: (n,) each region's direction; bend: how far strokes are moved sideways, in pixels of a 512 picture.
    """
    y, x = coordinates(source.lines)
    cos, sin = (as_plane(turn(np.radians(degrees)))[source.regions] for turn in (np.cos, np.sin))
    across = as_plane(y * cos - x * sin + bend)
    sheet = cv2.blur(rng.uniform(-1, 1, (251, 61)).astype(np.float32), (3, 1))
    sheet = np.clip(sheet / np.float32(2.5 * sheet.std()), -1, 1)
    along = as_plane((x * cos + y * sin) / 40)
    streak = cv2.remap(sheet, along, as_plane(across / 2.1), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    wave = np.cos(across * np.float32(2 * np.pi / period))
    return as_plane(0.3 + 0.3 * wave + 0.55 * streak), as_plane(streak)
