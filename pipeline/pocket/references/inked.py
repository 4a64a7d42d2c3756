"""Ink a drawing of shapes as a person draws it: its colours, the regions of one colour, and pen lines around them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painters.pieces import cell_means, differing
from pipeline.painters.reading import nearest_free
from pipeline.painters.surface import as_plane
from pipeline.pocket.references.drawing import SIDE, Drawing, Shape
from pipeline.values import Painting

SCALE = 2  # regions are found at twice the size, so that lines get smooth rims
PEN = 3.6  # px, how wide the pen draws
SEEN = 0.09  # neighbours whose mean colours differ by more in a channel have a line between them
CLEAR = 0.7  # opacity from which a shape is a form and not a shade
NARROW = 7.0  # px: strokes up to this width are painted texture without an outline
SMALLEST = 60  # px, the area of the smallest region
THINNEST = 6.0  # px, how thick a region is at its thickest place


def ink_shapes(drawing: Drawing, mirrored: bool = False) -> Painting:
    """Return the painting of a drawing of shapes, 512 x 512."""
    painted = [shape.write() for shape in drawing.shapes if not shape.is_pen]
    colours = drawing.rasterise_as(painted, mirrored)
    regions = find_regions(drawing, mirrored)
    lines = np.maximum(trace_borders(regions, colours), trace_pen(drawing, mirrored))
    shrunk = np.asarray(regions[::SCALE, ::SCALE], np.int32)
    return Painting(colours, np.asarray(255 * lines + 0.5, np.uint8), np.ascontiguousarray(shrunk))


def find_regions(drawing: Drawing, mirrored: bool) -> NDArray[np.int32]:
    """Return labels (1024, 1024) from 0: neighbouring shapes of one colour that follow one another are one region."""
    elements, number, last = [], 0, ""
    for shape in drawing.shapes:
        if shape.opacity < CLEAR or shape.width <= NARROW:
            continue
        number += shape.paint != last
        last = shape.paint
        elements.append(f'<g shape-rendering="crispEdges">{shape.write(f"#{number:06x}", 1)}</g>')
    pixels = drawing.rasterise_as(elements, mirrored, SCALE).astype(np.int32)
    return split_regions(pixels[..., 0] * 65536 + pixels[..., 1] * 256 + pixels[..., 2])


def split_regions(numbers: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return labels of the connected pieces of equal numbers (H, W); small and thin ones join what lies beside them."""
    inside = (~rims(numbers)).astype(np.uint8)
    count, labels = cv2.connectedComponents(inside, connectivity=4)
    depth = np.zeros(count, np.float32)
    np.maximum.at(depth, labels.ravel(), cv2.distanceTransform(inside, cv2.DIST_L2, 5).ravel())
    large = (np.bincount(labels.ravel(), minlength=count) >= SMALLEST * SCALE**2) & (depth >= THINNEST * SCALE / 2)
    large[0] = False
    rows, columns = nearest_free(large[labels])
    _, packed = np.unique(labels[rows, columns], return_inverse=True)
    return np.asarray(packed.reshape(labels.shape), np.int32)


def rims(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return the pixels (H, W) on either side of every border."""
    return np.asarray(differing(labels) | differing(labels[::-1, ::-1])[::-1, ::-1])


def trace_borders(regions: NDArray[np.int32], colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return pen lines (512, 512) in [0, 1] along the borders over which the colour changes."""
    large = cv2.resize(as_plane(colours / np.float32(255)), regions.shape[::-1], interpolation=cv2.INTER_LINEAR)
    means = cell_means(as_plane(large), regions, int(regions.max()) + 1)
    found = rims(regions)
    rows, columns = np.nonzero(found)
    here = means[regions[rows, columns]]
    last = np.array(regions.shape)[:, None] - 1
    beside = [np.clip((rows + a, columns + b), 0, last) for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    found[rows, columns] = np.max([np.abs(here - means[regions[r, c]]).max(axis=1) for r, c in beside], axis=0) > SEEN
    away = cv2.distanceTransform((~found).astype(np.uint8), cv2.DIST_L2, 5)
    line = np.clip(PEN * SCALE / 2 - away, 0, 1)
    return as_plane(cv2.resize(line, (SIDE, SIDE), interpolation=cv2.INTER_AREA))


def trace_pen(drawing: Drawing, mirrored: bool) -> NDArray[np.float32]:
    """Return the thin dark strokes (512, 512) in [0, 1], as far as no later shape covers them."""

    def write(shape: Shape) -> str:
        return shape.write("#000000" if shape.is_pen else "#ffffff", 1)

    seen = [write(shape) for shape in drawing.shapes if shape.is_pen or shape.opacity >= CLEAR]
    return as_plane(1 - drawing.rasterise_as(seen, mirrored)[..., 0] / np.float32(255))
