from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.controls import Shortcuts, flatten_settings, group_settings
from pipeline.errors import SettingError
from pipeline.models.catalog import PROFILES
from pipeline.models.profile import ModelProfile
from pipeline.request.order import parse_order
from pipeline.request.presets import MENUS, get_menu, scale_blocks
from pipeline.request.samplers import SAMPLERS, find_sampler
from tests.benchmarks.network_passes import count_passes, count_rows
from tests.request.test_order import SKETCH
from tests.tools import preset_distance

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine

CHOSEN_FOR = 4  # steps, what the pocket model's levers were chosen at
CONTROLNET_SHARE = 0.4  # of a UNet pass: SD 1.5's ControlNet is its UNet's encoder


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_presets_are_the_three_and_the_usual_one_is_the_profiles_defaults(profile: ModelProfile) -> None:
    menu = get_menu(profile.name)
    assert [preset.name for preset in menu.presets] == ["draft", "balanced", "best"]
    assert menu.presets[-1].shortcuts == Shortcuts()  # Best leaves nothing out
    usual = menu.find_preset(menu.preset)
    assert {**profile.defaults, **usual.numbers} == dict(profile.defaults)
    for preset in menu.presets:
        sampling, conditioning = group_settings({**profile.defaults, "sampler": preset.sampler, "seed": 0})
        menu.expect_offered(sampling, conditioning, preset.shortcuts)
    assert {few.part for few in menu.few_steps.values()} | {menu.small_decoder} - {None} <= set(profile.parts)


def test_one_download_brings_what_every_preset_asks_for() -> None:
    menu = get_menu("sd15")
    asked = {preset.name: set(menu.list_parts(preset.shortcuts)) for preset in menu.presets}
    assert asked == {"draft": {"lcm_lora", "taesd"}, "balanced": set(), "best": set()}
    assert asked["draft"] <= PROFILES["sd15"].downloaded_parts.keys()
    assert menu.list_parts(Shortcuts(few_steps="hyper-8")) == ("hyper_sd",)


def test_pockets_usual_picture_is_as_it_always_was() -> None:
    menu = get_menu("pocket")
    assert (
        menu.find_preset(menu.preset).shortcuts == Shortcuts() and menu.find_preset(menu.preset).sampler == "DPM++ 2M"
    )


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_an_order_takes_from_its_preset_what_nobody_turned(profile: ModelProfile) -> None:
    for preset in get_menu(profile.name).presets:
        order = parse_order(profile, sketch=SKETCH, preset=preset.name)
        assert (order.sampling.sampler, order.shortcuts) == (preset.sampler, preset.shortcuts)
        assert preset.numbers.items() <= flatten_settings(order).items()
        turned = parse_order(
            profile,
            sketch=SKETCH,
            preset=preset.name,
            guidance_scale=3.5,
            sampler="Euler",
            num_inference_steps=7,
            levers={"guidance_end": 0.9},
        )
        sampling = turned.sampling
        assert (sampling.guidance_scale, sampling.sampler, sampling.num_inference_steps) == (3.5, "Euler", 7)
        assert turned.shortcuts == replace(preset.shortcuts, guidance_end=0.9)
    usual = parse_order(profile, sketch=SKETCH)
    assert usual.shortcuts == get_menu(profile.name).find_preset(get_menu(profile.name).preset).shortcuts


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"preset": "fast"}, "draft, balanced, best; 'fast'"),
        ({"preset": 7}, "preset is chosen by its name"),
        ({"sampler": "Euler b"}, "sampler is one of.*'Euler b'"),
        ({"sampler": ["Euler"]}, "a list came"),
        ({"style_focus": "all"}, "whole, style, style"),
        ({"levers": {"few_steps": "turbo"}}, "few_steps"),
        ({"width": 63}, r"\(width\).*63 came"),
        ({"height": 10**400}, "too many digits"),
        ({"width": "128"}, "str came"),
        ({"width": 130}, "steps of 32"),
        ({"height": 8192}, r"\(height\)"),
    ],
)
def test_wrong_choices_are_named(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message) as raised:
        parse_order(PROFILES["pocket"], sketch=SKETCH, **wrong)
    assert len(str(raised.value)) < 300


def test_sd15_draws_256_to_1024_in_steps_of_64() -> None:
    order = parse_order(PROFILES["sd15"], sketch=SKETCH, width=1024, height=256)
    assert (order.width, order.height) == (1024, 256)
    for wrong in (192, 1088, 520, 512.5):
        with pytest.raises(SettingError, match="width|steps of 64"):
            parse_order(PROFILES["sd15"], sketch=SKETCH, width=wrong)


def test_menus_name_samplers_that_there_are() -> None:
    for menu in MENUS.values():
        assert set(menu.samplers) <= set(SAMPLERS)
    with pytest.raises(SettingError, match="DPM\\+\\+ 2M, .*'DPM'"):
        find_sampler("DPM")


def test_block_scales_are_scaled_wherever_they_stand() -> None:
    whole = {"down": {"block_2": [0.25, 1.0]}, "mid": 1.0}
    assert scale_blocks(whole, 0.5) == {"down": {"block_2": [0.125, 0.5]}, "mid": 0.5}
    assert scale_blocks(1.0, 0.6) == 0.6


def weigh_work(preset_levers: Shortcuts, steps: int, guidance_scale: float) -> float:
    """Count one picture's passes through the UNet, ControlNet's by their share of one."""
    counted = count_passes(preset_levers, steps, guidance_scale)
    return count_rows(counted, "unet") + CONTROLNET_SHARE * count_rows(counted, "controlnet")


def test_sd15s_presets_save_the_work_that_their_speed_rests_on() -> None:
    draft, balanced, best = get_menu("sd15").presets
    plain = weigh_work(Shortcuts(), 20, 7.0)
    assert weigh_work(balanced.shortcuts, 20, 7.0) < 0.45 * weigh_work(
        best.shortcuts, int(best.numbers["num_inference_steps"]), 7.0
    )
    assert plain == pytest.approx(20 * 2 * (1 + CONTROLNET_SHARE))
    assert plain / weigh_work(balanced.shortcuts, 20, 7.0) > 1.6
    assert plain / weigh_work(draft.shortcuts, int(draft.numbers["num_inference_steps"]), 1.0) > 9


def test_balanced_stays_near_best_on_the_model_as_shipped(shipped_engine: Engine) -> None:
    """`python -m tests.tools.preset_distance` prints the whole table."""
    _, balanced, best = get_menu("pocket").presets
    steps = max(CHOSEN_FOR, int(shipped_engine.profile.defaults["num_inference_steps"]))
    reference, near = preset_distance.measure_presets(shipped_engine, (best, balanced), steps=steps)
    assert reference.ssim == 1 and near.ssim >= preset_distance.SSIM_BAR, near
    assert near.edge_f1 >= reference.edge_f1 - preset_distance.F1_BAR, (reference, near)
