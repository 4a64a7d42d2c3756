"""The page's presets: what a choice sets, what it leaves alone, what a picture brings back."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from pipeline.controls import Shortcuts
from pipeline.models.catalog import POCKET, SD15
from pipeline.models.profile import ModelProfile
from pipeline.page.page_order import SETTINGS
from pipeline.page.quality import (
    adapt_settings,
    apply_preset,
    lay_quality_inputs,
    list_limits,
    list_usual_quality,
    restore_quality,
)
from pipeline.request.order import parse_order
from pipeline.request.presets import get_menu
from pipeline.values import EdgeMap, GenerationRequest, StyleMix
from tests.conftest import MakeStyle
from tests.request.test_order import SKETCH
from tests.tools.requests import change_request, make_flat_request

NUMBERS = dict(SD15.defaults)


@pytest.fixture
def request_(make_style: MakeStyle) -> GenerationRequest:
    edges = EdgeMap(np.zeros((128, 128), np.uint8), "lines")
    numbers = {"num_inference_steps": 20, "guidance_scale": 7.0, "ip_adapter_scale": 0.6, "seed": 1}
    return make_flat_request(
        engine="sd15",
        prompt="a fox",
        negative_prompt="",
        edges=edges,
        styles=StyleMix.of(make_style("neon", 1)),
        width=128,
        height=128,
        controlnet_conditioning_scale=1.0,
        **numbers,
    )


def test_a_preset_sets_what_nobody_turned() -> None:
    sampler, numbers = apply_preset(SD15, "draft", "DPM++ 2M", NUMBERS)
    assert sampler == "LCM"
    assert (numbers["num_inference_steps"], numbers["guidance_scale"]) == (4, 1.0)
    assert apply_preset(SD15, "balanced", sampler, numbers) == ("UniPC", NUMBERS)  # and back


def test_what_a_person_turned_stays() -> None:
    sampler, numbers = apply_preset(SD15, "draft", "Euler a", NUMBERS | {"num_inference_steps": 13, "seed": 9})
    assert (sampler, numbers["num_inference_steps"], numbers["seed"]) == ("Euler a", 13, 9)
    assert numbers["guidance_scale"] == 1.0


@pytest.mark.parametrize("profile", [POCKET, SD15], ids=lambda profile: profile.name)
def test_the_inputs_begin_as_an_order_without_them(profile: object) -> None:
    usual = list_usual_quality(profile)  # type: ignore[arg-type]
    assert usual.pop("count") == 1  # how often an order is drawn is no part of it
    given, without = (parse_order(profile, sketch=SKETCH, seed=5, **named) for named in (usual, {}))  # type: ignore[arg-type]
    assert vars(given) == vars(without)


def test_a_pictures_work_comes_back(request_: GenerationRequest) -> None:
    for preset in get_menu("sd15").presets:
        back = restore_quality(change_request(request_, shortcuts=preset.shortcuts), SD15)
        assert back == {"preset": preset.name, "levers": ""}
    odd = Shortcuts(guidance_end=0.3, controlnet_every=3)
    back = restore_quality(change_request(request_, shortcuts=odd), SD15)
    assert json.loads(back["levers"]) == asdict(odd)
    assert parse_order(SD15, sketch=SKETCH, **back).shortcuts == odd


def test_another_engines_picture_brings_the_usual_work_and_its_seed(request_: GenerationRequest) -> None:
    back = restore_quality(change_request(request_, sampler="DPM++ 2M Karras", seed=5), POCKET)
    assert back == list_usual_quality(POCKET) | dict(POCKET.defaults) | {"seed": 5}


def page_settings(profile: ModelProfile, **turned: object) -> dict[str, object]:
    """The page's inputs as they are when it opens, and what a person turned."""
    beside = {
        "prompt": "a fox",
        "negative_prompt": "text",
        "style": "ice",
        "part": "",
        "palette": "",
        "loras": "",
        "controlnets": "",
        "hires": "",
        "reading": "lines",
    }
    named = beside | {"engine": profile.name} | list_usual_quality(profile) | dict(profile.defaults) | turned
    assert set(named) == set(SETTINGS)
    return {name: named[name] for name in SETTINGS}


