from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline.controls import Shortcuts, group_settings
from pipeline.errors import SettingError
from pipeline.models.catalog import PROFILES
from pipeline.models.profile import ModelProfile
from pipeline.picture.setting_text import flatten_settings
from pipeline.request.order import parse_order
from pipeline.request.presets import MENUS, get_menu, scale_blocks
from pipeline.request.samplers import MASKGIT, SAMPLERS, find_sampler
from tests.benchmarks.network_passes import SHALLOW, count_passes, count_rows
from tests.request.test_order import SKETCH

CONTROLNET_SHARE = 0.4  # of a UNet pass: SD 1.5's ControlNet is its UNet's encoder
SHALLOW_SHARE = 0.16  # of a UNet pass: its shallow layers


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_presets_are_the_three_and_the_usual_one_is_the_profiles_defaults(profile: ModelProfile) -> None:
    menu = get_menu(profile.name)
    assert [preset.name for preset in menu.presets] == ["draft", "balanced", "best"]
    assert menu.presets[-1].shortcuts == Shortcuts()  # Best leaves nothing out
    usual = menu.find_preset(menu.preset)
    assert {**profile.defaults, **usual.numbers} == dict(profile.defaults)
    for preset in menu.presets:
        sampling, conditioning = group_settings(
            {**profile.defaults, "sampler": preset.sampler, "seed": 0, "variation_seed": 0}
        )
        menu.expect_offered(sampling, conditioning, preset.shortcuts)
    assert {few.part for few in menu.few_steps.values()} | {menu.small_decoder} - {None} <= set(profile.parts)


def test_one_download_brings_what_every_preset_asks_for() -> None:
    menu = get_menu("sd15")
    asked = {preset.name: set(menu.list_parts(preset.shortcuts)) for preset in menu.presets}
    assert asked == {"draft": {"lcm_lora", "taesd"}, "balanced": {"taesd"}, "best": set()}
    assert asked["draft"] <= PROFILES["sd15"].downloaded_parts.keys()
    assert menu.list_parts(Shortcuts(few_steps="hyper-8")) == ("hyper_sd",)


@pytest.mark.parametrize(
    ("few_steps", "expected"),
    [
        ("hyper-1", (1, "TCD", 1.0)),
        ("hyper-2", (2, "DDIM trailing", 1.0)),
        ("hyper-4", (4, "DDIM trailing", 1.0)),
        ("hyper-8", (8, "DDIM trailing", 5.0)),
        ("hyper-8-unguided", (8, "DDIM trailing", 1.0)),
        ("lcm", (4, "LCM", 1.0)),
        ("pcm-4", (4, "TCD", 1.0)),
        ("pcm-8", (8, "TCD", 1.0)),
    ],
)
def test_few_step_weights_bring_the_sampler_and_guidance_they_were_made_for(
    few_steps: str, expected: tuple[int, str, float]
) -> None:
    sampling = parse_order(PROFILES["sd15"], sketch=SKETCH, levers={"few_steps": few_steps}).sampling
    assert (sampling.num_inference_steps, sampling.sampler, sampling.guidance_scale) == expected
    own = parse_order(
        PROFILES["sd15"], sketch=SKETCH, levers={"few_steps": few_steps}, guidance_scale=3.0, sampler="LCM"
    )
    assert (own.sampling.sampler, own.sampling.guidance_scale) == ("LCM", 3.0)
    assert {name for name, _ in get_menu("sd15").few_steps.items()} >= {few_steps}


def test_a_preset_keeps_its_own_numbers_with_its_own_few_steps() -> None:
    draft = parse_order(PROFILES["sd15"], sketch=SKETCH, preset="draft", levers={"few_steps": "lcm"})
    assert draft.sampling == replace(draft.sampling, num_inference_steps=4, sampler="LCM", guidance_scale=1.0)
    assert draft.conditioning.ip_adapter_scale == 0.8


