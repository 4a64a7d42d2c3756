"""What the page's inputs become where a picture to start from lies on the sheet, for both engines."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline.models.catalog import POCKET, SD15
from pipeline.models.profile import ModelProfile
from pipeline.page.page_order import read_order, read_sheet
from pipeline.request.order import Order
from pipeline.request.presets import get_menu
from pipeline.sketch import intake, sheet_start
from pipeline.sketch.intake import read_strokes
from pipeline.sketch.sheet_start import find_start
from pipeline.studio.live import make_draft
from pipeline.studio.sheet_start import take_sheet_start
from tests.page.test_quality import page_settings
from tests.sketch.test_sheet_start import LINE, write_start
from tests.tools.drawings import make_canvas


def read(profile=SD15, canvas=None, **settings) -> Order:
    return read_order(
        profile, read_strokes(canvas or write_start(LINE)), [*page_settings(profile, **settings).values()]
    )[0]


def test_stable_diffusion_starts_from_the_picture_at_the_sheets_strength() -> None:
    order = read(strength=1.0)
    assert order.start is not None and order.start.mask is None and order.sampling.strength == 0.6
    assert order.start.pixels.shape == (1024, 1024, 3) and order.sketch.is_drawing


def test_the_pocket_engine_draws_over_it_and_keeps_the_colours_that_the_strength_leaves() -> None:
    order = read(POCKET, colour_strength=1.0)
    assert order.start is None and order.conditioning.colour_strength == pytest.approx(0.4)
    assert not order.sketch.is_drawing and (order.sketch.pixels[400:] < 200).any()


def test_without_such_a_picture_the_settings_are_as_they_are() -> None:
    order = read(canvas=json.dumps(make_canvas(LINE)), strength=0.3)
    assert order.start is None and order.sampling.strength == 0.3
    assert read(POCKET, json.dumps(make_canvas(LINE)), colour_strength=0.7).conditioning.colour_strength == 0.7


def test_settings_of_another_engine_suit_it_too() -> None:
    sketch = read_strokes(write_start(LINE))
    order, _ = read_order(SD15, sketch, [*page_settings(POCKET).values()])
    assert order.engine == "sd15" and order.sampling.strength == 0.6


def test_a_call_may_send_another_strength_or_another_picture() -> None:
    sketch, menu = read_strokes(write_start(LINE)), get_menu("sd15")
    _, named = take_sheet_start(menu, sketch, {"strength": 0.2, "image": None})
    assert named["strength"] == 0.2 and named["image"].shape == (1024, 1024, 3)
    other = np.zeros((64, 64, 3), np.uint8)
    same, named = take_sheet_start(menu, sketch, {"image": other})
    assert same is sketch and named == {"image": other}


@pytest.mark.parametrize("profile", [SD15, POCKET])
def test_a_sheet_is_parsed_and_each_thing_on_it_painted_once(
    profile: ModelProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Counter[str]()

    def count(module: Any, name: str) -> None:
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, **named: (seen.update([name]), real(*a, **named))[1])

    count(intake, "read_canvas")
    count(sheet_start, "paint_canvas")
    count(sheet_start, "lay_picture")
    canvas = json.dumps({**json.loads(write_start(LINE)), "width": 1024, "height": 1024})
    order, _ = read_order(profile, read_sheet(profile, canvas), [*page_settings(profile).values()])
    assert find_start(order.sketch) is not None
    assert seen == {"read_canvas": 1, "lay_picture": 1} | ({"paint_canvas": 1} if profile is SD15 else {})


def test_a_draft_of_few_steps_still_draws_one() -> None:
    order = read(canvas=write_start(LINE, strength=0.1))
    draft = make_draft(replace(order, width=512))
    assert int(draft.sampling.num_inference_steps * draft.sampling.strength) >= 1
