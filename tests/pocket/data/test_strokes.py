from collections.abc import Callable

import cv2
import numpy as np
import pytest

from pipeline.pocket.data.scenes import compose_picture
from pipeline.pocket.data.strokes import (
    WOBBLE,
    draw_lines,
    drop_random_pieces,
    drop_small_pieces,
    find_centre_lines,
    overshoot_ends,
    redraw_lines,
)
from pipeline.pocket.evaluate.measures import measure_line_distance
from tests.tools.sample_things import make_things


def disc(side: int = 128) -> np.ndarray:
    image = np.ones((side, side, 3), np.float32)
    cv2.circle(image, (side // 2, side // 2), side // 3, (0.8, 0.2, 0.1), -1, cv2.LINE_AA)
    return image


def outlined(side: int = 128) -> np.ndarray:
    image = np.ones((side, side, 3), np.float32)
    cv2.circle(image, (side // 2, side // 2), side // 3, (0, 0, 0), side // 64, cv2.LINE_AA)
    return image


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def thickness(lines: np.ndarray) -> float:
    """Pixels with a full 2 x 2 neighbourhood, as a share: 0 for lines one pixel wide."""
    full = cv2.erode((lines > 0).astype(np.uint8), np.ones((2, 2), np.uint8), borderValue=0)
    return float(full.sum() / max(1, (lines > 0).sum()))


@pytest.mark.parametrize("careful", [None, 0.0, 0.5, 1.0])
def test_lines_are_one_pixel_of_white_on_black(careful: float | None) -> None:
    for seed in range(20):
        picture = compose_picture(make_things(), rng(seed))
        lines = draw_lines(picture.image, rng(seed), careful)
        assert lines.shape == (128, 128) and lines.dtype == np.uint8 and set(np.unique(lines)) <= {0, 255}
        assert lines.any()
        if careful is not None:  # Canny's own contours may touch
            assert thickness(lines) < 0.03


@pytest.mark.parametrize("side", [128, 256, 512])
@pytest.mark.parametrize("make", [disc, outlined])
def test_one_circle_gives_one_line(make: Callable[[int], np.ndarray], side: int) -> None:
    lines = draw_lines(make(side), rng(), plain=True)
    count, _ = cv2.connectedComponents(lines, connectivity=8)
    assert count - 1 == 1
    assert (lines > 0).sum() == pytest.approx(2 * np.pi * side / 3, rel=0.2)


def test_the_same_seed_draws_the_same_lines() -> None:
    assert np.array_equal(draw_lines(disc(), rng(4)), draw_lines(disc(), rng(4)))
    assert np.array_equal(draw_lines(disc(), rng(4), plain=True), draw_lines(disc(), rng(5), plain=True))
    drawn = [draw_lines(disc(), rng(seed), 0.0).tobytes() for seed in range(10)]
    assert len(set(drawn)) > 5


def test_even_a_hasty_hand_stays_near_the_contour() -> None:
    plain = draw_lines(disc(), rng(), plain=True)
    for seed in range(20):
        lines = redraw_lines(plain, rng(seed), 1.0)
        assert measure_line_distance(plain)[lines > 0].max() <= 2 * WOBBLE
        assert (lines > 0).sum() > 0.85 * (plain > 0).sum()


def test_a_hasty_hand_draws_less_of_a_busy_picture() -> None:
    pictures = [compose_picture(make_things(), rng(seed)).image for seed in range(30)]
    length = {
        care: np.mean([(draw_lines(image, rng(i), care) > 0).sum() for i, image in enumerate(pictures)])
        for care in (0.0, 1.0)
    }
    assert length[0.0] < 0.9 * length[1.0]


def test_only_the_thing_is_drawn_within_its_mask() -> None:
    for seed in range(10):
        picture = compose_picture(make_things(), rng(seed))
        lines = draw_lines(picture.image, rng(seed), 1.0, within=picture.subject_mask)
        near = cv2.dilate(picture.subject_mask.astype(np.uint8), np.ones((5, 5), np.uint8))
        assert lines.any() and not lines[near == 0].any()


def test_a_blank_picture_has_no_lines() -> None:
    blank = np.full((64, 64, 3), 0.7, np.float32)
    for seed in range(10):
        assert not draw_lines(blank, rng(seed)).any()


def test_small_pieces_are_dropped_and_the_longest_kept() -> None:
    lines = np.zeros((64, 64), np.uint8)
    lines[10, 5:50], lines[30, 5:9] = 255, 255
    assert drop_small_pieces(lines, 10)[10].any() and not drop_small_pieces(lines, 10)[30].any()
    assert all(drop_random_pieces(lines, rng(seed), 1.0)[10].any() for seed in range(5))
    assert not drop_random_pieces(lines, rng(), 1.0)[30].any()


def test_loose_ends_run_on_straight() -> None:
    lines = np.zeros((64, 64), np.uint8)
    lines[32, 10:40] = 255
    longest = max(
        (overshoot_ends(lines, rng(seed), 1.0) for seed in range(20)), key=lambda drawn: int((drawn > 0).sum())
    )
    assert (longest > 0).sum() > 30
    assert set(np.nonzero(longest)[0]) == {32}


@pytest.mark.parametrize("side", [128, 256])
def test_near_lines_join_and_far_ones_stay_two(side: int) -> None:
    for apart, count in ((2, 1), (12, 2)):
        found = np.zeros((side, side), np.uint8)
        found[side // 2, 5:60], found[side // 2 + apart * side // 128, 5:60] = 255, 255
        joined, _ = cv2.connectedComponents(find_centre_lines(found, 3, 5), connectivity=8)
        assert joined - 1 == count
