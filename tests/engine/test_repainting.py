"""A brushed part gets other colours by words; every px beside it stays as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.colours.named import find_named_colour
from pipeline.colours.oklab import to_oklab
from pipeline.colours.repainting import find_part
from pipeline.errors import SettingError
from pipeline.models.catalog import POCKET, SD15
from pipeline.picture.recipe import read_recipe, write_recipe
from pipeline.prompt_syntax import Prompt
from pipeline.request.order import parse_order
from pipeline.sketch.intake import read_image
from pipeline.values import GenerationRequest, Painting, Repaint
from tests.engine.test_pocket_engine import SIDE, Ask, ask, draw, library  # noqa: F401 - fixtures
from tests.tools.image_files import draw_fox

if TYPE_CHECKING:
    from pipeline.engine.pocket_engine import PocketEngine
    from pipeline.styles.library import StyleLibrary

SAIL = np.s_[60:115, 70:92]  # within the left sail of the boat


def brush(*where: tuple[slice, slice]) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for part in where:
        mask[part] = 255
    return mask


def repaint_sail(ask: Ask, words: str, style: str = "comic") -> GenerationRequest:  # noqa: F811
    return ask(style, repaints=(Repaint(brush(SAIL), Prompt(words)),))


@pytest.mark.parametrize("style", ["plain", "comic", "oil-painting"])
@pytest.mark.parametrize("words", ["blue", "a red sail"])
def test_the_part_gets_the_colour_and_all_else_stays(
    shipped_engine: PocketEngine,
    ask: Ask,  # noqa: F811
    style: str,
    words: str,
) -> None:
    before, after = draw(shipped_engine, ask(style)), draw(shipped_engine, repaint_sail(ask, words, style))
    changed = np.abs(after - before).max(-1) > 0
    assert changed[SAIL].mean() > 0.9
    columns, rows = np.flatnonzero(changed.any(0)), np.flatnonzero(changed.any(1))
    assert columns[0] >= 36 and columns[-1] <= 99 and rows[0] >= 26 and rows[-1] <= 126, "it spilled over its lines"
    named = find_named_colour(words)
    assert named is not None
    found = np.median(to_oklab(after[SAIL].astype(np.uint8)), (0, 1))
    assert np.linalg.norm(found - named) < 0.16


def test_repaints_follow_one_another_and_equal_requests_give_equal_pixels(
    shipped_engine: PocketEngine,
    ask: Ask,  # noqa: F811
) -> None:
    first = repaint_sail(ask, "blue").repaints[0]
    both = ask(repaints=(first, Repaint(brush(np.s_[135:155, 60:130]), Prompt("green"))))
    once, twice = draw(shipped_engine, ask(repaints=(first,))), draw(shipped_engine, both)
    np.testing.assert_array_equal(once[SAIL], twice[SAIL])
    assert np.abs(once - twice)[138:150, 70:120].max() > 20
    np.testing.assert_array_equal(twice, draw(shipped_engine, both))


def test_a_thing_without_a_colour_is_coloured_by_the_model(shipped_engine: PocketEngine, ask: Ask) -> None:  # noqa: F811
    assert find_named_colour("a lemon") is None and find_named_colour("red and blue") is None
    lemon = draw(shipped_engine, repaint_sail(ask, "a lemon", "plain"))[SAIL].reshape(-1, 3).mean(0)
    assert lemon[0] > 180 and lemon[1] > 140 and lemon[2] < 120


def test_of_a_sky_only_what_is_brushed_is_meant() -> None:
    regions = np.zeros((100, 100), np.int32)
    regions[40:60, 40:60] = 1
    painting = Painting(np.full((100, 100, 3), 90, np.uint8), np.zeros((100, 100), np.uint8), regions)
    mask = np.zeros((100, 100), np.uint8)
    mask[10:20, 10:30] = 255
    part = find_part(painting, mask)
    assert part.whole == () and (part.area == (mask > 0)).all()
    mask[:] = 0
    mask[45:58, 45:58] = 255
    assert find_part(painting, mask).whole == (1,) and (find_part(painting, mask).area == (regions == 1)).all()
    assert not find_part(painting, np.zeros((100, 100), np.uint8)).area.any()


def test_darker_and_lighter_colours_are_named() -> None:
    plain, dark, light = (find_named_colour(f"{word} blue") for word in ("the", "dark", "light"))
    assert plain is not None and dark is not None and light is not None
    assert dark[0] < plain[0] - 0.1 < light[0] - 0.2


def test_the_recipe_carries_it(shipped_engine: PocketEngine, ask: Ask, library: StyleLibrary) -> None:  # noqa: F811
    request = repaint_sail(ask, "blue")
    again = read_recipe(write_recipe(request, {}).encode(), library.get).request
    assert again == request and again != ask()
    assert again.repaints[0].prompt == Prompt("blue")


def test_a_part_needs_a_mask_and_words_and_an_engine_that_repaints() -> None:
    sketch, mask = read_image(draw_fox()), brush(SAIL)
    for alone in ({"mask_image": mask}, {"mask_prompt": "blue"}):
        with pytest.raises(SettingError, match="needs both a mask_image and a mask_prompt"):
            parse_order(POCKET, sketch=sketch, **alone)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="drawn anew in a picture"):
        parse_order(SD15, sketch=sketch, mask_image=mask, mask_prompt="blue")
    order = parse_order(POCKET, sketch=sketch, mask_image=mask, mask_prompt="blue")
    assert order.repaint is not None and order.repaint.prompt == Prompt("blue")
