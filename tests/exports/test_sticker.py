"""What is drawn is cut out: the ground transparent, what is closed off opaque, the edge soft."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import SketchError
from pipeline.exports.sticker import cut_sticker, find_alpha
from pipeline.values import Style
from tests.exports.requests import make_request_of
from tests.tools.drawings import make_ring, make_stroke

RING = make_stroke(make_ring(120), 8)
HORIZON = make_stroke([(x, 300.0) for x in range(0, 513, 16)], 6)
PICTURE = Image.new("RGB", (512, 512), "#3070c0")


@pytest.fixture(scope="module")
def style(make_style: Callable[..., Style]) -> Style:
    return make_style("felt", 1)


def test_a_closed_shape_is_opaque_and_its_ground_is_not(style: Style) -> None:
    alpha = find_alpha(make_request_of(style, RING)[0])
    assert alpha[256, 256] == 255 and alpha[256, 256 - 110] == 255
    assert alpha[5, 5] == alpha[500, 500] == alpha[256, 100] == 0
    row = alpha[256, 110:150].astype(int)  # across the left rim
    assert (np.diff(row) >= 0).all() and ((row > 20) & (row < 235)).any(), "the edge is not soft"


def test_a_horizon_is_left_behind_and_whiskers_are_kept(style: Style) -> None:
    whisker = make_stroke([(370.0, 256.0), (440.0, 240.0)], 6)
    alpha = find_alpha(make_request_of(style, RING, HORIZON, whisker)[0])
    assert alpha[256, 256] == 255, "the ball is gone"
    assert alpha[300, 40] == 0 and alpha[300, 480] == 0, "the horizon came along"
    alone = find_alpha(make_request_of(style, RING, whisker)[0])
    assert alone[241, 436] > 100, "the whisker was cut off"


def test_a_painted_ball_on_a_painted_ground(style: Style) -> None:
    fill = {"tool": "fill", "color": "#88cc88", "runs": [512 * 256, 512 * 256]}
    ball = {"tool": "marker", "size": 100, "color": "#cc3333", "points": [[200, 140, 0.5], [260, 140, 0.5]]}
    alpha = find_alpha(make_request_of(style, fill, ball)[0])
    assert alpha[140, 230] == 255 and alpha[20, 20] == 0 and alpha[500, 20] == 0


def test_the_sticker_is_cropped_and_shows_the_picture(style: Style) -> None:
    sticker = cut_sticker(PICTURE, make_request_of(style, RING)[0])
    assert sticker.mode == "RGBA" and 250 < sticker.width < 300 and 250 < sticker.height < 300
    assert sticker.getpixel((sticker.width // 2, sticker.height // 2)) == (0x30, 0x70, 0xC0, 255)
    assert sticker.getpixel((0, 0))[3] == 0  # type: ignore[index]


def test_open_lines_are_their_own_sticker(style: Style) -> None:
    line = make_stroke([(100.0, 100.0), (400.0, 380.0)], 8)
    alpha = find_alpha(make_request_of(style, line)[0])
    assert alpha[240, 250] == 255 and alpha[100, 400] == 0


def test_where_nothing_is_closed_off_it_is_said(style: Style) -> None:
    across = make_stroke([(0.0, 250.0), (512.0, 250.0)], 2)
    with pytest.raises(SketchError, match="close its outline"):
        cut_sticker(PICTURE, make_request_of(style, across)[0])
