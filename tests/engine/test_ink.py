"""The pen's lines over a finished picture, as sd15 lays them and as the pocket engine takes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.engine.ink import find_drawing, lay_ink, read_painted
from pipeline.values import Drawing, EdgeMap, GenerationRequest
from tests.tools.drawing_requests import make_request

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine
    from tests.conftest import MakeStyle


@pytest.fixture
def request_(sd15_engine: Engine, make_style: MakeStyle) -> GenerationRequest:
    """A request with a black and a red stroke, and the lines of both."""
    return draw_strokes(make_request(sd15_engine, make_style("neon", 1), num_inference_steps=1))


def draw_strokes(request: GenerationRequest) -> GenerationRequest:
    paper = np.full((request.height, request.width, 3), 255, np.uint8)
    lines = np.zeros(paper.shape[:2], np.uint8)
    for y, colour in ((request.height // 4, (10, 10, 10)), (request.height // 2, (220, 30, 40))):
        cv2.line(paper, (8, y), (request.width - 8, y), colour, 3)
        cv2.line(lines, (8, y), (request.width - 8, y), 255, 1)
    return replace(request, edges=EdgeMap(lines, "lines"), colours=Drawing(paper))


def with_lines(request: GenerationRequest, lines: float) -> GenerationRequest:
    return request.with_settings(lines=lines)


def test_sd15_lays_the_pen_over_its_picture(sd15_engine: Engine, request_: GenerationRequest) -> None:
    bare, inked = (
        np.asarray(sd15_engine.draw(with_lines(request_, lines)).images[0]).astype(int) for lines in (0.0, 1.0)
    )
    assert inked[request_.height // 4, 20:-20].mean() < 40
    far = np.abs(np.arange(request_.height)[:, None] - [request_.height // 4, request_.height // 2]).min(1) > 6
    np.testing.assert_array_equal(inked[far], bare[far])


def test_a_coloured_stroke_keeps_its_colour_however_soft_the_lines(request_: GenerationRequest) -> None:
    large = draw_strokes(
        replace(request_, width=256, height=256, edges=EdgeMap(np.zeros((256, 256), np.uint8), "lines"), colours=None)
    )
    picture = Image.new("RGB", (256, 256), (120, 180, 90))
    for lines in (0.5, 1.0):
        inked = np.asarray(lay_ink(picture, with_lines(large, lines))).astype(int)
        assert np.abs(inked[128, 60:-60].mean(0) - (220, 30, 40)).max() < 30, lines


def test_soft_lines_are_between_and_none_change_nothing(request_: GenerationRequest) -> None:
    picture = Image.new("RGB", (request_.width, request_.height), (120, 180, 90))
    assert lay_ink(picture, with_lines(request_, 0.0)) is picture
    soft, full = (np.asarray(lay_ink(picture, with_lines(request_, lines))) for lines in (0.5, 1.0))
    row = request_.height // 4
    assert full[row, 40].max() < 40 < soft[row, 40].max() < 100
    assert soft[row, 40, 1] > soft[row, 40, 2]  # darkened, in the picture's own hue


def test_nothing_is_laid_over_a_picture_read_by_canny(request_: GenerationRequest) -> None:
    picture = Image.new("RGB", (request_.width, request_.height), (120, 180, 90))
    photograph = replace(request_, edges=EdgeMap(request_.edges.pixels, "canny"))
    assert lay_ink(picture, with_lines(photograph, 1.0)) is picture


def test_without_a_drawing_the_lines_are_drawn_in_black(request_: GenerationRequest) -> None:
    bare = replace(request_, colours=None)
    drawing = find_drawing(bare)
    assert drawing.shape == (request_.height, request_.width, 3)
    assert drawing[request_.edges.pixels > 0].max() < 170 and drawing[2, 2].min() == 255
    assert not read_painted(bare).mask.any()
    assert find_drawing(request_) is request_.colours.pixels  # type: ignore[union-attr]
