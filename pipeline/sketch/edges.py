"""Read a Sketch into an EdgeMap, white lines on black.

Canny finds both rims of a pen stroke, so a drawing of five strokes would give ten lines; the reading "lines" gives the
five. Everything is letterboxed: the whole drawing, its proportions kept, in the middle of the map.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SettingError
from pipeline.sketch.channels import take_lowest
from pipeline.sketch.line_graph import find_lines
from pipeline.sketch.plain_colours import find_plain_colours
from pipeline.values import Drawing, EdgeMap, ReadingChoice, Sketch

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Path = NDArray[np.float64]  # (n, 2) row, column

READ_SIDE = 512  # px, the longer side at which strokes are read
MAX_SCALE = 4
STROKE_RADIUS = 21.0  # px at READ_SIDE; what is fatter everywhere is an area (two crossing pens of 24 px: 17)
SPOT_RADIUS = 6.0  # px; a round mark this large is drawn by its outline, not by a point
BROAD_SPOT = 10.0  # px; from there on a long spot, such as a ghost's eye, is no short stroke either
MIN_CORE = 200  # px of an area's middle, or the crossing of two broad strokes would be one
RIM = 3.0  # px of an area's border that stay when it is hollowed
MIN_AREA = 8  # px; smaller spots of ink or paper are dust and grain
SLIT = 9  # px, odd: paper between two strokes as near as this may lie in the blur of both
SLIT_DEPTH = 0.5  # of the fainter stroke's darkness: what is below it is paper
TEXTURED = 0.15  # share of edges at READ_SIDE: from there on they are dots and hatching; photographs have 0.04 to 0.1
CANNY = 50, 150  # thresholds that nobody chose
CALM = 4.0  # sigma, px at READ_SIDE, that such a picture is blurred by
CALMER = 0.4  # of Canny's thresholds, at READ_SIDE, for what is blurred
SLIT_INK = 128  # darkness of both strokes at least: within a pencil's stroke light grain is no paper


def read_edges(
    sketch: Sketch,
    reading: ReadingChoice = "auto",
    canny_low: int = CANNY[0],
    canny_high: int = CANNY[1],
    size: tuple[int, int] | None = None,
) -> EdgeMap:
    """Read the lines of a drawing or the edges of a picture.

    `size` is (width, height) of the map in px, the sketch's own if None. "auto" reads a drawing as lines, a photograph
    or a picture filled with colour by Canny, whose thresholds are 0 to 255, the lower one first (request/order.py
    checks what people send), and where a picture is all dots or hatching, the outlines beneath; of a picture that is
    started from these are read by "canny" too. Raises SettingError for sizes outside 8 to 4096 px.
    """
    height, width = sketch.pixels.shape[:2]
    frame = Frame.letterbox(width, height, *(size or (width, height)))
    if reading == "lines" or (reading == "auto" and sketch.is_drawing):
        return trace_lines(sketch, frame)
    picture = resize(sketch.pixels, frame.inner)
    if sketch.is_start:
        plain = find_plain_colours(picture, is_textured(sketch.pixels, canny_low, canny_high))
        return EdgeMap(frame.place(find_soft_edges(plain, canny_low, canny_high)), "canny")
    edges = find_canny_edges(picture, canny_low, canny_high)
    if reading == "auto" and not edges.any():  # shapes of the palest colours still have outlines
        return trace_lines(sketch, frame)
    if reading == "auto" and is_textured(sketch.pixels, canny_low, canny_high):
        edges = find_soft_edges(calm_texture(picture), canny_low, canny_high)
    return EdgeMap(frame.place(edges), "canny")


def trace_lines(sketch: Sketch, frame: Frame) -> EdgeMap:
    """Read a drawing as lines, without what it is coloured in with."""
    drawn = sketch.pixels if sketch.strokes is None else sketch.strokes
    return EdgeMap(draw_lines(read_lines(drawn), frame), "lines")


def fit_drawing(sketch: Sketch, size: tuple[int, int]) -> Drawing:
    """Return the whole drawing at `size` (width, height in px), centred on white paper.

    It lies exactly where `read_edges` puts its lines for the same size.
    """
    paper = fit_picture(sketch.pixels, sketch, size)
    if sketch.greys is None:
        return Drawing(paper, is_start=sketch.is_start)
    frame = Frame.letterbox(sketch.pixels.shape[1], sketch.pixels.shape[0], *size)
    greys = cv2.resize(sketch.greys, frame.inner, interpolation=cv2.INTER_NEAREST)
    return Drawing(paper, frame.place(np.asarray(greys)))


def fit_picture(picture: Pixels, sketch: Sketch, size: tuple[int, int]) -> Pixels:
    """Return a picture (h, w, 3) of any size, stretched over the drawing, where `fit_drawing` puts that; white around
    it.
    """
    height, width = sketch.pixels.shape[:2]
    frame = Frame.letterbox(width, height, *size)
    paper = np.full((frame.height, frame.width, 3), 255, np.uint8)
    inner = picture if picture.shape[1::-1] == frame.inner else resize(picture, frame.inner)
    paper[frame.top : frame.top + frame.inner[1], frame.left : frame.left + frame.inner[0]] = inner
    return paper


def fit_mask(mask: Pixels, sketch: Sketch, size: tuple[int, int]) -> Pixels:
    """Return a mask (h, w) of any size, stretched over the drawing, where `fit_drawing` puts that; 0 around it."""
    height, width = sketch.pixels.shape[:2]
    frame = Frame.letterbox(width, height, *size)
    return frame.place(mask if mask.shape[1::-1] == frame.inner else resize(mask, frame.inner))


@dataclass(frozen=True)
class Frame:
    """Where a drawing lies in its edge map: scaled to `inner`, its corner at (left, top)."""

    width: int  # px, the map
    height: int
    inner: tuple[int, int]  # px, width and height of the drawing in it
    left: int
    top: int

    def __post_init__(self) -> None:
        if not all(8 <= side <= 4096 for side in (self.width, self.height)):
            raise SettingError(f"An edge map is 8 to 4096 pixels wide and high, not {self.width} x {self.height}.")

    @classmethod
    def letterbox(cls, width: int, height: int, map_width: int, map_height: int) -> Frame:
        """Show a whole drawing of `width` x `height` (px) in the middle of a map."""
        scale = min(map_width / width, map_height / height)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        return cls(map_width, map_height, inner, (map_width - inner[0]) // 2, (map_height - inner[1]) // 2)

    def place(self, inner: Pixels) -> Pixels:
        """Return a map (height, width) uint8 that is black around `inner`."""
        whole = np.zeros((self.height, self.width), dtype=np.uint8)
        whole[self.top : self.top + inner.shape[0], self.left : self.left + inner.shape[1]] = inner
        return whole

    @property
    def line_width(self) -> int:
        """Width of a drawn line: 1 px up to 256, 2 px at 512, 4 px at 1024."""
        return max(1, round(max(self.width, self.height) / 256))


def resize(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Resize to (width, height): area means when it shrinks, cubic when it grows."""
    shrinks = size[0] < pixels.shape[1]
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC))


