import numpy as np
import pytest
import skimage.data
from PIL import Image

from pipeline.sketch import paper as paper_module
from pipeline.sketch.canvas import paint_canvas, read_canvas
from pipeline.sketch.intake import read_image
from pipeline.sketch.paper import Paper, invert
from tests.tools.drawings import (
    draw_balls,
    draw_clip_art,
    draw_house,
    light_unevenly,
    make_canvas,
    make_ring,
    make_stroke,
    make_wave,
    write_json,
)

pytestmark = pytest.mark.slow


def drawn(size, color="#101010", side=512):
    strokes = [make_stroke(make_wave(y), size, color=color) for y in (80, 200)] + [
        make_stroke(make_ring(90, 250, 350), size, color=color)
    ]
    pixels = paint_canvas(read_canvas(write_json(make_canvas(*strokes))))
    return pixels if side == 512 else np.asarray(Image.fromarray(pixels).resize((side, side)))


def pencil(size):
    grain = np.random.default_rng(2).uniform(0.5, 1, (512, 512, 1))
    return (255 - (255 - drawn(size)) * 0.4 * grain).astype(np.uint8)


def board(size):
    chalk = (255 - drawn(size)) * 0.7
    return np.clip(light_unevenly(chalk.astype(np.uint8), 0.6) + np.array([30, 50, 40]), 0, 255).astype(np.uint8)


PHOTOGRAPHS = [
    "astronaut",
    "brick",
    "camera",
    "cat",
    "coffee",
    "coins",
    "grass",
    "gravel",
    "moon",
    "rocket",
    "retina",
    "immunohistochemistry",
    "hubble_deep_field",
]


def photograph(name):
    """Photographs that scikit-image carries in its wheel: nothing is fetched."""
    pixels = getattr(skimage.data, name)()
    return np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else np.ascontiguousarray(pixels)


@pytest.mark.parametrize("size", [2, 6, 12, 24])
@pytest.mark.parametrize("kind", [drawn, pencil])
@pytest.mark.parametrize("darkest", [0.35, 0.7])
def test_a_photo_of_paper_becomes_white_in_every_corner(size, kind, darkest):
    clean = kind(size)
    photo = light_unevenly(clean, darkest)
    found = Paper(photo)
    assert found.ground.is_paper and not found.is_white and not found.is_light_on_dark
    even = found.even_out().astype(int)
    paper = clean.min(axis=2) == 255
    for corner in (np.s_[:128, :128], np.s_[:128, -128:], np.s_[-128:, :128], np.s_[-128:, -128:]):
        assert even[corner][paper[corner]].mean() > 250
    lines = clean.max(axis=2) < (60 if kind is drawn else 190)
    assert np.abs(even[lines] - clean[lines].astype(int)).mean() < 30  # the lines kept their strength


def test_a_large_black_shape_on_paper_is_drawn_and_no_shadow():
    clean = np.array(Image.new("RGB", (400, 400), "white"))
    clean[120:280, 120:280] = 10
    photo = light_unevenly(clean, 0.6)
    even = Paper(photo).even_out()
    assert even[150:250, 150:250].mean() < 40
    assert even[:80].mean() > 245


def test_tinted_paper_becomes_white_and_ink_keeps_its_colour():
    photo = light_unevenly(drawn(12, "#2040d0"), 0.6)
    even = Paper(photo).even_out().astype(int)
    ink = drawn(12, "#2040d0")[..., 0] < 60
    assert np.median(even[~ink], axis=0).min() >= 250
    assert np.median(even[ink], axis=0) == pytest.approx([32, 64, 208], abs=25)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_photographs_are_neither_paper_nor_turned_round_nor_blank(name):
    pixels = photograph(name)
    found = Paper(pixels)
    assert found.is_white or not found.ground.is_paper
    assert not found.is_light_on_dark
    assert not found.is_blank
    assert not found.is_line_drawing


