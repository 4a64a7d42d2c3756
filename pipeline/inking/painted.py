"""Read the colours that the person painted: strokes and areas of felt pen, crayon, brush or fill."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.inking.pen import WIDE, least_channel
from pipeline.inking.scribbles import fill_scribbles
from pipeline.values import PaintedColours

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]

FAINT_CHROMA = 9  # in CIELAB: what is less coloured is paper, pencil or JPEG noise
CLEAR_CHROMA = 17  # a mark must reach this somewhere
LEAST_EVEN, EVEN_SPREAD = 16, 3.0  # px, of 255 in CIELAB: an area that is less coloured, but evenly, was painted
LIKE_PAPER = 8.0  # of 255 in CIELAB: an area so near to tinted paper is paper
LEAST_DARKNESS = 14  # of 255 below white, in the strongest channel
LEAST_MARK = 0.008  # of the longer side, squared
PAPER = 0.2  # share of white from which a picture is a drawing on paper
EVEN = 0.85  # share of neighbours of one colour from which a picture without paper is painted, not photographed
STEP = 2  # of 255: what differs by no more is one colour
AS_LIGHT = 3  # of 255: a pixel so near to the lightness that was painted shows what was painted
BIN = 16  # width of a colour bin, of 256
SAME = 24.0  # in CIELAB with lightness halved: strokes this alike are one colour
MOST_COLOURS = 24


def read_painted_colours(drawing: Pixels, greys: NDArray[np.uint8] | None = None) -> PaintedColours:
    """Read where (H, W, 3) RGB on white is coloured, and the colour there, streaks of a pen evened out.

    Grey pencil and black ink are no colours; photographs have no paper and no painted colours. Each mark carries one
    of at most 24 colours, the middle of what was painted there. `greys`, (H, W), hold the lightness of what was
    painted white, grey or black on purpose, 0 elsewhere: that counts as the colours do.
    """
    seen = read_seen_colours(drawing)
    if greys is None or not greys.any():
        return seen
    pale = greys > 0
    return PaintedColours(np.where(pale[..., None], read_pale(drawing, greys), seen.colours), seen.mask | pale)


def read_pale(drawing: Pixels, greys: NDArray[np.uint8]) -> Pixels:
    """Read the colours (H, W, 3) of what was painted in white, grey, black or so pale a colour that it has their looks.

    Each mark has the mean of its pixels that are as light as `greys` says; the others lie under a line's rim.
    """
    values, numbers = np.unique(greys, return_inverse=True)
    marks = number_marks(numbers.reshape(greys.shape).astype(np.int32) - int(values[0] == 0)).ravel()
    light = cv2.cvtColor(drawing, cv2.COLOR_RGB2GRAY).astype(np.int16)
    clear = (np.abs(light - greys) <= AS_LIGHT).ravel()
    count = int(marks.max()) + 1
    sizes = np.bincount(marks[clear], minlength=count)
    means = [np.bincount(marks[clear], drawing[..., one].ravel()[clear], count) for one in range(3)]
    table = np.stack(means, 1) / np.maximum(sizes, 1)[:, None]
    return np.where(
        (sizes > 0)[marks].reshape(*greys.shape, 1), table[marks].round().reshape(drawing.shape), greys[..., None]
    ).astype(np.uint8)


def read_seen_colours(drawing: Pixels) -> PaintedColours:
    """Read where a drawing (H, W, 3) is coloured by its looks alone."""
    mask = find_coloured(drawing)
    if not mask.any() or not is_drawn(drawing):
        return PaintedColours(np.zeros_like(drawing), np.zeros(drawing.shape[:2], bool))
    lab = cv2.cvtColor(drawing, cv2.COLOR_RGB2LAB)
    marks = number_marks(group_pixels(lab, mask))
    means, filled = average_colours(drawing, lab, marks), fill_scribbles(drawing, marks)
    return PaintedColours(means[filled], np.asarray(filled > 0))


def is_drawn(drawing: Pixels) -> bool:
    """Whether a picture is a drawing: on paper, or painted evenly up to its borders; a photograph is neither."""
    if float((least_channel(drawing) >= 235).mean()) >= PAPER:
        return True
    steps = cv2.absdiff(drawing[:, 1:], drawing[:, :-1])
    return float((cv2.inRange(steps, (0, 0, 0), (STEP, STEP, STEP)) > 0).mean()) >= EVEN


def find_coloured(drawing: Pixels) -> Mask:
    """Pixels of marks that are somewhere clearly coloured."""
    lab = cv2.cvtColor(cv2.GaussianBlur(drawing, (3, 3), 0), cv2.COLOR_RGB2LAB).astype(np.int16)
    chroma2 = (lab[..., 1] - 128) ** 2 + (lab[..., 2] - 128) ** 2
    faint = (chroma2 >= FAINT_CHROMA**2) & (least_channel(drawing) <= 255 - LEAST_DARKNESS)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(faint.astype(np.uint8), connectivity=8)
    clear = np.bincount(labels[chroma2 >= CLEAR_CHROMA**2], minlength=count) >= 4
    large = stats[:, cv2.CC_STAT_AREA] >= max(4.0, (LEAST_MARK * max(faint.shape)) ** 2)
    if (large & ~clear)[1:].any():
        clear |= find_even_areas(faint, labels, stats, lab)
    kept = clear & large
    kept[0] = False
    return np.asarray(kept[labels])


def find_even_areas(faint: Mask, labels: Labels, stats: Labels, lab: NDArray[np.int16]) -> Mask:
    """Return which marks (n,) are even areas unlike the paper: a pastel is painted, tinted paper and noise are not.

    What is hardly coloured and reaches the border is paper. faint: (H, W), what is hardly coloured; labels: its
    connected parts, stats: of them, as OpenCV gives both; lab: (H, W, 3) 8-bit.
    """
    height, width = faint.shape
    core = cv2.distanceTransform(faint.astype(np.uint8), cv2.DIST_L2, 5) > max(2.0, WIDE * max(height, width))
    inside, count, colours = labels[core], len(stats), lab[core].astype(np.float64)
    counts = np.bincount(inside, minlength=count)
    means, squares = (
        np.stack([np.bincount(inside, part, count) for part in each.T], 1) / np.maximum(counts, 1)[:, None]
        for each in (colours, colours**2)
    )
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    right, bottom = left + stats[:, cv2.CC_STAT_WIDTH], top + stats[:, cv2.CC_STAT_HEIGHT]
    there, at_border = counts >= LEAST_EVEN, (left == 0) | (top == 0) | (right == width) | (bottom == height)
    paper = means[at_border & there]
    apart = np.linalg.norm(means[:, None] - paper[None], axis=-1).min(1, initial=np.inf)
    return np.asarray(there & ((squares - means**2).max(1) <= EVEN_SPREAD**2) & ~at_border & (apart > LIKE_PAPER))


def group_pixels(lab: Pixels, mask: Mask) -> Labels:
    """Number each coloured pixel's colour, -1 elsewhere; lone pixels take their neighbours' number."""
    centres = find_centres(lab[mask])
    table = nearest_table(centres)
    numbers = table[tuple((lab // BIN).reshape(-1, 3).T)].reshape(mask.shape)
    calm = cv2.medianBlur(np.where(mask, numbers + 1, 0).astype(np.uint8), 5).astype(np.int32) - 1
    return np.where(mask, np.where(calm >= 0, calm, numbers), -1).astype(np.int32)


def find_centres(colours: Pixels) -> NDArray[np.float32]:
    """The colours of a picture's marks, (n, 3) in 8-bit CIELAB, the most used first."""
    bins = (colours // BIN).astype(np.int32)
    keys = (bins[:, 0] * 16 + bins[:, 1]) * 16 + bins[:, 2]
    sizes = np.bincount(keys, minlength=4096)
    sums = np.stack([np.bincount(keys, weights=colours[:, c], minlength=4096) for c in range(3)], 1)
    means = (sums / np.maximum(sizes, 1)[:, None]).astype(np.float32)
    centres: list[NDArray[np.float32]] = []
    for key in np.argsort(-sizes, kind="stable"):
        if len(centres) == MOST_COLOURS or sizes[key] < max(3, 0.003 * len(colours)):
            break
        if all(unlikeness(means[key], centre) > SAME for centre in centres):
            centres.append(means[key])
    return np.array(centres or [means[int(sizes.argmax())]], np.float32)


def unlikeness(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Distance in 8-bit CIELAB, lightness counted half: overlapping pen strokes are darker, not another colour."""
    return float(np.linalg.norm((first - second) * (0.5 * 100 / 255, 1, 1)))


def nearest_table(centres: NDArray[np.float32]) -> Labels:
    """(16, 16, 16): the nearest centre of each bin of colours."""
    places = np.stack(np.meshgrid(*[np.arange(256 // BIN) * BIN + BIN / 2] * 3, indexing="ij"), -1)
    away = (places[..., None, :] - centres) * (0.5 * 100 / 255, 1, 1)
    return np.asarray((away**2).sum(-1).argmin(-1), np.int32)


def average_colours(drawing: Pixels, lab: Pixels, marks: Labels) -> Pixels:
    """Return each mark's mean colour, (n, 3); its inside counts most, pale rims and what is hardly coloured least."""
    chroma = np.hypot(lab[..., 1].astype(np.float32) - 128, lab[..., 2].astype(np.float32) - 128)
    inside = cv2.erode((marks > 0).astype(np.uint8), np.ones((3, 3), np.uint8))
    weight = (chroma * (0.1 + 0.9 * inside)).ravel()
    flat, count = marks.ravel(), int(marks.max()) + 1
    total = np.maximum(np.bincount(flat, weights=weight, minlength=count), 1e-6)
    means = [
        np.bincount(flat, weights=weight * drawing[..., channel].ravel(), minlength=count) / total
        for channel in range(3)
    ]
    table = np.stack(means, 1).round().astype(np.uint8)
    table[0] = 0
    return table


def number_marks(groups: Labels) -> Labels:
    """Number the connected marks of each colour from 1; 0 is where nothing is painted."""
    marks = np.zeros(groups.shape, np.int32)
    first = 0
    for group in range(int(groups.max()) + 1):
        count, labels = cv2.connectedComponents((groups == group).astype(np.uint8), connectivity=8)
        marks = np.where(labels > 0, labels + first, marks)
        first += count - 1
    return marks
