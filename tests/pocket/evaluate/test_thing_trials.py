from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.pocket.evaluate.thing_trials import (
    make_held_out_cases,
    make_judging_cases,
    make_taught_cases,
    run_memory_trial,
    run_thing_trial,
)
from pipeline.values import GenerationRequest
from tests.pocket.evaluate.test_baselines import gallery
from tests.tools.draw_functions import (
    BASELINES,
    draw_white,
    make_bench,
    make_draw_of_originals,
    read_values,
    record_requests,
)
from tests.tools.sample_things import make_pack

pytestmark = pytest.mark.slow

HEAD = "thing, held out: right among 2 (chance 0.50), prompt and sketch"


def every_case() -> list:
    return [*make_held_out_cases(make_pack(), 2, 128), *make_taught_cases(make_pack(), 1, 128)]


def test_a_good_model_is_right_and_one_that_draws_another_thing_is_not(tmp_path: Path) -> None:
    draw = make_draw_of_originals(every_case())
    good = read_values(run_thing_trial(make_bench(draw, tmp_path), make_pack(), 2, BASELINES, tmp_path))
    assert good[HEAD] == good["originals (ceiling)"] == 1
    assert good["the reference's mean colour"] == 0.5
    one, other = make_held_out_cases(make_pack(), 2, 128)
    swapped = {one.lines.tobytes(): other.original, other.lines.tobytes(): one.original}

    def wrong(request: GenerationRequest) -> np.ndarray:
        return swapped.get(request.edges.pixels.tobytes(), draw_white(request))

    assert read_values(run_thing_trial(make_bench(wrong, tmp_path), make_pack(), 2, {}, tmp_path))[HEAD] == 0


def test_words_and_drawing_are_also_asked_for_alone(tmp_path: Path) -> None:
    seen: list[GenerationRequest] = []
    run_thing_trial(make_bench(record_requests(draw_white, seen), tmp_path), make_pack(), 2, {}, tmp_path)
    asked = [(request.prompt.text, request.conditioning.controlnet_conditioning_scale) for request in seen]
    assert asked.count(("", 1.0)) == 3 and asked.count(("a ghost", 0.0)) == asked.count(("a ghost", 1.0)) == 1
    assert all(request.styled_prompt.written == request.prompt.text for request in seen)


def test_things_are_judged_in_the_hand_that_the_judge_never_saw() -> None:
    cases = make_judging_cases(make_pack().held_out, 2, 0, 128)
    assert {case.picture.subject.name for case in cases} == {"ghost", "house"}
    assert all(case.picture.color is None for case in cases)


def test_copies_of_training_pictures_are_found_out(tmp_path: Path) -> None:
    training = gallery(tmp_path / "pictures")

    def copy(request: GenerationRequest) -> np.ndarray:
        return training.find_nearest_by_edges(request.edges.pixels)

    copied = read_values(run_memory_trial(make_bench(copy, tmp_path), make_pack(), 2, training))
    assert copied["distance to the nearest training picture: held-out things"] == pytest.approx(0, abs=1)
    assert copied["nearer than all but 5 % of held-out originals: held-out things"] == 1
    drawn = read_values(
        run_memory_trial(make_bench(make_draw_of_originals(every_case()), tmp_path), make_pack(), 2, training)
    )
    assert drawn["distance to the nearest training picture: held-out things"] == drawn["held-out originals"] > 3
    assert drawn["nearer than all but 5 % of held-out originals: held-out things"] <= 0.5
    assert drawn["training pictures, to the nearest other"] > 0
