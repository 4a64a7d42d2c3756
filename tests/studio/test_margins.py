"""More around a picture by one call, on sd15's layout and by the pocket model: what was there stays to the pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import SettingError
from pipeline.picture.png_file import write_picture
from pipeline.request.margins import NOTHING_NEW, Margins
from pipeline.settings import ROOT, Settings
from pipeline.studio.calls import draw_call, read_call
from pipeline.studio.parts import OVERLAP, lay_margins
from pipeline.studio.studio import Studio
from pipeline.values import GenerationResult
from tests.studio.test_drawing_anew import call, make_mask, make_photo, studio  # noqa: F401 - a fixture
from tests.tools.image_files import draw_fox, encode_png

PHOTO = make_photo().resize((256, 256))
GIVEN = {"image": encode_png(PHOTO), "width": None, "height": None, "margins": {"left": 64, "bottom": 128}}
RIM = round(256 * OVERLAP) * 3  # px of the picture within which its rim may be drawn anew: softened by half of it


def see(result: GenerationResult) -> Any:
    return np.asarray(result.image, np.int16)


def test_more_is_drawn_around_an_image_and_the_file_draws_the_same_again(studio: Studio) -> None:  # noqa: F811
    result = call(studio, sketch=encode_png(draw_fox().resize((256, 256))), **GIVEN)
    pixels, photo = see(result), np.asarray(PHOTO, np.int16)
    assert result.image.size == (320, 384) and result.canvas is None
    assert np.array_equal(pixels[: 256 - RIM, 64 + RIM :], photo[: 256 - RIM, RIM:]), "what was there stays"
    assert not np.array_equal(pixels[:256, 64:], photo), "softly, its rim is drawn anew"
    grey = pixels[256 + RIM :, :].std(axis=(0, 1))
    assert grey.min() > 1, "something was drawn"
    again = studio.read_picture(write_picture(result)).request
    assert again == result.request
    assert np.array_equal(see(studio.redraw(again)), pixels)


def test_an_image_alone_grows_and_other_words_hold_for_what_comes(studio: Studio) -> None:  # noqa: F811
    result = call(studio, **GIVEN, mask_prompt="hills")
    start = result.request.start
    assert start is not None and start.prompt is not None and start.prompt.text == "hills"
    assert start.mask is not None and not start.mask[: 256 - RIM, 64 + RIM :].any()
    assert not result.request.edges.pixels[256:].any(), "no line is read where nothing was drawn"


def test_a_part_is_drawn_anew_beside_it(studio: Studio) -> None:  # noqa: F811
    mask = encode_png(make_mask((256, 256)).convert("RGB"))
    result = call(studio, **GIVEN, mask_image=mask)
    assert result.request.start.mask[100, 64 + 100] > 200  # type: ignore[union-attr, index]
    assert see(result).shape == (384, 320, 3)


def test_a_masked_style_grows_with_its_picture(studio: Studio) -> None:  # noqa: F811
    request = call(
        studio, sketch=encode_png(draw_fox()), mask=encode_png(make_mask((96, 96))), mask_style="ice"
    ).request
    grown = lay_margins(request, Margins(top=64))
    assert grown.mask is not None and not grown.mask.pixels[:64].any() and grown.mask.pixels.any()
    assert grown.start is None and lay_margins(request, Margins()) is request


@pytest.fixture(scope="module")
def pocket(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    made = Studio(Settings(profile="pocket", styles=ROOT / "styles", user_dir=tmp_path_factory.mktemp("user")))
    made.start_loading()
    return made


def test_the_pocket_model_draws_on_a_larger_sheet(pocket: Studio, tmp_path: Path) -> None:
    drawing = encode_png(draw_fox().resize((256, 256)))
    wish = {"sketch": drawing, "prompt": "a fox", "style": "comic", "seed": 3, "margins": {"right": 64, "top": 32}}
    (result,) = draw_call(pocket, read_call(wish))
    assert result.image.size == (320, 288) and not result.request.edges.pixels[:32].any()
    assert NOTHING_NEW.format(pocket.profile.title) in result.notices
    assert pocket.read_picture(write_picture(result)).request == result.request
    with pytest.raises(SettingError, match="steps of 32"):
        draw_call(pocket, read_call({**wish, "margins": {"right": 5}}))
