import numpy as np
import pytest
import skimage.data
from PIL import Image

from pipeline.sketch.canvas import paint_canvas, read_canvas
from pipeline.sketch.paper import even_out, find_ground, invert, is_blank, is_line_drawing, is_white, lies_on_dark
from tests.tools.drawings import as_text, balls, canvas, clip_art, house, in_uneven_light, ring, stroke, wave


def drawn(size, color="#101010", side=512):
    strokes = [stroke(wave(y), size, color=color) for y in (80, 200)] + [stroke(ring(90, 250, 350), size, color=color)]
    pixels = paint_canvas(read_canvas(as_text(canvas(*strokes))))
    return pixels if side == 512 else np.asarray(Image.fromarray(pixels).resize((side, side)))


def pencil(size):
    grain = np.random.default_rng(2).uniform(0.5, 1, (512, 512, 1))
    return (255 - (255 - drawn(size)) * 0.4 * grain).astype(np.uint8)


def board(size):
    chalk = (255 - drawn(size)) * 0.7
    return np.clip(in_uneven_light(chalk.astype(np.uint8), 0.6) + np.array([30, 50, 40]), 0, 255).astype(np.uint8)


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
    photo = in_uneven_light(clean, darkest)
    ground = find_ground(photo)
    assert ground.is_paper() and not is_white(photo) and not lies_on_dark(photo)
    even = even_out(photo, ground).astype(int)
    paper = clean.min(axis=2) == 255
    for corner in (np.s_[:128, :128], np.s_[:128, -128:], np.s_[-128:, :128], np.s_[-128:, -128:]):
        assert even[corner][paper[corner]].mean() > 250
    lines = clean.max(axis=2) < (60 if kind is drawn else 190)
    assert np.abs(even[lines] - clean[lines].astype(int)).mean() < 30  # the lines kept their strength


def test_a_large_black_shape_on_paper_is_drawn_and_no_shadow():
    clean = np.array(Image.new("RGB", (400, 400), "white"))
    clean[120:280, 120:280] = 10
    photo = in_uneven_light(clean, 0.6)
    even = even_out(photo, find_ground(photo))
    assert even[150:250, 150:250].mean() < 40
    assert even[:80].mean() > 245


def test_tinted_paper_becomes_white_and_ink_keeps_its_colour():
    photo = in_uneven_light(drawn(12, "#2040d0"), 0.6)
    even = even_out(photo, find_ground(photo)).astype(int)
    ink = drawn(12, "#2040d0")[..., 0] < 60
    assert np.median(even[~ink], axis=0).min() >= 250
    assert np.median(even[ink], axis=0) == pytest.approx([32, 64, 208], abs=25)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_photographs_are_neither_paper_nor_turned_round_nor_blank(name):
    pixels = photograph(name)
    assert is_white(pixels) or not find_ground(pixels).is_paper()
    assert not lies_on_dark(pixels)
    assert not is_blank(pixels)
    assert not is_line_drawing(pixels)


@pytest.mark.parametrize("size", [2, 6, 12, 24])
def test_light_on_dark_is_known(size):
    assert lies_on_dark(invert(drawn(size)))
    assert lies_on_dark(board(size))
    assert not lies_on_dark(drawn(size))
    assert not lies_on_dark(pencil(size))


def test_a_night_picture_is_not_light_on_dark():
    assert not lies_on_dark((balls(0) * 0.6).astype(np.uint8))
    assert not lies_on_dark(invert(balls(255)))


@pytest.mark.parametrize("size", [2, 6, 12, 24])
@pytest.mark.parametrize("color", ["#000000", "#d02020", "#e0b000"])
def test_strokes_are_a_line_drawing_whatever_their_width_and_colour(size, color):
    assert is_line_drawing(drawn(size, color))


def test_a_line_drawing_may_hold_black_areas():
    pixels = drawn(6).copy()
    pixels[300:400, 200:300] = 0
    assert is_line_drawing(pixels)


@pytest.mark.parametrize("noise", [0, 4, 8])
@pytest.mark.parametrize("background", [255, 140])
def test_shaded_and_filled_pictures_are_no_line_drawing(noise, background):
    assert not is_line_drawing(balls(background, noise))
    assert not is_line_drawing(clip_art())


@pytest.mark.parametrize("level", [0, 5, 128, 250, 255])
def test_one_even_colour_is_blank(level):
    assert is_blank(np.full((100, 300, 3), level, np.uint8))


def test_empty_paper_dust_and_noise_are_blank():
    paper = np.full((512, 512, 3), 255, np.uint8)
    assert is_blank(in_uneven_light(paper, 0.5))
    rng = np.random.default_rng(3)
    dusty = paper.copy()
    for x, y in rng.integers(5, 500, (40, 2)):
        dusty[y : y + 3, x : x + 3] = 0
    assert is_blank(dusty)
    speck = paper.copy()
    speck[100:106, 100:106] = 0
    assert is_blank(speck)


@pytest.mark.parametrize("side", [64, 200, 512, 1024, 4000])
def test_a_thin_line_is_not_blank_at_any_size(side):
    pixels = np.full((side, side, 3), 255, np.uint8)
    pixels[side // 2, side // 4 : side // 2] = 0
    assert not is_blank(pixels)
    assert not is_blank(invert(pixels))


def test_faint_pencil_and_a_pen_dot_are_not_blank():
    assert not is_blank(np.asarray(house(200, ink=(205, 205, 205))))
    assert not is_blank(paint_canvas(read_canvas(as_text(canvas(stroke([(256, 256)], 12))))))
