"""What a picture to start from, its mask and a strength may be, and what is told where they are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import SettingError
from pipeline.models.catalog import POCKET, SD15
from pipeline.request.order import Order, parse_order
from pipeline.sketch.intake import read_image
from tests.tools.image_files import draw_fox


def make_order(profile: Any = SD15, **raw: Any) -> Order:
    return parse_order(profile, sketch=read_image(draw_fox()), prompt="a fox", **raw)


def make_image() -> np.ndarray:
    return np.full(read_image(draw_fox()).pixels.shape, 90, np.uint8)


def make_mask() -> np.ndarray:
    mask = np.zeros(make_image().shape[:2], np.uint8)
    mask[10:40, 10:40] = 255
    return mask


def test_a_start_is_kept_with_its_mask_and_words() -> None:
    order = make_order(image=make_image(), mask_image=make_mask(), mask_prompt="a red hat")
    assert order.start is not None and order.start.mask is not None and order.start.prompt is not None
    assert order.start.prompt.text == "a red hat" and order.repaint is None


def test_a_part_is_drawn_wholly_anew_and_a_picture_at_the_usual_strength() -> None:
    assert make_order(image=make_image(), mask_image=make_mask()).sampling.strength == 1.0
    assert make_order(image=make_image()).sampling.strength == SD15.defaults["strength"] == 0.8
    assert make_order(image=make_image(), mask_image=make_mask(), strength=0.5).sampling.strength == 0.5


@pytest.mark.parametrize("times", [0.5, 2])
def test_a_mask_of_another_size_is_scaled_to_its_picture(times: float) -> None:
    height, width = make_mask().shape
    sent = np.asarray(Image.fromarray(make_mask()).resize((round(width * times), round(height * times)), 0))
    start = make_order(image=make_image(), mask_image=sent).start
    assert start is not None and start.mask is not None and start.mask.shape == (height, width)
    assert np.array_equal(start.mask, make_mask())


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"mask_image": make_mask()}, "send that as image; mask_image came without it"),
        ({"mask_prompt": "a hat"}, "send that as image; mask_prompt came without it"),
        ({"image": make_image(), "mask_prompt": "a hat"}, "came without a mask_image"),
        ({"image": make_image(), "mask_image": make_mask()[:, :60]}, "has its image's proportions; it is"),
        ({"image": make_image(), "mask_image": 0 * make_mask()}, "nothing of this one is"),
        ({"image": make_image()[:, :60]}, "lies over the drawing and has its proportions"),
        ({"image": make_image(), "strength": 1.2}, "from 0 to 1; 1.2 came"),
        ({"image": make_image(), "strength": -0.1}, "from 0 to 1; -0.1 came"),
        ({"strength": float("nan")}, "nan came"),
        ({"strength": "0.5"}, "str came"),
        ({"image": make_image(), "strength": 0.1, "num_inference_steps": 5}, "takes 0.2 or more"),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        make_order(**raw)


def test_the_pocket_engine_does_what_it_can() -> None:
    with pytest.raises(SettingError, match="starts from no other picture; send the image as the sketch"):
        make_order(POCKET, image=make_image())
    assert make_order(POCKET, strength=0.25).conditioning.colour_strength == 0.75
    assert make_order(POCKET, strength=0.25).sampling.strength == 1.0
    with pytest.raises(SettingError, match="send one of them"):
        make_order(POCKET, strength=0.25, colour_strength=0.5)
    part = make_order(POCKET, mask_image=make_mask(), mask_prompt="blue").repaint
    assert part is not None and part.prompt.text == "blue"
