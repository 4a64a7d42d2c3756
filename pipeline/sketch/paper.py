"""Measure what a drawing lies on: white, paper under uneven light, a dark board, or no ground at all.

A ground is what remains when lines are closed over (a grey closing wider than any pen). Paper's ground is nearly all of
the picture and changes slowly, so that a quadratic surface fits it; a photograph's or a clip art's is neither. Measured
on 70 drawings, 34 photographs of paper, 15 photographs and 75 filled clip arts (tests/sketch/test_paper.py holds the
kinds). Everything is measured on one copy of at most 256 px, which costs some 0.05 s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Pixels = NDArray[np.uint8]
Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

SMALL_SIDE = 256  # px
WIDEST_PEN = 0.09  # of the picture's longer side; lines up to this width are closed over
FAINT = 16  # of 255: what differs less from its ground is ground
INK = 28  # of 255: what differs more from its ground was drawn
STRONG_COLOR = 0.3  # from there on the difference of a paper's channels, as a share of the brightest, is a colour
COLORED = 0.02  # how far a share of red, green or blue lies from the paper's where something is coloured in
MOST_COLORED = 0.3  # share of a sheet that may be coloured in; of photographs more has other colours
CRISP = 0.7  # of a step within 31 px of the small copy, what lies within 7 px at a drawn rim; a shadow changes slowly
WIDE = 0.042  # of the longer side: what is nowhere nearer to its rim than this is an area, not a stroke


@dataclass(frozen=True, eq=False)
class Ground:
    """The ground of one picture. Fields are (h, w, 3) or (h, w) float32 at the size of `Paper.small`."""

    level: Field  # 0-255 a channel, local colour of the ground
    depth: Field  # how far each pixel lies below its ground, in its strongest channel
    plane: Field  # the quadratic surface nearest to the ground's lightness

    @property
    def bare_share(self) -> float:
        """Share of the picture that shows its ground, 0-1."""
        return float((self.depth < FAINT).mean())

    @property
    def lightness(self) -> float:
        """Median of the ground in its strongest channel, 0-255: red and blue paper are light in one."""
        return float(np.median(self.level.max(axis=2)))

    @cached_property
    def is_strongly_colored(self) -> bool:
        """Whether this is red, blue or brown paper: its channels differ by a good part of the brightest."""
        tint = np.median(self.level, axis=(0, 1))
        return bool(tint.max() - tint.min() > STRONG_COLOR * tint.max())

    @property
    def grain(self) -> float:
        """How rough the bare ground is, 0-16 of 255: up to 5 for paper, 7 and more for brick, sand and skin."""
        return float(np.quantile(self.depth[self.depth < FAINT], 0.9)) if self.bare_share else float(FAINT)

    @cached_property
    def colored(self) -> Mask:
        """(h, w): where the ground has another colour than in most places, its lightness aside.

        Shadows keep the paper's colour; what is coloured in, and most of a photograph, does not.
        """
        tint = np.median(self.level, axis=(0, 1))
        share = self.level / np.maximum(self.level.sum(axis=2, keepdims=True), 1)
        return np.asarray(np.abs(share - tint / max(float(tint.sum()), 1)).max(axis=2) > COLORED)

    @property
    def unevenness(self) -> float:
        """Mean distance from a slowly changing surface where the ground has one colour, 0-255."""
        away = np.abs(self.level.mean(axis=2) - self.plane)
        return float(away[~self.colored].mean()) if not self.colored.all() else float(away.mean())

    @property
    def half_tone_share(self) -> float:
        """Share of what is drawn that is under a third as strong as its strongest, 0-1.

        In a drawing those are the rims of strokes, in a photograph most of it.
        """
        drawn = self.depth[self.depth > FAINT]
        return float((drawn < np.percentile(drawn, 95) / 3).mean()) if drawn.size else 0.0

    def level_under_shapes(self) -> Field:
        """Return the ground (h, w, 3) as it would be without what is drawn in areas: those are filled from around.

        An area is of another colour than the paper, or darker than four fifths of the plane with a crisp rim; a shadow
        has the paper's colour and a soft rim, and stays.
        """
        drawn = self.colored.copy()
        labels, count = ndimage.label(~drawn & (self.level.mean(axis=2) < 0.8 * self.plane))
        lightness = self.level.min(axis=2)
        crisp = measure_steps(lightness, 7) > CRISP * measure_steps(lightness, 31)
        rims = ndimage.morphological_gradient(labels, size=(3, 3)) > 0
        around = ndimage.grey_dilation(labels, size=(3, 3))
        for label in range(1, count + 1):
            rim = rims & (around == label)
            if rim.any() and float(crisp[rim].mean()) > 0.5:
                drawn |= labels == label
        if not drawn.any():
            return np.maximum(self.level, 1)
        return np.maximum(fill_from_around(self.level, ndimage.binary_dilation(drawn, iterations=6)), 1)

    @property
    def is_paper(self) -> bool:
        """Whether this is a ground that shows in half of the picture and changes slowly.

        Shadows and window light change it faster than a plane, but not its colour, and what is drawn stays crisp.
        """
        if self.bare_share < 0.5 or self.lightness < (80 if self.is_strongly_colored else 120):
            return False
        if self.colored.mean() > MOST_COLORED:
            return False
        shaded = self.bare_share >= 0.6 and self.half_tone_share <= 0.6
        return self.unevenness <= (40 if shaded else 9)


class Paper:
    """One picture and what its drawing lies on. Each question is answered once, all from the same small copy."""

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = pixels  # (H, W, 3) uint8 RGB

    @cached_property
    def small(self) -> Field:
        """(h, w, 3) float32, 0-255: the means of blocks, at most SMALL_SIDE px a side."""
        return shrink(self.pixels, SMALL_SIDE)

    @cached_property
    def ground(self) -> Ground:
        """The ground under the drawing, found on the small copy."""
        return find_ground(self.small)

    @cached_property
    def inverse(self) -> Paper:
        """The same picture with light and dark exchanged."""
        return Paper(invert(self.pixels))

    @cached_property
    def is_white(self) -> bool:
        """Whether the ground needs nothing: a good part of the picture is white already."""
        return float((self.small.min(axis=2) >= 250).mean()) >= 0.3

    @cached_property
    def is_blank(self) -> bool:
        """Whether nothing is drawn: no mark larger than a speck, darker than light ground or lighter than dark.

        What is neither on light nor on dark ground is a picture, and not blank.
        """
        if self.is_white:
            return not has_marks(255 - shrink_to_darkest(self.pixels))
        lit = self if self.ground.is_paper else self.inverse
        return lit.ground.is_paper and not has_marks(lit.measure_depth())

    @cached_property
    def is_light_on_dark(self) -> bool:
        """Whether this is chalk on a board, white lines on black or on coloured paper: inverted, it is a drawing.

        A night sky is that too, but for its half tones; a wall, but for its grain.
        """
        dark = float(np.median(self.small.max(axis=2))) <= 70  # red and blue paper are light in one channel
        if self.is_white or not (dark or self.lines_are_lighter):
            return False
        ground = self.inverse.ground
        if not ground.is_paper or ground.unevenness > 13 or ground.half_tone_share > 0.5:
            return False
        return (dark and ground.lightness >= 185) or (ground.grain <= 6 and self.lines_are_lighter)

    @cached_property
    def lines_are_lighter(self) -> bool:
        """Whether much more of the picture stands out from its surroundings by being lighter than by being darker."""
        lightness = self.small.max(axis=2) + self.small.min(axis=2)
        away = lightness - ndimage.median_filter(lightness, round(max(lightness.shape) * WIDEST_PEN) | 1)
        lighter, darker = (float(np.maximum(side - FAINT, 0).sum()) for side in (away, -away))
        return lighter > 3 * darker

    @cached_property
    def is_line_drawing(self) -> bool:
        """Whether this is strokes on white, black areas among them or not; not a photograph, nor filled shapes."""
        smooth = ndimage.gaussian_filter(self.small, (0.7, 0.7, 0))
        white = float((smooth.min(axis=2) >= 235).mean())
        return white >= 0.3 and measure_filled_share(smooth) <= 0.03

    def measure_depth(self) -> Field:
        """Return how far the darkest of each block lies below the ground, (h, w, 3), of 255."""
        darkest = shrink_to_darkest(self.pixels)
        height, width = np.minimum(darkest.shape[:2], self.ground.level.shape[:2])
        return self.ground.level[:height, :width] - darkest[:height, :width]

    def even_out(self) -> Pixels:
        """Divide by the ground, so that paper becomes white in every corner and lines keep their strength on it.

        A large dark shape with a crisp rim is drawn, and no shadow: its ground is taken from around it. Paper of a
        strong colour gives grey lines, in which a channel counts as much as the paper is bright in it: what is dark in
        a channel is mostly noise there. Returns (H, W, 3) uint8.
        """
        level, shape = self.ground.level_under_shapes(), self.pixels.shape
        full = np.stack([enlarge(level[..., channel], shape) for channel in range(3)], axis=2)
        # what lies within 4 % of the paper is its grain
        even = self.pixels / (0.96 * np.maximum(full, 1))
        if self.ground.is_strongly_colored:
            tint = np.median(level, axis=(0, 1))
            weights = tint**2 / np.square(tint).sum()
            even = np.repeat((even @ weights)[..., None], 3, axis=2)
        return np.asarray(np.clip(even * 255, 0, 255).round(), dtype=np.uint8)


def invert(pixels: Pixels) -> Pixels:
    """Exchange light and dark."""
    return np.asarray(255 - pixels, dtype=np.uint8)


def find_ground(small: Field) -> Ground:
    """Close over the lines of a picture (h, w, 3), 0-255."""
    width = round(max(small.shape) * WIDEST_PEN) | 1
    smooth = ndimage.gaussian_filter(small, (0.7, 0.7, 0))
    closed = ndimage.grey_closing(smooth, size=(width, width, 1))
    level = ndimage.gaussian_filter(closed, (width / 9, width / 9, 0))
    depth = (level - smooth).max(axis=2)
    return Ground(level, depth, fit_plane(level.mean(axis=2)))


def measure_steps(lightness: Field, side: int) -> Field:
    """Return how far lightness (h, w) reaches from its darkest to its brightest within squares of `side` px."""
    return np.asarray(ndimage.maximum_filter(lightness, side) - ndimage.minimum_filter(lightness, side))


def fill_from_around(level: Field, hidden: Mask) -> Field:
    """Return a field (h, w, 3) whose hidden places continue what lies around them, nearer places counting more."""
    filled, known = level.copy(), (~hidden).astype(np.float32)
    left = hidden.copy()
    for reach in (4, 12, 36, 108):
        weight = ndimage.gaussian_filter(known, reach)
        means = ndimage.gaussian_filter(level * known[..., None], (reach, reach, 0)) / (weight[..., None] + 1e-6)
        chosen = left & (weight > 0.02)
        filled[chosen] = means[chosen]
        left &= ~chosen
    return filled


def fit_plane(lightness: Field) -> Field:
    """Fit 1, x, y, x2, xy, y2 by least squares; large dark shapes are left out of the fit, round by round."""
    height, width = lightness.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    rows, values = terms[::3, ::3].reshape(-1, 6), lightness[::3, ::3].ravel()
    kept = np.ones(len(values), dtype=bool)
    for _ in range(4):
        factors, *_ = np.linalg.lstsq(rows[kept], values[kept], rcond=None)
        higher = values - rows @ factors > -10
        kept = higher if higher.sum() > len(values) / 4 else kept
    return np.asarray(terms @ factors, dtype=np.float32)


def shrink(pixels: Pixels, side: int) -> Field:
    """Average blocks until no side is longer than `side` px; float32, 0-255."""
    image = Image.fromarray(pixels)
    return np.asarray(image.reduce(max(1, math.ceil(max(image.size) / side))), dtype=np.float32)


def shrink_to_darkest(pixels: Pixels) -> Field:
    """Take the darkest of each block of means: a line of one pixel in thousands does not fade away."""
    medium = shrink(pixels, 4 * SMALL_SIDE)
    factor = max(1, math.ceil(max(medium.shape) / SMALL_SIDE))
    return np.asarray(ndimage.minimum_filter(medium, size=(factor, factor, 1))[::factor, ::factor])


def enlarge(field: Field, shape: tuple[int, ...]) -> Field:
    """Interpolate a field (h, w) to the height and width of `shape`."""
    return np.asarray(Image.fromarray(field).resize((shape[1], shape[0]), Image.Resampling.BILINEAR))


def has_marks(depth: Field) -> bool:
    """Return whether a mark is larger than specks of dust: 1/40 of the picture long, or 1/60 wide and high.

    `depth` (h, w, 3) is how far each pixel lies below the ground, of 255.
    """
    ink = depth.max(axis=2) > INK
    labels, count = ndimage.label(ink, structure=np.ones((3, 3)))
    if count == 0:
        return False
    longest = max(max(part.stop - part.start for part in box) for box in ndimage.find_objects(labels))
    side = math.sqrt(ink.size)
    return bool(longest >= side / 40 or np.bincount(labels.ravel())[1:].max() >= (side / 60) ** 2)


def measure_filled_share(small: Field) -> float:
    """Return the share of the picture, 0-1, inside wide areas that are neither white nor black."""
    ink = small.min(axis=2) < 215
    reach = max(4.0, WIDE * max(small.shape))  # in the tiniest drawings a common pen is broad
    padded = np.pad(ink, 1)  # beyond the picture's border is no ink
    core = ndimage.distance_transform_edt(padded)[1:-1, 1:-1] > reach
    areas = ink & (ndimage.distance_transform_edt(~core) <= reach) if core.any() else core
    return float((areas & (small.max(axis=2) > 100)).mean())
