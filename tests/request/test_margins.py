"""Margins around a picture: what is read, which sizes are drawn, and what every other size is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.errors import SettingError
from pipeline.models.catalog import POCKET, SD15
from pipeline.request.margins import NOTHING_NEW, Margins
from pipeline.request.order import Order, parse_order
from pipeline.values import Sketch

PICTURE = np.full((384, 512, 3), 90, np.uint8)
SKETCH = Sketch(np.full((384, 512, 3), 255, np.uint8), is_drawing=True, canvas="{}")


def order(margins: object, **given: Any) -> Order:
    return parse_order(SD15, sketch=SKETCH, **{"image": PICTURE, **given}, margins=margins)


@pytest.mark.parametrize("margins", [None, "", {}, "{}", {"left": 0}])
def test_without_margins_all_is_as_before(margins: object) -> None:
    plain = order(margins)
    assert not plain.margins and plain.sketch.canvas == "{}"
    assert (plain.width, plain.height, plain.sampling.strength) == (512, 384, SD15.defaults["strength"])


@pytest.mark.parametrize("margins", [{"left": 128, "bottom": 64.0}, '{"left": 128, "bottom": 64}'])
def test_the_image_keeps_its_size_and_its_margins_are_drawn_wholly(margins: object) -> None:
    grown = order(margins)
    assert grown.margins == Margins(left=128, bottom=64) and (grown.width, grown.height) == (512, 384)
    assert grown.sampling.strength == 1.0 and grown.sketch.canvas is None
    assert order(margins, strength=0.6).sampling.strength == 0.6
    assert order(margins, mask_prompt="hills").start.prompt.text == "hills"  # type: ignore[union-attr]
    assert order(margins).hires.scale == 1


def test_a_width_and_a_height_are_the_whole_and_scale_the_image() -> None:
    grown = order({"left": 128, "right": 128}, width=1280, height=768)
    assert (grown.width, grown.height) == (1024, 768)
    assert order({"right": 64, "bottom": 64}, image=PICTURE[:330, :440], width=576, height=448).width == 512


@pytest.mark.parametrize(
    ("margins", "more", "said"),
    [
        (7, {}, 'margins is an object such as {"left": 128'),
        ("[1]", {}, "margins is an object"),
        ({"above": 64}, {}, "margins has the keys left, top, right, bottom; 'above' came"),
        ({"left": -8}, {}, "left of margins is a whole number of px from 0 to 4096; -8 came"),
        ({"left": 1.5}, {}, "whole number of px from 0 to 4096; 1.5 came"),
        ({"left": float("nan")}, {}, "nan came"),
        ({"left": float("inf")}, {}, "inf came"),
        ({"left": 10**400}, {}, "from 0 to 4096"),
        ({"left": True}, {}, "whole number"),
        ({"left": "64"}, {}, "whole number"),
        ({"left": 30}, {}, r"With these margins the picture has 542 x 384 px\. .* in steps of 64"),
        ({"left": 2048}, {}, "With these margins the picture has 2560 x 384 px"),
        ({"left": 64}, {"image": None}, "send that as image; margins came without it"),
        ({"left": 512}, {"width": 512, "height": 384}, "64 px a side or more; of 512 x 384 px these leave 0 x 384"),
        ({"left": 64}, {"width": 512, "height": 512}, "keeps its proportions; it is 512 x 384"),
        ({"left": 64, "top": 64}, {"width": 576}, "keeps its proportions|leave"),
        ({"left": 128}, {"enlargement": 4}, "640 x 384"),
    ],
    ids=str,
)
def test_what_is_not_drawn_is_told(margins: object, more: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        order(margins, **more)


def test_the_pocket_model_gives_a_larger_sheet_and_says_so() -> None:
    grown = parse_order(POCKET, sketch=SKETCH, margins={"right": 64, "top": 32})
    assert grown.margins.widen((grown.width, grown.height)) == (576, 416)
    assert NOTHING_NEW.format(POCKET.title) in grown.notices
    with pytest.raises(SettingError, match=r"522 x 384 px.*in steps of 32"):
        parse_order(POCKET, sketch=SKETCH, margins={"right": 10})


def test_pixels_are_padded_on_their_sides() -> None:
    margins = Margins(left=1, top=2, right=3, bottom=4)
    padded = margins.pad(np.full((5, 6, 3), 9, np.uint8), 0)
    assert padded.shape == (11, 10, 3) and margins.widen((6, 5)) == (10, 11)
    assert padded[2:7, 1:7].min() == 9 and padded.sum() == 9 * 5 * 6 * 3
