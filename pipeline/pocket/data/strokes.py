"""Draw the lines that a person would draw of a picture.

Lines are one pixel wide, white on black, as `pipeline.sketch.edges` reads them from strokes. A picture's contours
become centre lines (both sides of a drawn outline become one), and then, the less careful the hand, they wobble, break,
overshoot and leave inner detail out. Lengths are px of a picture whose longer side is 128 and grow with the side, so
that one outline is read as one line at any size.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.morphology import skeletonize

Lines = NDArray[np.uint8]  # (H, W), 0 or 255
Rng = np.random.Generator

DOUBLED = 0.12  # share of training hints that are Canny's own contours, as photographs are read
BASE = 128  # px, the side that lengths are given for
BESIDE = 1.5  # px at BASE from a known outline, in which contours are the same line
WOBBLE = 1.2  # px at BASE, the most that a careless hand strays
AROUND = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)

cv2.setNumThreads(1)  # workers of a data loader must not fight over cores


def draw_lines(
    image: NDArray[np.float32],
    rng: Rng,
    careful: float | None = None,
    *,
    plain: bool = False,
    within: NDArray[np.bool_] | None = None,
    outlines: NDArray[np.bool_] | None = None,
) -> Lines:
    """Draw the lines of a picture (H, W, 3), float32 in [0, 1]: uint8 (H, W) of 0 and 255.

    `careful` in [0, 1]: 1 keeps to the contours, 0 is a hasty hand; None draws one at random. `plain` gives the
    centre lines as they are with fixed thresholds (`rng` is not used). With `within`, a mask (H, W), only what lies
    in it or on its rim is drawn: people draw the thing and leave its place to the words. `outlines`, a mask (H, W), are
    in the plain lines whatever they stand out from: people draw the whole of a thing, on grey paper, too.
    """
    lines = find_plain_lines(to_bytes(image), outlines) if plain else draw_all_lines(to_bytes(image), rng, careful)
    if within is not None:
        lines[cv2.dilate(within.astype(np.uint8), np.ones((choose_kernel_side(5, lines),) * 2, np.uint8)) == 0] = 0
    return lines


def measure_scale(pixels: NDArray[np.generic]) -> float:
    """Measure how many px a length of one px at BASE has in this picture."""
    return float(max(pixels.shape[:2]) / BASE)


def choose_kernel_side(length: float, pixels: NDArray[np.generic]) -> int:
    """Choose the odd side of a kernel, px, for a length at BASE."""
    return 2 * int(measure_scale(pixels) * length / 2) + 1


def draw_all_lines(pixels: Lines, rng: Rng, careful: float | None) -> Lines:
    """Draw all lines of a uint8 picture, as careful as asked."""
    if careful is None and rng.random() < DOUBLED:
        return find_contours(pixels, rng.uniform(0, 1), *draw_thresholds(rng))
    care = float(rng.random() ** 0.7 if careful is None else careful)
    found = find_contours(pixels, rng.uniform(0.6, 1.2 + 0.9 * (1 - care)), *draw_thresholds(rng)) | find_thin_marks(
        pixels
    )
    lines = find_centre_lines(
        found, join=3 if rng.random() < 0.7 else 5, least=int(rng.uniform(8, 14 + 12 * (1 - care)))
    )
    if rng.random() > care:
        lines = drop_random_pieces(lines, rng, 0.35 * (1 - care))
    return redraw_lines(break_lines(overshoot_ends(lines, rng, 1 - care), rng, 1 - care), rng, 1 - care)


def to_bytes(image: NDArray[np.float32]) -> Lines:
    """Convert [0, 1] to uint8."""
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def draw_thresholds(rng: Rng) -> tuple[float, float]:
    """Draw Canny's low and high threshold at random; high ones see only the strong contours."""
    high = rng.uniform(70, 190)
    return high * rng.uniform(0.3, 0.5), high


def find_contours(pixels: Lines, sigma: float, low: float, high: float) -> Lines:
    """Find Canny's contours of a slightly smoothed uint8 picture, each colour channel counted.

    A wider blur spreads a step over more px, so that the thresholds sink as `sigma` grows with the side.
    """
    scale = measure_scale(pixels)
    smooth = cv2.GaussianBlur(pixels, (0, 0), sigma * scale) if sigma > 0.2 else pixels
    weaker = max(1.0, scale) if sigma > 0.2 else 1.0
    return np.asarray(cv2.Canny(smooth, low / weaker, high / weaker, L2gradient=True), np.uint8)


def find_plain_lines(pixels: Lines, outlines: NDArray[np.bool_] | None = None) -> Lines:
    """Find the centre lines of a uint8 picture's contours, with fixed thresholds, and of `outlines` (H, W).

    Contours beside an outline are its own, read a little off its place, and left out.
    """
    found = find_contours(pixels, 1.0, 40, 100) | find_thin_marks(pixels)
    if outlines is None:
        return find_centre_lines(found, join=3, least=10)
    beside = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (choose_kernel_side(2 * BESIDE, found),) * 2)
    found[cv2.dilate(outlines.astype(np.uint8), beside) > 0] = 0
    rims = find_centre_lines(np.where(outlines, np.uint8(255), np.uint8(0)), join=3, least=10)
    return rims | find_centre_lines(found, join=3, least=10)


