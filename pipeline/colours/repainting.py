"""Give a brushed part of a painting other colours, as words say: its lines, its shades and all the rest stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.colours.named import find_named_colour
from pipeline.colours.oklab import from_oklab, to_oklab
from pipeline.colours.palette import Palette
from pipeline.values import PaintedColours, Painting

Mask = NDArray[np.bool_]
Plane = NDArray[np.float32]
Tones = NDArray[np.float32]  # (n, 3) OKLab, the commonest first

MEANT = 0.35  # share of a region that is brushed at least, for all of it to be meant
MAIN = 0.5  # share of the brushed px from which the region below them is meant, however large it is
SEEN = 127  # of 255: from here on a px is brushed
RIM = 0.012  # of the longer side: colours so near to the part are not told, or they would count as the part's own
FAR = 0.12  # in OKLab: a colour further off from all that words mean gives way to the first of these
USUAL = 0.5  # of its commonest colour's share: what a thing has as much of may be meant by its name
SHADES = 0.8  # how much of a region's own shades stays in its new colour

Propose = Callable[[PaintedColours], Plane]


@dataclass(frozen=True, eq=False)
class Part:
    """Part is what a mask means of a painting."""

    whole: tuple[int, ...]  # regions that are meant from line to line
    area: Mask  # (H, W), all of the part; beside whole regions what is brushed of an open one


def find_part(painting: Painting, mask: NDArray[np.uint8]) -> Part:
    """Find what a mask, (H, W) from 0 to 255, means: regions that are brushed for a good part, or by most of the mask.

    Of a region that runs off the picture, such as a sky, and is brushed for less, only what is brushed is meant.
    """
    brushed = mask > SEEN
    count = int(painting.regions.max()) + 1
    sizes = np.bincount(painting.regions.ravel(), minlength=count)
    inside = np.bincount(painting.regions[brushed], minlength=count)
    share = inside / np.maximum(sizes, 1)
    open_ones = np.zeros(count, bool)
    open_ones[find_border_regions(painting.regions)] = True
    main = inside >= MAIN * max(1, int(brushed.sum()))
    whole = (inside > 0) & ((share >= MEANT) | (main & ~open_ones))
    area = whole[painting.regions]
    cut = main & open_ones & ~whole
    return Part(tuple(np.flatnonzero(whole).tolist()), np.asarray(area | (cut[painting.regions] & brushed)))


def find_border_regions(regions: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the regions that run off the picture."""
    return np.asarray(np.unique(np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])), np.int32)


def repaint(painting: Painting, part: Part, propose: Propose, meant: Tones | None = None) -> Painting:
    """Return the painting with a part in the colours that `propose` finds beside the colours of all the rest.

    propose: takes the colours that stay and returns a field, RGB in [0, 1], float32 (h, w, 3), stretched over the
    picture. meant: the colours that the words mean (`find_meant_colours`); the part's colours are near one of them.
    """
    reach = 2 * round(RIM * max(part.area.shape)) + 1
    around = cv2.dilate(part.area.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    field = propose(PaintedColours(painting.colours, ~around))
    tones = to_oklab(cv2.resize(field, part.area.shape[::-1], interpolation=cv2.INTER_LINEAR))
    old = to_oklab(painting.colours)
    made, left = old.copy(), part.area.copy()
    for inside in (*(painting.regions == region for region in part.whole), left):
        if inside.any():
            tone = choose_tone(np.median(tones[inside], 0), meant)
            made[inside] = tone + SHADES * (old[inside] - np.median(old[inside], 0))
        left &= ~inside
    colours = painting.colours.copy()
    colours[part.area] = (255 * np.clip(from_oklab(made[part.area]), 0, 1) + 0.5).astype(np.uint8)
    return replace(painting, colours=colours)


def choose_tone(tone: Plane, meant: Tones | None) -> Plane:
    """Return a region's tone, (3,) OKLab; where it is far from all that are meant, the first of these."""
    if meant is None or float(np.linalg.norm(meant - tone, axis=1).min()) <= FAR:
        return tone
    return np.asarray(meant[0], np.float32)


def find_meant_colours(words: str, palettes: Sequence[Palette]) -> Tones | None:
    """Return the colours that words mean: the one they name outright, else those of the first thing that they name.

    palettes: of the things that the words name. None where they name neither.
    """
    if (named := find_named_colour(words)) is not None:
        return named[None]
    if not palettes:
        return None
    return to_oklab(palettes[0].colours[palettes[0].shares >= USUAL * palettes[0].shares.max()])


def lay_part(picture: Image.Image, repainted: Image.Image, area: Mask) -> Image.Image:
    """Lay the part of a repainted picture into the picture; every px beside the part stays as it was."""
    kept, new = np.asarray(picture), np.asarray(repainted)
    return Image.fromarray(np.where(area[..., None], new, kept))
