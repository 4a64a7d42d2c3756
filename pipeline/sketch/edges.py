"""Sketch -> EdgeMap, white lines on black: the one file that imports cv2.

Canny finds both rims of a pen stroke, so a drawing of five strokes would give ten lines; the reading "lines" gives the
five. Everything is letterboxed: the whole drawing, its proportions kept, in the middle of the map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SettingError
from pipeline.sketch.line_graph import find_lines
from pipeline.sketch.paper import is_line_drawing
from pipeline.values import CONTROLS, EdgeMap, ReadingChoice, Sketch, expect_number

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Path = NDArray[np.float64]  # (n, 2) row, column

READ_SIDE = 512  # px, the longer side at which strokes are read
MOST_ENLARGED = 4
STROKE_RADIUS = 21.0  # px at READ_SIDE; what is fatter everywhere is an area (two crossing pens of 24 px: 17)
SPOT_RADIUS = 6.0  # px; a round mark this large is drawn by its outline, not by a point
LEAST_CORE = 200  # px of an area's middle, or the crossing of two broad strokes would be one
RIM = 3.0  # px of an area's border that stay when it is hollowed
SPECK = 8  # px of ink or paper that are dust and grain


def read_edges(
    sketch: Sketch,
    reading: ReadingChoice = "auto",
    canny_low: int = 50,
    canny_high: int = 150,
    size: tuple[int, int] | None = None,
) -> EdgeMap:
    """Read the lines of a drawing or the edges of a picture.

    `size` is (width, height) of the map, the sketch's own if None. "auto" reads a drawing as lines, a photograph or a
    picture filled with colour by Canny. Raises SettingError for an unknown reading, thresholds outside 0 to 255 or the
    wrong way round, and sizes outside 8 to 4096 px.
    """
    expect_choices(reading, canny_low, canny_high)
    height, width = sketch.pixels.shape[:2]
    frame = Frame.around(width, height, *expect_size(size or (width, height)))
    if reading == "auto":
        reading = "lines" if is_line_drawing(sketch.pixels) else "canny"
    if reading == "canny":
        return EdgeMap(frame.lay(canny(fit(sketch.pixels, frame.inner), canny_low, canny_high)), "canny")
    return EdgeMap(draw(read_lines(sketch.pixels), frame), "lines")


def expect_choices(reading: str, canny_low: int, canny_high: int) -> None:
    if reading not in get_args(ReadingChoice):
        raise SettingError(f"A drawing is read as 'auto', 'lines' or 'canny', not {reading!r:.40}.")
    controls = {control.name: control for control in CONTROLS}
    expect_number(controls["canny_low"], canny_low)
    expect_number(controls["canny_high"], canny_high)
    if canny_low > canny_high:
        raise SettingError(
            f"Faint edges (canny_low) must not lie above clear edges (canny_high): "
            f"{canny_low:g} is more than {canny_high:g}."
        )


def expect_size(size: tuple[int, int]) -> tuple[int, int]:
    if not all(8 <= side <= 4096 for side in size):
        raise SettingError(f"An edge map is 8 to 4096 pixels wide and high, not {size[0]} x {size[1]}.")
    return size


@dataclass(frozen=True)
class Frame:
    """Where a drawing lies in its edge map: scaled to `inner`, its corner at (left, top)."""

    width: int  # px, the map
    height: int
    inner: tuple[int, int]  # px, width and height of the drawing in it
    left: int
    top: int

    @classmethod
    def around(cls, width: int, height: int, map_width: int, map_height: int) -> Frame:
        """The frame that shows a whole drawing of `width` x `height` in the middle of a map."""
        scale = min(map_width / width, map_height / height)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        return cls(map_width, map_height, inner, (map_width - inner[0]) // 2, (map_height - inner[1]) // 2)

    def lay(self, inner: Pixels) -> Pixels:
        whole = np.zeros((self.height, self.width), dtype=np.uint8)
        whole[self.top : self.top + inner.shape[0], self.left : self.left + inner.shape[1]] = inner
        return whole

    @property
    def line_width(self) -> int:
        """1 px up to 256, 2 px at 512, 4 px at 1024."""
        return max(1, round(max(self.width, self.height) / 256))


def fit(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Resize to (width, height): area means when it shrinks, cubic when it grows."""
    shrinks = size[0] < pixels.shape[1]
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC))


def canny(pixels: Pixels, low: int, high: int) -> Pixels:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.Canny(cv2.GaussianBlur(grey, (3, 3), 0), low, high, L2gradient=True))


@dataclass(frozen=True, eq=False)
class Lines:
    """Centre lines, in pixels of a picture of `shape` (height, width)."""

    paths: list[Path]
    shape: tuple[int, int]


