"""A picture is started from with the pocket engine: its colours come back as far as strength leaves them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from pipeline.engine.ink import is_started
from pipeline.picture.recipe import read_recipe, write_recipe
from pipeline.prompt_syntax import Prompt
from pipeline.sketch.edges import fit_drawing, read_edges
from pipeline.sketch.intake import read_strokes
from pipeline.studio.sheet_start import lay_over_picture
from pipeline.values import GenerationRequest, Sketch
from tests.engine.test_pocket_engine import SIDE, Ask, ask, draw, library  # noqa: F401 - fixtures
from tests.sketch.test_sheet_start import LINE, write_start

if TYPE_CHECKING:
    from pipeline.engine.pocket_engine import PocketEngine
    from pipeline.styles.library import StyleLibrary

PLACES = {"left sail": np.s_[80:112, 70:90], "right sail": np.s_[90:115, 108:120], "hull": np.s_[140:150, 60:130]}


def start_from(request: GenerationRequest, picture: np.ndarray, words: str, **settings: float) -> GenerationRequest:
    """The request for a plain picture that starts from another one, (SIDE, SIDE, 3)."""
    sketch = read_strokes(write_start(picture=Image.fromarray(picture.astype(np.uint8))), is_whole=True)
    assert sketch.is_start
    size = SIDE, SIDE
    started = replace(
        request, prompt=Prompt(words), edges=read_edges(sketch, size=size), colours=fit_drawing(sketch, size)
    )
    return started.with_settings(**settings)


def find_tones(picture: np.ndarray) -> np.ndarray:
    return np.array([np.median(picture[place].reshape(-1, 3), axis=0) for place in PLACES.values()])


@pytest.mark.parametrize("style", ["oil-painting", "stained-glass", "watercolor", "mosaic", "pointillism"])
def test_what_a_painted_picture_has_at_a_place_comes_back_whatever_the_words(
    shipped_engine: PocketEngine,
    ask: Ask,  # noqa: F811
    style: str,
) -> None:
    painted = draw(shipped_engine, ask(style, seed=3))
    for words in ("a sailboat on the sea", "a purple castle at night"):
        again = draw(shipped_engine, start_from(ask("plain"), painted, words, colour_strength=1.0))
        assert np.abs(find_tones(again) - find_tones(painted)).mean() < 22


def test_strength_moves_from_the_picture_to_the_words(
    shipped_engine: PocketEngine,
    ask: Ask,  # noqa: F811
) -> None:
    painted = draw(shipped_engine, ask("oil-painting"))
    tones = [
        find_tones(draw(shipped_engine, start_from(ask("plain"), painted, "a purple ship", colour_strength=share)))
        for share in (1.0, 0.75, 0.5, 0.25, 0.0)
    ]
    away = [float(np.abs(each - tones[0]).mean()) for each in tones]
    assert away == sorted(away) and away[1] > 2 and away[-1] > 20


def test_a_file_says_that_its_drawing_is_a_picture_that_was_started_from(
    ask: Ask,  # noqa: F811
    library: StyleLibrary,  # noqa: F811
) -> None:
    plain = ask("plain")
    request = start_from(plain, np.full((SIDE, SIDE, 3), (63, 143, 82)), "a ship")
    assert is_started(request) and not is_started(plain)
    recipe = write_recipe(request, {"colourist": "x"}).encode()
    again = read_recipe(recipe, library.get).request
    assert again == request and again.colours is not None and again.colours.is_start
    assert json.loads(recipe)["is_start"] and "is_start" not in json.loads(write_recipe(plain, {"colourist": "x"}))


def test_lines_on_white_have_no_colours_to_start_from() -> None:
    paper = Image.new("RGB", (300, 300), "white")
    assert not read_strokes(write_start(LINE, picture=paper), is_whole=True).is_start


def test_an_image_beneath_a_drawing_is_started_from() -> None:
    sketch = Sketch(np.full((300, 300, 3), 255, np.uint8), is_drawing=True)
    assert lay_over_picture(sketch, np.full((300, 300, 3), (63, 143, 82), np.uint8)).is_start
