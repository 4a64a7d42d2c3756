"""A picture file carries the vector strokes it was drawn from: they come back equal, and decide no pixel."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import PictureFileError
from pipeline.picture.carried_strokes import MAX_PICTURE, read_strokes, write_strokes
from pipeline.picture.png_chunks import read_texts
from pipeline.picture.png_file import KEYWORD, read_lone_strokes, read_picture, write_picture
from pipeline.sketch.intake import read_strokes as read_sketch
from pipeline.values import GenerationResult, StyleMix
from tests.picture.test_png_file import REVISIONS
from tests.tools.drawings import draw_house, encode_image, make_canvas, make_stroke
from tests.tools.picture_files import STROKES, make_random_canvas, replace_text
from tests.tools.requests import make_flat_request

ROUNDS, QUICK_ROUNDS = 12, 3  # `python -m tests.benchmarks.round_trip` goes 200 with the engine
SEEDS = [*range(QUICK_ROUNDS), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(QUICK_ROUNDS, ROUNDS))]


@pytest.fixture(scope="module")
def make_result(make_style: Callable[..., Any]) -> Callable[[str | None], GenerationResult]:
    style = make_style("felt", 2)

    def make(canvas: str | None) -> GenerationResult:
        from pipeline.values import EdgeMap

        request = make_flat_request(
            engine="pocket",
            prompt="a fox",
            negative_prompt="",
            edges=EdgeMap(np.zeros((64, 64), np.uint8), "lines"),
            styles=StyleMix.of(style),
            width=64,
            height=64,
            num_inference_steps=4,
            guidance_scale=1.0,
            ip_adapter_scale=1.0,
            controlnet_conditioning_scale=1.0,
            seed=7,
        )
        return GenerationResult(draw_house(64), request, (), (), {}, REVISIONS, canvas=canvas)

    return make


@pytest.fixture(scope="module")
def find_style(make_style: Callable[..., Any]) -> Callable[[str], Any]:
    return lambda _: make_style("felt", 2)


@pytest.mark.parametrize("seed", SEEDS)
def test_strokes_come_back_equal(make_result: Any, find_style: Any, seed: int) -> None:
    drawn = make_random_canvas(seed)
    sketch = read_sketch(json.dumps(drawn))
    data = write_picture(make_result(sketch.canvas))
    again = read_picture(data, find_style)
    assert json.loads(str(again.canvas)) == drawn
    assert np.array_equal(read_sketch(str(again.canvas)).pixels, sketch.pixels)
    assert write_picture(make_result(again.canvas)) == data


def test_strokes_stand_outside_the_recipe_and_decide_no_pixel(make_result: Any) -> None:
    with_strokes = write_picture(make_result(read_sketch(json.dumps(make_random_canvas(1))).canvas))
    without = write_picture(make_result(None))
    assert with_strokes != without and read_lone_strokes(without) is None
    assert read_texts(with_strokes)[KEYWORD] == read_texts(without)[KEYWORD]
    assert replace_text(with_strokes, STROKES, None) == without
    assert np.array_equal(*(np.asarray(Image.open(io.BytesIO(data))) for data in (with_strokes, without)))


def test_however_a_client_writes_its_json_equal_strokes_give_equal_bytes(make_result: Any) -> None:
    drawn = make_canvas(make_stroke([(100, 100), (300, 320), (80, 400)]))
    floats = json.loads(json.dumps(drawn).replace("100", "100.0"))
    written = [read_sketch(json.dumps(drawn)), read_sketch(json.dumps(floats, indent=2)), read_sketch(drawn)]
    assert len({write_picture(make_result(sketch.canvas)) for sketch in written}) == 1


def test_an_image_file_has_no_strokes(make_result: Any, find_style: Any) -> None:
    assert read_picture(write_picture(make_result(None)), find_style).canvas is None


def test_a_drawing_alone_opens_too() -> None:
    canvas = json.dumps(make_random_canvas(3))
    alone = replace_text(encode_image(draw_house(64)), STROKES, canvas.encode())
    assert json.loads(str(read_lone_strokes(alone))) == json.loads(canvas)


def test_a_large_picture_under_the_strokes_is_packed_and_still_there() -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (1200, 1200, 3), np.uint8))
    url = f"data:image/png;base64,{base64.b64encode(encode_image(noise)).decode()}"
    assert len(url) > MAX_PICTURE
    drawn = json.loads(str(read_sketch(json.dumps(make_canvas(picture=url))).canvas))
    packed = json.loads(write_strokes(json.dumps(drawn)))
    assert packed["picture"].startswith("data:image/webp") and len(packed["picture"]) < MAX_PICTURE
    assert {**packed, "picture": url} == drawn
    assert json.loads(read_strokes(json.dumps(packed).encode()))["picture"] == packed["picture"]


def test_strokes_that_would_make_the_file_too_large_to_open_stay_out(
    make_result: Any, find_style: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = make_result(read_sketch(json.dumps(make_random_canvas(2))).canvas)
    monkeypatch.setattr("pipeline.picture.png_file.MAX_FILE", len(write_picture(replace(result, canvas=None))))
    assert read_picture(write_picture(result), find_style).canvas is None


def test_strokes_that_cannot_be_read_are_named() -> None:
    with pytest.raises(PictureFileError, match="strokes cannot be read"):
        read_strokes(b'{"version": 99}')
    with pytest.raises(PictureFileError, match="picture under this picture's strokes is damaged"):
        read_strokes(json.dumps(make_canvas(picture="data:image/png;base64,AAAA")).encode())
