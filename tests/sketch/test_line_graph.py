import numpy as np
import pytest
from scipy import ndimage

from pipeline.sketch.line_graph import find_lines, trace_graph


def half_width(ink):
    return ndimage.distance_transform_edt(ink).astype(np.float32)


def lines_of(ink):
    return find_lines(ink, half_width(ink))


def bar(height, width=200):
    ink = np.zeros((100, 260), bool)
    ink[50 - height // 2 : 50 + (height + 1) // 2, 30 : 30 + width] = True
    return ink


@pytest.mark.parametrize("height", [1, 2, 3, 8, 15, 24])
def test_a_bar_is_one_straight_line_without_spurs(height):
    (path,) = lines_of(bar(height))
    assert np.abs(path[:, 0] - 49.5).max() <= 1.5
    assert abs(path[0, 1] - path[-1, 1]) > 200 - 2 * height - 4


def test_a_bumpy_bar_has_no_spurs_either():
    ink = bar(16)
    rng = np.random.default_rng(0)
    for x in range(40, 220, 9):
        ink[40 - rng.integers(0, 3) : 44, x : x + 4] = True
        ink[56 : 60 + rng.integers(0, 3), x + 3 : x + 7] = True
    assert len(lines_of(ink)) == 1


def test_a_short_branch_of_a_thin_line_stays():
    ink = bar(3)
    ink[30:50, 120:123] = True
    assert len(lines_of(ink)) == 3  # two halves and the branch
    assert trace_graph(ink_skeleton(ink)).degrees.count(3) == 1


def ink_skeleton(ink):
    from skimage.morphology import skeletonize

    return skeletonize(ink)


def test_a_fat_short_mark_does_not_vanish():
    ink = np.zeros((60, 60), bool)
    ink[20:40, 18:42] = True
    assert lines_of(ink)


def test_a_point_is_a_path_of_one_point():
    ink = np.zeros((20, 20), bool)
    ink[10, 12] = True
    (path,) = lines_of(ink)
    assert path.tolist() == [[10, 12]]


def test_a_ring_is_one_closed_path():
    y, x = np.mgrid[:120, :120]
    distance = np.hypot(y - 60, x - 60)
    (path,) = lines_of((distance > 35) & (distance < 45))
    assert path[0].tolist() == path[-1].tolist()
    assert np.hypot(path[:, 0] - 60, path[:, 1] - 60) == pytest.approx(np.full(len(path), 40), abs=1.5)


def test_lines_that_meet_share_their_ends():
    y, x = np.mgrid[:120, :120]
    cross = (np.abs(y - 60) < 3) | (np.abs(x - 60) < 3)
    paths = lines_of(cross)
    assert len(paths) == 4
    middles = {tuple(end) for path in paths for end in (path[0], path[-1]) if np.hypot(*(end - 59.5)) < 3}
    assert len(middles) == 1


def test_a_figure_of_eight_has_two_loops_from_one_node():
    y, x = np.mgrid[:120, :200]
    left, right = np.hypot(y - 60, x - 65), np.hypot(y - 60, x - 135)
    eight = ((left > 33) & (left < 38)) | ((right > 33) & (right < 38))
    paths = [path for path in lines_of(eight) if len(path) > 40]
    assert len(paths) == 2


def test_nothing_has_no_lines():
    assert lines_of(np.zeros((30, 30), bool)) == []
