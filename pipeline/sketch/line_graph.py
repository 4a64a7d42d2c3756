"""Turn a skeleton of pixels into clean lines: find what joins where, cut short spurs off, smooth stairs.

A skeleton is one pixel wide. Where it forks or crosses is a node, where it ends too; between nodes run lines. A thick
stroke's skeleton has spurs towards every bump of its rim; a spur is hardly longer than the stroke is thick where it
starts, and that is how it is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import skeletonize

Mask = NDArray[np.bool_]
Pixel = tuple[int, int]  # row, column
Path = NDArray[np.float64]  # (n, 2) row, column

NEIGHBOURS = ((-1, 0), (0, -1), (0, 1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))  # straight ones first
PRUNING_ROUNDS = 6  # each cuts the spurs that the last one laid bare
SPUR_LENGTH = 1.5  # times the stroke's half width
SMOOTHING_WINDOW = 5  # pixels of a path that are averaged


@dataclass(frozen=True, eq=False)
class Line:
    """A run of skeleton pixels between two nodes, the nodes' own pixels included."""

    pixels: list[Pixel]
    start: int  # node number; -1 on a closed loop
    end: int


@dataclass(frozen=True, eq=False)
class LineGraph:
    """The lines of a skeleton and the nodes that they join."""

    centres: Path  # (nodes, 2), the mean of each node's pixels
    lines: list[Line]
    degrees: list[int]  # of each node: how many lines end in it


def find_lines(ink: Mask, half_width: NDArray[np.float32]) -> list[Path]:
    """Return the centre lines of `ink` as smooth paths, (n, 2) row and column, that share their ends where they join.

    `ink` is (H, W) bool; `half_width` (H, W) is each ink pixel's distance (px) to the rim. A mark without length is a
    path of one point.
    """
    skeleton = skeletonize(ink)
    graph = trace_graph(skeleton)
    for _ in range(PRUNING_ROUNDS):
        spurs = find_spurs(graph, half_width)
        if not spurs:
            break
        for spur in spurs:
            cut_spur(skeleton, spur, graph)
        skeleton = skeletonize(skeleton)
        graph = trace_graph(skeleton)
    return smooth_paths(graph)


