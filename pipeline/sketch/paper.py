"""What a drawing lies on: the ground under its lines, made white where it is paper, turned round where it is dark.

A ground is what remains when lines are closed over (a grey closing wider than any pen). Paper's ground is nearly all of
the picture and changes slowly, so that a quadratic surface fits it; a photograph's or a clip art's is neither. Measured
on 70 drawings, 34 photographs of paper, 15 photographs and 75 filled clip arts (tests/sketch/test_paper.py holds the
kinds). Everything is judged on a picture of at most 256 px, which costs some 0.05 s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Pixels = NDArray[np.uint8]
Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

JUDGED_SIDE = 256  # px
WIDEST_PEN = 0.09  # of the picture's longer side; lines up to this width are closed over
FAINT = 16  # of 255: what differs less from its ground is ground
INK = 28  # of 255: what differs more from its ground was drawn
WIDE = 0.042  # of the longer side: what is nowhere nearer to its rim than this is an area, not a stroke


@dataclass(frozen=True, eq=False)
class Ground:
    """The ground of one picture, judged small. Fields are (h, w, 3) or (h, w) at the judged size."""

    level: Field  # 0-255 a channel, local colour of the ground
    depth: Field  # how far each pixel lies below its ground, in its strongest channel
    plane: Field  # the quadratic surface nearest to the ground's lightness

    @property
    def bare(self) -> float:
        """Share of the picture that shows its ground."""
        return float((self.depth < FAINT).mean())

    @property
    def lightness(self) -> float:
        return float(np.median(self.level))

    @property
    def unevenness(self) -> float:
        """Mean distance from a slowly changing surface, 0-255."""
        return float(np.abs(self.level.mean(axis=2) - self.plane).mean())

    @property
    def ink(self) -> Mask:
        return self.depth > INK

    @property
    def half_tones(self) -> float:
        """Share of what is drawn that is under a third as strong as its strongest: the rims of strokes, but in a
        photograph most of it."""
        drawn = self.depth[self.depth > FAINT]
        return float((drawn < np.percentile(drawn, 95) / 3).mean()) if drawn.size else 0.0

    def is_paper(self, unevenness: float = 9) -> bool:
        return self.bare >= 0.5 and self.unevenness <= unevenness and self.lightness >= 120


def find_ground(pixels: Pixels) -> Ground:
    small = shrink(pixels)
    width = round(max(small.shape) * WIDEST_PEN) | 1
    smooth = ndimage.gaussian_filter(small, (0.7, 0.7, 0))
    closed = ndimage.grey_closing(smooth, size=(width, width, 1))
    level = ndimage.gaussian_filter(closed, (width / 3, width / 3, 0))
    depth = (level - smooth).max(axis=2)
    return Ground(level, depth, fit_plane(level.mean(axis=2)))


def shrink(pixels: Pixels, side: int = JUDGED_SIDE) -> Field:
    """The mean of each block."""
    image = Image.fromarray(pixels)
    return np.asarray(image.reduce(max(1, math.ceil(max(image.size) / side))), dtype=np.float32)


def shrink_darkest(pixels: Pixels) -> Field:
    """The darkest of each block of means: a line of one pixel in thousands does not fade away."""
    medium = shrink(pixels, 4 * JUDGED_SIDE)
    factor = max(1, math.ceil(max(medium.shape) / JUDGED_SIDE))
    return np.asarray(ndimage.minimum_filter(medium, size=(factor, factor, 1))[::factor, ::factor])


def fit_plane(lightness: Field) -> Field:
    """Least squares of 1, x, y, x2, xy, y2; large dark shapes are left out of the fit, round by round."""
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


def is_white(pixels: Pixels) -> bool:
    """Whether the ground needs nothing: a good part of the picture is white already."""
    return float((shrink(pixels).min(axis=2) >= 250).mean()) >= 0.3


def even_out(pixels: Pixels, ground: Ground) -> Pixels:
    """Divide by the ground, so that paper becomes white in every corner and lines keep their strength on it.

    The ground never falls below four fifths of the fitted surface: a large black shape is drawn, not a shadow.
    """
    tint = ground.level.mean(axis=(0, 1)) / max(float(ground.level.mean()), 1.0)
    least = 0.8 * ground.plane[..., None] * tint
    level = np.clip(np.maximum(ground.level, least), 1, 255).astype(np.float32)
    full = np.stack([enlarge(level[..., channel], pixels.shape) for channel in range(3)], axis=2)
    # what lies within 4 % of the paper is its grain
    return np.asarray(np.clip(pixels / (0.96 * full) * 255, 0, 255).round(), dtype=np.uint8)


def enlarge(field: Field, shape: tuple[int, ...]) -> Field:
    return np.asarray(Image.fromarray(field).resize((shape[1], shape[0]), Image.Resampling.BILINEAR))


def lies_on_dark(pixels: Pixels) -> bool:
    """White chalk on a board, white lines on black: the picture turned round is a drawing on paper.

    A night sky is that too, but for its half tones.
    """
    if float(np.median(shrink(pixels))) > 70:
        return False
    ground = find_ground(invert(pixels))
    return ground.is_paper(unevenness=13) and ground.lightness >= 185 and ground.half_tones <= 0.5


def invert(pixels: Pixels) -> Pixels:
    return np.asarray(255 - pixels, dtype=np.uint8)


def is_blank(pixels: Pixels) -> bool:
    """Whether nothing is drawn: no mark larger than a speck, darker than light ground or lighter than dark.

    What is neither on light nor on dark ground is a picture, and not blank.
    """
    if is_white(pixels):
        return not has_marks(255 - shrink_darkest(pixels))
    for side in (pixels, invert(pixels)):
        ground = find_ground(side)
        if ground.is_paper():
            darkest = shrink_darkest(side)
            level = ground.level[: darkest.shape[0], : darkest.shape[1]]
            return not has_marks(level - darkest[: level.shape[0], : level.shape[1]])
    return False


def has_marks(depth: Field) -> bool:
    """Whether a mark is larger than specks of dust: 1/40 of the picture long, or 1/60 wide and high."""
    ink = depth.max(axis=2) > INK
    labels, count = ndimage.label(ink, structure=np.ones((3, 3)))
    if count == 0:
        return False
    longest = max(max(part.stop - part.start for part in box) for box in ndimage.find_objects(labels))
    side = math.sqrt(ink.size)
    return bool(longest >= side / 40 or np.bincount(labels.ravel())[1:].max() >= (side / 60) ** 2)


def is_line_drawing(pixels: Pixels) -> bool:
    """Strokes on white, black areas among them or not; not a photograph, nor shapes filled with colour or grey."""
    small = ndimage.gaussian_filter(shrink(pixels), (0.7, 0.7, 0))
    white = float((small.min(axis=2) >= 235).mean())
    return white >= 0.3 and filled(small) <= 0.03


def filled(small: Field) -> float:
    """Share of the picture inside wide areas that are neither white nor black."""
    ink = small.min(axis=2) < 215
    reach = max(4.0, WIDE * max(small.shape))  # in the tiniest drawings a common pen is broad
    padded = np.pad(ink, 1)  # beyond the picture's border is no ink
    core = ndimage.distance_transform_edt(padded)[1:-1, 1:-1] > reach
    areas = ink & (ndimage.distance_transform_edt(~core) <= reach) if core.any() else core
    return float((areas & (small.max(axis=2) > 100)).mean())
