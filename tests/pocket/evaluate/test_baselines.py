from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from pipeline.pocket.evaluate.baselines import Gallery, find_palette, flood_fill, list_baselines, paint_mean_color
from pipeline.pocket.evaluate.bench import score_lines

TONES = ((230, 225, 210), (200, 40, 40), (40, 160, 60), (50, 80, 200), (240, 200, 60), (15, 15, 20))


def reference() -> np.ndarray:
    """Six tones in stripes, each narrower than the one before, the last black."""
    picture, left = np.zeros((64, 64, 3), np.uint8), 0
    for tone, wide in zip(TONES, (20, 14, 12, 8, 6, 4), strict=True):
        picture[:, left : left + wide] = tone
        left += wide
    return picture


def ring(side: int, radius: float = 0.3, at: tuple[float, float] = (0.5, 0.5)) -> np.ndarray:
    lines = np.zeros((side, side), np.uint8)
    cv2.circle(lines, (int(at[0] * side), int(at[1] * side)), int(radius * side), 255, 1)
    return lines


def near(color: np.ndarray, tone: tuple[int, int, int]) -> bool:
    return bool(np.abs(color.astype(int) - tone).max() <= 12)


def test_a_palette_holds_the_tones_the_commonest_first() -> None:
    found = find_palette(reference())
    assert near(found[0], TONES[0]) and near(found[1], TONES[1])
    assert all(any(near(color, tone) for color in found) for tone in TONES)


def test_flood_fill_gives_every_region_one_colour_of_the_reference() -> None:
    for side in (128, 256):
        filled = flood_fill(ring(side), reference())
        middle, corner, line = (
            filled[side // 2, side // 2],
            filled[2, 2],
            filled[side // 2, side // 2 + int(0.3 * side)],
        )
        assert near(corner, TONES[0]) and near(middle, TONES[1]) and near(line, TONES[5])
        assert len(np.unique(filled.reshape(-1, 3), axis=0)) == 3
        assert score_lines(ring(side), filled) > 0.9


def test_a_mean_colour_has_no_lines() -> None:
    filled = paint_mean_color(ring(128), reference())
    assert filled.shape == (128, 128, 3) and score_lines(ring(128), filled) == 0
    assert np.abs(filled[0, 0].astype(int) - reference().mean(axis=(0, 1))).max() <= 1


def write_shard(folder: Path, places: list[tuple[float, float]]) -> None:
    """Pictures of a dark disc each at its place, with its outline as drawing."""
    folder.mkdir(parents=True)
    pictures = np.full((len(places), 256, 256, 3), 240, np.uint8)
    edges = np.zeros((len(places), 2, 256, 256), np.uint8)
    for i, (x, y) in enumerate(places):
        cv2.circle(pictures[i], (int(256 * x), int(256 * y)), 40, (30 + 20 * i, 60, 200 - 20 * i), -1)
        edges[i, :] = ring(256, 40 / 256, (x, y)) > 0
    np.save(folder / "pictures.npy", pictures)
    np.save(folder / "edges.npy", np.packbits(edges, axis=-1))
    (folder / "records.json").write_text(json.dumps([{"caption": ""}] * len(places)))


def gallery(folder: Path, limit: int = 100) -> Gallery:
    write_shard(folder / "shard-0000", [(0.3, 0.3), (0.7, 0.3), (0.5, 0.5)])
    write_shard(folder / "shard-0001", [(0.3, 0.7), (0.7, 0.7)])
    write_shard(folder / "shard-0002.tmp17", [(0.1, 0.1)])
    found = Gallery.open(folder, limit)
    assert found is not None
    return found


def test_the_nearest_training_picture_is_found_by_its_lines(tmp_path: Path) -> None:
    found = gallery(tmp_path)
    for i, at in enumerate([(0.3, 0.3), (0.7, 0.3), (0.5, 0.5), (0.3, 0.7), (0.7, 0.7)]):
        pixels = found.find_nearest_by_edges(ring(128, 42 / 256, at))
        assert pixels.shape == (128, 128, 3) and np.array_equal(pixels, found.read_picture(i, 128))


def test_distance_is_nothing_to_a_training_picture_and_something_without_it(tmp_path: Path) -> None:
    found = gallery(tmp_path)
    assert len(found.rows) == 5  # the draft is no shard
    for i in range(5):
        picture = found.read_picture(i, 256)
        assert found.measure_distance(picture) == 0 < found.measure_distance(picture, without=i)
        assert found.measure_distance(picture[:, ::-1].copy()) > 0 or i == 2
    strange = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    assert found.measure_distance(strange) > max(
        found.measure_distance(found.read_picture(i, 256), without=i) for i in range(5)
    )


def test_a_gallery_samples_evenly_and_needs_pictures(tmp_path: Path) -> None:
    assert Gallery.open(tmp_path / "none") is None
    assert [tuple(row) for row in gallery(tmp_path, 3).rows] == [(0, 0), (0, 2), (1, 1)]


def test_without_training_pictures_two_baselines_are_left(tmp_path: Path) -> None:
    assert set(list_baselines(None)) == {"flood-filled edges", "the reference's mean colour"}
    ways = list_baselines(gallery(tmp_path))
    assert set(ways) - set(list_baselines(None)) == {"nearest training picture"}
    assert all(way(ring(64), reference()).shape == (64, 64, 3) for way in ways.values())
