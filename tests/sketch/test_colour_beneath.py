"""Broad colour and filled areas lie under the lines, as the page's own scripts find and paint them."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pipeline.sketch.canvas import paint_canvas, read_canvas
from pipeline.sketch.edges import read_edges
from pipeline.sketch.intake import read_strokes
from tests.tools.drawings import make_canvas, make_ring, make_stroke, write_json

pytestmark = pytest.mark.slow
FILLING = Path(__file__).resolve().parents[2] / "assets" / "filling.js"
BROWSER = """
import { findArea } from "FILLING";
import fs from "fs";
const { side, places } = JSON.parse(process.argv[2]);
const seen = new Uint8ClampedArray(fs.readFileSync(0));
const isLine = Uint8Array.from({ length: side * side }, (_, at) => Number(seen[4 * at] < 250));
console.log(JSON.stringify(places.map(([x, y]) => findArea(seen, isLine, { width: side, height: side }, x, y))));
"""
SIDE = 512
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")


def in_colour(*marks):
    return {**make_canvas(*marks), "version": 2}


def paint(*marks):
    return paint_canvas(read_canvas(write_json(in_colour(*marks))))


def fill_in_browser(tmp_path, image, *places):
    """Return for each place the runs that the page's bucket finds."""
    program = tmp_path / "fill.mjs"
    program.write_text(BROWSER.replace("FILLING", FILLING.as_uri()))
    asked = json.dumps({"side": SIDE, "places": places})
    pixels = image.convert("RGBA").tobytes()
    return json.loads(subprocess.run(["node", program, asked], input=pixels, capture_output=True, check=True).stdout)


def draw_mask(runs):
    canvas = in_colour({"tool": "fill", "color": "#ff0000", "runs": runs})
    return read_canvas(write_json(canvas)).strokes[0].draw_mask(SIDE, SIDE)


def draw_gap(width):
    """Draw a box of 200 px whose right side has a gap of `width` px."""
    image = Image.new("RGB", (SIDE, SIDE), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((150, 150, 350, 350), outline="black", width=6)
    if width:
        draw.rectangle((340, 250 - width // 2, 355, 250 - width // 2 + width - 1), fill="white")
    return image


def test_a_marker_lies_under_a_pen_that_drew_before_it():
    pen = make_stroke([(x, 250) for x in range(60, 450, 4)], 10)
    marker = make_stroke([(250, y) for y in range(100, 400, 4)], 60, tool="marker", color="#f7cf46")
    pixels = paint(pen, marker)
    assert tuple(pixels[250, 250]) == (0, 0, 0)
    assert tuple(pixels[200, 250]) == (247, 207, 70)


def test_the_eraser_takes_lines_and_colour_away_and_both_may_come_again():
    pen = make_stroke([(x, 250) for x in range(60, 450, 4)], 10)
    marker = make_stroke([(250, y) for y in range(100, 400, 4)], 60, tool="marker", color="#f7cf46")
    eraser = make_stroke([(250, y) for y in range(230, 290, 4)], 40, tool="eraser")
    assert tuple(paint(pen, marker, eraser)[250, 250]) == (255, 255, 255)
    assert tuple(paint(pen, eraser, marker)[250, 250]) == (247, 207, 70)
    assert tuple(paint(marker, eraser, pen)[250, 250]) == (0, 0, 0)


def test_without_colour_beneath_version_2_is_painted_as_version_1():
    strokes = make_stroke(make_ring(90), 9), make_stroke([(x, 250) for x in range(60, 450, 4)], 24, tool="eraser")
    assert np.array_equal(paint(*strokes), paint_canvas(read_canvas(write_json(make_canvas(*strokes)))))


def test_runs_are_the_px_they_count():
    mask = np.asarray(draw_mask([SIDE * 3 + 5, 4, 2, 1]))
    assert [tuple(at) for at in np.argwhere(mask)] == [(3, 5), (3, 6), (3, 7), (3, 8), (3, 11)]


@needs_node
@pytest.mark.parametrize("gap", [0, 4, 8, 12])
def test_a_fill_stays_within_a_box_with_a_small_gap(tmp_path, gap):
    (runs,) = fill_in_browser(tmp_path, draw_gap(gap), (250, 250))
    mask = np.asarray(draw_mask(runs)) > 0
    assert mask[156:345, 156:340].all()  # into its corners
    assert not mask[:, 366:].any() and not mask[:149].any()


@needs_node
def test_a_fill_leaves_through_a_wide_gap_and_none_fills_a_broad_line(tmp_path):
    image = draw_gap(40)
    ImageDraw.Draw(image).rectangle((400, 400, 460, 460), fill="black")
    runs, nothing = fill_in_browser(tmp_path, image, (250, 250), (430, 430))
    assert (np.asarray(draw_mask(runs)) > 0)[20, 20]
    assert nothing is None


@needs_node
def test_a_tap_on_a_line_fills_the_area_beside_it(tmp_path):
    (runs,) = fill_in_browser(tmp_path, draw_gap(0), (154, 250))
    assert (np.asarray(draw_mask(runs)) > 0)[250, 250]


def test_a_coloured_sheet_is_read_by_its_lines_alone():
    ring = make_stroke(make_ring(150), 6)
    sky = {"tool": "fill", "color": "#84c9ea", "runs": [0, SIDE * SIDE]}
    bare, coloured = (read_edges(read_strokes(in_colour(*marks))) for marks in ([ring], [sky, ring]))
    assert coloured.reading == "lines"
    assert np.array_equal(bare.pixels, coloured.pixels)
    assert read_strokes(in_colour(sky, ring)).notices == ()


def test_colour_without_lines_is_read_by_its_rims():
    marker = make_stroke([(x, 250) for x in range(100, 400, 4)], 60, tool="marker", color="#f7cf46")
    edges = read_edges(read_strokes(in_colour(marker))).pixels
    assert edges[210:225, 250].any() and edges[275:290, 250].any()
    assert not edges[240:260, 150:350].any()
