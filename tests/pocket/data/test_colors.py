import colorsys

import numpy as np
import pytest

from pipeline.pocket.data.colors import COLORS, draw_paint, measure_color_share, name_color, recolor, to_hsv
from tests.tools.sample_things import make_things

# What anybody calls by these words (CSS names and their like).
KNOWN = {
    "red": [(220, 20, 60), (255, 0, 0), (178, 34, 34)],
    "orange": [(255, 140, 0), (255, 165, 0)],
    "yellow": [(255, 255, 0), (255, 215, 0), (250, 230, 90)],
    "green": [(0, 128, 0), (50, 205, 50), (46, 139, 87)],
    "blue": [(0, 0, 255), (65, 105, 225), (70, 130, 180)],
    "purple": [(128, 0, 128), (138, 43, 226)],
    "pink": [(255, 192, 203), (255, 105, 180)],
    "brown": [(139, 69, 19), (101, 67, 33)],
    "black": [(0, 0, 0), (25, 25, 30)],
    "white": [(255, 255, 255), (245, 245, 245)],
    "gray": [(128, 128, 128), (169, 169, 169)],
}


@pytest.mark.parametrize("word", COLORS)
def test_each_word_holds_its_known_colors_and_no_other_words(word: str) -> None:
    for color in KNOWN[word]:
        pixels = np.tile(np.array(color, np.uint8), (10, 1))
        assert measure_color_share(word, pixels) == 1
        assert [other for other in COLORS if measure_color_share(other, pixels) > 0] == [word]


def test_obeys_is_the_share_of_pixels() -> None:
    pixels = np.array([(255, 0, 0)] * 3 + [(0, 0, 255)], np.uint8)
    assert measure_color_share("red", pixels) == 0.75
    assert measure_color_share("red", pixels.astype(np.float32) / 255) == 0.75
    assert measure_color_share("red", pixels[:0]) == 0


def test_ranges_share_no_color_but_at_their_borders() -> None:
    grid = np.array(
        [colorsys.hsv_to_rgb(h / 180, s / 20, v / 20) for h in range(180) for s in range(21) for v in range(21)],
        np.float32,
    )
    held = np.sum([color.holds(to_hsv(grid)) for color in COLORS.values()], axis=0)
    assert (held > 1).mean() < 0.09


@pytest.mark.parametrize("word", COLORS)
def test_paints_obey_their_word(word: str) -> None:
    rng = np.random.default_rng(0)
    assert measure_color_share(word, np.stack([draw_paint(word, rng) for _ in range(200)])) == 1


@pytest.mark.parametrize("word", COLORS)
@pytest.mark.parametrize("thing", make_things(), ids=lambda thing: thing.name)
def test_a_recolored_thing_obeys_and_keeps_its_detail(word: str, thing) -> None:
    rgba = thing.pictures[0].astype(np.float32) / 255
    rgb, alpha = rgba[..., :3], rgba[..., 3]
    painted = recolor(rgb, alpha, word, np.random.default_rng(1))
    assert painted.dtype == np.float32 and painted.min() >= 0 and painted.max() <= 1
    assert measure_color_share(word, painted[alpha > 0.5]) >= 0.6
    if thing.name != "spider":  # one flat tone has no detail to keep
        assert painted[alpha > 0.9].std(axis=0).max() > 0.02


def test_only_the_main_hue_is_painted() -> None:
    rgba = make_things()[0].pictures[0].astype(np.float32) / 255
    painted = recolor(rgba[..., :3], rgba[..., 3], "blue", np.random.default_rng(2))
    np.testing.assert_allclose(painted[16, 76], rgba[16, 76, :3], atol=0.02)  # the leaf
    np.testing.assert_allclose(painted[50, 46], rgba[50, 46, :3], atol=0.02)  # the glint
    np.testing.assert_allclose(painted[70, 12], rgba[70, 12, :3], atol=0.02)  # the ink
    assert measure_color_share("blue", painted[60:64, 60:64].reshape(-1, 3)) == 1


def test_name_color_needs_a_clear_majority() -> None:
    red, blue = np.tile([[255, 0, 0]], (8, 1)), np.tile([[0, 0, 255]], (8, 1))
    assert name_color(red.astype(np.uint8)) == "red"
    assert name_color(np.concatenate((red, blue)).astype(np.uint8)) is None
