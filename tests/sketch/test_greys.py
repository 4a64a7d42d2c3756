"""White, grey and black that a person painted count as colours; bare paper and ink do not."""

from __future__ import annotations

import json

import numpy as np

from pipeline.inking.painted import read_painted_colours
from pipeline.sketch.edges import fit_drawing
from pipeline.sketch.intake import read_strokes
from tests.tools.drawings import make_canvas, make_ring, make_stroke


def make_fill(color, left=100, top=100, width=120, height=120):
    runs = [top * 512 + left, width]
    for _ in range(height - 1):
        runs += [512 - width, width]
    return {"tool": "fill", "color": color, "runs": runs}


def draw(*marks):
    sketch = read_strokes(json.dumps({**make_canvas(*marks), "version": 2}))
    return sketch, fit_drawing(sketch, (512, 512))


def read(*marks):
    _, drawing = draw(*marks)
    return read_painted_colours(drawing.pixels, drawing.greys)


def test_white_grey_and_black_areas_are_painted():
    line = make_stroke([(20.0, 400.0), (480.0, 400.0)])
    painted = read(line, make_fill("#ffffff", 50), make_fill("#9a9a98", 200), make_fill("#1c1a19", 350))
    for x, colour in ((110, (255, 255, 255)), (260, (154, 154, 152)), (410, (28, 26, 25))):
        assert painted.mask[160, x]
        assert np.abs(painted.colours[160, x].astype(int) - colour).max() <= 1
    assert not painted.mask[50, 50] and not painted.mask[400, 256]


def test_a_white_marker_is_painted_and_the_eraser_is_bare_paper():
    line = make_stroke([(20.0, 450.0), (480.0, 450.0)])
    white = make_stroke([(100.0, 200.0), (400.0, 200.0)], size=40, tool="marker", color="#ffffff")
    eraser = make_stroke([(300.0, 200.0), (500.0, 200.0)], size=60, tool="eraser")
    painted = read(line, white, eraser)
    assert painted.mask[200, 150] and not painted.mask[200, 380]


def test_a_colour_over_white_is_that_colour_and_lines_over_it_stay_lines():
    ring = make_ring(100)
    painted = read(
        make_stroke(ring, size=8), make_fill("#ffffff", 156, 156, 200, 200), make_fill("#d9452f", 200, 200, 60, 60)
    )
    assert painted.mask[170, 256] and painted.mask[230, 230]
    assert painted.colours[230, 230, 0] > painted.colours[230, 230, 1] + 60
    assert not painted.mask[156, 256]  # the ring's own line


def test_without_grey_nothing_is_carried():
    sketch, drawing = draw(make_stroke(make_ring(100)), make_fill("#d9452f"))
    assert sketch.greys is None and drawing.greys is None
