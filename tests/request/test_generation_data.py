from __future__ import annotations

import numpy as np
import pytest

from pipeline.errors import SettingError
from pipeline.models.catalog import PROFILES
from pipeline.request.generation_data import read_generation_data
from pipeline.request.order import Order, parse_order
from pipeline.request.words import parse_prompt
from pipeline.values import Sketch

PASTED = """a red house
Negative prompt: blurry, lowres
Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1234, Size: 512x512, Model: dreamshaper_8"""
SKETCH = Sketch(np.full((64, 64, 3), 255, np.uint8), is_drawing=True)


def order(prompt: str, engine: str = "sd15", **settings: object) -> Order:
    return parse_order(PROFILES[engine], sketch=SKETCH, prompt=prompt, **settings)


def test_a_whole_text_is_taken_apart() -> None:
    found = order(PASTED)
    assert (found.prompt.text, found.negative_prompt.text) == ("a red house", "blurry, lowres")
    assert (found.sampling.num_inference_steps, found.sampling.guidance_scale) == (20, 7)
    assert (found.sampling.sampler, found.sampling.seed) == ("Euler a", 1234)
    assert (found.width, found.height) == (512, 512)
    assert len(found.notices) == 1 and "Left out: Model dreamshaper_8." in found.notices[0]


@pytest.mark.parametrize(("written", "left_out"), [("1", 0), ("2", 1), ("12", 11)])
def test_a1111s_clip_skip_counts_the_last_layer_as_one(written: str, left_out: int) -> None:
    found = order(f"{PASTED}, Clip skip: {written}")
    assert found.conditioning.clip_skip == left_out
    assert "Left out: Model dreamshaper_8." in found.notices[0], "and nothing else was"


@pytest.mark.parametrize("written", ["13", "0", "-1", "two"])
def test_a_clip_skip_that_no_text_encoder_has_is_left_out(written: str) -> None:
    assert order(f"{PASTED}, Clip skip: {written}").conditioning.clip_skip == 0


def test_what_a_person_set_stays() -> None:
    found = order(PASTED, seed=5, num_inference_steps=11, negative_prompt="rain", width=256, height=256)
    assert (found.sampling.seed, found.sampling.num_inference_steps) == (5, 11)
    assert (found.negative_prompt.text, found.width) == ("rain", 256)
    assert all(said in found.notices[0] for said in ("its negative prompt", "Size 512 x 512", "Steps 20", "Seed 1234"))


def test_what_no_engine_here_can_do_is_left_out() -> None:
    text = "a fox\nSteps: 400, Sampler: DPM++ 3M SDE Exponential, CFG scale: 70, Seed: 648312782957426, Size: 9999x7"
    found, plain = order(text, seed=3), order("a fox", seed=3)
    assert found.sampling == plain.sampling and (found.width, found.height) == (plain.width, plain.height)
    assert all(said in found.notices[0] for said in ("Steps 400", "DPM++ 3M", "648312782957426", "9999 x 7"))


@pytest.mark.parametrize(
    ("text", "prompt", "negative"),
    [
        ("a fox Negative prompt: rain Steps: 20, Sampler: Euler", "a fox", "rain"),  # pasted into one line
        ("a fox\nSteps: 20, Sampler: Euler, Size: 512x768", "a fox", ""),
        ("a fox\nNegative prompt: rain", "a fox", "rain"),
        ("Negative prompt: rain\nSteps: 20, Seed: 1", "", "rain"),
        ("a fox,\nin fog\nnegative prompt: rain,\nsnow\nsteps: 20, seed: 1", "a fox,\nin fog", "rain,\nsnow"),
        ('a fox\nSteps: 20, Seed: 1, Lora hashes: "a: 1, b: 2", Version: v1.6', "a fox", ""),
        ("a <lora:x:1> fox\nSteps: 9, CFG scale: 7.5", "a <lora:x:1> fox", ""),
        ("Fuchs\r\nNegative prompt: Regen\r\nSteps: 20, Sampler: DDIM, Seed: 3", "Fuchs", "Regen"),
        ("a fox\nSteps: 30, Sampler: DPM++ 2M, Schedule type: Karras, Seed: 7", "a fox", ""),
        ("fox\nNegative prompt: (bad:1.4)\nSteps: 30, Size: 64x64, Hires upscale: 2", "fox", "(bad:1.4)"),
    ],
)
def test_texts_of_other_programs(text: str, prompt: str, negative: str) -> None:
    data = read_generation_data(text)
    assert data is not None and (data.prompt, data.negative_prompt) == (prompt, negative)


@pytest.mark.parametrize("text", ["a red fox", "steps: a dance", "Steps: 20", "a staircase, steps: 12, brown", ""])
def test_plain_prompts_are_no_data(text: str) -> None:
    assert read_generation_data(text) is None


def test_each_prompt_in_it_has_its_own_limit() -> None:
    long = "a " * 450
    assert order(f"{long}\nNegative prompt: {long}\nSteps: 20, Seed: 1").negative_prompt.text.startswith("a a")
    with pytest.raises(SettingError, match="The prompt holds at most 1,000 characters; 1,199 came"):
        order(f"{'a ' * 600}\nSteps: 20, Seed: 1")


def test_the_search_sees_the_prompt_alone() -> None:
    assert parse_prompt("The prompt", PASTED).text == "a red house"


def test_a_seed_beyond_the_limit_is_refused_in_plain_numbers() -> None:
    with pytest.raises(SettingError, match="from -1 to 4,294,967,295; 648312782957426 came"):
        order("a fox", seed=648312782957426)
