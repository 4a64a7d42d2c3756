"""Draw without any model, so that a figure means something, and look through the pictures that were learnt from.

The baseline is a colouring book filled by someone who knows one colour of each thing: its mean. Lines stay as drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.pocket.data.pack import Thing
from pipeline.pocket.data.strokes import Lines
from pipeline.pocket.evaluate.bench import Case
from pipeline.pocket.evaluate.measures import Floats, Pixels
from pipeline.pocket.evaluate.perception import describe_picture
from pipeline.pocket.train.region_lessons import LESSONS

FLOOD_FILL = "flood fill with the thing's mean colour"
GROUND = (236, 238, 235)  # RGB of the ground where nothing is known of it
INK = (40, 40, 44)
SAMPLE_SIZE = 2000  # training pictures that are looked through

Colour = Sequence[float] | Floats  # RGB, 0 to 255


def flood_fill(lines: Lines, thing: Colour, ground: Colour = GROUND) -> Pixels:
    """Fill a drawing: what runs off the picture with the ground's colour, all else with the thing's, lines with ink."""
    width = max(1, round(max(lines.shape) / 128))
    drawn = cv2.dilate(lines, np.ones((width, width), np.uint8)) > 0
    _, regions = cv2.connectedComponents((~drawn).astype(np.uint8), connectivity=4)
    rim = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    outside = np.isin(regions, np.unique(rim)) & ~drawn
    filled = np.where(outside[..., None], np.asarray(ground), np.asarray(thing))
    return np.where(drawn[..., None], np.asarray(INK), filled).round().astype(np.uint8)


def fill_case(case: Case) -> Pixels:
    """Fill a case's drawing with the mean colours of its thing and of its ground, which are known."""
    inside = case.picture.subject_mask
    outside = ~inside if not inside.all() else inside
    thing = case.original[inside] if inside.any() else case.original.reshape(-1, 3)
    return flood_fill(case.lines, thing.mean(axis=0), case.original[outside].mean(axis=0))


def find_mean_colour(things: Sequence[Thing], name: str) -> Floats:
    """Find the mean colour (3,) RGB of the thing of that name over all artists; of all things where it is not there."""
    chosen = [thing for thing in things if name in (thing.name, *thing.words)] or list(things)
    pictures = np.stack([picture for thing in chosen for picture in thing.pictures]).reshape(-1, 4).astype(np.float64)
    return np.asarray((pictures[:, :3] * pictures[:, 3:]).sum(axis=0) / max(float(pictures[:, 3].sum()), 1.0))


@dataclass(frozen=True, eq=False)
class Gallery:
    """Gallery is an even sample of the pictures that the model learnt from: its lessons, 64 px wide."""

    pictures: NDArray[np.uint8]  # (N, 64, 64, 3)

    @classmethod
    def open(cls, folder: Path = LESSONS, limit: int = SAMPLE_SIZE) -> Gallery | None:
        """Open the shards in a folder; None where there are none."""
        shards = [np.load(file, mmap_mode="r") for file in sorted(folder.glob("*/pictures.npy"))]
        count = sum(len(shard) for shard in shards)
        if not count:
            return None
        chosen = np.linspace(0, count - 1, min(limit, count)).astype(int)
        starts = np.cumsum([0, *(len(shard) for shard in shards)])
        homes = np.searchsorted(starts, chosen, side="right") - 1
        return cls(np.stack([shards[home][row - starts[home]] for row, home in zip(chosen, homes, strict=True)]))

    def measure_distance(self, picture: Pixels, without: int | None = None) -> float:
        """Measure how far a picture is from the nearest training picture, by describe_picture.

        `without` leaves one of them out.
        """
        away = np.linalg.norm(self._vectors - describe_picture(picture), axis=1)
        if without is not None:
            away[without] = np.inf
        return float(away.min())

    @cached_property
    def _vectors(self) -> Floats:
        return np.stack([describe_picture(picture) for picture in self.pictures])
