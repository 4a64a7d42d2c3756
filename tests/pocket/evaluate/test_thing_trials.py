from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.pocket.data.pack import Pack
from pipeline.pocket.evaluate.baselines import Gallery
from pipeline.pocket.evaluate.judge import Judge, list_candidates, load_judge
from pipeline.pocket.evaluate.thing_trials import make_judging_cases, run_memory_trial, run_thing_trial
from pipeline.values import GenerationRequest
from tests.pocket.evaluate.test_judge import drawn_twice
from tests.tools.draw_functions import draw_white, make_bench, make_draw_of_originals, read_values, record_requests

pytestmark = pytest.mark.slow

PACK = Pack(drawn_twice())
HEAD = "thing, held out: right among 4, prompt and sketch"
SHARE = "things: named, as a share of the true pictures named"


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return load_judge(list_candidates(PACK.things), tmp_path_factory.mktemp("judge"))


def every_case() -> list:
    return [*make_judging_cases(PACK.held_out, 2, 2000, 128), *make_judging_cases(PACK.training, 2, 2500, 128)]


def test_a_good_model_is_right_and_one_that_draws_another_thing_is_not(tmp_path: Path, judge: Judge) -> None:
    draw = make_draw_of_originals(every_case())
    good = read_values(run_thing_trial(make_bench(draw, tmp_path), PACK, 2, judge))
    assert good[HEAD] == good["the true picture"] > 0 and good[SHARE] == 1
    one, other = make_judging_cases(PACK.held_out, 2, 2000, 128)
    swapped = {one.lines.tobytes(): other.original, other.lines.tobytes(): one.original}

    def wrong(request: GenerationRequest) -> np.ndarray:
        return swapped.get(request.edges.pixels.tobytes(), draw_white(request))

    bad = read_values(run_thing_trial(make_bench(wrong, tmp_path), PACK, 2, judge))
    assert bad[HEAD] == 0 and bad[SHARE] < 0.65


def test_the_drawing_is_also_asked_for_alone(tmp_path: Path, judge: Judge) -> None:
    seen: list[GenerationRequest] = []
    run_thing_trial(make_bench(record_requests(draw_white, seen), tmp_path), PACK, 2, judge)
    asked = [request.prompt.text for request in seen]
    assert asked.count("") == 4 and asked.count("a ghost") == asked.count("a spider") == 1
    assert {request.conditioning.ip_adapter_scale for request in seen} == {0.0}


def test_cases_are_chosen_by_their_names_hash() -> None:
    cases = make_judging_cases(PACK.held_out, 2, 0, 128)
    assert {case.picture.subject.name for case in cases} == {"ghost", "house"}
    assert all(case.picture.color is None for case in cases)


def test_copies_of_training_pictures_are_found_out(tmp_path: Path) -> None:
    learnt = np.random.default_rng(3).integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
    pictures = np.stack([cv2.resize(one, (64, 64), interpolation=cv2.INTER_CUBIC) for one in learnt])
    training = Gallery(pictures)

    def copy(request: GenerationRequest) -> np.ndarray:
        return cv2.resize(pictures[request.sampling.seed % 12], (request.width, request.height))

    copied = read_values(run_memory_trial(make_bench(copy, tmp_path), PACK, 2, training))
    assert copied["distance to the nearest training picture: held-out things"] < 1.5
    assert copied["nearer than all but 5 % of held-out originals: held-out things"] == 1
    drawn = read_values(run_memory_trial(make_bench(make_draw_of_originals(every_case()), tmp_path), PACK, 2, training))
    assert drawn["distance to the nearest training picture: held-out things"] == drawn["held-out originals"] > 3
    assert drawn["nearer than all but 5 % of held-out originals: held-out things"] <= 0.5
    assert drawn["training pictures, to the nearest other"] > 0
