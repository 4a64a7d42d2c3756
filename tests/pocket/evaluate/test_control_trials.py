from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.pocket.data.colors import draw_paint
from pipeline.pocket.evaluate.control_trials import measure_spread, run_control_trial, run_seed_trial
from pipeline.values import GenerationRequest
from tests.tools.draw_functions import STYLES, draw_noise, draw_white, make_bench, read_values
from tests.tools.sample_things import make_pack

CONTROLS = {
    *("ip_adapter_scale 0 -> 1", "controlnet_conditioning_scale 0 -> 1", "guidance_scale 1 -> 7"),
    *("num_inference_steps 1 -> 12", "lines 0 -> 1", "seed 0 -> 1", "prompt", "place", "negative prompt", "style"),
}


def test_controls_that_do_nothing_are_found_out(tmp_path: Path) -> None:
    idle = run_control_trial(make_bench(draw_white, tmp_path), make_pack(), STYLES, 1).figures
    assert all(line.value == 0 and "MISSED" in str(line) for line in idle)
    busy = run_control_trial(make_bench(draw_noise, tmp_path), make_pack(), STYLES, 1).figures
    assert {line.name.removeprefix("change by ") for line in busy} == CONTROLS
    assert all("met" in str(line) for line in busy)


def test_one_idle_control_among_busy_ones_is_named(tmp_path: Path) -> None:
    def deaf(request: GenerationRequest) -> np.ndarray:
        return draw_noise(request.with_settings(lines=0.5))

    found = run_control_trial(make_bench(deaf, tmp_path), make_pack(), STYLES, 1).figures
    assert [line.name for line in found if "MISSED" in str(line)] == ["change by lines 0 -> 1"]


def test_diversity(tmp_path: Path) -> None:
    same = run_seed_trial(make_bench(draw_white, tmp_path), make_pack(), 2).figures
    assert all(line.value == 0 for line in same if line.name != "  version 7")
    other = run_seed_trial(make_bench(draw_noise, tmp_path), make_pack(), 2).figures
    assert other[0].value > 0.3 and other[2].value == pytest.approx(1, abs=0.15)  # another picture for every seed


def test_what_a_word_says_is_told_from_what_it_leaves_open(tmp_path: Path) -> None:
    def obedient(request: GenerationRequest) -> np.ndarray:
        """Blue where the word says so, else a colour by the seed; the ground by the seed."""
        word = "blue" if "blue" in request.prompt.text else ("red", "green", "pink", "brown")[request.sampling.seed]
        picture = np.zeros((request.height, request.width, 3), np.uint8)
        picture[:] = draw_paint(word, np.random.default_rng(0)) * 255
        return picture

    found = read_values(run_seed_trial(make_bench(obedient, tmp_path), make_pack(), 2))
    assert found["seeds: CIEDE2000 within a thing whose colour is said"] == 0
    assert found["within a thing whose colour is not said"] > 20


def test_spread_is_the_eyes_difference_within_a_mask() -> None:
    dark, light = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
    half = np.zeros((8, 8), bool)
    half[:4] = True
    mixed = dark.copy()
    mixed[4:] = 255
    assert measure_spread([dark, light], half) == pytest.approx(100, abs=0.1)
    assert measure_spread([dark, mixed], half) == 0 and measure_spread([dark, light], np.zeros((8, 8), bool)) == 0