def resize_to(pixels: Pixels, side: int, grows: bool = True) -> Pixels:
    """Return a picture whose longer side is `side` px; where it may not grow, one that is smaller stays as it is."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale == 1 or (scale > 1 and not grows):
        return pixels
    return resize(pixels, (max(1, round(width * scale)), max(1, round(height * scale))))


def find_canny_edges(pixels: Pixels, low: int, high: int) -> Pixels:
    """Return 255 on the edges of a picture (H, W, 3), 0 elsewhere (Canny 1986).

    OpenCV takes the channel with the steepest change at each place: pale yellow on white is an edge in blue.
    """
    return np.asarray(cv2.Canny(cv2.GaussianBlur(pixels, (3, 3), 0), low, high, L2gradient=True))


def is_textured(pixels: Pixels, low: int, high: int) -> bool:
    """Return whether a picture (H, W, 3) is all dots, hatching or tiles, so that its edges show no outlines."""
    edges = find_canny_edges(resize_to(pixels, READ_SIDE), low, high)
    return bool(np.count_nonzero(edges) > TEXTURED * edges.size)


def find_soft_edges(pixels: Pixels, low: int, high: int) -> Pixels:
    """Return the edges of a picture (H, W, 3) whose texture was calmed, so that its steps are spread over some px."""
    scale = max(pixels.shape) / READ_SIDE
    weaker = min(1.0, CALMER / scale)  # a step that is spread over more px is less steep
    return np.asarray(cv2.Canny(pixels, low * weaker, high * weaker, L2gradient=True))


def calm_texture(pixels: Pixels) -> Pixels:
    """Return a picture (H, W, 3) without its texture."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), CALM * max(pixels.shape) / READ_SIDE))


@dataclass(frozen=True, eq=False)
class Lines:
    """Centre lines, (n, 2) row and column, in pixels of a picture of `shape` (height, width)."""

    paths: list[Path]
    shape: tuple[int, int]


def read_lines(pixels: Pixels) -> Lines:
    """Find the centre lines of the strokes and the outlines of filled areas of a picture (H, W, 3), at READ_SIDE."""
    ink = hollow_areas(remove_dust(find_ink(measure_darkness(pixels))))
    return Lines(find_lines(ink, measure_depth(ink)), ink.shape)


