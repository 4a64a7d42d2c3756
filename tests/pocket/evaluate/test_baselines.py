from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.pocket.evaluate.baselines import GROUND, INK, Gallery, fill_case, find_mean_colour, flood_fill
from pipeline.pocket.evaluate.bench import make_case
from pipeline.pocket.evaluate.measures import compute_edge_f1, read_lines
from tests.tools.sample_things import make_pack

RED = (200, 40, 40)


def ring(side: int, radius: float = 0.3, at: tuple[float, float] = (0.5, 0.5)) -> np.ndarray:
    lines = np.zeros((side, side), np.uint8)
    cv2.circle(lines, (int(at[0] * side), int(at[1] * side)), int(radius * side), 255, 1)
    return lines


def test_flood_fill_gives_the_inside_one_colour_and_what_runs_off_the_ground() -> None:
    for side in (128, 256):
        filled = flood_fill(ring(side), RED)
        middle, corner, line = (
            filled[side // 2, side // 2],
            filled[2, 2],
            filled[side // 2, side // 2 + int(0.3 * side)],
        )
        assert (tuple(middle), tuple(corner), tuple(line)) == (RED, GROUND, INK)
        assert len(np.unique(filled.reshape(-1, 3), axis=0)) == 3
        assert compute_edge_f1(ring(side), read_lines(filled)) > 0.9
    open_ring = ring(128)
    open_ring[:, :60] = 0  # the paint runs out of it
    assert (flood_fill(open_ring, RED) != RED).any(axis=2).all()


def test_a_case_is_filled_with_its_own_mean_colours() -> None:
    case = make_case([make_pack().things[0]], 4, 128, color=None, alone=True)
    filled, inside = fill_case(case), case.picture.subject_mask
    thing = filled[cv2.erode(inside.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0]
    common = np.median(thing, axis=0)
    assert np.abs(common - case.original[inside].mean(axis=0)).max() <= 1
    assert np.abs(filled[2, 2] - case.original[~inside].mean(axis=0)).max() <= 1


def test_a_things_mean_colour_is_that_of_its_drawings() -> None:
    things = make_pack().things
    red, white = find_mean_colour(things, "red apple"), find_mean_colour(things, "ghost")
    assert red[0] > 1.5 * red[2] and white.min() > 200
    assert np.array_equal(find_mean_colour(things, "fruit"), red)  # by its other word
    every = find_mean_colour(things, "a stranger")
    assert not np.array_equal(every, red) and not np.array_equal(every, white)


def write_shard(folder: Path, places: list[tuple[float, float]]) -> None:
    """Pictures of a dark disc, each at its place."""
    folder.mkdir(parents=True)
    pictures = np.full((len(places), 64, 64, 3), 240, np.uint8)
    for i, (x, y) in enumerate(places):
        cv2.circle(pictures[i], (int(64 * x), int(64 * y)), 10, (30 + 20 * i, 60, 200 - 20 * i), -1)
    np.save(folder / "pictures.npy", pictures)


def gallery(folder: Path, limit: int = 100) -> Gallery:
    write_shard(folder / "00000", [(0.3, 0.3), (0.7, 0.3), (0.5, 0.5)])
    write_shard(folder / "00001", [(0.3, 0.7), (0.7, 0.7)])
    (folder / "00002").mkdir()
    found = Gallery.open(folder, limit)
    assert found is not None
    return found


def test_distance_is_nothing_to_a_training_picture_and_something_without_it(tmp_path: Path) -> None:
    found = gallery(tmp_path)
    assert len(found.pictures) == 5  # a folder without pictures is no shard
    for i, picture in enumerate(found.pictures):
        large = cv2.resize(picture, (256, 256), interpolation=cv2.INTER_NEAREST)
        assert found.measure_distance(large) == pytest.approx(0, abs=1e-6)
        assert found.measure_distance(picture, without=i) > 1
        assert found.measure_distance(picture[:, ::-1].copy()) > 0 or i == 2
    strange = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    assert found.measure_distance(strange) > max(
        found.measure_distance(picture, without=i) for i, picture in enumerate(found.pictures)
    )


def test_a_gallery_samples_evenly_and_needs_pictures(tmp_path: Path) -> None:
    assert Gallery.open(tmp_path / "none") is None
    few = gallery(tmp_path, 3)
    whole = Gallery.open(tmp_path)
    assert whole is not None and np.array_equal(few.pictures, whole.pictures[[0, 2, 4]])
