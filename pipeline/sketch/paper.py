"""Measure what a drawing lies on: white, paper under uneven light, a dark board, or no ground at all.

A ground is what remains when lines are closed over (a grey closing wider than any pen). Paper's ground is nearly all of
the picture and changes slowly, so that a quadratic surface fits it; a photograph's or a clip art's is neither. Measured
on 70 drawings, 34 photographs of paper, 15 photographs and 75 filled clip arts (tests/sketch/test_paper.py holds the
kinds). Everything is measured on one copy of at most 256 px, which costs some 0.05 s.
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from pipeline.sketch.channels import blur, take_highest, take_lowest, take_lowest_near
from pipeline.sketch.ground import FAINT, WIDEST_PEN, Ground, find_ground

Pixels = NDArray[np.uint8]
Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

SMALL_SIDE = 256  # px
PLAIN = 8  # of 255, by how much the means of blocks may differ where a picture has one colour
INK = 28  # of 255: what differs more from its ground was drawn
BAND = 1_000_000  # px that are worked on at once in floats
WIDE = 0.042  # of the longer side: what is nowhere nearer to its rim than this is an area, not a stroke


class Paper:
    """One picture and what its drawing lies on. Each question is answered once, all from the same small copy."""

    def __init__(self, pixels: Pixels, inverted: bool = False) -> None:
        self.pixels = pixels  # (H, W, 3) uint8 RGB
        self.inverted = inverted  # light and dark were exchanged

    @cached_property
    def small(self) -> Field:
        """(h, w, 3) float32, 0-255: the means of blocks, at most SMALL_SIDE px a side."""
        return shrink(self.pixels, SMALL_SIDE)

    @cached_property
    def ground(self) -> Ground:
        """The ground under the drawing, found on the small copy."""
        return find_ground(self.small, self.inverted)

    @cached_property
    def inverse(self) -> Paper:
        """The same picture with light and dark exchanged."""
        return Paper(invert(self.pixels), not self.inverted)

    @cached_property
    def is_white(self) -> bool:
        """Whether the ground needs nothing: a good part of the picture is white already."""
        return float((take_lowest(self.small) >= 250).mean()) >= 0.3

    @cached_property
    def is_blank(self) -> bool:
        """Whether nothing is drawn: no mark larger than a speck, darker than light ground or lighter than dark.

        What is neither on light nor on dark ground is a picture, and not blank.
        """
        if self.is_white:
            return not has_marks(255 - shrink_to_darkest(self.pixels))
        lit = self if self.ground.is_paper else self.inverse
        return lit.ground.is_paper and not has_marks(lit.measure_depth())

    @property
    def is_plain(self) -> bool:
        """Whether all of the picture has one colour, but for what noise and compression do."""
        return float(np.ptp(self.small, axis=(0, 1)).max()) < PLAIN

    @cached_property
    def is_light_on_dark(self) -> bool:
        """Whether this is chalk on a board, white lines on black or on coloured paper: inverted, it is a drawing.

        A night sky is that too, but for its half tones; a wall, but for its grain.
        """
        dark = float(np.median(take_highest(self.small))) <= 70  # red and blue paper are light in one channel
        if self.is_white or self.lines_are_darker or not (dark or self.lines_are_lighter):
            return False
        ground = self.inverse.ground
        if not ground.is_paper or ground.unevenness > 13 or ground.half_tone_share > 0.5:
            return False
        return (dark and ground.lightness >= 185) or (ground.grain <= 6 and self.lines_are_lighter)

    @cached_property
    def lines_are_lighter(self) -> bool:
        """Whether much more of the picture stands out from its surroundings by being lighter than by being darker."""
        return self.lighter > 3 * self.darker

    @cached_property
    def lines_are_darker(self) -> bool:
        """Whether much more of the picture stands out by being darker."""
        return self.darker > 3 * self.lighter

    @property
    def lighter(self) -> float:
        """How much of the picture is lighter than its surroundings, in all."""
        return float(np.maximum(self.standing_out - FAINT, 0).sum())

    @property
    def darker(self) -> float:
        """How much of the picture is darker than its surroundings, in all."""
        return float(np.maximum(-self.standing_out - FAINT, 0).sum())

    @cached_property
    def standing_out(self) -> Field:
        """(h, w): the sum of the lightest and the darkest channel less its median in the surroundings."""
        import cv2  # a median of so wide a window takes scipy a second

        lightness = (take_highest(self.small) + take_lowest(self.small)) / 2
        around = cv2.medianBlur(lightness.round().astype(np.uint8), round(max(lightness.shape) * WIDEST_PEN) | 1)
        return np.asarray(2 * (lightness - around), np.float32)

    @cached_property
    def is_line_drawing(self) -> bool:
        """Whether this is strokes on white, black areas among them or not; not a photograph, nor filled shapes."""
        smooth = blur(self.small, 0.7)
        white = float((take_lowest(smooth) >= 235).mean())
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
        level = self.ground.level_under_shapes()
        tint = np.median(level, axis=(0, 1))
        weights = tint**2 / np.square(tint).sum() if self.ground.is_strongly_colored else None
        even = np.empty_like(self.pixels)
        for rows in cut_bands(self.pixels.shape):
            even[rows] = divide_by_ground(self.pixels[rows], cut_ground(level, self.pixels.shape, rows), weights)
        return even


def cut_bands(shape: tuple[int, ...]) -> list[slice]:
    """Return the rows of a picture (H, W, ...) in bands of BAND px, so that floats of all of it are never here."""
    rows = max(1, BAND // shape[1])
    return [slice(top, min(top + rows, shape[0])) for top in range(0, shape[0], rows)]


def cut_ground(level: Field, shape: tuple[int, ...], rows: slice) -> Field:
    """Return some rows of a ground (h, w, 3) as it lies in a picture of `shape`."""
    scale = level.shape[0] / shape[0]
    box = (0, rows.start * scale, level.shape[1], rows.stop * scale)
    channels = (Image.fromarray(level[..., channel]) for channel in range(3))
    size = (shape[1], rows.stop - rows.start)
    return np.stack([np.asarray(each.resize(size, Image.Resampling.BILINEAR, box)) for each in channels], axis=2)


def divide_by_ground(pixels: Pixels, ground: Field, weights: Field | None) -> Pixels:
    """Return pixels (h, w, 3) as they would be on white; grey, where channels are to count by weights (3,)."""
    # what lies within 4 % of the paper is its grain
    even = pixels / (0.96 * np.maximum(ground, 1))
    if weights is not None:
        even = np.repeat((even @ weights)[..., None], 3, axis=2)
    return np.asarray(np.clip(even * 255, 0, 255).round(), dtype=np.uint8)


def invert(pixels: Pixels) -> Pixels:
    """Exchange light and dark."""
    return np.asarray(255 - pixels, dtype=np.uint8)


def shrink(pixels: Pixels, side: int) -> Field:
    """Average blocks until no side is longer than `side` px; float32, 0-255."""
    image = Image.fromarray(pixels)
    return np.asarray(image.reduce(max(1, math.ceil(max(image.size) / side))), dtype=np.float32)


def shrink_to_darkest(pixels: Pixels) -> Field:
    """Take the darkest of each block of means: a line of one pixel in thousands does not fade away."""
    medium = shrink(pixels, 4 * SMALL_SIDE)
    factor = max(1, math.ceil(max(medium.shape) / SMALL_SIDE))
    return take_lowest_near(medium, factor)[::factor, ::factor]


def has_marks(depth: Field) -> bool:
    """Return whether a mark is larger than specks of dust: 1/40 of the picture long, or 1/60 wide and high.

    `depth` (h, w, 3) is how far each pixel lies below the ground, of 255.
    """
    ink = take_highest(depth) > INK
    labels, count = ndimage.label(ink, structure=np.ones((3, 3)))
    if count == 0:
        return False
    longest = max(max(part.stop - part.start for part in box) for box in ndimage.find_objects(labels))
    side = math.sqrt(ink.size)
    return bool(longest >= side / 40 or np.bincount(labels.ravel())[1:].max() >= (side / 60) ** 2)


def measure_filled_share(small: Field) -> float:
    """Return the share of the picture, 0-1, inside wide areas that are neither white nor black."""
    ink = take_lowest(small) < 215
    reach = max(4.0, WIDE * max(small.shape))  # in the tiniest drawings a common pen is broad
    padded = np.pad(ink, 1)  # beyond the picture's border is no ink
    core = ndimage.distance_transform_edt(padded)[1:-1, 1:-1] > reach
    areas = ink & (ndimage.distance_transform_edt(~core) <= reach) if core.any() else core
    return float((areas & (take_highest(small) > 100)).mean())
