"""Draw without any model, so that a figure means something: three trivial baselines from lines to a picture.

Each takes the lines and the pixels of the style's reference, as the model does (the words help none of them), and
gives a picture of the lines' size.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.pocket.data.strokes import Lines, choose_kernel_side
from pipeline.pocket.evaluate.bench import fill_with_mean
from pipeline.pocket.evaluate.measures import Floats, Pixels
from pipeline.pocket.evaluate.perception import describe_picture

Baseline = Callable[[Lines, Pixels], Pixels]

PALETTE_SIZE = 6  # colours taken from a reference
SAMPLE_SIZE = 2000  # training pictures that are looked through
GLANCE_SIDE = 32  # px that drawings are compared at


def list_baselines(gallery: Gallery | None) -> Mapping[str, Baseline]:
    """List the baselines by the names that stand in the table; without training pictures on disk there are two."""
    baselines: dict[str, Baseline] = {"flood-filled edges": flood_fill, "the reference's mean colour": paint_mean_color}
    if gallery is not None:
        baselines["nearest training picture"] = lambda lines, _: gallery.find_nearest_by_edges(lines)
    return baselines


def paint_mean_color(lines: Lines, reference: Pixels) -> Pixels:
    """Fill a picture of the lines' size with the reference's mean colour."""
    return fill_with_mean(cv2.resize(reference, lines.shape[::-1], interpolation=cv2.INTER_AREA).astype(np.uint8))


def find_palette(reference: Pixels, colors: int = PALETTE_SIZE) -> NDArray[np.uint8]:
    """Find a reference's colours (colors, 3) by k-means of a thumbnail, the commonest first."""
    points = cv2.resize(reference, (32, 32), interpolation=cv2.INTER_AREA).reshape(-1, 3).astype(np.float32)
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    _, labels, centres = cv2.kmeans(points, colors, None, stop, 1, cv2.KMEANS_PP_CENTERS)
    order = np.argsort(-np.bincount(labels.ravel(), minlength=colors))
    return np.asarray(np.clip(centres[order] + 0.5, 0, 255), np.uint8)


def flood_fill(lines: Lines, reference: Pixels) -> Pixels:
    """Fill a drawing as a colouring book: lines in the darkest colour, each region in one of the others.

    Regions take the reference's colours by size, largest first, the commonest colour for the ground.
    """
    colors = find_palette(reference)
    order = np.argsort(colors.astype(int).sum(axis=1), kind="stable")
    ink, paints = colors[order[0]], np.delete(colors, order[0], axis=0)
    drawn = cv2.dilate(lines, np.ones((choose_kernel_side(2, lines),) * 2, np.uint8)) > 0
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~drawn).astype(np.uint8), connectivity=4)
    regions = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")
    paint_of = np.zeros((len(stats), 3), np.uint8)
    for rank, region in enumerate(regions):
        paint_of[region] = paints[rank % len(paints)]
    paint_of[0] = ink
    return paint_of[labels]


@dataclass(frozen=True, eq=False)
class Gallery:
    """Gallery is an even sample of the training pictures that lie in shards on disk."""

    shards: tuple[Path, ...]
    rows: NDArray[np.int64]  # (n, 2): shard, row in it

    @classmethod
    def open(cls, folder: Path, limit: int = SAMPLE_SIZE) -> Gallery | None:
        """Open the shards in a folder; None where there are none."""
        shards = tuple(
            sorted(path for path in folder.glob("shard-*") if (path / "records.json").is_file() and not path.suffix)
        )
        every = [
            (number, row)
            for number, shard in enumerate(shards)
            for row in range(len(json.loads((shard / "records.json").read_text())))
        ]
        if not every:
            return None
        return cls(shards, np.asarray(every)[np.linspace(0, len(every) - 1, min(limit, len(every))).astype(int)])

    def read_picture(self, index: int, side: int) -> Pixels:
        """Read the sample's picture number `index`, (side, side, 3)."""
        shard, row = self.rows[index]
        pixels = np.array(self._shard_pictures[shard][row])
        return np.asarray(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA), np.uint8)

    def find_nearest_by_edges(self, lines: Lines) -> Pixels:
        """Find the training picture whose drawing lies most like these lines."""
        return self.read_picture(int(np.argmax(self._line_vectors @ embed_lines(lines))), len(lines))

    def measure_distance(self, picture: Pixels, without: int | None = None) -> float:
        """Measure how far a picture is from the nearest training picture, by describe_picture.

        `without` leaves one of them out.
        """
        away = np.linalg.norm(self._picture_vectors - describe_picture(picture), axis=1)
        if without is not None:
            away[without] = np.inf
        return float(away.min())

    @cached_property
    def _shard_pictures(self) -> list[NDArray[np.uint8]]:
        return [np.load(shard / "pictures.npy", mmap_mode="r") for shard in self.shards]

    @cached_property
    def _line_vectors(self) -> Floats:
        edges = [np.load(shard / "edges.npy", mmap_mode="r") for shard in self.shards]
        return np.stack(
            [embed_lines(np.unpackbits(edges[shard][row, 0], axis=-1) * np.uint8(255)) for shard, row in self.rows]
        )

    @cached_property
    def _picture_vectors(self) -> Floats:
        return np.stack([describe_picture(np.array(self._shard_pictures[shard][row])) for shard, row in self.rows])


def embed_lines(lines: Lines) -> Floats:
    """Describe where lines lie, blurred, by a vector of length 1 (0 for a blank)."""
    small = cv2.resize(lines, (GLANCE_SIDE, GLANCE_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    seen = cv2.GaussianBlur(small, (0, 0), 1.0).ravel().astype(np.float64)
    return np.asarray(seen / max(float(np.linalg.norm(seen)), 1e-9), np.float64)
