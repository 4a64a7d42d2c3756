"""What one call asks for: its drawing from a file or from strokes, its numbers from text."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from pipeline.errors import SettingError, SketchError
from pipeline.request.inputs import DRAW_INPUTS, INPUT_BY_NAME, read_text
from pipeline.settings import ROOT
from pipeline.sketch.intake import read_image, read_strokes
from pipeline.studio.calls import MASKS, read_call
from tests.tools.image_files import draw_fox, encode_png


def load_strokes() -> dict[str, Any]:
    example = next((ROOT / "assets" / "examples").glob("*fox.json"))
    return dict(json.loads(example.read_text(encoding="utf-8"))["canvas"])


def test_a_drawing_is_read_from_its_file_or_its_strokes() -> None:
    data, strokes = encode_png(draw_fox()), load_strokes()
    assert np.array_equal(read_call({"sketch": data}).sketch.pixels, read_image(data).pixels)
    for sent in (strokes, json.dumps(strokes)):
        assert np.array_equal(read_call({"strokes": sent}).sketch.pixels, read_strokes(strokes).pixels)


@pytest.mark.parametrize(
    ("named", "error", "words"),
    [
        ({}, SettingError, "neither came"),
        ({"sketch": b"x", "strokes": {}}, SettingError, "both came"),
        ({"sketch": b"no picture"}, SketchError, "not an image"),
        ({"strokes": {}}, SketchError, "cannot be read"),
        ({"strokes": 7}, SketchError, "int came"),
        ({"sketch": encode_png(draw_fox()), "count": "2"}, SettingError, "str came"),
        ({"sketch": encode_png(draw_fox()), "promt": "a fox"}, SettingError, "'promt'; these are: sketch, prompt"),
        ({"sketch": encode_png(draw_fox()), "mask": b""}, SketchError, "mask's file is empty"),
    ],
)
def test_a_wrong_call_is_refused(named: dict[str, object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        read_call(named)


def test_what_is_left_out_is_as_the_inputs_say() -> None:
    call = read_call({"sketch": encode_png(draw_fox()), "seed": 7})
    assert call.count == 1 and set(call.masks.values()) == {None}
    files = ("sketch", "strokes", "image", *MASKS, "count")
    assert call.inputs == {each.name: each.default for each in DRAW_INPUTS if each.name not in files} | {"seed": 7}


def test_numbers_are_read_from_text() -> None:
    assert (read_text("seed", "7"), read_text("lines", "0.5"), read_text("prompt", "7")) == (7, 0.5, "7")
    assert read_text("num_inference_steps", " ") is INPUT_BY_NAME["num_inference_steps"].default
    with pytest.raises(SettingError, match=r"Steps \(num_inference_steps\) is a whole number; 'many' came"):
        read_text("num_inference_steps", "many")
    with pytest.raises(SettingError, match="Width .width. is a whole number; '1.5' came"):
        read_text("width", "1.5")
    with pytest.raises(SettingError, match="whole number"):
        read_text("seed", "9" * 5_000)
