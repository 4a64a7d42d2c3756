"""Draw from a picture that was put on the sheet: all of it, a part anew, more around it; open the file again."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import SettingError
from pipeline.page.drawn_files import DrawnFiles
from pipeline.page.easel import SETTINGS, Easel
from pipeline.page.going_on import GoingOn
from pipeline.page.page_order import read_order
from pipeline.page.restored_start import LINES, PART, TWO
from pipeline.page.view import make_data_url
from pipeline.picture.png_file import write_picture
from pipeline.request.order import Order
from pipeline.request.presets import POCKET_MENU, SD15_MENU
from pipeline.sketch.intake import read_image, read_strokes
from pipeline.studio.calls import draw_call, read_call
from pipeline.studio.sheet_start import (
    LAID_UNDER,
    NO_START,
    ask_to_outpaint_sheet,
    ask_to_repaint_sheet,
    clear_lines,
    complete_order,
    take_sheet_start,
)
from pipeline.studio.studio import Studio
from pipeline.values import GenerationRequest, GenerationResult
from tests.page.test_going_on import VISITOR
from tests.page.test_quality import page_settings
from tests.sketch.test_sheet_start import LINE, RUBBER, write_start
from tests.studio.test_drawing_anew import (  # noqa: F401 - a fixture
    SMALL,
    draw_and_return,
    make_mask,
    make_photo,
    studio,
)
from tests.tools.drawings import make_canvas
from tests.tools.image_files import draw_fox, encode_png

MASK = np.asarray(make_mask((64, 64)))  # white from a quarter to a half


def make_settings(studio: Studio, **changed: Any) -> dict[str, Any]:  # noqa: F811
    return page_settings(studio.profile, **SMALL | changed)


def make_order(studio: Studio, canvas: str) -> Order:  # noqa: F811
    return read_order(studio.profile, read_strokes(canvas), [*make_settings(studio).values()])[0]


def run(ask: Any, studio: Studio, canvas: str, *args: Any) -> GenerationResult:  # noqa: F811
    return draw_and_return(studio, ask, make_order(studio, canvas), *args)


@pytest.fixture(scope="module")
def drawn(studio: Studio) -> GenerationResult:  # noqa: F811
    return studio.draw(make_order(studio, write_start(LINE, picture=make_photo(), strength=0.5)))


def restore(studio: Studio, data: bytes, tmp_path: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:  # noqa: F811
    """Return the canvas, the settings and the picture's value that a file brings back."""
    import base64

    event: Any = SimpleNamespace(data=base64.b64encode(data).decode())
    canvas, *settings, _, picture = Easel(studio, DrawnFiles(str(tmp_path))).restore(event)
    return json.loads(canvas), dict(zip(SETTINGS, settings, strict=True)), picture


def test_a_picture_is_drawn_from_another_one_and_its_file_brings_all_back(
    studio: Studio,  # noqa: F811
    drawn: GenerationResult,
    tmp_path: Path,
) -> None:
    request = drawn.request
    assert request.start is not None and request.start.pixels.shape == (256, 256, 3)
    assert request.sampling.strength == 0.5 and request.edges.reading == "lines"
    canvas, settings, picture = restore(studio, write_picture(drawn), tmp_path)
    assert canvas["placement"]["strength"] == 0.5 and len(canvas["strokes"]) == 1
    assert settings["strength"] == studio.profile.defaults["strength"], "the sheet has its own"
    assert not any(words in picture["notice"] for words in (LINES, PART, TWO))
    again = read_order(studio.profile, read_strokes(json.dumps(canvas)), [*settings.values()])[0]
    assert complete_order(studio, again) == request


def test_a_part_of_a_picture_from_outside_is_drawn_anew_and_the_rest_stays(studio: Studio) -> None:  # noqa: F811
    photo = make_photo().resize((512, 512))
    result = run(ask_to_repaint_sheet, studio, write_start(picture=photo), MASK, "a lemon")
    request = result.request
    assert request.start is not None and request.start.prompt is not None and request.start.prompt.text == "a lemon"
    inside = (slice(80, 112), slice(80, 112))
    moved = np.abs(np.asarray(result.image, np.int64) - request.start.pixels.astype(np.int64)).max(axis=2)
    assert not moved[:40].any() and not moved[160:].any() and moved[inside].mean() > 1
    assert result.canvas is not None and '"strength":0.6' in result.canvas
    assert request.sampling.strength == 1.0


def test_a_part_goes_as_far_as_its_strength_says(studio: Studio) -> None:  # noqa: F811
    result = run(ask_to_repaint_sheet, studio, write_start(picture=make_photo()), MASK, "", 0.5)
    assert result.request.sampling.strength == 0.5
    with pytest.raises(SettingError, match="leaves none of 4 steps"):
        run(ask_to_repaint_sheet, studio, write_start(), MASK, "", 0.1)
    with pytest.raises(SettingError, match="strength"):
        run(ask_to_repaint_sheet, studio, write_start(), MASK, "", "much")


