import cv2
import numpy as np
import pytest

from pipeline.colours.hint import CHANNELS, SEEN, find_regions, make_hint, shrink_lines


def draw_box(side: int = 512, thick: int = 1, gap: int = 0) -> np.ndarray:
    """A box in the middle half, with a gap in its upper line."""
    lines = np.zeros((side, side), np.uint8)
    quarter = side // 4
    cv2.rectangle(lines, (quarter, quarter), (3 * quarter, 3 * quarter), 255, thick)
    lines[quarter - 2 : quarter + 3, side // 2 : side // 2 + gap] = 0
    return lines


def test_a_hint_tells_each_pixel_the_frame_of_its_region() -> None:
    hint = make_hint(draw_box())
    assert hint.shape == (CHANNELS, SEEN, SEEN) and hint.dtype == np.float32
    assert hint.min() >= 0 and hint.max() <= 1
    size, off, left, right, up, down = hint[8:, SEEN // 2, SEEN // 2]
    assert off == 0 and size == pytest.approx(0.5, abs=0.03)
    assert [left, right, up, down] == pytest.approx([0.25] * 4, abs=0.02)
    assert hint[9, 4, 4] == 1 and hint[8, 4, 4] > 0.8


@pytest.mark.parametrize("side", [256, 512, 700, 1024])
def test_thin_lines_are_kept_at_every_size(side: int) -> None:
    drawn = shrink_lines(draw_box(side))
    assert drawn.shape == (256, 256) and set(np.unique(drawn)) <= {0, 255}
    assert len(np.unique(find_regions(drawn))) == 2


def test_a_small_gap_does_not_open_a_region_and_a_large_one_does() -> None:
    assert len(np.unique(find_regions(shrink_lines(draw_box(gap=3))))) == 2
    assert len(np.unique(find_regions(shrink_lines(draw_box(gap=60))))) == 1


def test_painted_colours_are_handed_on_where_they_are() -> None:
    colours, painted = np.zeros((512, 512, 3), np.uint8), np.zeros((512, 512), bool)
    colours[100:200, 300:400], painted[100:200, 300:400] = (255, 128, 0), True
    hint = make_hint(draw_box(), colours, painted)
    assert hint[4:8, 37, 87] == pytest.approx([1, 128 / 255, 0, 1], abs=0.01)
    assert not hint[4:8, 80, 20].any()
    assert not make_hint(draw_box())[4:8].any()


def test_an_empty_drawing_is_one_region() -> None:
    hint = make_hint(np.zeros((512, 512), np.uint8))
    assert not hint[:4].any() and np.allclose(hint[8], 1) and np.allclose(hint[9], 1)


def test_mirrored_drawings_have_mirrored_hints() -> None:
    lines = draw_box()
    lines[:, :100] = 0
    one, other = make_hint(lines), make_hint(np.ascontiguousarray(lines[:, ::-1]))
    assert np.abs(one[8] - other[8][:, ::-1]).mean() < 0.02
    assert np.abs(one[10] - other[11][:, ::-1]).mean() < 0.02