@pytest.mark.parametrize("size", [2, 6, 12, 24])
def test_light_on_dark_is_known(size):
    assert Paper(invert(drawn(size))).is_light_on_dark
    assert Paper(board(size)).is_light_on_dark
    assert not Paper(drawn(size)).is_light_on_dark
    assert not Paper(pencil(size)).is_light_on_dark


def test_a_night_picture_is_not_light_on_dark():
    assert not Paper((draw_balls(0) * 0.6).astype(np.uint8)).is_light_on_dark
    assert not Paper(invert(draw_balls(255))).is_light_on_dark


@pytest.mark.parametrize("size", [2, 6, 12, 24])
@pytest.mark.parametrize("color", ["#000000", "#d02020", "#e0b000"])
def test_strokes_are_a_line_drawing_whatever_their_width_and_colour(size, color):
    assert Paper(drawn(size, color)).is_line_drawing


def test_a_line_drawing_may_hold_black_areas():
    pixels = drawn(6).copy()
    pixels[300:400, 200:300] = 0
    assert Paper(pixels).is_line_drawing


@pytest.mark.parametrize("noise", [0, 4, 8])
@pytest.mark.parametrize("background", [255, 140])
def test_shaded_and_filled_pictures_are_no_line_drawing(noise, background):
    assert not Paper(draw_balls(background, noise)).is_line_drawing
    assert not Paper(draw_clip_art()).is_line_drawing


@pytest.mark.parametrize("level", [0, 5, 128, 250, 255])
def test_one_even_colour_is_blank(level):
    assert Paper(np.full((100, 300, 3), level, np.uint8)).is_blank


def test_empty_paper_dust_and_noise_are_blank():
    paper = np.full((512, 512, 3), 255, np.uint8)
    assert Paper(light_unevenly(paper, 0.5)).is_blank
    rng = np.random.default_rng(3)
    dusty = paper.copy()
    for x, y in rng.integers(5, 500, (40, 2)):
        dusty[y : y + 3, x : x + 3] = 0
    assert Paper(dusty).is_blank
    speck = paper.copy()
    speck[100:106, 100:106] = 0
    assert Paper(speck).is_blank


@pytest.mark.parametrize("side", [64, 200, 512, 1024, 4000])
def test_a_thin_line_is_not_blank_at_any_size(side):
    pixels = np.full((side, side, 3), 255, np.uint8)
    pixels[side // 2, side // 4 : side // 2] = 0
    assert not Paper(pixels).is_blank
    assert not Paper(invert(pixels)).is_blank


def test_faint_pencil_and_a_pen_dot_are_not_blank():
    assert not Paper(np.asarray(draw_house(200, ink=(205, 205, 205)))).is_blank
    assert not Paper(paint_canvas(read_canvas(write_json(make_canvas(make_stroke([(256, 256)], 12)))))).is_blank


def test_a_picture_is_measured_once(monkeypatch):
    """Each answer may be asked for again; the small copy and the ground of one picture are found one time."""
    calls = {"shrink": 0, "find_ground": 0}

    def count(name):
        whole = getattr(paper_module, name)

        def counted(*args):
            calls[name] += 1
            return whole(*args)

        return counted

    for name in calls:
        monkeypatch.setattr(paper_module, name, count(name))
    found = Paper(light_unevenly(drawn(6), 0.5))
    for _ in range(2):
        assert not found.is_blank and not found.is_light_on_dark and not found.is_white and found.ground.is_paper
    assert calls == {"shrink": 2, "find_ground": 1}  # the second copy keeps thin lines for is_blank


@pytest.mark.parametrize("picture", [drawn(6), light_unevenly(drawn(6), 0.5), invert(drawn(6)), draw_balls(140)])
def test_a_sketch_carries_what_its_paper_says(picture):
    sketch = read_image(Image.fromarray(picture))
    assert sketch.is_drawing == Paper(sketch.pixels).is_line_drawing