def test_the_pocket_model_leaves_nothing_out() -> None:
    with pytest.raises(SettingError, match="leaves nothing out"):
        parse_order(PROFILES["pocket"], sketch=SKETCH, levers={"guidance_end": 0.9})
    assert all(preset.shortcuts == Shortcuts() for preset in get_menu("pocket").presets)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_an_order_takes_from_its_preset_what_nobody_turned(profile: ModelProfile) -> None:
    for preset in get_menu(profile.name).presets:
        order = parse_order(profile, sketch=SKETCH, preset=preset.name)
        assert (order.sampling.sampler, order.shortcuts) == (preset.sampler, preset.shortcuts)
        assert preset.numbers.items() <= flatten_settings(order).items()
        sampler = get_menu(profile.name).samplers[-1]
        levers = {"guidance_end": 0.9} if get_menu(profile.name).shortcuts else {}
        turned = parse_order(
            profile,
            sketch=SKETCH,
            preset=preset.name,
            guidance_scale=3.5,
            sampler=sampler,
            num_inference_steps=7,
            levers=levers,
        )
        sampling = turned.sampling
        assert (sampling.guidance_scale, sampling.sampler, sampling.num_inference_steps) == (3.5, sampler, 7)
        assert turned.shortcuts == replace(preset.shortcuts, **levers)
    usual = parse_order(profile, sketch=SKETCH)
    assert usual.shortcuts == get_menu(profile.name).find_preset(get_menu(profile.name).preset).shortcuts


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"preset": "fast"}, "draft, balanced, best; 'fast'"),
        ({"preset": 7}, "preset is chosen by its name"),
        ({"sampler": "Euler b"}, "sampler is one of.*'Euler b'"),
        ({"sampler": ["Euler"]}, "a list came"),
        ({"style_focus": "all"}, "is one of whole; 'all'"),
        ({"mask_style": "comic"}, "needs both a mask and a mask_style"),
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


def test_sd15_draws_256_to_2048_in_steps_of_64() -> None:
    order = parse_order(PROFILES["sd15"], sketch=SKETCH, width=2048, height=256)
    assert (order.width, order.height) == (2048, 256)
    for wrong in (192, 2112, 520, 512.5):
        with pytest.raises(SettingError, match="width|steps of 64"):
            parse_order(PROFILES["sd15"], sketch=SKETCH, width=wrong)


def test_menus_name_samplers_that_there_are() -> None:
    for menu in MENUS.values():
        assert set(menu.samplers) <= {*SAMPLERS, MASKGIT}
    with pytest.raises(SettingError, match="DPM\\+\\+ 2M, .*'DPM'"):
        find_sampler("DPM")


def test_block_scales_are_scaled_wherever_they_stand() -> None:
    whole = {"down": {"block_2": [0.25, 1.0]}, "mid": 1.0}
    assert scale_blocks(whole, 0.5) == {"down": {"block_2": [0.125, 0.5]}, "mid": 0.5}
    assert scale_blocks(1.0, 0.6) == 0.6


def weigh_work(preset_levers: Shortcuts, steps: int, guidance_scale: float) -> float:
    """Count one picture's passes through the UNet, ControlNet's by their share of one."""
    counted = count_passes(preset_levers, steps, guidance_scale)
    shallow = SHALLOW_SHARE * count_rows(counted, SHALLOW)
    return count_rows(counted, "unet") + shallow + CONTROLNET_SHARE * count_rows(counted, "controlnet")


def test_sd15s_presets_save_the_work_that_their_speed_rests_on() -> None:
    draft, balanced, best = get_menu("sd15").presets
    plain = weigh_work(Shortcuts(), 20, 7.0)
    own = int(PROFILES["sd15"].defaults["num_inference_steps"])
    assert weigh_work(balanced.shortcuts, own, 7.0) < 0.25 * weigh_work(
        best.shortcuts, int(best.numbers["num_inference_steps"]), 7.0
    )
    assert plain == pytest.approx(20 * 2 * (1 + CONTROLNET_SHARE))
    assert weigh_work(Shortcuts(), own, 7.0) / weigh_work(balanced.shortcuts, own, 7.0) > 2.2
    assert plain / weigh_work(balanced.shortcuts, own, 7.0) > 3
    assert plain / weigh_work(draft.shortcuts, int(draft.numbers["num_inference_steps"]), 1.0) > 9


def test_a_palette_is_the_pocket_models_alone() -> None:
    made = parse_order(PROFILES["pocket"], sketch=SKETCH, palette="#D9452F:3,#84c9ea")
    assert made.palette == (("#d9452f", 0.75), ("#84c9ea", 0.25))
    with pytest.raises(SettingError, match="a palette came"):
        parse_order(PROFILES["sd15"], sketch=SKETCH, palette="#d9452f")


@pytest.mark.parametrize("engine", ["pocket", "sd15"])
def test_a_part_needs_a_mask_and_its_styles_with_each_engine(engine: str) -> None:
    mask = np.zeros((8, 8), np.uint8)
    made = parse_order(PROFILES[engine], sketch=SKETCH, mask=mask, mask_style="comic:3,felt:1")
    assert made.mask is not None and made.mask.style == (("comic", 0.75), ("felt", 0.25))
    with pytest.raises(SettingError, match="the mask alone came"):
        parse_order(PROFILES[engine], sketch=SKETCH, mask=mask)
    with pytest.raises(SettingError, match="the style alone came"):
        parse_order(PROFILES[engine], sketch=SKETCH, mask_style="comic")
