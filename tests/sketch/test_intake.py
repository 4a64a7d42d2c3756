import base64
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.errors import CroquisError, SketchError
from pipeline.sketch.canvas import paint_canvas, read_canvas
from pipeline.sketch.edges import read_edges
from pipeline.sketch.intake import BLANK, EVENED_OUT, TURNED_ROUND, WHITE_ON_NOTHING, read_image, read_strokes
from pipeline.sketch.paper import invert
from tests.tools.drawings import (
    draw_balls,
    draw_house,
    encode_image,
    light_unevenly,
    make_canvas,
    make_ring,
    make_stroke,
    make_wave,
    write_json,
)

pytestmark = pytest.mark.slow

HOUSE = draw_house(256)


def ink(sketch):
    return sketch.pixels.min(axis=2) < 128


def lines_only(color):
    """A house drawn on nothing at all."""
    image = Image.new("RGBA", HOUSE.size, (0, 0, 0, 0))
    return Image.composite(Image.new("RGBA", HOUSE.size, color), image, draw_house(256, "L", ink=255, paper=0))


def test_a_drawing_comes_through_untouched(tmp_path):
    file = tmp_path / "house.png"
    file.write_bytes(encode_image(HOUSE))
    for given_as in (encode_image(HOUSE), file, HOUSE, HOUSE.convert("P"), HOUSE.convert("1")):
        sketch = read_image(given_as)
        assert np.array_equal(sketch.pixels, np.asarray(HOUSE))
        assert not sketch.inverted and sketch.notices == ()


def test_a_shaded_picture_stays_as_it_is():
    for background in (255, 140, 20):
        sketch = read_image(encode_image(Image.fromarray(draw_balls(background))))
        assert np.array_equal(sketch.pixels, draw_balls(background))
        assert sketch.notices == () and not sketch.inverted


def test_white_on_black_is_turned_round_and_told():
    sketch = read_image(encode_image(Image.fromarray(invert(np.asarray(HOUSE)))))
    assert np.array_equal(sketch.pixels, np.asarray(HOUSE))
    assert sketch.inverted and sketch.notices == (TURNED_ROUND,)


def test_a_photo_of_paper_is_evened_out_and_told():
    sketch = read_image(encode_image(Image.fromarray(light_unevenly(np.asarray(HOUSE), 0.5)), "JPEG", quality=90))
    assert sketch.notices == (EVENED_OUT,) and not sketch.inverted
    assert (ink(sketch) == (np.asarray(HOUSE)[..., 0] < 128)).mean() > 0.99


def test_chalk_on_a_board_is_both():
    board = np.clip(light_unevenly((invert(np.asarray(HOUSE)) * 0.7).astype(np.uint8)) + 35.0, 0, 255).astype(np.uint8)
    sketch = read_image(encode_image(Image.fromarray(board)))
    assert sketch.inverted and sketch.notices == (TURNED_ROUND, EVENED_OUT)
    assert (ink(sketch) == (np.asarray(HOUSE)[..., 0] < 128)).mean() > 0.98


@pytest.mark.parametrize("color", ["black", "#d02020"])
def test_dark_lines_on_nothing_lie_on_white(color):
    sketch = read_image(encode_image(lines_only(color)))
    assert np.array_equal(sketch.pixels, np.asarray(draw_house(256, ink=color)))
    assert sketch.notices == ()


def test_white_lines_on_nothing_are_not_lost():
    sketch = read_image(encode_image(lines_only("white")))
    assert np.array_equal(sketch.pixels, np.asarray(HOUSE))
    assert sketch.inverted and sketch.notices == (WHITE_ON_NOTHING,)


