"""A picture follows its sheet's proportions where nobody asked for a size."""

from __future__ import annotations

import json

import pytest

from pipeline.models.catalog import PROFILES
from pipeline.request.order import parse_order
from pipeline.request.presets import get_menu
from pipeline.request.sizes import choose_size
from pipeline.sketch.intake import read_strokes
from tests.tools.drawings import make_canvas, make_stroke

POCKET, SD15 = PROFILES["pocket"], PROFILES["sd15"]
SHEETS = ((512, 512), (480, 640), (640, 480), (736, 416), (352, 768), (640, 640), (443, 591), (300, 720))


@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize("profile", [POCKET, SD15], ids=lambda profile: profile.name)
def test_the_size_has_the_sheets_proportions_and_the_usual_area(profile, sheet):
    width, height = choose_size(profile, get_menu(profile.name), sheet)
    step = get_menu(profile.name).side_step
    assert width % step == 0 and height % step == 0
    assert abs(width / height / (sheet[0] / sheet[1]) - 1) < 0.04
    assert 0.5 < width * height / (profile.width * profile.height) <= 1.8
    profile.check_size(width, height)


@pytest.mark.parametrize("sheet", [(512, 512), (480, 640), (640, 480), (736, 416)])
def test_pockets_pictures_are_as_large_as_the_pages_sheets(sheet):
    assert choose_size(POCKET, get_menu("pocket"), sheet) == sheet


def draw_on(width, height):
    stroke = make_stroke([(20.0, 20.0), (width - 20.0, height - 20.0)])
    return read_strokes(json.dumps({**make_canvas(stroke), "width": width, "height": height}))


def test_an_order_follows_the_canvas_unless_a_size_is_asked_for():
    sketch = draw_on(480, 640)
    order = parse_order(POCKET, sketch=sketch)
    assert (order.width, order.height) == (480, 640)
    order = parse_order(POCKET, sketch=sketch, width=256, height=512)
    assert (order.width, order.height) == (256, 512)
    order = parse_order(POCKET, sketch=sketch, width=512)
    assert (order.width, order.height) == (512, 512)
