"""Show lines that dark colours would swallow: a little light is left round them, as round an eye in black fur."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.inking.grid import to_lab, to_rgb

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

BESIDE = 0.012  # of the longer side: how far from a line a lighter colour still shows it
DARK = (0.24, 0.4)  # lightness in [0, 1]: darker than the first a line is lost, lighter than the second it is seen
HALO = 0.011  # of the longer side, how far the light reaches
FULL = 0.3  # share of blurred line from which the light is full
LIGHT = 56.0  # of CIELAB's lightness: what is left round a line


def light_lost_lines(picture: Plane, lines: Plane, free: Mask) -> None:
    """Lighten the dark colours round lines that have dark colours on all sides, in place.

    picture: RGB in [0, 1], float32 (H, W, 3), also under the lines. lines: (H, W) in [0, 1]. free: (H, W), where the
    colours may change: not where the person painted. Hues stay.
    """
    light = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    side = max(light.shape)
    if not (lines[light < DARK[1]] > 0).any():
        return
    size = 2 * max(1, round(BESIDE * side)) + 1
    lost = lines * measure_darkness(cv2.dilate(light, np.ones((size, size), np.uint8)))
    near = find_box_around(lost, round(4 * HALO * side))
    halo = (
        np.minimum(cv2.GaussianBlur(lost[near], (0, 0), HALO * side) / FULL, 1)
        * measure_darkness(light[near])
        * free[near]
    )
    rows, columns = np.nonzero(halo > 0.01)
    if not rows.size:
        return
    lit = picture[near]
    lab = to_lab(lit[rows, columns][None])
    lab[..., 0] += (LIGHT - lab[..., 0]) * halo[rows, columns]
    lit[rows, columns] = to_rgb(lab)[0]


def find_box_around(lost: Plane, margin: int) -> tuple[slice, slice]:
    """Return the part of the picture that holds all lost lines, with `margin` px round them; else a corner."""
    x, y, width, height = cv2.boundingRect((lost > 0).astype(np.uint8))
    return slice(max(0, y - margin), y + height + margin), slice(max(0, x - margin), x + width + margin)


def measure_darkness(light: Plane) -> Plane:
    """Return 1 where a lightness (H, W) swallows lines, 0 where lines are seen on it."""
    return np.asarray(1 - np.clip((light - DARK[0]) / (DARK[1] - DARK[0]), 0, 1), np.float32)
