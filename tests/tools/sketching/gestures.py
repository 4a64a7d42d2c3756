"""Read drawings as a person would think of them from a text file: which lines, in which order, with which pen.

    [fox] a red fox in the snow | fox | careful | pen 6 | sits, seen from the front
    ~ 100,200 150,120 200,200        a smooth line through these points
    - 100,200 150,120 200,200        straight lines from point to point
    o 256,256 80,60 10 -90           an ellipse in one go: centre, radii, tilt, where it starts (degrees)
    ( 256,256 80,60 0 180 10         a part of one: centre, radii, from, to (degrees, clockwise from the right), tilt
    . 230,240                        a dab
    * 230,240 6                      a small spot, filled by going round and round
    pen 10                           from here on another width; `eraser 20` rubs out

The device in the first line is `pen`, with pressure, or `mouse`, without. Coordinates are canvas px, 0 to 512.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path as File

import numpy as np
from numpy.typing import NDArray

Path = NDArray[np.float64]  # (n, 2) x, y, about a pixel apart


@dataclass(frozen=True, eq=False)
class Gesture:
    """This is one stroke as it is meant, before a hand draws it."""

    tool: str  # "pen" | "eraser"
    size: int  # px, 2 to 48
    path: Path

    @property
    def pen(self) -> tuple[str, int]:
        return self.tool, self.size


@dataclass(frozen=True, eq=False)
class Plan:
    """This is one drawing as it is meant."""

    id: str
    prompt: str
    thing: str
    care: str
    device: str  # "pen" | "mouse"
    note: str
    gestures: tuple[Gesture, ...]


def read_plans(file: File) -> list[Plan]:
    """Read every plan of a file. Raises ValueError that names the line that cannot be read."""
    chunks: list[list[str]] = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("["):
            chunks.append([])
        if line.strip() and not line.startswith("#"):
            if not chunks:
                raise ValueError(f"{file.name}:{number}: a plan begins with [id], not {line!r}")
            chunks[-1].append(line)
    return [read_plan(chunk) for chunk in chunks]


def read_plan(lines: Sequence[str]) -> Plan:
    name, _, rest = lines[0][1:].partition("]")
    prompt, thing, care, pen, note = (part.strip() for part in rest.split("|"))
    device, size = pen.split()
    return Plan(name, prompt, thing, care, device, note, read_gestures(name, lines[1:], int(size)))


def read_gestures(name: str, lines: Sequence[str], size: int) -> tuple[Gesture, ...]:
    tool, gestures = "pen", list[Gesture]()
    for line in lines:
        kind, *words = line.split()
        if kind in ("pen", "eraser"):
            tool, size = kind, int(words[0])
            continue
        if kind not in SHAPES:
            raise ValueError(f"{name}: no such stroke: {line!r}")
        values = [[float(part) for part in word.split(",")] for word in words]
        gestures.append(Gesture(tool, size, space_evenly(SHAPES[kind](values))))
    return tuple(gestures)


def smooth_points(values: list[list[float]]) -> Path:
    """Return a centripetal Catmull-Rom curve through the points; closed where the last is the first."""
    points = np.array(values)
    if len(points) == 2:
        return points
    closed = bool(np.allclose(points[0], points[-1]))
    before = points[-2] if closed else 2 * points[0] - points[1]
    after = points[1] if closed else 2 * points[-1] - points[-2]
    around = np.vstack([before, points, after])
    return np.vstack([interpolate_curve(around[i : i + 4]) for i in range(len(points) - 1)])


def interpolate_curve(four: Path) -> Path:
    """Return the curve between the second and the third of four points (Barry and Goldman's pyramid)."""
    gaps = np.maximum(np.sqrt(np.linalg.norm(np.diff(four, axis=0), axis=1)), 1e-3)
    knots = np.concatenate([[0.0], np.cumsum(gaps)])
    t = np.linspace(knots[1], knots[2], 24)[:, None]
    level = list(four)
    for order in (1, 2):
        level = [mix_points(t, knots[i], knots[i + order], level[i], level[i + 1]) for i in range(len(level) - 1)]
    return mix_points(t, knots[1], knots[2], level[0], level[1])


def mix_points(t: Path, start: float, end: float, first: Path, second: Path) -> Path:
    return np.asarray(((end - t) * first + (t - start) * second) / (end - start))


def make_straight_line(values: list[list[float]]) -> Path:
    return np.array(values)


def make_ellipse(values: list[list[float]]) -> Path:
    centre, radii, *rest = values
    tilt, start = [one[0] for one in rest] + [0.0, -100.0][len(rest) :]
    return make_turn(centre, radii, start, start + 372, tilt)  # a hand closes a round a little past its start


def make_arc(values: list[list[float]]) -> Path:
    centre, radii, start, end, *rest = values
    return make_turn(centre, radii, start[0], end[0], rest[0][0] if rest else 0.0)


def make_turn(centre: Sequence[float], radii: Sequence[float], start: float, end: float, tilt: float) -> Path:
    angle, lean = np.radians(np.linspace(start, end, 90)), np.radians(tilt)
    x, y = radii[0] * np.cos(angle), radii[-1] * np.sin(angle)
    return np.stack(
        [centre[0] + x * np.cos(lean) - y * np.sin(lean), centre[1] + x * np.sin(lean) + y * np.cos(lean)], axis=1
    )


def make_dab(values: list[list[float]]) -> Path:
    x, y = values[0]
    return np.array([(x, y), (x + 1.5, y + 1.0), (x + 0.5, y + 2.5)])


def make_spot(values: list[list[float]]) -> Path:
    (x, y), (radius,) = values
    angle = np.linspace(0, 2 * np.pi * max(2.0, radius / 2.5), 120)
    reach = radius * np.linspace(0.15, 1, 120)
    return np.stack([x + reach * np.cos(angle), y + reach * np.sin(angle)], axis=1)


SHAPES = {"~": smooth_points, "-": make_straight_line, "o": make_ellipse, "(": make_arc, ".": make_dab, "*": make_spot}


def space_evenly(path: Path) -> Path:
    """Return the same line with its points about a pixel apart."""
    gaps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    path = path[np.concatenate([[True], gaps > 0])]
    along = np.concatenate([[0.0], np.cumsum(gaps[gaps > 0])])
    places = np.linspace(0, along[-1], max(2, round(along[-1]) + 1))
    return np.stack([np.interp(places, along, path[:, axis]) for axis in (0, 1)], axis=1)
