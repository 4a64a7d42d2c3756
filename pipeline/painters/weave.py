"""What repeats in a style picture, stitches, lamps, a printer's dots, as a sheet that covers any other picture.

The style network seldom takes up a pattern that returns again and again. Where much of a picture is such a pattern,
some of it is cut out and sewn into an endless sheet: image quilting, Efros and Freeman 2001, with soft seams, since the
patches of a pattern match.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painters.texture import blur_widely

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

SIDE = 512  # px, of the middle square of a style picture that is looked at
WINDOW, STRIDE = 128, 64  # px: in windows of this side it is asked whether something repeats
REACH = 44  # px, the farthest that the next stitch may be
FAINT = 1.0  # L: less texture than this is none
ALIKE = 0.3  # correlation of a window with itself, moved: from here on places are joined to one peak
REPEATS = 0.5  # the same: the next stitch is as the first
SOME, MUCH = 0.15, 0.45  # share of windows that repeat: up to the first there is no weave, from the second all is
CELLS = 8  # a window is even where so many cells each way are alike
PATCH, SEAM = 64, 16  # px, of the patches that are sewn together, and how far they overlap
PATCHES = 5  # of the sheet, each way


@dataclass(frozen=True, eq=False)
class Weave:
    """Weave is a pattern of lightness that goes on endlessly in both directions."""

    sheet: Plane  # (n, n), what it adds to L of CIELAB in a picture whose longer side is 512; its rims fit each other
    share: float  # (0, 1], how much of the style picture is of it

    def cover(self, size: tuple[int, int], rng: np.random.Generator) -> Plane:
        """Return the pattern over a picture of a size (width, height), as (height, width); the generator moves it."""
        width, height = size
        side = max(1, round(len(self.sheet) * max(size) / SIDE))
        sheet = cv2.resize(self.sheet, (side, side), interpolation=cv2.INTER_AREA)
        moved = np.roll(sheet, tuple(rng.integers(0, side, 2)), axis=(0, 1))
        return np.asarray(np.tile(moved, (-(-height // side), -(-width // side)))[:height, :width], np.float32)


def find_weave(picture: Pixels) -> Weave | None:
    """Find what repeats in a style picture, (H, W, 3) RGB; None where too little does."""
    texture = read_texture(picture)
    starts = range(0, SIDE - WINDOW + 1, STRIDE)
    windows = [texture[row : row + WINDOW, column : column + WINDOW] for row in starts for column in starts]
    repeats = [measure_repeats(window) for window in windows]
    share = float(np.clip((np.mean(np.array(repeats) > REPEATS) - SOME) / (MUCH - SOME), 0, 1))
    if share == 0:
        return None
    best = max(range(len(windows)), key=lambda k: repeats[k] - 2 * measure_unevenness(windows[k]))
    return Weave(sew(windows[best]), share)


def read_texture(picture: Pixels) -> Plane:
    """Return how much lighter each place is than what lies around it, L of CIELAB, (512, 512) of the middle square."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    by = cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC
    square = cv2.resize(picture[top : top + side, left : left + side], (SIDE, SIDE), interpolation=by)
    light = cv2.cvtColor(square.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[..., 0]
    return np.asarray(light - blur_widely(light), np.float32)


def measure_repeats(window: Plane) -> float:
    """Measure how like itself a texture is once it is moved to its next stitch: the correlation, 0 where none is near.

    A single line or rim is like itself along its own course only, which is one peak with not moving at all.
    """
    side = len(window)
    flat = window - window.mean()
    power = float((flat**2).mean())
    if power < FAINT**2:
        return 0.0
    spectrum = np.abs(np.fft.rfft2(flat, (2 * side, 2 * side))) ** 2
    near = np.arange(-REACH, REACH + 1)
    moved = np.fft.irfft2(spectrum)[np.ix_(near, near)] / (power * side * side)
    overlap = 1 - np.abs(near) / side
    alike = moved / np.outer(overlap, overlap)
    _, peaks = cv2.connectedComponents((alike > ALIKE).astype(np.uint8))
    others = alike[(peaks > 0) & (peaks != peaks[REACH, REACH])]
    return float(others.max()) if others.size else 0.0


def measure_unevenness(window: Plane) -> float:
    """Measure how much parts of a texture differ in strength and in lightness; 0 where all are alike."""
    size = (CELLS, CELLS)
    strength = np.sqrt(cv2.resize(window**2, size, interpolation=cv2.INTER_AREA))
    light = cv2.resize(window, size, interpolation=cv2.INTER_AREA)
    return float(strength.std() / (strength.mean() + FAINT) + light.std() / (window.std() + FAINT))


def sew(sample: Plane) -> Plane:
    """Sew patches of a texture into a sheet whose rims fit each other, each where it fits what is sewn already."""
    step = PATCH - SEAM
    sheet, sewn = (np.zeros((PATCHES * step,) * 2, np.float32) for _ in range(2))
    ramp = np.minimum(1, (np.minimum(np.arange(PATCH), np.arange(PATCH)[::-1]) + 0.5) / SEAM)
    cover = np.minimum.outer(ramp, ramp).astype(np.float32)
    for row in range(PATCHES):
        for column in range(PATCHES):
            place = np.ix_(*(np.arange(k * step, k * step + PATCH) % len(sheet) for k in (row, column)))
            under, known = sheet[place], sewn[place]
            top, left = find_patch(sample, under, known)
            patch = sample[top : top + PATCH, left : left + PATCH]
            sheet[place] = patch + (under - patch) * known * (1 - cover)
            sewn[place] = 1
    return np.asarray(sheet - sheet.mean(), np.float32)


def find_patch(sample: Plane, under: Plane, known: Plane) -> tuple[int, int]:
    """Return row and column of the sample's patch that differs least from what is known under it."""
    if not known.any():
        return (len(sample) - PATCH) // 2, (len(sample) - PATCH) // 2
    away = cv2.matchTemplate(sample, under, cv2.TM_SQDIFF, mask=known)
    row, column = divmod(int(away.argmin()), away.shape[1])
    return row, column
