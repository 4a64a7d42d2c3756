"""Measure what a region's outline says about whether it is ground that lines enclose, or a thing.

Ground lies behind: what is before it bulges into it, and where three regions meet, the outline of what is before it
goes straight on while the ground ends in a corner. So it is measured of each region how its outline bends beside the
ground around and beside other regions, and how wide a corner it and its neighbours have where three meet.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.colours.region_features import RegionFeatures
from pipeline.colours.regions import SIDE, count_pairs

SHAPES = 16  # numbers of each region
NEAR = 7  # px around a place where three regions meet, within which their corners are measured
SHARE = 0.02  # of that disc, or of a rim: less is none
POINTS, STEP, SMOOTH = 96, 4, 1.2  # of an outline: points, how far on a turn is measured, smoothing
OVER = 2.5  # px from an outline to what lies across the line
BENT, MOST_BENT = 0.12, 1.2  # radians

Float = NDArray[np.float32]
Labels = NDArray[np.int64]


def measure_shapes(regions: NDArray[np.int32], seen: RegionFeatures) -> Float:
    """Return what each region's outline says, (n, SHAPES); 0 for those that are ground already."""
    count = len(seen.numbers)
    made, inner = np.zeros((count, SHAPES), np.float32), np.flatnonzero(~seen.outside)
    if not len(inner):
        return made
    labels = number_regions(regions, seen)
    borders = count_pairs(labels, count + 2)
    made[inner] = np.concatenate(
        [
            measure_rims(labels, borders, inner + 1),
            trace_outlines(labels, inner + 1),
            measure_corners(labels, inner + 1),
        ],
        axis=1,
    )
    return made


def number_regions(regions: NDArray[np.int32], seen: RegionFeatures) -> Labels:
    """Number regions by their place in `seen` from 1, (SIDE, SIDE); 0 is ground, the last number all that is tiny."""
    count = len(seen.numbers)
    table = np.full(int(regions.max()) + 1, count + 1, np.int64)
    table[seen.numbers] = np.where(seen.outside, 0, np.arange(1, count + 1))
    return np.asarray(table[regions])


def measure_rims(labels: Labels, borders: Labels, numbers: Labels) -> Float:
    """Return of each number, (n, 4): the shares of its rim along the ground and along one other, how large and how many
    its neighbours are.
    """
    areas = np.bincount(labels.ravel(), minlength=len(borders))
    mine = borders[numbers]
    rim = np.maximum(mine.sum(1), 1)
    others = mine[:, 1:]
    around = (others > 0) @ areas[1:]
    return np.stack(
        [
            mine[:, 0] / rim,
            others.max(1) / rim,
            np.log((1 + around) / np.maximum(areas[numbers], 1)) / 3,
            (others > SHARE * rim[:, None]).sum(1) / 5,
        ],
        axis=1,
    ).astype(np.float32)


def trace_outlines(labels: Labels, numbers: Labels) -> Float:
    """Return of each number, (n, 6): how full its hull is, how its outline bends beside the ground and beside others,
    how much of it bends inwards beside either, and its sharpest corner.
    """
    frames = ndimage.find_objects(labels, max_label=int(numbers.max()))
    full, points = np.zeros(len(numbers)), np.zeros((len(numbers), POINTS, 2))
    for row, number in enumerate(numbers.tolist()):
        frame = frames[number - 1]
        mask = np.pad((labels[frame] == number).astype(np.uint8), 1)
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        outline = max(outlines, key=len)
        hull = cv2.contourArea(cv2.convexHull(outline))
        full[row] = cv2.contourArea(outline) / hull if hull > 0 else 1.0
        ring = np.vstack([outline[:, 0], outline[:1, 0]]) + np.array([frame[1].start - 1, frame[0].start - 1])
        places = np.linspace(0, len(outline), POINTS, endpoint=False)
        points[row] = np.stack([np.interp(places, np.arange(len(ring)), ring[:, axis]) for axis in (0, 1)], 1)
    points = ndimage.gaussian_filter1d(points, SMOOTH, axis=1, mode="wrap")
    turns, across = measure_turns(points), look_across(labels, points)
    own = across == numbers[:, None]
    beside = [(across == 0) & ~own, (across != 0) & ~own]
    bends = [(np.clip(turns, -MOST_BENT, MOST_BENT) * one).sum(1) / np.maximum(one.sum(1), 1) for one in beside]
    inwards = [((turns < -BENT) & one).mean(1) for one in beside]
    return np.stack([full, *bends, *inwards, turns.max(1)], axis=1).astype(np.float32)