def measure_darkness(pixels: Pixels) -> Pixels:
    """Return how far each pixel lies below white in its strongest channel, (h, w) 0-255, at READ_SIDE.

    A yellow line on white is as clear in blue as a black one. Thin lines of a large picture are widened before it
    shrinks, or they would fade.
    """
    dark = np.asarray(255 - take_lowest(pixels), dtype=np.uint8)
    scale = min(READ_SIDE / max(dark.shape), MAX_SCALE)
    size = (max(1, round(dark.shape[1] * scale)), max(1, round(dark.shape[0] * scale)))
    if scale < 1:
        reach = round(1 / scale)
        dark = np.asarray(cv2.dilate(dark, np.ones((reach, reach), np.uint8)))
    return np.asarray(cv2.GaussianBlur(resize(dark[..., None], size), (3, 3), 0.8))


def find_ink(dark: Pixels) -> Mask:
    """Find ink by two thresholds, as Canny has them: what is surely ink, and the fainter ink that hangs on to it.

    Otsu's threshold, but never so high that pencil beside black ink is lost. Paper between two strokes that almost
    touch, such as an eye's white around its pupil, is paper, however grey it looks. Where there is no white ground at
    all (a photograph read as lines because someone asked for it), dark lines are taken against their surroundings.
    """
    if np.median(dark) > 96:
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (27, 27))
        dark = np.asarray(cv2.morphologyEx(255 - dark, cv2.MORPH_BLACKHAT, disc))
    otsu, _ = cv2.threshold(dark, 0, 255, cv2.THRESH_OTSU)
    sure = float(np.clip(0.8 * otsu, 20, 64))
    _, labels = cv2.connectedComponents((dark > 0.6 * sure).astype(np.uint8))
    kept = np.unique(labels[dark > sure])
    return np.isin(labels, kept[kept > 0]) & ~find_slits(dark)


def find_slits(dark: Pixels) -> Mask:
    """Mark what is much lighter than the dark strokes on both sides of it: a closing by short lines of four ways."""
    across = np.zeros((SLIT, SLIT), np.uint8)
    across[SLIT // 2] = 1
    slope = np.eye(SLIT, dtype=np.uint8)
    ways = (across, across.T.copy(), slope, slope[::-1].copy())
    sides = np.max([cv2.morphologyEx(dark, cv2.MORPH_CLOSE, way) for way in ways], axis=0)
    return np.asarray((dark < SLIT_DEPTH * sides) & (sides > SLIT_INK))


def remove_dust(ink: Mask) -> Mask:
    """Drop dust on the paper and fill pinholes in the ink."""
    return ~drop_specks(~drop_specks(ink, 8), 4)


def drop_specks(mask: Mask, connectivity: int, least: int = MIN_AREA) -> Mask:
    """Keep the parts of a mask that have at least `least` px; `connectivity` is 4 or 8."""
    if not mask.any():
        return mask
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=connectivity)
    kept = np.bincount(labels.ravel()) >= least
    kept[0] = False
    return np.asarray(kept[labels])


def hollow_areas(ink: Mask) -> Mask:
    """Leave only the rim of what is an area and no stroke, so that its centre line is its outline.

    An area is what a disc of STROKE_RADIUS fits into, and a little around it, where its corners are.
    """
    depth = measure_depth(ink)
    cores = drop_specks(depth > STROKE_RADIUS, 8, MIN_CORE)
    area = ink & (measure_depth(~cores) <= STROKE_RADIUS * 1.45) if cores.any() else cores
    return ink & ~((area | find_spots(ink, depth)) & (depth > RIM))


def find_spots(ink: Mask, depth: NDArray[np.float32]) -> Mask:
    """Mark round spots on their own, such as a pupil; `depth` is measure_depth of `ink`."""
    if depth.max() < SPOT_RADIUS:
        return np.zeros(ink.shape, bool)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    chosen = np.zeros(count, dtype=bool)
    for label in range(1, count):
        left, top, width, height, _ = stats[label]
        radius = float(depth[top : top + height, left : left + width].max())
        slender = 2.6 if radius < BROAD_SPOT else 3.4
        chosen[label] = radius >= SPOT_RADIUS and max(width, height) <= slender * radius
    return np.asarray(chosen[labels])


def measure_depth(mask: Mask) -> NDArray[np.float32]:
    """Return each pixel's distance (px) to the nearest pixel out of the mask; the picture's border is no rim."""
    return np.asarray(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE))


def draw_lines(lines: Lines, frame: Frame) -> Pixels:
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
    shape = cv2.MORPH_ELLIPSE if frame.line_width > 3 else cv2.MORPH_RECT
    brush = cv2.getStructuringElement(shape, (frame.line_width, frame.line_width))
    return frame.place(np.asarray(cv2.dilate(inner, brush)))
