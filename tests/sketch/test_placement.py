"""A picture under the strokes lies where it was laid, as strong as it was made; a traced one is no part of it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pipeline.errors import SketchError
from pipeline.page.view import make_data_url
from pipeline.sketch.canvas import read_canvas
from pipeline.sketch.fitting import fade, fit_place, fit_whole
from pipeline.sketch.intake import read_strokes
from tests.tools.drawings import make_canvas, make_stroke

LINE = make_stroke([(40.0, 480.0), (470.0, 480.0)])


def make_picture(size=(300, 200), ground="white"):
    image = Image.new("RGB", size, ground)
    ImageDraw.Draw(image).rectangle((100, 60, 180, 140), fill="black")
    return image


def lay(image, *strokes, width=512, height=512, **placement):
    whole = {"place": None, "opacity": 1, "locked": False, "traced": False, "plain": False, **placement}
    canvas = make_canvas(*strokes, width=width, height=height, picture=make_data_url(image, "png"))
    return json.dumps({**canvas, "version": 3, "placement": whole})


def test_a_picture_lies_where_it_was_laid():
    pixels = read_strokes(lay(make_picture(), LINE, place=[50, 20, 150, 100])).pixels
    dark = np.argwhere(pixels[:400].min(axis=2) < 128)
    assert np.abs(dark.min(axis=0) - (50, 100)).max() <= 1 and np.abs(dark.max(axis=0) - (90, 140)).max() <= 1


def test_what_is_moved_beyond_the_border_is_cut_off_and_nothing_more():
    colours = np.zeros((100, 100, 3), np.uint8)
    colours[:, 50:] = 255
    sheet = fit_place(colours, (200, 200), (-100, 0, 200, 200))
    assert (sheet[:, 5:95] == 255).all() and (sheet[:, 105:] == 255).all()  # the border goes on
    assert (fit_place(colours, (200, 200), (300, 0, 50, 50)) == 255).all()


def test_a_place_over_the_whole_sheet_is_the_whole_picture():
    pixels = np.asarray(make_picture((400, 400)))
    assert np.array_equal(fit_place(pixels, (256, 256), (0, 0, 256, 256)), fit_whole(pixels, (256, 256)))


def test_a_huge_scale_is_read_without_painting_what_is_not_seen():
    pixels = np.asarray(make_picture())
    sheet = fit_place(pixels, (512, 512), (-20_000, -20_000, 40_960, 40_960))
    assert sheet.shape == (512, 512, 3)


def test_opacity_fades_towards_paper():
    pixels = np.zeros((4, 4, 3), np.uint8)
    assert (fade(pixels, 0.4) == 153).all() and (fade(pixels, 0) == 255).all() and (fade(pixels, 1) == 0).all()


def test_a_traced_picture_is_not_read():
    traced = read_strokes(lay(make_picture(), LINE, traced=True))
    alone = read_strokes(json.dumps(make_canvas(LINE)))
    assert np.array_equal(traced.pixels, alone.pixels)
    with pytest.raises(SketchError, match="nothing on the paper"):
        read_strokes(lay(make_picture(), traced=True))


def test_a_plain_picture_is_never_turned_round_or_evened_out():
    night = Image.new("RGB", (512, 512), "#181830")
    ImageDraw.Draw(night).ellipse((150, 150, 350, 350), outline="white", width=6)
    plain = read_strokes(lay(night, plain=True))
    assert not plain.inverted and plain.notices == ()
    assert np.array_equal(plain.pixels, np.asarray(night))
    assert read_strokes(lay(night)).inverted  # a photograph of a blackboard is


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": 2}, "from version 3 on"),
        ({"picture": None}, "belongs to a picture"),
        ({"placement": {"opacity": 2}}, "placement.opacity"),
        ({"placement": {"place": [0, 0, 0, 10]}}, "placement.place"),
        ({"placement": {"place": [0, 0, 50_000, 10]}}, "placement.place"),
        ({"placement": {"turned": 1}}, "placement.turned"),
    ],
)
def test_a_placement_that_the_page_never_sends_is_refused_by_name(changes, words):
    with pytest.raises(SketchError, match=words):
        read_canvas({**json.loads(lay(make_picture(), LINE)), **changes})


@pytest.mark.parametrize("version", [1, 2])
def test_older_versions_lay_the_picture_whole_in_the_middle(version):
    canvas = make_canvas(LINE, picture=make_data_url(make_picture(), "png"))
    old = read_strokes(json.dumps({**canvas, "version": version}))
    assert np.array_equal(old.pixels, read_strokes(lay(make_picture(), LINE)).pixels)
