import base64
import io
import json
import math
import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import resvg_py
from PIL import Image

from pipeline.errors import SketchError
from pipeline.sketch.canvas import MAX_POINTS, Canvas, paint_canvas, read_canvas
from pipeline.sketch.fitting import lay_picture
from pipeline.sketch.intake import read_strokes
from tests.tools.drawings import draw_house, encode_image, make_canvas, make_stroke, make_wave, write_json

ASSETS = Path(__file__).resolve().parents[2] / "assets"
BROWSER = """
import { makeOutlinePath } from "ASSETS/drawing.js";
import fs from "fs";
const { width, height, strokes } = JSON.parse(fs.readFileSync(0, "utf8"));
const color = (stroke) => (stroke.tool === "eraser" ? "#ffffff" : stroke.color);
const paths = strokes.map((stroke) => `<path fill="${color(stroke)}" d="${makeOutlinePath(stroke)}"/>`);
console.log(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
  <rect width="100%" height="100%" fill="#fff"/>${paths.join("")}</svg>`);
"""


def painted(*strokes, **more):
    """As pixels that may be subtracted from one another without wrapping round."""
    canvas = read_canvas(write_json(make_canvas(*strokes, **more)))
    if canvas.picture is None:
        return paint_canvas(canvas)
    return paint_canvas(canvas, lay_picture(canvas.picture, (canvas.width, canvas.height)).pixels)


def data_url(image, kind="PNG", mime="png"):
    return f"data:image/{mime};base64,{base64.b64encode(encode_image(image, kind)).decode()}"


def hand(seed, size, points=80):
    """A wandering stroke with changing pressure."""
    r = random.Random(seed)
    x, y, angle, made = r.uniform(60, 450), r.uniform(60, 450), r.uniform(0, 6.28), []
    for i in range(points):
        made.append((x, y, min(1, max(0, 0.5 + 0.4 * math.sin(i / 9)))))
        angle += r.uniform(-0.15, 0.2)
        x = min(511, max(0, x + math.cos(angle) * r.uniform(2, 9)))
        y = min(511, max(0, y + math.sin(angle) * r.uniform(2, 9)))
    return make_stroke(made, size)


@pytest.mark.clients
@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
@pytest.mark.parametrize(("size", "mean", "far"), [(2, 0.4, 1e-4), (6, 0.4, 2e-4), (16, 0.8, 2e-3), (24, 1.2, 5e-3)])
def test_the_server_paints_what_the_browser_drew(tmp_path, size, mean, far):
    """The page's own code makes the outlines; resvg fills them as a browser does."""
    program = tmp_path / "outline.mjs"
    program.write_text(BROWSER.replace("ASSETS", ASSETS.as_uri()))
    dots = [
        make_stroke([(100, 400)], size),
        make_stroke([(200, 400), (260, 430)], size),
        make_stroke([(300, 40)] * 3, size),
    ]
    value = make_canvas(*(hand(seed, size) for seed in range(4)), *dots)
    svg = subprocess.run(["node", program], input=write_json(value), capture_output=True, text=True, check=True).stdout
    filled = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg))))
    browser = np.asarray(filled.convert("RGB")).astype(int)
    apart = np.abs(paint_canvas(read_canvas(write_json(value))).astype(int) - browser)
    assert (255 - browser).mean() > 2  # the browser drew something
    assert apart.mean() < mean
    assert (apart > 96).mean() <= far


def test_equal_strokes_give_equal_bytes():
    assert painted(hand(1, 6)).tobytes() == painted(hand(1, 6)).tobytes()


@pytest.mark.parametrize("size", [2, 7, 24, 100])
def test_a_line_is_as_wide_as_its_pen(size):
    pixels = painted(make_stroke([(100, 250 + i / 100) for i in range(3)] + [(x, 250) for x in range(110, 400)], size))
    assert (255 - pixels[:, 300, 0].astype(float)).sum() / 255 == pytest.approx(size, abs=0.35)


def test_pressure_makes_it_wider():
    light, firm = (painted(make_stroke([(x, 250, p) for x in range(100, 400, 3)], 20)) for p in (0.2, 0.9))
    widths = [(255 - pixels[:, 250, 0].astype(float)).sum() / 255 for pixels in (light, firm)]
    assert widths == pytest.approx([20 * 0.7, 20 * 1.4], abs=0.4)


def test_a_point_is_a_dot():
    ink = 255 - painted(make_stroke([(100, 100)], 12))[..., 0].astype(float)
    ys, xs = np.nonzero(ink > 128)
    assert (xs.min(), xs.max()) == pytest.approx((94, 106), abs=1.1)
    assert ink.sum() / 255 == pytest.approx(math.pi * 36 + 12 * math.sqrt(2), rel=0.06)
    assert ys.mean() == pytest.approx(100, abs=1)