def test_lines_of_the_pen_lead_the_part(studio: Studio) -> None:  # noqa: F811
    line = LINE | {"points": [[140, 200, 0.5], [250, 200, 0.5]]}
    result = run(ask_to_repaint_sheet, studio, write_start(line), MASK, "")
    assert result.request.edges.pixels[90:110, 80:112].any()


@pytest.mark.parametrize("strokes", [(), (LINE, RUBBER)])
def test_edges_of_the_picture_lead_no_part_where_no_line_is_left(studio: Studio, strokes: Any) -> None:  # noqa: F811
    stark = Image.new("RGB", (300, 300), "white")
    stark.paste((20, 30, 60), (50, 50, 140, 140))
    edges = run(ask_to_repaint_sheet, studio, write_start(*strokes, picture=stark), MASK, "").request.edges.pixels
    assert edges.any() and not edges[64:128, 64:128].any()


def test_more_is_drawn_around_it(studio: Studio, tmp_path: Path) -> None:  # noqa: F811
    result = run(ask_to_outpaint_sheet, studio, write_start(picture=make_photo()), {"left": True}, "hills")
    assert result.image.size == (320, 256) and result.request.start is not None
    _, _, picture = restore(studio, write_picture(result), tmp_path)
    assert PART in picture["notice"]


def test_what_cannot_be_done_is_said(studio: Studio) -> None:  # noqa: F811
    for work, asked in ((ask_to_repaint_sheet, MASK), (ask_to_outpaint_sheet, {"left": True})):
        with pytest.raises(SettingError, match=NO_START[:30]):
            run(work, studio, json.dumps(make_canvas(LINE)), asked, "")
    with pytest.raises(SettingError, match="nothing is brushed"):
        run(ask_to_repaint_sheet, studio, write_start(), np.zeros((64, 64), np.uint8), "")


def test_the_page_asks_for_a_part_of_the_picture_on_its_sheet(studio: Studio, tmp_path: Path) -> None:  # noqa: F811
    mask, settings = make_data_url(make_mask((64, 64)), "png"), make_settings(studio)
    event: Any = SimpleNamespace(ticket="t1", canvas=write_start(LINE), mask=mask, words="", settings=settings)
    *_, (picture, strip) = GoingOn(Easel(studio, DrawnFiles(str(tmp_path)))).repaint(VISITOR, event)  # type: ignore[arg-type]
    assert picture["state"] == "done", picture["message"]
    assert picture["settings"]["prompt"] == "a fox" and strip["seed"] >= 0


def test_a_file_of_a_call_with_an_image_lays_it_on_the_sheet_or_says_why_not(studio: Studio, tmp_path: Path) -> None:  # noqa: F811
    photo = make_photo()

    def open_made(**named: Any) -> tuple[dict[str, Any], str]:
        (result,) = draw_call(studio, read_call({**SMALL, "image": encode_png(photo), "strength": 0.5, **named}))
        canvas, _, picture = restore(studio, write_picture(result), tmp_path)
        return canvas, picture["notice"]

    canvas, told = open_made(sketch=encode_png(draw_fox()))
    assert canvas["placement"]["strength"] == 0.5 and canvas["strokes"] == [] and LINES in told
    width, height = photo.size
    strokes = make_canvas(LINE, width=width, height=height)
    canvas, told = open_made(strokes=strokes)
    assert canvas["placement"]["strength"] == 0.5 and len(canvas["strokes"]) == 1 and LINES not in told
    beneath = {**strokes, "version": 3, "picture": make_data_url(draw_fox(), "png")}
    canvas, told = open_made(strokes=beneath)
    assert canvas.get("placement") is None and TWO in told


def test_lines_under_a_mask_are_cleared_alone(drawn: GenerationResult) -> None:
    request: GenerationRequest = drawn.request
    mask = np.zeros((8, 8), np.uint8)
    mask[:, :4] = 255
    cleared = clear_lines(request, mask).edges.pixels
    assert request.edges.pixels[:, :128].any() and not cleared[:, :128].any()
    assert np.array_equal(cleared[:, 128:], request.edges.pixels[:, 128:])


def test_pocket_lays_an_image_under_the_drawing_and_says_so() -> None:
    sketch, image = read_image(encode_png(draw_fox())), np.full((64, 64, 3), (200, 120, 40), np.uint8)
    both, named = take_sheet_start(POCKET_MENU, sketch, {"image": image, "strength": 0.5})
    assert named == {"image": None, "strength": 0.5} and both.notices == (*sketch.notices, LAID_UNDER)
    paper = (sketch.pixels == 255).all(-1)
    assert (both.pixels[paper] == (200, 120, 40)).all(), "what was bare paper shows the picture"
    assert both.pixels[~paper].astype(int).mean() < 100, "and the lines are over it"
    kept, named = take_sheet_start(SD15_MENU, sketch, {"image": image})
    assert kept is sketch and named["image"] is image
    with pytest.raises(SettingError, match="has its proportions"):
        take_sheet_start(POCKET_MENU, sketch, {"image": image[:, :30]})
