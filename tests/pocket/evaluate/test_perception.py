from __future__ import annotations

import cv2
import numpy as np

from pipeline.pocket.evaluate.measures import to_lab
from pipeline.pocket.evaluate.perception import (
    CELLS,
    DIRECTIONS,
    EYE,
    look_at,
    outlines,
    perceive,
    perceived_distance,
    silhouette,
    step_up,
    tones,
)


def disc(at: tuple[int, int] = (64, 64), color: tuple[int, int, int] = (200, 40, 40)) -> np.ndarray:
    picture = np.full((128, 128, 3), 240, np.uint8)
    cv2.circle(picture, at, 30, color, -1)
    return picture


def test_edges_are_told_by_their_direction() -> None:
    stripes = np.zeros((EYE, EYE, 3), np.uint8)
    stripes[:, (np.arange(EYE) // 4) % 2 == 0] = 255
    upright = outlines(to_lab(stripes)).sum(axis=(0, 1))
    lying = outlines(to_lab(np.ascontiguousarray(stripes.transpose(1, 0, 2)))).sum(axis=(0, 1))
    assert upright.argmax() == 0 and upright[0] > 0.8 * upright.sum()
    assert lying.argmax() in (DIRECTIONS // 2, DIRECTIONS // 2 + 1) and lying[0] < 0.1 * lying.sum()


def test_tones_are_told_by_their_place() -> None:
    picture = np.full((128, 128, 3), 255, np.uint8)
    picture[:64, :64] = (200, 0, 0)
    seen = tones(to_lab(look_at(picture)))
    assert seen.shape == (CELLS, CELLS, 3)
    assert seen[0, 0, 1] > 1 and abs(seen[-1, -1, 1]) < 0.05 and seen[-1, -1, 0] > seen[0, 0, 0]


def test_a_silhouette_is_what_differs_from_the_rim() -> None:
    seen = silhouette(to_lab(look_at(disc())))
    assert seen[CELLS, CELLS] == 1 and seen[0].max() == 0 and 0.1 < seen.mean() < 0.3


def test_pictures_are_as_near_as_they_look() -> None:
    assert perceived_distance(disc(), disc()) == 0
    nudged, moved, blue = disc((66, 64)), disc((40, 40)), disc(color=(40, 60, 220))
    assert perceived_distance(disc(), nudged) < 0.5 * min(
        perceived_distance(disc(), moved), perceived_distance(disc(), blue)
    )


def test_the_size_of_a_picture_matters_little() -> None:
    large = cv2.resize(disc(), (256, 256), interpolation=cv2.INTER_LINEAR)
    assert perceive(large).shape == perceive(disc()).shape
    assert perceived_distance(disc(), large) < 0.3 * perceived_distance(disc(), disc((40, 40)))


def test_what_stands_out_is_brought_to_one_place_and_size() -> None:
    def small(at: tuple[int, int], radius: int) -> np.ndarray:
        picture = np.full((256, 256, 3), 240, np.uint8)
        cv2.circle(picture, at, radius, (200, 40, 40), -1)
        return step_up(picture)

    one, other = small((90, 120), 60), small((150, 140), 80)
    assert one.shape == (EYE, EYE, 3)
    assert np.abs(one.astype(int) - other).mean() < 4  # moved and 4/3 as large: nearly the same after all
    assert (one[EYE // 2, EYE // 2] == (200, 40, 40)).all() and (one[1, 1] == 240).all()
    blank = np.full((128, 128, 3), 240, np.uint8)
    assert np.array_equal(step_up(blank), look_at(blank))