def read_lines(pixels: Pixels) -> Lines:
    """Centre lines of the strokes and outlines of filled areas, read at READ_SIDE."""
    ink = clean(find_ink(darkness(pixels)))
    ink = hollow(ink)
    return Lines(find_lines(ink, inside(ink)), ink.shape)


def darkness(pixels: Pixels) -> Pixels:
    """How far each pixel lies below white in its strongest channel, 0-255, at READ_SIDE.

    A yellow line on white is as clear in blue as a black one. Thin lines of a large picture are widened before it
    shrinks, or they would fade.
    """
    dark = np.asarray(255 - pixels.min(axis=2), dtype=np.uint8)
    scale = min(READ_SIDE / max(dark.shape), MOST_ENLARGED)
    size = (max(1, round(dark.shape[1] * scale)), max(1, round(dark.shape[0] * scale)))
    if scale < 1:
        reach = round(1 / scale)
        dark = np.asarray(cv2.dilate(dark, np.ones((reach, reach), np.uint8)))
    return np.asarray(cv2.GaussianBlur(fit(dark[..., None], size), (3, 3), 0.8))


def find_ink(dark: Pixels) -> Mask:
    """Two thresholds, as Canny has them: what is surely ink, and the fainter ink that hangs on to it.

    Otsu's threshold, but never so high that pencil beside black ink is lost. Where there is no white ground at all (a
    photograph read as lines because someone asked for it), dark lines are taken against their surroundings.
    """
    if np.median(dark) > 96:
        dark = np.asarray(cv2.morphologyEx(255 - dark, cv2.MORPH_BLACKHAT, disc(13)))
    otsu, _ = cv2.threshold(dark, 0, 255, cv2.THRESH_OTSU)
    sure = float(np.clip(0.8 * otsu, 20, 64))
    _, labels = cv2.connectedComponents((dark > 0.6 * sure).astype(np.uint8))
    kept = np.unique(labels[dark > sure])
    return np.isin(labels, kept[kept > 0])


def clean(ink: Mask) -> Mask:
    """Without dust on the paper and without pinholes in the ink."""
    return ~drop_specks(~drop_specks(ink, 8), 4)


def drop_specks(mask: Mask, connectivity: int, least: int = SPECK) -> Mask:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=connectivity)
    kept = stats[:, cv2.CC_STAT_AREA] >= least
    kept[0] = False
    return np.asarray(kept[labels])


def hollow(ink: Mask) -> Mask:
    """Leave only the rim of what is an area and no stroke, so that its centre line is its outline.

    An area is what a disc of STROKE_RADIUS fits into, and a little around it, where its corners are.
    """
    depth = inside(ink)
    cores = drop_specks(depth > STROKE_RADIUS, 8, LEAST_CORE)
    area = ink & (outside(cores) <= STROKE_RADIUS * 1.45) if cores.any() else cores
    return ink & ~((area | spots(ink, depth)) & (depth > RIM))


def spots(ink: Mask, depth: NDArray[np.float32]) -> Mask:
    """Round marks on their own, such as a pupil."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    chosen = np.zeros(count, dtype=bool)
    for label in range(1, count):
        left, top, width, height, _ = stats[label]
        radius = float(depth[top : top + height, left : left + width].max())
        chosen[label] = radius >= SPOT_RADIUS and max(width, height) <= 2.6 * radius
    return np.asarray(chosen[labels])


def inside(mask: Mask) -> NDArray[np.float32]:
    """Each pixel's distance to the nearest pixel out of the mask; the picture's border is no rim."""
    return np.asarray(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE))


def outside(mask: Mask) -> NDArray[np.float32]:
    return inside(~mask)


def disc(radius: int) -> Pixels:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)))


def draw(lines: Lines, frame: Frame) -> Pixels:
    """Draw the paths anew at the frame's size: connected and even, whatever the scale."""
    inner = np.zeros((frame.inner[1], frame.inner[0]), dtype=np.uint8)
    scale = np.array([frame.inner[1] / lines.shape[0], frame.inner[0] / lines.shape[1]])
    last = np.array(inner.shape) - 1
    for path in lines.paths:
        # pixel centres lie at half; a line on the very border stays on the map
        points = np.clip((path + 0.5) * scale - 0.5, 0, last)[:, ::-1].round().astype(np.int32)
        inner[points[0, 1], points[0, 0]] = 255  # polylines draws nothing through a single point
        cv2.polylines(inner, [points.reshape(-1, 1, 2)], False, 255, 1, cv2.LINE_8)
    # widened afterwards: polylines' own thickness 2 is three pixels wide
    return frame.lay(np.asarray(cv2.dilate(inner, brush(frame.line_width))))


def brush(width: int) -> Pixels:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE if width > 3 else cv2.MORPH_RECT, (width, width)))
