"""Quick steps on the page: what a choice sets, what is told of it, and how it follows the levers."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.models.catalog import POCKET, SD15
from pipeline.page.quick_steps import (
    AS_CHOSEN,
    LABELS,
    NONE,
    NOTHING_MORE,
    UNGUIDED,
    choose_decoder,
    choose_steps,
    find_choice,
    list_choices,
    show_quick_steps,
)
from pipeline.request.presets import SCHEDULES, get_menu
from pipeline.settings import read_settings

FEW_STEPS = get_menu("sd15").few_steps


@pytest.fixture
def studio(tmp_path: Path) -> Any:
    """A studio that draws by Stable Diffusion and has none of its optional files."""
    return SimpleNamespace(profile=SD15, settings=read_settings(["--user-dir", str(tmp_path)], {}))


def test_each_few_step_weight_and_schedule_is_offered_once() -> None:
    names = [name for _, name in list_choices()]
    assert len(names) == len(set(names)) and {*FEW_STEPS, *SCHEDULES, AS_CHOSEN, NONE} == set(names) == set(LABELS)


@pytest.mark.parametrize("name", FEW_STEPS)
def test_few_step_weights_come_with_their_own_sampler_steps_and_guidance(name: str) -> None:
    levers, sampler, steps, guidance = choose_steps(SD15, name, '{"decoder": "small", "cache_interval": 3}', "balanced")
    made_for = FEW_STEPS[name].usual
    assert (sampler, steps, guidance) == tuple(
        made_for[key] for key in ("sampler", "num_inference_steps", "guidance_scale")
    )
    assert json.loads(levers) == {"decoder": "small", "few_steps": name, "cache_interval": 1}
    assert find_choice(json.loads(levers), sampler) == name


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_sets_sampler_and_steps_and_no_weights(name: str) -> None:
    levers, sampler, steps, _ = choose_steps(SD15, name, "", "draft")
    assert (sampler, steps) == (SCHEDULES[name]["sampler"], SCHEDULES[name]["num_inference_steps"])
    assert json.loads(levers) == {"few_steps": ""} and find_choice(json.loads(levers), sampler) == name


def test_as_chosen_brings_the_presets_own_back() -> None:
    held = choose_steps(SD15, "lcm", "", "balanced")[0]
    levers, sampler, steps, guidance = choose_steps(SD15, AS_CHOSEN, held, "balanced")
    assert (levers, sampler, steps, guidance) == ("", "UniPC", 15, 7.0)


def test_a_decoder_is_chosen_and_left_to_the_preset_again() -> None:
    small = choose_decoder("small", '{"few_steps": "lcm"}')
    assert json.loads(small) == {"few_steps": "lcm", "decoder": "small"}
    assert json.loads(choose_decoder("", small)) == {"few_steps": "lcm"}


def test_what_it_takes_is_told(studio: Any) -> None:
    _, _, told = show_quick_steps(studio, '{"few_steps": "lcm"}', "balanced", "LCM")
    size = round(SD15.parts[FEW_STEPS["lcm"].part].size / 1e6)
    assert f"{size} MB" in told["value"] and UNGUIDED in told["value"] and "not on this machine" in told["value"]
    _, _, told = show_quick_steps(studio, '{"few_steps": ""}', "balanced", "UniPC")
    assert NOTHING_MORE in told["value"]
    assert show_quick_steps(studio, "", "balanced", "UniPC")[2]["value"] == ""


@pytest.mark.parametrize("levers", ["", "{", "[1]", '{"nothing": 1}'])
def test_levers_that_cannot_be_read_count_as_none(studio: Any, levers: str) -> None:
    steps, decoder, _ = show_quick_steps(studio, levers, "balanced", "UniPC")
    assert (steps["value"], decoder["value"]) == (AS_CHOSEN, "")


def test_the_pocket_engine_has_none(studio: Any) -> None:
    studio.profile = POCKET
    assert [each["visible"] for each in show_quick_steps(studio, "", get_menu("pocket").preset, "MaskGIT")] == [
        False
    ] * 3
