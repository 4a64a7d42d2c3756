"""From a call with a picture to the file and on: a part of it drawn anew, more around it, on sd15's layout."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import SettingError
from pipeline.picture.png_file import write_picture
from pipeline.settings import ROOT, Settings
from pipeline.studio.calls import draw_call, read_call
from pipeline.studio.drawing_anew import find_margins, measure_room
from pipeline.studio.going_on import ask_to_outpaint_file, ask_to_repaint_file, draw_asked
from pipeline.studio.studio import Studio
from pipeline.values import GenerationResult
from tests.tools.image_files import draw_fox, encode_png
from tests.tools.small_sd15 import copy_small_sd15


@pytest.fixture(scope="module")
def studio(shallow_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    own = copy_small_sd15(shallow_folder, tmp_path_factory.mktemp("own"))
    made = Studio(
        Settings(
            profile="sd15",
            sd15=own,
            device="cpu",
            safety="off",
            styles=ROOT / "styles",
            user_dir=tmp_path_factory.mktemp("user"),
        )
    )
    made.start_loading()
    return made


SMALL = {"prompt": "a fox", "style": "comic", "width": 256, "height": 256, "num_inference_steps": 4, "seed": 3}


def make_photo() -> Image.Image:
    patches = np.random.default_rng(4).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize(draw_fox().size, Image.Resampling.BILINEAR)


def make_mask(size: tuple[int, int]) -> Image.Image:
    mask = Image.new("L", size, 0)
    mask.paste(255, (size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2))
    return mask


def call(studio: Studio, **named: Any) -> GenerationResult:
    (result,) = draw_call(studio, read_call({**SMALL, **named}))
    return result


@pytest.fixture(scope="module")
def drawn(studio: Studio) -> GenerationResult:
    return call(studio, sketch=encode_png(draw_fox()), image=encode_png(make_photo()), strength=0.75)


def draw_and_return(studio: Studio, ask: Any, *args: Any) -> GenerationResult:
    """Draw what `ask` asks for, as the page does, and return it."""
    results: list[GenerationResult] = []
    draw_asked(
        studio,
        lambda: ask(studio, *args),
        on_step=lambda _: None,
        on_result=results.append,
        is_cancelled=lambda: False,
    )
    return results[0]


def test_a_call_starts_from_its_image_and_the_file_draws_the_same_again(
    studio: Studio, drawn: GenerationResult
) -> None:
    assert drawn.request.start is not None and drawn.request.sampling.strength == 0.75
    plain = call(studio, sketch=encode_png(draw_fox()))
    assert plain.request.start is None
    assert np.abs(np.asarray(drawn.image, int) - np.asarray(plain.image, int)).max() > 8
    data = write_picture(drawn)
    again = studio.read_picture(data).request
    assert again == drawn.request
    assert np.array_equal(np.asarray(studio.redraw(again).image), np.asarray(drawn.image))
    with Image.open(io.BytesIO(data)) as image:
        assert "Denoising strength: 0.75" in image.text["parameters"]  # type: ignore[attr-defined]


def test_an_image_alone_is_the_drawing_too(studio: Studio) -> None:
    result = call(studio, image=encode_png(draw_fox()), mask_image=encode_png(make_mask(draw_fox().size)))
    assert result.request.start is not None and result.request.start.mask is not None
    assert result.request.sampling.strength == 1.0


def test_a_part_is_drawn_anew_and_the_rest_stays(studio: Studio, drawn: GenerationResult) -> None:
    mask = np.asarray(make_mask((64, 64)))
    result = draw_and_return(studio, ask_to_repaint_file, write_picture(drawn), mask, "a hat")
    before, after = (np.asarray(each.image, int) for each in (drawn, result))
    assert np.abs(before - after)[80:112, 80:112].max() > 8
    assert np.array_equal(before[:40], after[:40]) and np.array_equal(before[170:], after[170:])
    assert result.request.styled_prompt.words.count("hat") == 1 and result.request.prompt.text == "a fox"
    assert studio.read_picture(write_picture(result)).request == result.request
    with pytest.raises(SettingError, match="nothing is brushed"):
        draw_and_return(studio, ask_to_repaint_file, write_picture(drawn), 0 * mask, "a hat")


def test_more_is_drawn_around_and_the_old_picture_stays(studio: Studio, drawn: GenerationResult) -> None:
    result = draw_and_return(studio, ask_to_outpaint_file, write_picture(drawn), {"left": True, "below": True}, "hills")
    assert result.image.size == (320, 320)
    before, after = (np.asarray(each.image, int) for each in (drawn, result))
    assert np.array_equal(before[:200, 56:], after[:200, 64 + 56 :])
    assert not np.array_equal(after[:, :32], np.repeat(after[:, 32:33], 32, axis=1))
    assert not result.request.edges.pixels[:, :64].any() and result.request.edges.pixels[:256, 64:].any()
    for sides, message in (({}, "none was chosen"), ({"left": True, "right": True}, "px a side")):
        large = write_picture(drawn) if not sides else write_picture(go_on_large(studio, drawn))
        with pytest.raises(SettingError, match=message):
            draw_and_return(studio, ask_to_outpaint_file, large, sides, "")


def test_the_room_that_is_told_before_is_what_a_picture_gets(studio: Studio, drawn: GenerationResult) -> None:
    room = measure_room(studio.profile, drawn.request)
    assert (room["width"], room["height"], room["largest"], room["parts_from"]) == (256, 256, 2048, 1024)
    margins = find_margins(studio.profile, drawn.request, {"left": True, "below": True})
    assert (margins.left, margins.bottom) == (room["across"], room["down"])


def go_on_large(studio: Studio, drawn: GenerationResult) -> GenerationResult:
    """Return a result whose request says that it is as wide as the model draws, without drawing it."""
    from dataclasses import replace

    from pipeline.values import EdgeMap

    edges = EdgeMap(np.zeros((256, 2048), np.uint8), "lines")
    request = replace(drawn.request, width=2048, edges=edges, colours=None, start=None)
    return replace(drawn, request=request, image=Image.new("RGB", (2048, 256)))