def test_colours_lie_in_order_and_the_eraser_takes_all_away():
    across = make_stroke([(x, 100) for x in range(50, 450, 4)], 20, color="#ff0000")
    down = make_stroke([(250, y) for y in range(50, 150, 4)], 20, color="#0000ff")
    rubbed = make_stroke([(350, y) for y in range(50, 150, 4)], 30, tool="eraser", color="#00ff00")
    pixels = painted(across, down, rubbed)
    assert tuple(pixels[100, 100]) == (255, 0, 0)
    assert tuple(pixels[100, 250]) == (0, 0, 255)
    assert tuple(pixels[100, 350]) == (255, 255, 255)


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "png"), ("JPEG", "jpeg"), ("WEBP", "webp")])
def test_the_picture_lies_under_the_strokes_whole_and_centred(kind, mime):
    blue = Image.new("RGB", (200, 100), (0, 0, 200))
    rubbed = make_stroke([(x, 256) for x in range(100, 400, 4)], 20, tool="eraser")
    pixels = painted(rubbed, make_stroke([(30, 30), (60, 60)]), picture=data_url(blue, kind, mime))
    assert pixels[200, 300].astype(int) == pytest.approx([0, 0, 200], abs=6)
    assert tuple(pixels[256, 250]) == (255, 255, 255)  # the eraser rubs out the picture too
    assert pixels[120, 300].astype(int) == pytest.approx([0, 0, 200], abs=6)  # 2:1: its border goes on above and below
    assert pixels[131, 10, 0] < 30 and pixels[380, 500, 0] < 30


def test_a_picture_of_the_canvas_size_stays_as_it_is():
    picture = draw_house(512)
    assert np.array_equal(painted(picture=data_url(picture)), np.asarray(picture))


def bad(**changes):
    return {**make_canvas(make_stroke(make_wave(200))), **changes}


def bad_stroke(**changes):
    return make_canvas({**make_stroke(make_wave(200)), **changes})


def bad_fill(**changes):
    return {**make_canvas({"tool": "fill", "color": "#ff0000", "runs": [0, 9], **changes}), "version": 2}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "JSON"),
        ("[]", "cannot be read"),
        ("{" * 100_000, "JSON"),
        ('{"version": 1}', "width"),
        (bad(version=5), "version"),
        (bad(version="1"), "version"),
        (bad(width=63), "width"),
        (bad(height=2049), "height"),
        (bad(width=512.5), "width"),
        (bad(width=True), "width"),
        (bad(more=1), "more"),
        (bad(strokes={}), "strokes"),
        (bad(strokes=[make_stroke([(1, 1)])] * 2001), "2000"),
        (bad_stroke(tool="brush"), "tool"),
        (bad_stroke(size=0), "size"),
        (bad_stroke(size=257), "size"),
        (bad_stroke(size="6"), "size"),
        (bad_stroke(color="red"), "color"),
        (bad_stroke(color="#12345g"), "color"),
        (bad_stroke(color='#000000"/><script>'), "color"),
        (bad_stroke(tool="marker"), "version 1"),
        (bad_fill(runs=[1]), "runs"),
        (bad_fill(runs=[0, -1]), "runs.1"),
        (bad_fill(runs=[0, 1.5]), "runs.1"),
        (bad_fill(runs=[1, 512 * 512]), "262,144 px"),
        (bad_fill(runs=[0, 10**30]), "cannot be read"),
        (bad_fill(color="red"), "color"),
        (bad_fill(points=[]), "points"),
        (bad_stroke(points=[]), "points"),
        (bad_stroke(points=[[1, 2]]), "points.0"),
        (bad_stroke(points=[[1, 2, 3, 4]]), "points.0"),
        (bad_stroke(points=[[1, 2, 1.01]]), "points.0.2"),
        (bad_stroke(points=[[1, None, 0.5]]), "points.0.1"),
        (bad_stroke(points=[[1, True, 0.5]]), "points.0.1"),
        (bad_stroke(points=[[float("nan"), 1, 0.5]]), "points.0.0"),
        (bad_stroke(points=[[math.inf, 1, 0.5]]), "points.0.0"),
        (bad_stroke(points=[[-1e300, 1, 0.5]]), "far outside"),
        (bad_stroke(points=[[1, 1, 0.5]] * 5001), "5000"),
        (make_canvas(*[make_stroke([(1, 1)] * 5000)] * 21), f"{MAX_POINTS:,}"),
        (bad(picture="data:image/svg+xml;base64,AAAA"), "PNG, JPEG or WebP"),
        (bad(picture="https://example.com/a.png"), "PNG, JPEG or WebP"),
        (bad(picture="data:image/png;base64,???"), "base64"),
        (bad(picture="data:image/png;base64,AAAA"), "not an image"),
        (bad(picture=7), "picture"),
    ],
)
def test_what_the_canvas_never_sends_is_refused_by_name(value, message):
    values = [value] if isinstance(value, str) else [value, json.dumps(value)]
    for sent in values:
        with pytest.raises(SketchError, match=message) as refused:
            read_strokes(sent)
        assert len(str(refused.value)) < 400


def test_megabytes_of_text_are_refused_before_they_are_parsed():
    with pytest.raises(SketchError, match="8 MB"):
        read_canvas(" " * 9_000_000)


@pytest.mark.slow
def test_hours_of_scribbling_are_refused_before_they_are_painted():
    scribble = make_stroke([(x * 7 % 512, x * 13 % 512) for x in range(4000)], 256)
    with pytest.raises(SketchError, match="times over"):
        painted(*[scribble] * 20)


def test_millions_of_values_beside_a_picture_are_refused_unparsed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '{"picture": "data:image/png;base64,", "strokes": [' + "[]," * 8_000_000 + "[]]}"
    monkeypatch.setattr(Canvas, "model_validate_json", lambda text: pytest.fail("it was parsed"))
    with pytest.raises(SketchError, match="values; more came"):
        read_canvas(text)
