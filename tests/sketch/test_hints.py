"""Each reading of a drawing without a network: what it shows, where, and which one suits which drawing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.sketch.edges import read_edges
from pipeline.sketch.hints import RENDERERS, choose_controlnet, is_fine, read_hint
from pipeline.values import EdgeMap, Sketch

SIZE = (256, 192)


def draw_circle() -> Sketch:
    pixels = np.full((384, 512, 3), 255, np.uint8)
    cv2.circle(pixels, (256, 192), 120, (0, 0, 0), 5, cv2.LINE_AA)
    return Sketch(pixels, is_drawing=True)


def draw_hatching() -> Sketch:
    pixels = np.full((384, 512, 3), 255, np.uint8)
    for x in range(20, 500, 16):
        cv2.line(pixels, (x, 20), (x, 360), (0, 0, 0), 3, cv2.LINE_AA)
    return Sketch(pixels, is_drawing=True)


def make_photograph(flat: bool = False) -> Sketch:
    """Make smooth shading with a few steep edges, or none."""
    down, across = np.mgrid[0:384, 0:512].astype(np.float32)
    values = 90 + 20 * np.sin(down / 60) + np.where((across // 100) % 2, 0 if flat else 100, 0)
    return Sketch(np.repeat(values.astype(np.uint8)[..., None], 3, axis=2), is_drawing=False)


def read(sketch: Sketch) -> EdgeMap:
    return read_edges(sketch, size=SIZE)


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize("sketch", [draw_circle(), make_photograph()], ids=["drawing", "photograph"])
def test_a_hint_is_light_on_black_where_the_drawing_has_lines(name, sketch) -> None:
    edges = read(sketch)
    hint = read_hint(name, sketch, edges)
    assert hint.shape == (192, 256, 3) and hint.dtype == np.uint8
    assert (hint == hint[..., :1]).all() and hint.max() == 255
    assert np.median(hint) < 40
    near = cv2.dilate(edges.pixels, np.ones((9, 9), np.uint8)) > 0
    assert hint[near].mean() > 4 * hint[~near].mean()


def test_each_reading_has_its_own_look() -> None:
    sketch = draw_circle()
    edges = read(sketch)
    hints = {name: read_hint(name, sketch, edges)[..., 0] for name in RENDERERS}
    assert (hints["scribble"] > 0).sum() > 2 * (hints["canny"] > 0).sum()
    for name in ("lineart", "softedge"):
        assert len(np.unique(hints[name])) > 20, name
    assert set(np.unique(hints["scribble"])) == {0, 255}
    soft = [((hints[name] > 8) & (hints[name] < 200)).sum() for name in ("lineart", "softedge")]
    assert soft[1] > soft[0], "soft edges fade more slowly than lines do"


def test_faint_pencil_is_as_strong_as_ink() -> None:
    faint = Sketch((255 - (255 - draw_circle().pixels.astype(int)) // 4).astype(np.uint8), is_drawing=True)
    hint = read_hint("lineart", faint, read(faint))
    assert hint.max() == 255 and 0.5 < hint.mean() / read_hint("lineart", draw_circle(), read(draw_circle())).mean() < 2


@pytest.mark.parametrize("name", ["lineart", "softedge"])
def test_nothing_to_read_stays_black(name) -> None:
    white = Sketch(np.full((64, 64, 3), 255, np.uint8), is_drawing=True)
    assert not read_hint(name, white, EdgeMap(np.zeros((64, 64), np.uint8), "lines")).any()


def test_a_drawing_lies_where_its_edge_map_lies() -> None:
    wide = Sketch(np.full((100, 400, 3), 255, np.uint8), is_drawing=True)
    wide.pixels[40:60, 100:300] = 0
    for name in RENDERERS:
        rows = np.flatnonzero(read_hint(name, wide, read_edges(wide, size=(256, 256)))[..., 0].max(axis=1) > 100)
        assert 95 < rows.mean() < 161, name


def test_networks_readings_are_none_of_these() -> None:
    with pytest.raises(KeyError):
        read_hint("depth", draw_circle(), read(draw_circle()))


def here(*names):
    return lambda name: name in names


def test_croquis_chooses_what_suits() -> None:
    loose, clean, photograph = draw_circle(), draw_hatching(), make_photograph()
    assert not is_fine(read(loose)) and is_fine(read(clean))
    every = here("scribble", "lineart", "softedge", "depth", "openpose")
    assert choose_controlnet(loose, read(loose), every) == "scribble"
    assert choose_controlnet(clean, read(clean), every) == "lineart"
    assert choose_controlnet(photograph, read(photograph), every) == "canny"


def test_a_photograph_whose_edges_say_little_is_read_by_its_depth() -> None:
    sketch = make_photograph()
    busy = EdgeMap(np.where(np.random.default_rng(0).random((192, 256)) < 0.4, 255, 0).astype(np.uint8), "canny")
    bare = EdgeMap(np.zeros((192, 256), np.uint8), "canny")
    for edges in (busy, bare):
        assert choose_controlnet(sketch, edges, here("depth")) == "depth"
        assert choose_controlnet(sketch, edges, here("scribble")) == "canny"


def test_only_what_is_here_is_chosen() -> None:
    loose = draw_circle()
    assert choose_controlnet(loose, read(loose), here("lineart", "depth")) == "lineart"
    assert choose_controlnet(loose, read(loose), here("depth")) == "canny"