def trace_graph(skeleton: Mask) -> LineGraph:
    """Follow every line from node to node, then the closed loops that have none."""
    padded = np.pad(skeleton, 1).astype(np.uint8)
    around = cv2.boxFilter(padded, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    is_node = padded & (around != 3)  # itself and two neighbours: within a line
    count, nodes = cv2.connectedComponents(is_node, connectivity=8)
    places = np.flatnonzero(is_node)
    found = nodes.ravel()[places] - 1
    numbers = dict(zip(places.tolist(), found.tolist(), strict=True))
    free = bytearray(padded & ~is_node)
    grid = Grid(padded.shape[1])
    lines = trace_lines(grid, numbers, free) + trace_loops(grid, free)
    degrees = [0] * (count - 1)
    for line in lines:
        for node in (line.start, line.end):
            if node >= 0:
                degrees[node] += 1
    return LineGraph(find_node_centres(grid.find_places(places.tolist()), found, count - 1), lines, degrees)


def find_node_centres(places: list[Pixel], numbers: NDArray[np.int32], count: int) -> Path:
    """Return (count, 2), the mean of each node's pixels; numbers: (n,), the node of each of them."""
    found = np.array(places, np.float64).reshape(-1, 2)
    sums = [np.bincount(numbers, weights=found[:, axis], minlength=count) for axis in (0, 1)]
    return np.stack(sums, 1) / np.maximum(np.bincount(numbers, minlength=count), 1)[:, None]


class Grid:
    """Numbers for pixels, counted through the rows of a picture with a rim; free ones are 1 in a bytearray."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._steps = [dy * width + dx for dy, dx in NEIGHBOURS]

    def find_neighbours(self, pixel: int) -> list[int]:
        """Return the eight pixels around one, straight ones first."""
        return [pixel + step for step in self._steps]

    def walk(self, first: int, free: bytearray) -> list[int]:
        """Follow a line from its first pixel to its end, taking each from `free`; straight neighbours come first."""
        steps, pixels, here = self._steps, [], first
        while here >= 0:
            free[here] = 0
            pixels.append(here)
            last, here = here, -1
            for step in steps:
                if free[last + step]:
                    here = last + step
                    break
        return pixels

    def find_places(self, pixels: list[int]) -> list[Pixel]:
        """Return rows and columns of the picture without its rim."""
        width = self._width
        return [(pixel // width - 1, pixel % width - 1) for pixel in pixels]


def trace_lines(grid: Grid, numbers: dict[int, int], free: bytearray) -> list[Line]:
    """Walk off from every node pixel; pixels walked over leave `free`. `numbers`: each node pixel's node."""
    lines = []
    for start, number in numbers.items():
        for first in grid.find_neighbours(start):
            if not free[first]:
                continue
            pixels = grid.walk(first, free)
            last = next(
                (p for p in grid.find_neighbours(pixels[-1]) if p in numbers and (p != start or len(pixels) > 2)), start
            )
            lines.append(Line(grid.find_places([start, *pixels, last]), number, numbers[last]))
    return lines


def trace_loops(grid: Grid, free: bytearray) -> list[Line]:
    """Follow the closed lines that have no node; pixels walked over leave `free`."""
    loops = []
    while (first := free.find(1)) >= 0:
        loops.append(Line(grid.find_places([*grid.walk(first, free), first]), -1, -1))
    return loops


def find_spurs(graph: LineGraph, half_width: NDArray[np.float32]) -> list[Line]:
    """Return the lines from a fork to a free end that are no longer than the stroke is thick at the fork.

    The longest two lines of a fork stay, or a short fat stroke would vanish altogether.
    """
    spurs = []
    meeting: dict[int, list[Line]] = {}
    for line in graph.lines:
        for node in {line.start, line.end} - {-1}:
            meeting.setdefault(node, []).append(line)
    for node, lines in meeting.items():
        if graph.degrees[node] < 3:
            continue
        short = sorted((line for line in lines if is_spur(line, node, graph, half_width)), key=lambda s: len(s.pixels))
        spurs += short if len(lines) - len(short) >= 1 else short[:-2]
    return spurs


def is_spur(line: Line, fork: int, graph: LineGraph, half_width: NDArray[np.float32]) -> bool:
    """Return whether a line leads from `fork` to a free end nearby."""
    other = line.end if line.start == fork else line.start
    if other == fork or other < 0 or graph.degrees[other] != 1:
        return False
    row, column = graph.centres[fork].round().astype(int)
    return len(line.pixels) <= SPUR_LENGTH * float(half_width[row, column]) + 3


def cut_spur(skeleton: Mask, spur: Line, graph: LineGraph) -> None:
    """Clear a spur's pixels in `skeleton`, except for the one at its fork."""
    at_fork = spur.pixels[0] if graph.degrees[spur.start] > 1 else spur.pixels[-1]
    for pixel in spur.pixels:
        if pixel != at_fork:
            skeleton[pixel] = False


def smooth_paths(graph: LineGraph) -> list[Path]:
    """Return every line as a smooth path, then every node that no line joins as one point."""
    paths = [smooth_path(np.array(line.pixels, dtype=np.float64), line, graph) for line in graph.lines]
    lone = [graph.centres[node : node + 1] for node, count in enumerate(graph.degrees) if count == 0]
    return paths + lone


def smooth_path(path: Path, line: Line, graph: LineGraph) -> Path:
    """Average along a path. Its ends move to the middle of their nodes, so that lines keep meeting there."""
    if line.start < 0:
        return average_path(path[:-1], "wrap", closed=True)
    path[0], path[-1] = graph.centres[line.start], graph.centres[line.end]
    smoothed = average_path(path, "nearest", closed=False)
    smoothed[0], smoothed[-1] = path[0], path[-1]
    return smoothed


def average_path(path: Path, mode: str, *, closed: bool) -> Path:
    """Return the moving mean of a path; `mode` is ndimage's for what lies beyond its ends."""
    smoothed = ndimage.uniform_filter1d(path, min(SMOOTHING_WINDOW, len(path)), axis=0, mode=mode)
    return np.asarray(np.vstack([smoothed, smoothed[:1]]) if closed else smoothed, dtype=np.float64)