def test_a_drawing_exactly_at_the_limits_is_taken():
    for width, height in ((64, 64), (4096, 64), (4000, 4000)):
        image = Image.new("RGB", (width, height), "white")
        image.paste("black", (10, 20, 10 + width // 20, 24))
        assert read_image(image).pixels.shape == (height, width, 3)


@pytest.mark.parametrize(
    ("given_as", "message"),
    [
        (Image.new("RGB", (100, 100), "white"), BLANK),
        (encode_image(Image.new("RGB", (100, 100), "black")), BLANK),
        (encode_image(Image.new("RGBA", (100, 100), (0, 0, 0, 0))), BLANK),
        (encode_image(Image.new("RGBA", (100, 100), (255, 255, 255, 80))), BLANK),
        (Image.new("RGB", (63, 100)), "63 x 100"),
        (Image.new("RGB", (4097, 100)), "4097 x 100"),
        (Image.new("L", (4090, 4090)), "16 megapixels"),
        (b"no picture", "not an image"),
        (None, "NoneType"),
        ("/etc/passwd", "str"),
        (np.zeros((100, 100, 3), np.uint8), "ndarray"),
    ],
)
def test_what_is_no_drawing_is_refused_by_name(given_as, message):
    with pytest.raises(SketchError, match=message):
        read_image(given_as)


def test_strokes_are_read_from_text_and_from_a_mapping():
    value = make_canvas(make_stroke(make_wave(200)), make_stroke(make_ring(80), 12))
    sketch = read_strokes(write_json(value))
    assert sketch.pixels.shape == (512, 512, 3)
    assert 0.01 < ink(sketch).mean() < 0.1
    assert np.array_equal(sketch.pixels, read_strokes(value).pixels)
    assert sketch.notices == ()


def test_the_canvas_sent_as_a_file_is_the_same_sketch():
    """Issue 2, section 9: the drawing as the server rasterised it, sent through a client, gives the same bytes."""
    sketch = read_strokes(make_canvas(make_stroke(make_wave(200), 5, color="#1c1a19"), make_stroke(make_ring(80), 12)))
    again = read_image(encode_image(Image.fromarray(sketch.pixels)))
    assert np.array_equal(again.pixels, sketch.pixels) and again.notices == sketch.notices


@pytest.mark.parametrize(
    "value",
    [
        make_canvas(),
        make_canvas(make_stroke(make_wave(200), tool="eraser")),
        make_canvas(make_stroke(make_wave(200), 6), make_stroke(make_wave(200), 40, tool="eraser")),
        make_canvas(make_stroke(make_wave(200), color="#ffffff")),
        make_canvas(make_stroke([(-100, -100), (-90, -50)])),
        {"background": None, "layers": [], "composite": None},
        {"background": None, "layers": [], "composite": Image.new("RGBA", (512, 512), "white")},
        {"background": None, "layers": [], "composite": np.full((512, 512, 4), 255, np.uint8)},
        {"background": None, "layers": [], "composite": np.zeros((512, 512, 4), np.uint8)},
    ],
    ids=[
        "untouched",
        "only rubbed",
        "drawn and rubbed out",
        "white on white",
        "beside the paper",
        "editor untouched",
        "editor undone",
        "editor undone array",
        "editor empty layer",
    ],
)
def test_nothing_drawn_is_told(value):
    with pytest.raises(SketchError, match=BLANK):
        read_strokes(value)


@pytest.mark.parametrize("size", [2, 6, 48])
def test_a_single_dot_is_a_drawing(size):
    sketch = read_strokes(make_canvas(make_stroke([(256, 256)], size)))
    assert read_edges(sketch).pixels.any()


@pytest.mark.parametrize("color", ["#1c1a19", "#203060"])
def test_the_apps_own_sheet_stays_as_it_was_drawn(color):
    covered = make_stroke([(x, y) for y in range(0, 513, 40) for x in (0, 512)], 120, color=color)
    pale = make_stroke(make_wave(200), 8, color="#f0ead8")
    canvas = make_canvas(covered, pale)
    sketch = read_strokes(canvas)
    assert not sketch.inverted and sketch.notices == ()
    assert np.array_equal(sketch.pixels, paint_canvas(read_canvas(canvas)))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_gradios_editor_is_read_as_pictures_and_as_arrays(mode):
    for composite in (HOUSE.convert(mode), np.asarray(HOUSE.convert(mode))):
        sketch = read_strokes({"background": None, "layers": [composite], "composite": composite})
        assert np.array_equal(sketch.pixels, np.asarray(HOUSE))


@pytest.mark.parametrize(
    "composite",
    [
        "/etc/passwd",
        {"path": "/etc/passwd"},
        7,
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((100, 100, 5), np.uint8),
        np.zeros((100, 100, 3)),
        [[1]],
    ],
)
def test_the_editor_never_opens_a_path(composite):
    with pytest.raises(SketchError, match="editor"):
        read_strokes({"background": None, "layers": [], "composite": composite})


@pytest.mark.parametrize("value", [None, 3, [], b"{}", {}, {"layers": []}, "null", "{}"])
def test_what_no_canvas_sends_is_refused(value):
    with pytest.raises(SketchError, match="canvas"):
        read_strokes(value)


def test_a_photographed_drawing_under_strokes_is_evened_out():
    photo = Image.fromarray(light_unevenly(np.asarray(draw_house(512)), 0.6))
    url = f"data:image/png;base64,{base64.b64encode(encode_image(photo)).decode()}"
    sketch = read_strokes(make_canvas(make_stroke(make_wave(60, 60), 8), picture=url))
    assert sketch.notices == (EVENED_OUT,)
    assert np.median(sketch.pixels) == 255


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(value=st.data())
def test_no_canvas_value_raises_anything_else(value):
    """Any JSON in any place of a good value."""
    good = make_canvas(make_stroke(make_wave(200, 5)), make_stroke([(256, 256)], 40))
    places = ["", "version", "width", "height", "picture", "strokes", "0", "tool", "size", "points"]
    place = value.draw(st.sampled_from(places))
    wrong = value.draw(json_values)
    if place == "":
        good = wrong
    elif place == "0":
        good["strokes"][0] = wrong
    elif place in good:
        good[place] = wrong
    else:
        good["strokes"][0][place] = wrong
    try:
        read_strokes(json.dumps(good))
    except CroquisError as refused:
        assert 10 < len(str(refused)) < 500
