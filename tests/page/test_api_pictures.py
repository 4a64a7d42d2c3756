"""/draw's pictures: presets, sizes, several styles, several pictures, a part in other styles."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.picture.png_file import read_picture
from tests.page.test_api import draw, find_style
from tests.tools.image_files import draw_fox, encode_png
from tests.tools.serving import Server


@pytest.fixture(scope="module")
def sketch(server: Server) -> dict[str, Any]:
    return server.upload("fox.png", encode_png(draw_fox()))


def test_a_preset_a_size_styles_and_several_pictures(server: Server, sketch: dict[str, Any]) -> None:
    wish = {
        "preset": "balanced",
        "sampler": "MaskGIT",
        "style": "ghibli:0.6,comic:0.4",
        "width": 128,
        "height": 160,
        "lines": 0.75,
    }
    data, details = draw(server, sketch, count=2, **wish)
    request = read_picture(data, find_style).request
    assert (details["sampler"], request.sampling.sampler, details["size"]) == ("MaskGIT", "MaskGIT", [128, 160])
    assert request.conditioning.lines == details["lines"] == 0.75
    assert [(style.id, weight) for style, weight in request.styles.parts] == [("ghibli", 0.6), ("comic", 0.4)]
    assert [each["seed"] for each in details["pictures"]] == [7, 8]
    first, second = (server.download(each["picture"]) for each in details["pictures"])
    assert first == data and read_picture(second, find_style).request.sampling.seed == 8


def test_a_mask_gives_its_part_other_styles(server: Server, sketch: dict[str, Any]) -> None:
    half = Image.new("L", (200, 100))
    half.paste(255, (100, 0, 200, 100))
    mask = server.upload("mask.png", encode_png(half))
    wish = {"style": "comic", "width": 128, "height": 128}
    data, _ = draw(server, sketch, mask=mask, mask_style="felt:0.5,ice:0.5", **wish)
    worn = read_picture(data, find_style).request.mask
    assert worn is not None and [style.id for style, _ in worn.styles.parts] == ["felt", "ice"]
    both, comic = (np.asarray(Image.open(io.BytesIO(each))) for each in (data, draw(server, sketch, **wish)[0]))
    np.testing.assert_array_equal(both[:, :60], comic[:, :60])
    assert (both[:, 68:] != comic[:, 68:]).mean() > 0.5