@pytest.mark.parametrize(("before", "after"), [(POCKET, SD15), (SD15, POCKET)], ids=["up", "down"])
def test_another_engine_gets_its_own_numbers_and_keeps_what_is_ones_own(
    before: ModelProfile, after: ModelProfile
) -> None:
    kept = {"seed": 7, "canny_low": 20, "count": 3, "reading": "canny"}
    turned = {"num_inference_steps": 9, "sampler": "Euler", "style_focus": "style"}
    suited = adapt_settings(page_settings(before, **kept, **turned), after)
    offered = get_menu(after.name)
    assert suited["style_focus"] == ("style" if "style" in offered.style_focus else "whole")
    assert list(suited) == list(SETTINGS) and suited["engine"] == after.name
    assert {name: suited[name] for name in kept} == kept and suited["prompt"] == "a fox" and suited["style"] == "ice"
    assert (suited["width"], suited["height"], suited["preset"]) == (*after.size, get_menu(after.name).preset)
    assert suited["num_inference_steps"] == after.defaults["num_inference_steps"]
    assert suited["sampler"] == offered.find_preset(offered.preset).sampler
    for other in ("engine", "count", "part"):  # read_order reads these itself
        suited.pop(other)
    parse_order(after, sketch=SKETCH, **suited)  # nothing in it is refused


@pytest.mark.parametrize(("before", "after"), [(POCKET, SD15), (SD15, POCKET)], ids=["up", "down"])
def test_what_is_usually_not_wanted_is_each_engines_own_until_somebody_writes(
    before: ModelProfile, after: ModelProfile
) -> None:
    usual, wanted = (get_menu(profile.name).negative_prompt for profile in (before, after))
    assert usual != wanted
    suited = adapt_settings(page_settings(before, negative_prompt=usual), after)
    assert suited["negative_prompt"] == wanted
    cleared = "" if before is SD15 else "frames"
    assert adapt_settings(page_settings(before, negative_prompt=cleared), after)["negative_prompt"] == cleared


def test_a_preset_chosen_by_hand_is_kept_with_the_new_engines_numbers() -> None:
    suited = adapt_settings(page_settings(POCKET, preset="draft"), SD15)
    draft = get_menu("sd15").find_preset("draft")
    assert (suited["preset"], suited["sampler"], suited["num_inference_steps"]) == ("draft", "LCM", 4)
    assert suited["guidance_scale"] == draft.numbers["guidance_scale"]


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(512, 768, (512, 768)), (256, 1024, (256, 1024)), (320, 576, (320, 576)), ("x", None, (512, 512))],
)
def test_a_size_keeps_its_proportions(width: object, height: object, expected: tuple[int, int]) -> None:
    suited = adapt_settings(page_settings(POCKET, width=width, height=height), SD15)
    assert (suited["width"], suited["height"]) == expected


def test_settings_for_the_engine_that_draws_stay_as_they_are() -> None:
    turned = page_settings(SD15, num_inference_steps=13, width=768)
    assert adapt_settings(turned, SD15) == turned
    assert adapt_settings(turned | {"engine": "sdxl"}, SD15) == turned, "what the browser made up changes nothing"


@pytest.mark.parametrize("profile", [POCKET, SD15], ids=lambda profile: profile.name)
def test_limits_are_those_that_the_page_is_laid_out_with(profile: ModelProfile) -> None:
    import gradio as gr

    with gr.Blocks():
        laid = lay_quality_inputs(profile)
    for name, offered in list_limits(profile).items():
        for key, value in offered.items():
            there = getattr(laid[name], key)
            plain = [(each, each) if isinstance(each, str) else each for each in value] if key == "choices" else value
            assert there == plain, (name, key)
