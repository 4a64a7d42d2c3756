"""Measure the ground under a drawing: what remains when lines are closed over (a grey closing wider than any pen).

Paper's ground is nearly all of the picture and changes slowly, so that a quadratic surface fits it, shadows aside; a
photograph's or a clip art's does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.sketch.channels import blur, take_highest, take_highest_near, take_lowest, take_lowest_near

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

USUAL_PEN = 0.035  # of the longer side; broader marks may be shadows
MOST_DRAWN = 0.35  # of a picture, where lines lie on a ground
WIDEST_PEN = 0.09  # of the picture's longer side; lines up to this width are closed over
FAINT = 16  # of 255: what differs less from its ground is ground
STRONG_COLOR = 0.3  # from there on the difference of a paper's channels, as a share of the brightest, is a colour
COLORED = 0.02  # how far a share of red, green or blue lies from the paper's where something is coloured in
MOST_COLORED = 0.3  # share of a sheet that may be coloured in; of photographs more has other colours
CRISP = 0.7  # of a step within 31 px of the small copy, what lies within 7 px at a drawn rim; a shadow changes slowly


@dataclass(frozen=True, eq=False)
class Ground:
    """The ground of one picture. Fields are (h, w, 3) or (h, w) float32 at the size of `Paper.small`."""

    level: Field  # 0-255 a channel, local colour of the ground
    depth: Field  # how far each pixel lies below its ground, in its strongest channel
    plane: Field  # the quadratic surface nearest to the ground's lightness
    inverted: bool = False  # of a picture whose light and dark were exchanged

    @property
    def bare_share(self) -> float:
        """Share of the picture that shows its ground, 0-1."""
        return float((self.depth < FAINT).mean())

    @property
    def lightness(self) -> float:
        """Median of the ground in its strongest channel, 0-255: red and blue paper are light in one."""
        return float(np.median(take_highest(self.level)))

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
        colored = find_other_colors(self.level)
        # light multiplies the colours that came, not their inverse
        return colored & find_other_colors(255 - self.level) if self.inverted else colored

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
        lightness = take_lowest(self.level)
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


def find_ground(small: Field, inverted: bool = False) -> Ground:
    """Close over the lines of a picture (h, w, 3), 0-255, which came with light and dark exchanged or as it is."""
    smooth = blur(small, 0.7)
    level = close_lines(smooth, WIDEST_PEN)
    if (take_highest(level - smooth) > FAINT).mean() < MOST_DRAWN:
        level = keep_soft_shadows(level, close_lines(smooth, USUAL_PEN))
    depth = take_highest(level - smooth)
    return Ground(level, depth, fit_plane(level.mean(axis=2)), inverted)


def close_lines(smooth: Field, widest: float) -> Field:
    """Close over lines of a picture (h, w, 3) up to a width, a share of its longer side."""
    width = round(max(smooth.shape) * widest) | 1
    closed = take_lowest_near(take_highest_near(smooth, width), width)
    return blur(closed, width / 9)


def keep_soft_shadows(level: Field, narrow: Field) -> Field:
    """Return the ground (h, w, 3) with the soft, narrow shadows that its `narrow` closing still shows.

    What the wide closing alone hides is a shadow, as a window's bars throw it, where its rim is soft; else it is drawn.
    """
    labels, count = ndimage.label(take_lowest(level - narrow) > FAINT / 4)
    if not count:
        return level
    lightness = take_lowest(narrow)
    ratio = measure_steps(lightness, 7) / np.maximum(measure_steps(lightness, 31), 1)
    numbers = np.arange(1, count + 1)
    soft = (ndimage.mean(ratio, labels, numbers) < CRISP - 0.1) & (ndimage.maximum(ratio, labels, numbers) < 0.95)
    shadow = np.isin(labels, numbers[soft])
    return np.asarray(np.where(shadow[..., None], narrow, level), np.float32)


def find_other_colors(level: Field) -> Mask:
    """Return where (h, w, 3) the shares of red, green and blue are others than in most places."""
    tint = np.median(level, axis=(0, 1))
    share = level / np.maximum(level.sum(axis=2, keepdims=True), 1)
    return np.asarray(take_highest(np.abs(share - tint / max(float(tint.sum()), 1))) > COLORED)


def measure_steps(lightness: Field, side: int) -> Field:
    """Return how far lightness (h, w) reaches from its darkest to its brightest within squares of `side` px."""
    return np.asarray(take_highest_near(lightness, side) - take_lowest_near(lightness, side))


def fill_from_around(level: Field, hidden: Mask) -> Field:
    """Return a field (h, w, 3) whose hidden places continue what lies around them, nearer places counting more."""
    filled, known = level.copy(), (~hidden).astype(np.float32)
    left = hidden.copy()
    for reach in (4, 12, 36, 108):
        weight = blur(known, reach)
        means = blur(level * known[..., None], reach) / (weight[..., None] + 1e-6)
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
