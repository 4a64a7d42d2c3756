"""The colours of a painted picture, place by place: lines, gaps and strokes count for nothing, borders stay."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.sketch.edges import read_edges
from pipeline.sketch.plain_colours import find_plain_colours
from pipeline.values import Sketch

WALL, SKY = (190, 90, 60), (150, 200, 235)


def paint_house(width: int = 320, height: int = 256) -> np.ndarray:
    """A wall in front of the sky, (height, width, 3)."""
    picture = np.full((height, width, 3), SKY, np.uint8)
    picture[height // 3 :, width // 4 : 3 * width // 4] = WALL
    return picture


def lay_lead(picture: np.ndarray, colour: tuple[int, int, int] = (15, 15, 15), share: float = 1 / 80) -> np.ndarray:
    """The picture as panes with lead between them."""
    glass, width = picture.copy(), max(1, round(share * picture.shape[1]))
    for at in range(20, picture.shape[1], picture.shape[1] // 7):
        cv2.line(glass, (at, 0), (at + 15, picture.shape[0]), colour, width, cv2.LINE_AA)
        cv2.line(glass, (0, at), (picture.shape[1], at - 15), colour, width, cv2.LINE_AA)
    return glass


def lay_strokes(picture: np.ndarray) -> np.ndarray:
    """The picture in short strokes, each a little lighter or darker."""
    painted, rng = picture.astype(np.int16), np.random.default_rng(3)
    for _ in range(picture.size // 270):
        x, y, by = int(rng.integers(picture.shape[1])), int(rng.integers(picture.shape[0])), int(rng.integers(-28, 28))
        part = painted[y : y + 4, x : x + 14]
        part += by
    return np.clip(painted, 0, 255).astype(np.uint8)


def lay_dots(picture: np.ndarray) -> np.ndarray:
    """The picture in dots on pale paper."""
    rows, columns = np.indices(picture.shape[:2])
    dot = np.logical_and(rows % 6 < 4, columns % 6 < 4)[..., None]
    return np.where(dot, picture, np.uint8(235)).astype(np.uint8)


def miss(found: np.ndarray, wanted: np.ndarray) -> float:
    """The 95th percentile of the CIELAB distance, px near the wall's rim left out."""
    labs = [cv2.cvtColor(each.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for each in (found, wanted)]
    away = np.linalg.norm(labs[0] - labs[1], axis=-1)
    rim = cv2.dilate(cv2.Canny(wanted, 50, 150), np.ones((15, 15), np.uint8)) > 0
    return float(np.percentile(away[~rim], 95))


@pytest.mark.parametrize("way", [lay_lead, lay_strokes])
@pytest.mark.parametrize("size", [(320, 256), (256, 512), (700, 600)])
def test_lead_and_strokes_take_the_colours_of_what_they_lie_on(way: object, size: tuple[int, int]) -> None:
    house = paint_house(*size)
    painted = way(house)  # type: ignore[operator]
    assert miss(painted, house) > 9, "there is something to take away"
    found = find_plain_colours(painted)
    assert found.shape == house.shape and miss(found, house) < 7
    assert np.array_equal(found, find_plain_colours(painted))


def test_light_gaps_count_for_nothing() -> None:
    house = paint_house(512, 512)
    canvas = lay_lead(house, (255, 255, 255), 1 / 250)
    assert miss(canvas, house) > 9 and miss(find_plain_colours(canvas), house) < 5


def test_dots_become_even() -> None:
    house = paint_house(512, 512)
    found = find_plain_colours(lay_dots(house), textured=True)
    wall = found[300:480, 200:320].reshape(-1, 3)
    assert wall.std(0).max() < 4 and np.linalg.norm(wall.mean(0) - WALL) < np.linalg.norm(
        found[40, 40] - np.array(WALL)
    )


def test_borders_stay_crisp() -> None:
    house = paint_house(512, 512)
    row = find_plain_colours(lay_strokes(house))[400, 100:156, 2].astype(int)
    assert np.abs(np.diff(row)).max() > 25, "the wall's rim is spread over many px"


def test_a_picture_to_start_from_is_read_by_its_colours_and_not_by_its_lead() -> None:
    house = paint_house(512, 512)
    glass = lay_lead(house)
    edges = read_edges(Sketch(glass, is_drawing=False, is_start=True)).pixels
    rim = cv2.dilate(cv2.Canny(house, 50, 150), np.ones((17, 17), np.uint8)) > 0
    assert edges[rim].any() and np.count_nonzero(edges[~rim]) < 0.1 * np.count_nonzero(edges)
    photo = read_edges(Sketch(glass, is_drawing=False)).pixels
    assert np.count_nonzero(photo[~rim]) > 2 * np.count_nonzero(edges)
