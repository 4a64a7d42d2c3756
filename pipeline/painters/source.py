"""What a painter reads of a painting: light, contours, forms. Each is computed once, when first asked for."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painters.lines import kuwahara
from pipeline.painters.pieces import cell_means, differing
from pipeline.painters.surface import (
    Picture,
    Plane,
    as_plane,
    chroma,
    clip,
    luma,
    mix,
    rgb,
    smoothstep,
    strongest,
    unit,
)
from pipeline.painters.texture import blur
from pipeline.values import Painting

FAR = 4096.0  # px of a 512 picture: farther than any contour
INK = rgb("#1d1a19")
SAME_COLOUR = 0.045  # two regions whose means differ by less than this share one form
BLOT, BLOT_STROKES = 11.0, 2.0  # px of a 512 picture, and strokes: what a filled area is at least wide
JUNCTION_STROKES, JUNCTION_INK = 3.2, 0.39  # strokes, share of ink around: where strokes meet, at most and at least
CIRCLE, CIRCLE_REACH = 32, 1.35  # points of that circle, and its radius in half widths of the place
MARK = 60.0  # px of a 512 picture: what is drawn by itself and smaller is a mark
FIRM, FULL = 1.25, 0.9  # a soft contour by so much stronger is at full strength; lines below FULL are thinner
BLACK, BLACK_SOFT = 0.14, 0.03  # light up to which a place is black, and how far that fades
GROUND_SHARE = 0.025  # of the picture's rim: a region that covers more of it lies behind everything


class Source:
    """A painting as float planes. All distances are in pixels of a picture whose shorter side is 512."""

    def __init__(self, painting: Painting) -> None:
        self.colours: Picture = as_plane(painting.colours / np.float32(255))  # (H, W, 3) in [0, 1]
        self.lines: Plane = as_plane(painting.lines / np.float32(255))  # (H, W) in [0, 1]
        self.regions: NDArray[np.int32] = painting.regions
        self.pen: Picture | None = None if painting.pen is None else as_plane(painting.pen / np.float32(255))
        self.unit = unit(self.colours)
        self.peak = float(self.lines.max())  # how strong the pen's lines were asked to be
        self.drawn = self.peak > 0.08

    @cached_property
    def calm(self) -> Picture:
        """Return the colours without a photograph's fine texture; a drawing's colours are calm as they are."""
        return self.colours if self.drawn else kuwahara(self.colours, 5)

    @cached_property
    def light(self) -> Plane:
        """Return how light each place is, in [0, 1]."""
        return luma(self.calm)

    @cached_property
    def black(self) -> Plane:
        """Return which places of things are black, such as a pupil, (H, W) in [0, 1]."""
        return smoothstep(as_plane(BLACK - self.light), -BLACK_SOFT, BLACK_SOFT) * (1 - self.ground)

    @cached_property
    def ink(self) -> NDArray[np.bool_]:
        """Return where the pen drew."""
        return np.asarray(self.lines > 0.42 * self.peak) if self.drawn else np.zeros(self.lines.shape, np.bool_)

    @cached_property
    def region_colours(self) -> Picture:
        """Return the mean colour of each region, (n, 3)."""
        return cell_means(self.colours, self.regions, int(self.regions.max()) + 1)

    @cached_property
    def borders(self) -> NDArray[np.bool_]:
        """Return the borders between two regions of different colour."""
        found = differing(self.regions)
        rows, columns = np.nonzero(found)
        means, labels = self.region_colours, self.regions
        here = means[labels[rows, columns]]
        over, beside = (means[labels[np.maximum(rows - a, 0), np.maximum(columns - b, 0)]] for a, b in ((1, 0), (0, 1)))
        found[rows, columns] = np.maximum(np.abs(here - over), np.abs(here - beside)).max(axis=1) > SAME_COLOUR
        return found

    @cached_property
    def pen_distance(self) -> Plane:
        """Return the distance to the pen lines' rims, below 0 inside of a line."""
        if not self.drawn:
            return as_plane(np.full(self.lines.shape, FAR))
        inside = self.ink.astype(np.uint8)
        away = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5) - cv2.distanceTransform(inside, cv2.DIST_L2, 5)
        near = cv2.GaussianBlur(np.clip(away, -8, 8), (0, 0), 0.8)  # the transform counts whole pixels
        return as_plane(np.where(np.abs(away) < 7, near, away) / self.unit)

    @cached_property
    def border_distance(self) -> Plane:
        """Return the distance to the nearest border of regions."""
        return self._distance_to(self.borders)

    @cached_property
    def away(self) -> Plane:
        """Return the distance to the nearest line or border."""
        return self._distance_to(self.borders | self.ink)

    def _distance_to(self, places: NDArray[np.bool_]) -> Plane:
        away = cv2.distanceTransform(1 - places.astype(np.uint8), cv2.DIST_L2, 5)
        return as_plane(np.minimum(away, FAR * self.unit) / np.float32(self.unit))

    @cached_property
    def openness(self) -> Plane:
        """Return 1 where lines have room, 0 where they crowd: there no painter may make them thicker."""
        return as_plane(1 - smoothstep(blur(as_plane(self.ink), 7), 0.22, 0.5))

    @cached_property
    def stoutness(self) -> Plane:
        """Return 0 where a line is thin, 1 where it is a pen's full width: no painter may make a hair thinner still."""
        size = max(round(7 * self.unit), 3)
        half = cv2.dilate(np.maximum(-self.pen_distance, 0), np.ones((size, size), np.uint8))
        return smoothstep(half, 1.2, 2.6)

    @cached_property
    def border_strength(self) -> Plane:
        """Return how far the colours change over a region's border, (H, W) in [0, 1]; of a picture that nobody drew."""
        soft = blur(self.calm, 1.2)
        size = max(round(5 * self.unit), 3)
        kernel = np.ones((size, size), np.uint8)
        change = as_plane(cv2.dilate(soft, kernel) - cv2.erode(soft, kernel))
        return smoothstep(strongest(change), 0.06, 0.26)

    def contour(self, grow: float = 0.0, wobble: Plane | float = 0.0) -> Plane:
        """Return the picture's lines (H, W) in [0, 1]: the pen's, or the regions' borders where nobody drew.

        `grow` widens them by so much on either side, `wobble` here more and there less; crowded lines stay thin.
        """
        more = as_plane(grow + wobble)
        traced = np.zeros_like(self.lines)
        if not self.outlined:
            reach = (as_plane(1.3) + more - self.border_distance) * self.unit
            traced = as_plane(np.clip(reach + 0.5, 0, 1) * self.border_strength)
        if not self.drawn:
            return traced
        more = np.where(more > 0, more * self.openness, more * self.stoutness)
        return as_plane(np.maximum(np.clip((more - self.pen_distance) * self.unit + 0.5, 0, 1) * self.peak, traced))

    def firm(self, grow: float = 0.0) -> Plane:
        """Return the contour (H, W) in [0, 1] in an ink that is never pale: soft lines are thinner instead."""
        return clip(FIRM * self.contour(grow + self.peak - FULL)) if self.drawn else self.contour(grow)

    def room(self, near: float, far: float) -> Plane:
        """Return 0 up to `near` round small marks, such as an eye or a mouth, and 1 from `far` on, (H, W)."""
        _, parts, boxes, _ = cv2.connectedComponentsWithStats(self.ink.astype(np.uint8), connectivity=8)
        small = boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) < MARK * self.unit
        small[0] = False
        return smoothstep(self._distance_to(small[parts]), near, far) if small.any() else np.ones_like(self.lines)

    @cached_property
    def outlined(self) -> bool:
        """Return whether the pen's lines run along most borders, as in a drawing; a picture has few dark strokes."""
        if not self.drawn:
            return False
        clear = self.borders & (self.border_strength > 0.5)
        return bool((self.pen_distance[clear] < 3).mean() > 0.6) if clear.any() else True

    @cached_property
    def blots(self) -> Plane:
        """Return the filled black areas, in [0, 1]: thick parts of the lines that are not where strokes meet."""
        size = round(max(BLOT, BLOT_STROKES * self.stroke_width) * self.unit)
        thick = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (max(size, 3),) * 2)
        return self._drop_junctions(as_plane(cv2.morphologyEx(self.lines, cv2.MORPH_OPEN, thick)))

    def _drop_junctions(self, thick: Plane) -> Plane:
        """Return the thick parts of the lines without those, little wider than a stroke, that ink leaves on many sides.

        Ink is counted on a circle round the deepest place of a part.
        """
        count, parts = cv2.connectedComponents((thick > 0.1 * self.peak).astype(np.uint8), connectivity=8)
        if count == 1:
            return thick
        numbers, spots, half = self._find_deepest(parts)
        shallow = half < JUNCTION_STROKES * self.stroke_width / 2 * self.unit
        kept = np.ones(count, np.float32)
        kept[numbers] = ~(shallow & (self._share_ink_around(spots, half) > JUNCTION_INK))
        return as_plane(thick * kept[parts])

    def _find_deepest(self, parts: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64], Plane]:
        """Return for each part of the lines, numbered from 1, its number, its deepest place as row and column, (n, 2),
        and half of its width there in pixels.
        """
        rows, columns = np.nonzero(parts)
        numbers, half = parts[rows, columns], -self.pen_distance[rows, columns] * self.unit
        order = np.lexsort((half, numbers))
        deepest = order[np.append(np.diff(numbers[order]) > 0, True)]
        return numbers[deepest], np.stack([rows[deepest], columns[deepest]], 1), as_plane(half[deepest])

    def _share_ink_around(self, spots: NDArray[np.int64], half: Plane) -> NDArray[np.float64]:
        """Return how much of a circle round each spot (n, 2) is ink, (n,) in [0, 1]; half: (n,) px, its half width."""
        turns = np.arange(CIRCLE) * (2 * np.pi / CIRCLE)
        steps = CIRCLE_REACH * half[:, None, None] * np.stack([np.sin(turns), np.cos(turns)], 1)
        around = np.rint(spots[:, None] + steps).astype(np.int64)
        y, x = np.moveaxis(np.clip(around, 0, np.array(self.lines.shape) - 1), 2, 0)
        return np.asarray(self.ink[y, x].mean(axis=1))

    @cached_property
    def ridge(self) -> NDArray[np.bool_]:
        """Return the middle of every stroke and of every filled area."""
        depth = np.maximum(-self.pen_distance, 0)
        return np.asarray((depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8)) - 0.5 / self.unit) & self.ink)

    @cached_property
    def stroke_width(self) -> float:
        """Return the width of the drawing's common stroke, 0 where nobody drew."""
        return 2 * float(np.median(-self.pen_distance[self.ridge])) if self.ridge.any() else 0.0

    @cached_property
    def behind(self) -> NDArray[np.bool_]:
        """Return which regions lie behind everything, (n,): those that cover much of the picture's rim."""
        rim = np.concatenate([self.regions[0], self.regions[-1], self.regions[:, 0], self.regions[:, -1]])
        return np.asarray(np.bincount(rim, minlength=int(self.regions.max()) + 1) / len(rim) > GROUND_SHARE)

    @cached_property
    def ground(self) -> Plane:
        """Return where what lies behind everything is, 0 or 1."""
        return as_plane(self.behind[self.regions])

    @cached_property
    def centre_lines(self) -> NDArray[np.bool_]:
        """Return the middle of every line, about a pixel wide; filled areas have none."""
        traced = (self.border_distance * self.unit < 1) & (self.border_strength > 0.5) & (not self.outlined)
        return np.asarray((self.ridge & (self.blots < 0.5 * self.peak)) | traced)

    def swell(self, radius: float, softness: float = 4.0, groove: float = 0.35) -> Plane:
        """Return heights in [0, 1] of forms that swell from their borders like pillows; the ground stays flat.

        Lines inside a form press grooves of the share `groove` into it. `radius` is how far the swelling reaches.
        """
        body = rise(self.border_distance, radius) * (1 - self.ground)
        pressed = rise(np.maximum(self.away, 0), radius * 0.35) * (1 - self.ground)
        return blur(as_plane((1 - groove) * body + groove * pressed), softness)

    @cached_property
    def plain(self) -> Picture:
        """Paint the colours with the pen's lines laid on: what style strength 0 shows."""
        return clip(mix(self.colours, INK if self.pen is None else self.pen, self.lines))

    @cached_property
    def tinted(self) -> Plane | None:
        """Return the coverage (H, W) of the strokes that were drawn with a coloured pen; None where there are none."""
        if self.pen is None:
            return None
        cover = self.lines * smoothstep(chroma(self.pen), 0.09, 0.2)
        return as_plane(cover) if float(cover.max()) > 0.2 else None


def rise(distance: Plane, radius: float) -> Plane:
    """Return a height in [0, 1] that swells from an edge like a pillow."""
    t = np.clip(distance / np.float32(radius), 0, 1)
    return as_plane(np.sqrt(t * (2 - t)))
