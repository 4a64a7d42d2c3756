"""Go on from a picture's file: larger, or with other colours in a part; its new file says so."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import Cancelled, SettingError
from pipeline.picture.png_file import write_picture
from pipeline.studio.enlarging import count_parts
from pipeline.studio.going_on import ask_to_repaint_file, enlarge_file
from pipeline.studio.studio import Studio
from pipeline.values import GenerationResult
from tests.studio.test_drawing_anew import draw_and_return
from tests.studio.test_studio import make_order, settings, studio  # noqa: F401 - fixtures


@pytest.fixture(scope="module")
def data(studio: Studio) -> bytes:  # noqa: F811
    return write_picture(studio.draw(make_order(width=256, height=192)))


def enlarge(studio: Studio, data: bytes) -> GenerationResult:  # noqa: F811
    results: list[GenerationResult] = []
    enlarge_file(studio, data, on_step=lambda _: None, on_result=results.append, is_cancelled=lambda: False)
    return results[0]


def test_a_file_is_enlarged_and_the_new_file_draws_the_same_again(studio: Studio, data: bytes) -> None:  # noqa: F811
    told: list[tuple[int, int]] = []
    results: list[GenerationResult] = []
    enlarge_file(studio, data, on_step=told.append, on_result=results.append, is_cancelled=lambda: False)
    (twice,) = results
    assert twice.image.size == (512, 384) and twice.request.enlargement == 2
    assert told and told[-1][0] == told[-1][1]
    written = write_picture(twice)
    reopened = studio.read_picture(written)
    assert reopened.request == twice.request and reopened.request != studio.read_picture(data).request
    assert np.array_equal(studio.redraw(reopened.request).image, twice.image)
    with Image.open(io.BytesIO(written)) as image:
        assert "Hires upscale: 2, Hires upscaler: waifu2x" in image.text["parameters"]  # type: ignore[attr-defined]


def test_four_times_is_twice_twice(studio: Studio, data: bytes) -> None:  # noqa: F811
    twice = enlarge(studio, data)
    four = enlarge(studio, write_picture(twice))
    assert four.image.size == (1024, 768) and four.request.enlargement == 4
    assert count_parts(4) == 5
    with pytest.raises(SettingError, match="2048 px a side"):
        enlarge(studio, write_picture(four))


def test_enlarging_stops(studio: Studio, data: bytes) -> None:  # noqa: F811
    with pytest.raises(Cancelled):
        enlarge_file(studio, data, on_step=lambda _: None, on_result=lambda _: None, is_cancelled=lambda: True)


def test_an_order_may_ask_for_a_larger_picture(studio: Studio) -> None:  # noqa: F811
    result = studio.draw(make_order(width=256, height=256, enlargement=2))
    assert result.image.size == (512, 512)
    for times, message in ((3, "3 times"), (4, "2048 px"), ("2", "str came")):
        with pytest.raises(SettingError, match=message):
            make_order(width=1024, height=1024, enlargement=times)


def test_a_part_of_a_file_is_repainted_and_the_rest_stays(studio: Studio, data: bytes) -> None:  # noqa: F811
    mask = np.zeros((96, 128), np.uint8)
    mask[30:70, 40:90] = 255
    results: list[GenerationResult] = []
    for words in ("blue", "yellow"):
        before = data if not results else write_picture(results[-1])
        results.append(draw_and_return(studio, ask_to_repaint_file, before, mask, words))
    first, second = (np.asarray(result.image, np.int16) for result in results)
    with Image.open(io.BytesIO(data)) as opened:
        base = np.asarray(opened.convert("RGB"), np.int16)
    changed = np.abs(first - base).max(-1) > 0
    assert 0.02 < changed.mean() < 0.9
    assert not (np.abs(second - base).max(-1) > 0)[~changed].any()
    assert [each.prompt.text for each in results[1].request.repaints] == ["blue", "yellow"]
    assert studio.read_picture(write_picture(results[1])).request == results[1].request


def test_words_are_needed(studio: Studio, data: bytes) -> None:  # noqa: F811
    with pytest.raises(SettingError, match="mask_prompt"):
        ask_to_repaint_file(studio, data, np.full((8, 8), 255, np.uint8), "")


def test_the_network_lies_in_the_tree_with_its_licence() -> None:
    folder = Path(__file__).resolve().parents[2] / "assets" / "enlarger"
    assert "nagadomi" in (folder / "waifu2x.LICENSE").read_text()
    assert (folder / "waifu2x.safetensors").stat().st_size < 2_000_000