def measure_turns(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much each outline, (n, POINTS, 2), turns at each point, (n, POINTS) radians; inwards below 0.

    OpenCV gives outer outlines one way round, in which a turn outwards is negative.
    """
    before, after = points - np.roll(points, STEP, 1), np.roll(points, -STEP, 1) - points
    cross = before[..., 0] * after[..., 1] - before[..., 1] * after[..., 0]
    return np.asarray(-np.arctan2(cross, (before * after).sum(-1)))


def look_across(labels: Labels, points: NDArray[np.float64]) -> Labels:
    """Return the number that lies OVER px outside of each point of the outlines, (n, POINTS)."""
    along = np.roll(points, -2, 1) - np.roll(points, 2, 1)
    outwards = np.stack([-along[..., 1], along[..., 0]], -1)
    outwards /= np.maximum(np.linalg.norm(outwards, axis=-1, keepdims=True), 1e-6)
    places = np.clip(np.round(points + OVER * outwards).astype(np.int64), 0, SIDE - 1)
    return np.asarray(labels[places[..., 1], places[..., 0]])


def measure_corners(labels: Labels, numbers: Labels) -> Float:
    """Return of each number, (n, 6), where three meet: with the ground, the shares of the disc that it, the ground and
    the largest other have, and how many such places there are; without ground, its own share and how many.
    """
    shares = share_discs(labels, find_meetings(labels))
    made = np.tile(np.array([0.25, 0.4, 0.35, 0, 0.33, 0], np.float32), (len(numbers), 1))  # where none meet
    ground = shares[:, 0]
    for row, number in enumerate(numbers.tolist()):
        mine = shares[:, number] > 0
        open_ones, closed = mine & (ground > SHARE), mine & (ground <= SHARE)
        if open_ones.any():
            others = shares[open_ones].copy()
            others[:, [0, number]] = 0
            made[row, :3] = shares[open_ones, number].mean(), ground[open_ones].mean(), others.max(1).mean()
        if closed.any():
            made[row, 4] = shares[closed, number].mean()
        made[row, [3, 5]] = min(int(open_ones.sum()), 6) / 3, min(int(closed.sum()), 6) / 3
    return made


def find_meetings(labels: Labels) -> Labels:
    """Return the places where three numbers meet or more, (k, 2), row and column."""
    corners = np.stack([labels[:-1, :-1], labels[:-1, 1:], labels[1:, :-1], labels[1:, 1:]])
    many = (corners != corners[0]).any(0)
    many[many] = (np.diff(np.sort(corners[:, many], 0), axis=0) != 0).sum(0) >= 2
    _, _, _, middles = cv2.connectedComponentsWithStats(many.astype(np.uint8), connectivity=8)
    return np.asarray(np.round(middles[1:, ::-1]), np.int64)


def share_discs(labels: Labels, places: Labels) -> Float:
    """Return the share of each number in the discs around places (k, 2), (k, numbers)."""
    count = int(labels.max()) + 1
    reach = np.arange(-NEAR, NEAR + 1)
    around = np.stack(np.nonzero(reach[:, None] ** 2 + reach**2 <= NEAR**2), 1) - NEAR
    spots = np.clip(places[:, None] + around, 0, SIDE - 1)
    found = labels[spots[..., 0], spots[..., 1]] + count * np.arange(len(places))[:, None]
    counts = np.bincount(found.ravel(), minlength=count * len(places)).reshape(len(places), count)
    return np.asarray(counts / len(around), np.float32)
