"""Two passes: what is asked for, and what Croquis chooses by the size."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.controls import HiresFix
from pipeline.errors import SettingError
from pipeline.hires import shrink_side
from pipeline.models.catalog import POCKET, SD15
from pipeline.request.hires import choose_scale, parse_hires, write_hires
from pipeline.request.presets import get_menu


def parse(given: Any, size: tuple[int, int] = (512, 512), starts: bool = False, profile: Any = SD15) -> HiresFix:
    return parse_hires(profile, get_menu(profile.name), given, size, starts)


@pytest.mark.parametrize(
    ("size", "scale"),
    [((512, 512), 1), ((768, 512), 1), ((768, 768), 1), ((832, 832), 1.65), ((1024, 1024), 2), ((2048, 2048), 4)],
)
def test_large_pictures_are_drawn_small_first(size: tuple[int, int], scale: float) -> None:
    assert choose_scale(SD15, get_menu("sd15"), size) == scale == parse(None, size).scale
    assert parse("", size) == parse("auto", size) == parse({"scale": 0}, size) == parse(None, size)


def test_no_first_pass_is_larger_than_what_the_model_draws_well() -> None:
    menu = get_menu("sd15")
    for width in range(256, 2049, 64):
        for height in range(256, 2049, 64):
            scale = choose_scale(SD15, menu, (width, height))
            assert max(shrink_side(side, scale) for side in (width, height)) <= menu.hires_from


def test_what_is_asked_for_holds_for_any_size() -> None:
    asked = parse({"scale": 2, "strength": 0.6, "num_inference_steps": 10.0, "upscaler": "Latent"})
    assert asked == HiresFix(scale=2.0, strength=0.6, num_inference_steps=10, upscaler="Latent")
    assert isinstance(asked.scale, float) and isinstance(asked.num_inference_steps, int)
    assert parse(write_hires(asked)) == asked
    assert parse({"scale": 1}, (1024, 1024)) == parse('{"scale": 1, "strength": 0.9}', (1024, 1024)) == HiresFix()
    assert parse({"strength": 0.3}, (1024, 1024)) == HiresFix(scale=2, strength=0.3)


def test_a_picture_to_start_from_takes_the_first_ones_place() -> None:
    assert parse(None, (1024, 1024), starts=True) == parse({"scale": 1}, starts=True) == HiresFix()
    with pytest.raises(SettingError, match="no smaller pass before it"):
        parse({"scale": 2}, starts=True)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([2], "hires is an object such as .*; a list came"),
        ("{", "what came is not JSON"),
        (" " * 2_000, "at most 1,000 characters"),
        ({"hr_scale": 2}, "has the keys scale, strength, num_inference_steps, upscaler; 'hr_scale' came"),
        ({"scale": 9}, r"\(scale\) is a number from 1 to 4; 9 came"),
        ({"scale": 0.5}, r"\(scale\) is a number from 1 to 4; 0.5 came"),
        ({"scale": "2"}, "str came"),
        ({"scale": False}, "bool came"),
        ({"scale": 2, "strength": 0}, r"\(strength\) is a number from 0.05 to 1"),
        ({"scale": 2, "num_inference_steps": 1.5}, "whole number"),
        ({"scale": 2, "upscaler": "ESRGAN"}, "waifu2x, Lanczos, Latent; 'ESRGAN' came"),
    ],
)
def test_wrong_settings_are_refused(given: Any, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        parse(given)


def test_pocket_says_that_it_draws_at_its_own_size() -> None:
    assert parse(None, (1024, 1024), profile=POCKET) == parse({"scale": 1}, profile=POCKET) == HiresFix()
    for given in ({"scale": 2}, {"strength": 0.5}):
        with pytest.raises(SettingError, match="draws at the picture's own size already"):
            parse(given, profile=POCKET)
