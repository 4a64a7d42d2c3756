"""The page's presets: what a choice sets, what it leaves alone, what a picture brings back."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from pipeline.page.work import restored_work, usual_work, with_preset
from pipeline.presets import menu_of
from pipeline.profiles import POCKET, SD15
from pipeline.request import parse_order
from pipeline.values import EdgeMap, GenerationRequest, Levers, StyleMix
from tests.conftest import MakeStyle
from tests.test_request import SKETCH

NUMBERS = dict(SD15.defaults)


@pytest.fixture
def request_(make_style: MakeStyle) -> GenerationRequest:
    edges = EdgeMap(np.zeros((128, 128), np.uint8), "lines")
    return GenerationRequest("sd15", "a fox", "", edges, StyleMix.of(make_style("neon", 1)), 128, 128, 20, 7.0, 0.6,
                             1.0, seed=1)


def test_a_preset_sets_what_nobody_turned() -> None:
    sampler, numbers = with_preset(SD15, "draft", "DPM++ 2M", NUMBERS)
    assert sampler == "LCM"
    assert (numbers["num_inference_steps"], numbers["guidance_scale"]) == (4, 1.0)
    assert with_preset(SD15, "balanced", sampler, numbers) == ("DPM++ 2M", NUMBERS)  # and back


def test_what_a_person_turned_stays() -> None:
    sampler, numbers = with_preset(SD15, "draft", "Euler a", NUMBERS | {"num_inference_steps": 13, "seed": 9})
    assert (sampler, numbers["num_inference_steps"], numbers["seed"]) == ("Euler a", 13, 9)
    assert numbers["guidance_scale"] == 1.0


@pytest.mark.parametrize("profile", [POCKET, SD15], ids=lambda profile: profile.name)
def test_the_inputs_begin_as_an_order_without_them(profile: object) -> None:
    usual = usual_work(profile)  # type: ignore[arg-type]
    assert usual.pop("count") == 1  # how often an order is drawn is no part of it
    given, without = (parse_order(profile, sketch=SKETCH, **named) for named in (usual, {}))  # type: ignore[arg-type]
    assert vars(given) == vars(without)


def test_a_pictures_work_comes_back(request_: GenerationRequest) -> None:
    for preset in menu_of("sd15").presets:
        back = restored_work(replace(request_, levers=preset.levers), SD15)
        assert back == {"preset": preset.name, "levers": ""}
    odd = Levers(guidance_end=0.3, controlnet_every=3)
    back = restored_work(replace(request_, levers=odd), SD15)
    assert json.loads(back["levers"]) == asdict(odd)
    assert parse_order(SD15, sketch=SKETCH, **back).levers == odd


def test_another_engines_picture_brings_the_usual_work(request_: GenerationRequest) -> None:
    assert restored_work(replace(request_, sampler="DPM++ 2M Karras"), POCKET) == usual_work(POCKET)
