"""A drawing and a colour field become a painting: nothing leaks, light is kept, fills stay, any proportions."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.inking.ink import ink_drawing
from pipeline.inking.lines import lay_lines
from pipeline.inking.painted import read_painted_colours
from pipeline.pocket.evaluate.measures import compute_edge_f1, read_lines
from pipeline.settings import ROOT
from pipeline.sketch.edges import fit_drawing, read_edges
from pipeline.sketch.examples import read_examples
from pipeline.sketch.intake import read_strokes
from pipeline.values import EdgeMap, PaintedColours, Painting, Sketch
from tests.tools.processor_time import measure_against_yardstick

pytestmark = pytest.mark.slow

RED, BLUE, GREEN = (0.8, 0.15, 0.1), (0.5, 0.7, 0.95), (0.3, 0.6, 0.25)
EXAMPLES = read_examples(Path(ROOT) / "assets" / "examples")


def page(height: int = 512, width: int = 512) -> np.ndarray:
    return np.full((height, width, 3), 255, np.uint8)


def ink(pixels: np.ndarray, field: np.ndarray, size: tuple[int, int] | None = None) -> Painting:
    sketch = Sketch(pixels, is_drawing=True)
    size = size or (pixels.shape[1], pixels.shape[0])
    drawing = fit_drawing(sketch, size).pixels
    return ink_drawing(drawing, read_edges(sketch, "lines", size=size), field, read_painted_colours(drawing))


def field_of(inside: np.ndarray, thing: tuple[float, ...], ground: tuple[float, ...], blur: float = 1.0) -> np.ndarray:
    """A field of 64 cells that is as soft at the thing's border as a model's."""
    scale = 64 / max(inside.shape)
    small = cv2.resize(inside.astype(np.float32), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[..., None]
    return cv2.GaussianBlur((small * thing + (1 - small) * ground).astype(np.float32), (0, 0), blur)


def near(picture: np.ndarray, colour: tuple[float, ...], reach: float = 14) -> np.ndarray:
    return np.abs(picture.astype(np.float32) - np.multiply(colour, 255)).max(axis=2) <= reach


@pytest.mark.parametrize("side", [256, 512, 1024])
def test_colours_are_crisp_at_the_line_and_reach_under_it(side: int) -> None:
    pixels = page(side, side)
    inside = np.zeros((side, side), np.uint8)
    centre, radius = (side // 2, side // 2), side // 4
    cv2.circle(inside, centre, radius, 1, -1)
    cv2.circle(pixels, centre, radius, (0, 0, 0), side // 90, cv2.LINE_AA)
    painting = ink(pixels, field_of(inside > 0, RED, BLUE))
    rim = side // 64
    deep = cv2.erode(inside, np.ones((rim, rim), np.uint8)) > 0
    far = cv2.dilate(inside, np.ones((rim, rim), np.uint8)) == 0
    assert near(painting.colours, RED)[deep].all()
    assert near(painting.colours, BLUE)[far].all()
    assert int(painting.regions.max()) == 1
    assert (near(painting.colours, RED) | near(painting.colours, BLUE)).mean() > 0.985  # no line's colour is left


def test_light_runs_smoothly_over_a_region() -> None:
    pixels = page()
    cv2.rectangle(pixels, (100, 100), (400, 400), (0, 0, 0), 5)
    slope = np.linspace(-0.08, 0.08, 64, dtype=np.float32)[:, None, None]
    painting = ink(pixels, np.clip(np.full((64, 64, 3), (0.5, 0.4, 0.3), np.float32) - slope, 0, 1))
    column = painting.colours[110:390, 250].astype(int)
    assert (column[0] - column[-1] >= 12).all()
    assert np.abs(np.diff(column, axis=0)).max() <= 2


def test_a_horizon_that_nobody_drew_is_smooth_and_stays_outside() -> None:
    pixels = page()
    cv2.circle(pixels, (256, 256), 110, (0, 0, 0), 6, cv2.LINE_AA)
    inside = np.zeros((512, 512), np.uint8)
    cv2.circle(inside, (256, 256), 110, 1, -1)
    field = field_of(inside > 0, RED, BLUE)
    below = field_of(inside > 0, RED, GREEN)
    field[34:] = below[34:]
    painting = ink(pixels, field)
    assert near(painting.colours[:120], BLUE, 20).mean() > 0.95
    assert near(painting.colours[-120:], GREEN, 20).mean() > 0.95
    assert near(painting.colours, RED)[cv2.erode(inside, np.ones((9, 9), np.uint8)) > 0].all()
    steps = np.abs(np.diff(painting.colours[:, 30].astype(int), axis=0)).max()
    assert steps < 16


def test_an_opening_is_closed_where_the_colours_say_that_two_things_meet() -> None:
    pixels = page()
    cv2.line(pixels, (0, 300), (236, 300), (0, 0, 0), 5)
    cv2.line(pixels, (258, 300), (511, 300), (0, 0, 0), 5)
    field = np.full((64, 64, 3), BLUE, np.float32)
    field[38:] = GREEN
    painting = ink(pixels, cv2.GaussianBlur(field, (0, 0), 1))
    assert near(painting.colours[:290, :230], BLUE).all()
    assert near(painting.colours[310:, :230], GREEN).all()


@pytest.mark.parametrize("side", [256, 512, 1024])
def test_black_eyes_stay_black_beside_large_black_areas(side: int) -> None:
    drawing = page(side, side)
    scale = side / 512
    for x, y, radius, width in ((256, 170, 70, 6), (256, 330, 120, 6), (200, 330, 60, -1), (235, 160, 14, -1)):
        pen = width if width < 0 else round(width * scale)
        cv2.circle(drawing, (round(x * scale), round(y * scale)), round(radius * scale), (0, 0, 0), pen)
    painting = ink(drawing, np.full((64, 64, 3), RED, np.float32))
    for x, y in ((200, 330), (235, 160)):
        assert painting.colours[round(y * scale), round(x * scale)].max() < 10


def test_a_filled_black_area_stays_black_without_lines_too() -> None:
    pixels = page()
    cv2.circle(pixels, (256, 256), 120, (0, 0, 0), 5)
    cv2.circle(pixels, (256, 256), 30, (10, 10, 10), -1)
    painting = ink(pixels, np.full((64, 64, 3), RED, np.float32))
    assert painting.colours[240:273, 240:273].max() < 30
    assert painting.lines[245:268, 245:268].max() == 0  # an area, not a line
    assert near(painting.colours, RED)[256, 300]


@pytest.mark.parametrize("size", [(1024, 256), (256, 1024), (512, 384), (264, 760)])
def test_any_proportions(size: tuple[int, int]) -> None:
    sketch = read_strokes(json.dumps(EXAMPLES[2]["canvas"]))
    drawing = fit_drawing(sketch, size).pixels
    edges = read_edges(sketch, size=size)
    painting = ink_drawing(drawing, edges, np.full((24, 40, 3), 0.5, np.float32), read_painted_colours(drawing))
    assert painting.colours.shape == (size[1], size[0], 3)
    drawn = cv2.dilate(painting.lines, np.ones((5, 5), np.uint8)) > 128
    assert drawn[edges.pixels > 0].mean() > 0.98  # ink lies where the edge map says


def test_equal_drawings_give_equal_bytes() -> None:
    sketch = read_strokes(json.dumps(EXAMPLES[5]["canvas"]))
    field = np.random.default_rng(3).random((64, 64, 3)).astype(np.float32)
    first, second = (ink(sketch.pixels, field) for _ in range(2))
    for name in ("colours", "lines", "regions"):
        assert np.array_equal(getattr(first, name), getattr(second, name))


def test_a_photograph_has_no_lines_and_follows_its_own_light() -> None:
    photograph = np.zeros((256, 384, 3), np.uint8)
    photograph[:, :200], photograph[:, 200:] = 70, 170
    photograph += np.random.default_rng(0).integers(0, 12, photograph.shape, dtype=np.uint8)
    field = np.zeros((44, 64, 3), np.float32)
    field[:, :33], field[:, 33:] = GREEN, BLUE
    sketch = Sketch(photograph, is_drawing=False)
    edges = read_edges(sketch, "canny")
    painting = ink_drawing(photograph, edges, cv2.GaussianBlur(field, (0, 0), 2), PaintedColours.none(384, 256))
    assert not painting.lines.any()
    step = np.abs(np.diff(painting.colours[:, :, 0].astype(int).mean(axis=0)))
    assert step.argmax() == 199  # the field's soft border became the photograph's hard one
    assert step[199] > 20


@pytest.mark.parametrize("strength, bar", [(0.0, 0.80), (0.5, 0.93)])
def test_edge_f1_of_the_examples(strength: float, bar: float) -> None:
    found = []
    for example in EXAMPLES:
        sketch = read_strokes(json.dumps(example["canvas"]))
        edges = read_edges(sketch, size=(256, 256))
        _, outside, _, _ = cv2.floodFill(edges.pixels.copy(), None, (1, 1), 128)
        painting = ink(sketch.pixels, field_of(outside != 128, RED, BLUE))
        picture = lay_lines(painting.colours, painting, strength)
        small = cv2.resize(picture, (256, 256), interpolation=cv2.INTER_AREA)
        found.append(compute_edge_f1(edges.pixels, read_lines(small)))
    assert np.mean(found) >= bar, found


def test_inking_keeps_its_time() -> None:
    """A generous bound: 40 ms are aimed at on an idle core, and the test's machine is shared."""
    sketch = read_strokes(json.dumps(EXAMPLES[2]["canvas"]))
    edges, none = read_edges(sketch, size=(512, 512)), PaintedColours.none(512, 512)
    field = np.full((64, 64, 3), 0.5, np.float32)
    assert measure_against_yardstick(lambda _: ink_drawing(sketch.pixels, edges, field, none), 5) < 30


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (np.zeros((64, 64, 3)), "float64"),
        (np.zeros((64, 64), np.float32), "(64, 64)"),
        (np.full((8, 8, 3), np.nan, np.float32), "finite"),
    ],
)
def test_what_does_not_fit_is_refused(field: np.ndarray, words: str) -> None:
    edges = EdgeMap(np.zeros((64, 64), np.uint8), "lines")
    with pytest.raises(ValueError, match="colour field") as refused:
        ink_drawing(page(64, 64), edges, field, PaintedColours.none(64, 64))
    assert words in str(refused.value)
    with pytest.raises(ValueError, match="one size"):
        ink_drawing(page(64, 80), edges, np.zeros((8, 8, 3), np.float32), PaintedColours.none(64, 64))


def test_a_small_things_colour_is_told_from_its_surroundings() -> None:
    """An eye of 14 px reaches a field of 64 cells mixed with the face around it; inking undoes that."""
    pixels, inside = page(), np.zeros((512, 512), np.uint8)
    cv2.circle(pixels, (256, 256), 150, (0, 0, 0), 4)
    cv2.circle(pixels, (256, 256), 9, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.circle(inside, (256, 256), 9, 1, -1)
    field = field_of(inside > 0, BLUE, RED, blur=0.7)
    eye = ink(pixels, field).colours[256, 256]
    mixed = field[32, 32] * 255
    asked = np.multiply(BLUE, 255)
    assert np.abs(eye - asked).sum() < 0.6 * np.abs(mixed - asked).sum()
