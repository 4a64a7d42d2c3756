"""A picture under the strokes that another one starts from: what is read of it, and what of the drawing over it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import SketchError
from pipeline.page.view import make_data_url
from pipeline.sketch.canvas import read_canvas
from pipeline.sketch.intake import draw_over_start, read_strokes
from pipeline.sketch.sheet_start import FINE_SIDE, SheetStart, find_start
from tests.tools.drawings import make_canvas, make_stroke

LINE = make_stroke([(40.0, 60.0), (470.0, 60.0)])
COLOUR = make_stroke([(40.0, 300.0), (470.0, 300.0)]) | {"tool": "marker", "color": "#ff0000", "size": 40}
ERASER = make_stroke([(256.0, 20.0), (256.0, 500.0)]) | {"tool": "eraser", "size": 60}
RUBBER = make_stroke([(20.0, 60.0), (500.0, 60.0)]) | {"tool": "eraser", "size": 80}  # over LINE
GREEN = (63, 143, 82)


def make_picture() -> Image.Image:
    picture = Image.new("RGB", (300, 300), GREEN)
    picture.paste((247, 207, 70), (100, 100, 200, 200))
    return picture


def write_start(*strokes: dict[str, Any], picture: Image.Image | None = None, **placement: Any) -> str:
    """Write a sheet with a picture to start from beneath these strokes."""
    canvas = make_canvas(*strokes, picture=make_data_url(picture or make_picture(), "png"))
    return json.dumps({**canvas, "version": 4, "placement": {"strength": 0.6, **placement}})


def read(*strokes: dict[str, Any], **placement: Any) -> SheetStart:
    start = find_start(read_strokes(write_start(*strokes, **placement)))
    assert start is not None
    return start


def test_the_pens_lines_are_the_drawing_and_the_picture_is_started_from() -> None:
    sketch = read_strokes(write_start(LINE))
    assert np.array_equal(sketch.pixels, read_strokes(json.dumps(make_canvas(LINE))).pixels) and sketch.is_drawing
    start = read(LINE)
    assert start.strength == 0.6 and start.lines is not None
    assert max(start.pixels.shape) == FINE_SIDE and tuple(start.pixels[120, 300]) == GREEN


def test_without_a_line_the_picture_itself_is_the_drawing() -> None:
    sketch = read_strokes(write_start())
    assert not sketch.is_drawing and tuple(sketch.pixels[5, 5]) == GREEN and read().lines is None
    assert np.array_equal(read_strokes(write_start(LINE, RUBBER)).pixels, sketch.pixels)
    assert read(LINE, RUBBER).lines is None, "a line that was rubbed out is none"


def test_painted_colours_lie_on_the_picture_and_the_eraser_takes_these_alone() -> None:
    painted = read(COLOUR, ERASER).pixels
    assert tuple(painted[600, 200]) == (255, 0, 0)
    assert tuple(painted[600, 512]) == (247, 207, 70), "the eraser leaves the picture"
    assert tuple(read_strokes(write_start(COLOUR)).pixels[300, 100]) == (255, 0, 0)


def test_it_lies_where_it_was_laid() -> None:
    half = read(place=[0, 0, 256, 256]).pixels
    assert tuple(half[250, 250]) == (247, 207, 70) and tuple(half[450, 450]) == GREEN


def test_an_engine_that_starts_from_the_drawing_sees_all_of_it() -> None:
    sketch = read_strokes(write_start(LINE, COLOUR))
    whole = draw_over_start(sketch)
    assert whole.canvas == sketch.canvas
    assert whole.pixels[60, 200].max() < 60 and tuple(whole.pixels[300, 100]) == (255, 0, 0)
    assert tuple(whole.pixels[450, 20]) == GREEN
    plain = read_strokes(json.dumps(make_canvas(LINE)))
    assert draw_over_start(plain) is plain and find_start(plain) is None
    at_once = read_strokes(write_start(LINE, COLOUR), is_whole=True)
    assert np.array_equal(at_once.pixels, whole.pixels) and draw_over_start(at_once) is at_once


@pytest.mark.parametrize("changes", [{"version": 3}, {"placement": {"strength": 0.6, "traced": True}}])
def test_a_strength_belongs_to_a_picture_from_version_4_on(changes: dict[str, Any]) -> None:
    with pytest.raises(SketchError, match="from version 4 on"):
        read_canvas({**json.loads(write_start(LINE)), **changes})


@pytest.mark.parametrize("strength", [0, 1.01, -1, "0.5"])
def test_a_strength_lies_above_0_and_up_to_1(strength: object) -> None:
    with pytest.raises(SketchError, match=r"placement\.strength"):
        read_canvas(write_start(LINE, strength=strength))


def test_a_broken_picture_is_refused_in_words() -> None:
    broken = {**json.loads(write_start()), "picture": "data:image/png;base64,AAAA"}
    with pytest.raises(SketchError, match="picture under a drawing"):
        read_strokes(broken)
