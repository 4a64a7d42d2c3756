"""One number from free to faithful: what it sets, what stays a person's own, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.controls import CONTROL_BY_NAME, expect_number
from pipeline.errors import SettingError
from pipeline.models.catalog import PROFILES
from pipeline.request.faithfulness import ENDS, list_places, spread_faithfulness
from pipeline.request.order import parse_order
from pipeline.request.presets import get_menu
from pipeline.sketch.intake import read_image
from tests.tools.draw_slider_ends import ENDS as PICTURES
from tests.tools.draw_slider_ends import FOLDER, draw_end, open_studio
from tests.tools.image_files import draw_fox


def read_usual(engine: str, preset: str = "") -> dict[str, Any]:
    menu = get_menu(engine)
    return {**PROFILES[engine].defaults, **menu.find_preset(preset or menu.preset).numbers}


def make_order(engine: str = "pocket", **raw: Any) -> Any:
    return parse_order(PROFILES[engine], sketch=read_image(draw_fox()), **raw)


@pytest.mark.parametrize("engine", list(ENDS))
def test_the_middle_is_as_usual_and_every_place_moves_evenly(engine: str) -> None:
    usual = read_usual(engine)
    assert spread_faithfulness(engine, usual, 0.5) == {name: usual[name] for name in ENDS[engine][0]}
    places = list_places(engine, usual)
    assert (places[0], places[-1]) == (dict(ENDS[engine][0]), dict(ENDS[engine][1])) and len(places) == 21
    for name in ("lines", "controlnet_conditioning_scale"):
        column = [place[name] for place in places]
        assert column == sorted(column), name
    away = "colour_strength" if engine == "pocket" else "strength"  # of what was painted: so much stays, or goes
    colours = [place[away] for place in places]
    assert colours == sorted(colours, reverse=engine == "sd15") and colours[0] != colours[-1]
    styles = [place["ip_adapter_scale"] for place in places]
    assert styles == sorted(styles, reverse=True)


@pytest.mark.parametrize("engine", list(ENDS))
def test_every_place_is_one_that_its_sliders_have(engine: str) -> None:
    for preset in get_menu(engine).presets:
        places = list_places(engine, read_usual(engine, preset.name))
        for place in places:
            for name, value in place.items():
                expect_number(CONTROL_BY_NAME[name], value)
                steps = value / CONTROL_BY_NAME[name].step
                assert abs(steps - round(steps)) < 1e-6, (name, value)
        assert len({tuple(place.items()) for place in places}) == len(places)  # the page finds its place again


def test_an_order_has_its_settings_and_what_was_set_by_hand_stays() -> None:
    free = make_order(faithfulness=0)
    assert (free.conditioning.lines, free.conditioning.colour_strength) == (0.0, 0.0)
    own = make_order(faithfulness=1, lines=0.2)
    assert own.conditioning.lines == 0.2 and own.conditioning.ip_adapter_scale == ENDS["pocket"][1]["ip_adapter_scale"]
    assert make_order(faithfulness=0.5).conditioning == make_order().conditioning
    assert make_order("sd15", faithfulness=0).conditioning.ip_adapter_scale == 0.9
    assert [make_order("sd15", faithfulness=value).sampling.strength for value in (0, 0.5, 1)] == [1.0, 0.8, 0.5]
    assert make_order("sd15", faithfulness=1, strength=0.7).sampling.strength == 0.7


@pytest.mark.parametrize("given", [-0.1, 1.1, "much", True, float("nan"), [1]])
def test_another_faithfulness_is_refused_by_its_name(given: object) -> None:
    with pytest.raises(SettingError, match="faithfulness"):
        make_order(faithfulness=given)


def test_an_engine_that_does_not_ink_keeps_colours_as_they_are() -> None:
    with pytest.raises(SettingError, match="colour_strength"):
        make_order("sd15", colour_strength=0.5)


def test_the_pictures_at_the_sliders_ends_are_this_versions() -> None:
    studio = open_studio()
    shown = {name: np.asarray(Image.open(FOLDER / f"{name}.webp").convert("RGB"), np.int64) for name in PICTURES}
    for name, faithfulness in PICTURES.items():
        drawn = np.asarray(draw_end(studio, faithfulness), np.int64)
        assert np.abs(shown[name] - drawn).mean() < 6, f"python -m tests.tools.draw_slider_ends draws {name} anew"
    assert np.abs(shown["mine"] - shown["free"]).mean() > 30
