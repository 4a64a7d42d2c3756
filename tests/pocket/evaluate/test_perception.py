from __future__ import annotations

import cv2
import numpy as np

from pipeline.pocket.evaluate.measures import to_lab
from pipeline.pocket.evaluate.perception import (
    CELLS,
    DIRECTIONS,
    VIEW_SIDE,
    describe_outlines,
    describe_picture,
    describe_tones,
    measure_perceived_distance,
    shrink_picture,
)


def disc(at: tuple[int, int] = (64, 64), color: tuple[int, int, int] = (200, 40, 40)) -> np.ndarray:
    picture = np.full((128, 128, 3), 240, np.uint8)
    cv2.circle(picture, at, 30, color, -1)
    return picture


def test_edges_are_told_by_their_direction() -> None:
    stripes = np.zeros((VIEW_SIDE, VIEW_SIDE, 3), np.uint8)
    stripes[:, (np.arange(VIEW_SIDE) // 4) % 2 == 0] = 255
    upright = describe_outlines(to_lab(stripes)).sum(axis=(0, 1))
    lying = describe_outlines(to_lab(np.ascontiguousarray(stripes.transpose(1, 0, 2)))).sum(axis=(0, 1))
    assert upright.argmax() == 0 and upright[0] > 0.8 * upright.sum()
    assert lying.argmax() in (DIRECTIONS // 2, DIRECTIONS // 2 + 1) and lying[0] < 0.1 * lying.sum()


def test_tones_are_told_by_their_place() -> None:
    picture = np.full((128, 128, 3), 255, np.uint8)
    picture[:64, :64] = (200, 0, 0)
    seen = describe_tones(to_lab(shrink_picture(picture)))
    assert seen.shape == (CELLS, CELLS, 3)
    assert seen[0, 0, 1] > 1 and abs(seen[-1, -1, 1]) < 0.05 and seen[-1, -1, 0] > seen[0, 0, 0]


def test_pictures_are_as_near_as_they_look() -> None:
    assert measure_perceived_distance(disc(), disc()) == 0
    nudged, moved, blue = disc((66, 64)), disc((40, 40)), disc(color=(40, 60, 220))
    assert measure_perceived_distance(disc(), nudged) < 0.5 * min(
        measure_perceived_distance(disc(), moved), measure_perceived_distance(disc(), blue)
    )


def test_the_size_of_a_picture_matters_little() -> None:
    large = cv2.resize(disc(), (256, 256), interpolation=cv2.INTER_LINEAR)
    assert describe_picture(large).shape == describe_picture(disc()).shape
    assert measure_perceived_distance(disc(), large) < 0.3 * measure_perceived_distance(disc(), disc((40, 40)))
