"""What is coloured in between drawn lines is no stroke, its colours stay; pictures of plain shapes are no drawings."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pipeline.inking.painted import read_painted_colours
from pipeline.pocket.evaluate.coloured_drawings import draw_coloured
from pipeline.sketch.edges import read_edges
from pipeline.sketch.filling import find_filling
from pipeline.sketch.intake import read_image
from tests.tools.drawings import draw_balls, draw_clip_art, draw_house

pytestmark = pytest.mark.slow
SEEDS = range(12)  # felt pen, coloured outlines, bucket, one colour, on sheets of three shapes


@pytest.mark.parametrize("seed", SEEDS)
def test_a_coloured_drawing_is_read_as_lines_and_keeps_its_colours(seed: int) -> None:
    drawn = draw_coloured(seed)
    sketch = read_image(Image.fromarray(drawn.pixels))
    assert sketch.is_drawing and np.array_equal(sketch.pixels, drawn.pixels)
    inside = np.zeros(drawn.pixels.shape[:2], bool)
    for area in drawn.painted:
        inside |= area.mask & area.is_area
    edges = read_edges(sketch)
    assert edges.reading == "lines" and edges.pixels.any()
    # lines within areas are those of shapes that lie in front, such as a fish's eye
    assert (edges.pixels[inside] > 0).mean() < 0.02 if inside.any() else True
    assert read_painted_colours(sketch.pixels).mask.any()


@pytest.mark.parametrize("seed", [0, 2, 4, 6])
def test_colours_fill_most_of_what_was_painted(seed: int) -> None:
    drawn = draw_coloured(seed)
    filling = find_filling(drawn.pixels)
    areas = [area for area in drawn.painted if area.is_area]
    if not areas:
        assert filling is None or not filling.is_outlined
        return
    assert filling is not None and filling.is_outlined
    painted = np.any([area.mask for area in areas], axis=0)
    size = (filling.area.shape[1], filling.area.shape[0])
    small = np.asarray(Image.fromarray(painted).resize(size)).astype(bool)
    assert filling.area[small].mean() > 0.85


@pytest.mark.parametrize("picture", [draw_balls(), draw_clip_art()], ids=["shaded balls", "flat shapes"])
def test_shapes_without_outlines_are_no_drawing(picture: np.ndarray) -> None:
    filling = find_filling(picture)
    assert filling is not None and not filling.is_outlined
    sketch = read_image(Image.fromarray(picture))
    assert not sketch.is_drawing and sketch.strokes is None


def test_a_drawing_without_colours_has_no_filling() -> None:
    assert find_filling(np.asarray(draw_house(300))) is None
    assert read_image(draw_house(300)).strokes is None


def test_the_lines_of_a_tone_are_read_without_its_dots() -> None:
    house = np.array(draw_house(400))
    y, x = np.mgrid[0:400, 0:400]
    house[(y > 210) & (y < 350) & (x > 90) & (x < 230) & (y % 6 < 2) & (x % 6 < 2)] = 60
    toned = read_edges(read_image(Image.fromarray(house)), size=(512, 512))
    plain = read_edges(read_image(draw_house(400)), size=(512, 512))
    assert toned.reading == "lines"
    assert (toned.pixels != plain.pixels).mean() < 0.01
