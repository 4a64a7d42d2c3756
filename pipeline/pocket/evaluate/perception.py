"""Describe what two pictures look like to a cheap eye: outlines by direction and colours by place, as vectors.

The search for near copies and what seeds vary are seen with it. No part of the model's training does.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.pocket.evaluate.measures import Floats, Pixels, to_lab

VIEW_SIDE = 64  # px that a picture is looked at
CELLS = 8  # along a side
DIRECTIONS = 9  # of edges, from 0 to 180 degrees
COLOR_WEIGHT = 1 / 40  # Lab units: places that differ by 40 count as much as cells whose edges differ wholly


def shrink_picture(picture: Pixels) -> Pixels:
    """Shrink a picture to (VIEW_SIDE, VIEW_SIDE, 3)."""
    return np.asarray(cv2.resize(picture, (VIEW_SIDE, VIEW_SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def describe_outlines(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Describe edge strength by place and direction, (CELLS, CELLS, DIRECTIONS), of Lab (VIEW_SIDE, VIEW_SIDE, 3).

    Histograms of oriented gradients (Dalal & Triggs 2005) with soft bins in place and direction.
    """
    across, down = cv2.Sobel(lab, cv2.CV_32F, 1, 0) / 4, cv2.Sobel(lab, cv2.CV_32F, 0, 1) / 4
    strength = np.hypot(across, down)
    strongest = strength.argmax(axis=2)[..., None]
    strength, across, down = (np.take_along_axis(part, strongest, 2)[..., 0] for part in (strength, across, down))
    turn = np.arctan2(down, across) % np.pi / np.pi * DIRECTIONS
    apart = np.abs(turn[..., None] - np.arange(DIRECTIONS, dtype=np.float32))
    layers = strength[..., None] * np.clip(1 - np.minimum(apart, DIRECTIONS - apart), 0, 1)
    cell = VIEW_SIDE / CELLS
    cells = cv2.resize(cv2.GaussianBlur(layers, (0, 0), 0.4 * cell), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    near = cv2.blur((cells**2).sum(axis=2), (3, 3))[..., None]  # contrast counts against the neighbourhood's
    return np.asarray(cells / np.sqrt(near + 1), np.float32)


def describe_tones(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Describe the mean colour by place, (CELLS, CELLS, 3), about [-1, 2]."""
    small = cv2.resize(lab, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return np.asarray(small * COLOR_WEIGHT, np.float32)


def describe_picture(picture: Pixels) -> Floats:
    """Describe a picture of any size by its outlines and tones as one vector."""
    lab = to_lab(shrink_picture(picture))
    return np.concatenate((describe_outlines(lab).ravel(), describe_tones(lab).ravel())).astype(np.float64)


def measure_perceived_distance(one: Pixels, other: Pixels) -> float:
    """Measure how far two pictures are apart, by describe_picture."""
    return float(np.linalg.norm(describe_picture(one) - describe_picture(other)))
