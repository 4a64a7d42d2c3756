"""What two pictures look like to a cheap eye: outlines by direction and colours by place, as vectors.

The judge of things and the search for near copies both see with it. No part of the model's training does.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.pocket.evaluate.measures import Floats, Pixels, to_lab

EYE = 64  # px that a picture is looked at
CELLS = 8  # along a side
DIRECTIONS = 9  # of edges, from 0 to 180 degrees
FIRST_LOOK = 96  # px, before it is stepped up to
UNLIKE = 30.0  # Lab units from the rim that stand out wholly
LITTLE = 20.0  # px at the first look: less than that is nothing
COLOR_WEIGHT = 1 / 40  # Lab units: places that differ by 40 count as much as cells whose edges differ wholly


def look_at(picture: Pixels) -> Pixels:
    """(EYE, EYE, 3)."""
    return np.asarray(cv2.resize(picture, (EYE, EYE), interpolation=cv2.INTER_AREA), np.uint8)


def outlines(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Share of edge strength by place and direction, (CELLS, CELLS, DIRECTIONS), of Lab (EYE, EYE, 3).

    Histograms of oriented gradients (Dalal & Triggs 2005) with soft bins in place and direction.
    """
    across, down = cv2.Sobel(lab, cv2.CV_32F, 1, 0) / 4, cv2.Sobel(lab, cv2.CV_32F, 0, 1) / 4
    strength = np.hypot(across, down)
    strongest = strength.argmax(axis=2)[..., None]
    strength, across, down = (np.take_along_axis(part, strongest, 2)[..., 0] for part in (strength, across, down))
    turn = np.arctan2(down, across) % np.pi / np.pi * DIRECTIONS
    apart = np.abs(turn[..., None] - np.arange(DIRECTIONS, dtype=np.float32))
    layers = strength[..., None] * np.clip(1 - np.minimum(apart, DIRECTIONS - apart), 0, 1)
    cell = EYE / CELLS
    cells = cv2.resize(cv2.GaussianBlur(layers, (0, 0), 0.4 * cell), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    near = cv2.blur((cells**2).sum(axis=2), (3, 3))[..., None]  # contrast counts against the neighbourhood's
    return np.asarray(cells / np.sqrt(near + 1), np.float32)


def tones(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean colour by place, (CELLS, CELLS, 3), about [-1, 2]."""
    small = cv2.resize(lab, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return np.asarray(small * COLOR_WEIGHT, np.float32)


def perceive(picture: Pixels) -> Floats:
    """Outlines and tones of a picture of any size as one vector."""
    lab = to_lab(look_at(picture))
    return np.concatenate((outlines(lab).ravel(), tones(lab).ravel())).astype(np.float64)


def perceived_distance(one: Pixels, other: Pixels) -> float:
    return float(np.linalg.norm(perceive(one) - perceive(other)))


def standing_out(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much each pixel differs from the picture's rim, (H, W) in [0, 1]: what stands on a ground."""
    rim = np.concatenate(
        (lab[:2].reshape(-1, 3), lab[-2:].reshape(-1, 3), lab[:, :2].reshape(-1, 3), lab[:, -2:].reshape(-1, 3))
    )
    away = np.linalg.norm(lab - np.median(rim, axis=0), axis=2)
    return np.asarray(np.clip(away / UNLIKE, 0, 1), np.float32)


def silhouette(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """What stands out, by place: (2 CELLS, 2 CELLS) in [0, 1]."""
    return np.asarray(cv2.resize(standing_out(lab), (2 * CELLS, 2 * CELLS), interpolation=cv2.INTER_AREA), np.float32)


def step_up(picture: Pixels) -> Pixels:
    """(EYE, EYE, 3): the part that stands out, brought to the middle and to one size; all of it where nothing does.

    Two spreads each way from its middle of mass, never less than 0.3 nor more than 0.55 of the side.
    """
    near = np.asarray(cv2.resize(picture, (FIRST_LOOK, FIRST_LOOK), interpolation=cv2.INTER_AREA), np.uint8)
    mass = standing_out(to_lab(near)) ** 2
    total = float(mass.sum())
    if total < LITTLE:
        return look_at(picture)
    rows, columns = np.mgrid[:FIRST_LOOK, :FIRST_LOOK]
    y, x = float((mass * rows).sum() / total), float((mass * columns).sum() / total)
    spread = float(np.sqrt((mass * ((rows - y) ** 2 + (columns - x) ** 2)).sum() / total))
    zoom = EYE / 2 / float(np.clip(2 * spread, 0.3 * FIRST_LOOK, 0.55 * FIRST_LOOK))
    moved = np.array([[zoom, 0, EYE / 2 - x * zoom], [0, zoom, EYE / 2 - y * zoom]], np.float32)
    return np.asarray(
        cv2.warpAffine(near, moved, (EYE, EYE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