def find_thin_marks(pixels: Lines, widest: float = 5) -> Lines:
    """Find marks narrower than `widest` px at BASE: a drawn outline, of which Canny sees both sides."""
    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    pen = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (choose_kernel_side(widest, pixels),) * 2)
    marks = cv2.max(cv2.morphologyEx(gray, cv2.MORPH_BLACKHAT, pen), cv2.morphologyEx(gray, cv2.MORPH_TOPHAT, pen))
    return np.where(marks > 70, np.uint8(255), np.uint8(0))


def find_centre_lines(found: Lines, join: float, least: float) -> Lines:
    """Join contours less than `join` px at BASE apart into one line; leave out contours shorter than `least`.

    A small filled spot, an eye for example, becomes a dot, as it does when a person dabs one with a pen.
    """
    found, rim = drop_small_pieces(found, round(least * measure_scale(found))), choose_kernel_side(join, found)
    near = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (rim, rim))
    framed = cv2.copyMakeBorder(found, rim, rim, rim, rim, cv2.BORDER_CONSTANT, value=0)
    return thin_lines(np.asarray(cv2.morphologyEx(framed, cv2.MORPH_CLOSE, near)[rim:-rim, rim:-rim], np.uint8))


def thin_lines(mask: Lines) -> Lines:
    """Thin a mask to lines one pixel wide through its middle."""
    lines: Lines = skeletonize(mask > 0).astype(np.uint8) * 255
    return lines


def drop_small_pieces(lines: Lines, least: int) -> Lines:
    """Drop pieces of fewer than `least` pixels."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] >= least
    kept[0] = False
    return np.where(kept[labels], np.uint8(255), np.uint8(0))


def drop_random_pieces(lines: Lines, rng: Rng, share: float) -> Lines:
    """Drop a share of the pieces, never the longest."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    kept = rng.random(count) >= share
    if count > 1:
        kept[1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))] = True
    kept[0] = False
    return np.where(kept[labels], np.uint8(255), np.uint8(0))


def break_lines(lines: Lines, rng: Rng, haste: float) -> Lines:
    """Rub out a few short stretches."""
    rows, columns = np.nonzero(lines)
    broken = lines.copy()
    for _ in range(int(rng.integers(0, 2 + int(6 * haste))) if len(rows) else 0):
        at = int(rng.integers(len(rows)))
        radius = round(int(rng.integers(1, 4)) * measure_scale(lines))
        cv2.circle(broken, (int(columns[at]), int(rows[at])), radius, 0, -1)
    return broken


def overshoot_ends(lines: Lines, rng: Rng, haste: float) -> Lines:
    """Extend some loose ends by a few pixels in the direction they were going."""
    neighbours = cv2.filter2D((lines > 0).astype(np.uint8), -1, AROUND, borderType=cv2.BORDER_CONSTANT)
    ends = np.argwhere((lines > 0) & (neighbours == 1))
    drawn = lines.copy()
    for row, column in ends[rng.permutation(len(ends))[:8]]:
        if rng.random() < 0.6 * haste:
            extend_end(drawn, lines, int(row), int(column), rng.uniform(1, 5) * measure_scale(lines))
    return drawn


def extend_end(drawn: Lines, lines: Lines, row: int, column: int, length: float) -> None:
    """Extend a line from an end, away from the line's pixels near it; in place."""
    around = round(4 * measure_scale(lines))
    top, left = max(0, row - around), max(0, column - around)
    near = np.argwhere(lines[top : row + around + 1, left : column + around + 1] > 0) + np.array((top, left))
    way = np.array((row, column)) - near.mean(axis=0)
    norm = float(np.hypot(*way))
    if norm > 0.5:
        target = np.array((row, column)) + way / norm * length
        cv2.line(drawn, (column, row), (round(target[1]), round(target[0])), 255, 1)


def redraw_lines(lines: Lines, rng: Rng, haste: float) -> Lines:
    """Redraw the lines with a pen of random width and an unsteady hand, then read their centres again."""
    side = max(lines.shape)
    pen = rng.uniform(0.8, 1.6) * side / BASE
    ink = cv2.GaussianBlur(lines.astype(np.float32) / 255, (0, 0), pen)
    reach = rng.uniform(0, WOBBLE) * haste * side / BASE
    if reach > 0.1:
        shift = make_displacement(lines.shape, rng, reach)
        ink = cv2.remap(ink, shift[..., 0], shift[..., 1], cv2.INTER_LINEAR)
    # A one-pixel line blurred by a Gaussian peaks at 0.4 / pen; half of it keeps a stroke about 2.4 pens wide.
    return thin_lines((ink > 0.2 / pen).astype(np.uint8))


def make_displacement(shape: tuple[int, ...], rng: Rng, reach: float) -> NDArray[np.float32]:
    """Make the map of where each pixel is taken from, (H, W, 2) x and y: smoothly displaced by up to `reach` px."""
    knots = int(rng.integers(5, 11))
    field = rng.uniform(-1, 1, (knots, knots, 2)).astype(np.float32)
    bent = np.clip(cv2.resize(field, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), -1, 1) * reach
    rows, columns = np.indices(shape[:2], dtype=np.float32)
    return np.dstack((columns + bent[..., 0], rows + bent[..., 1]))
