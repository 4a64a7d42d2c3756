from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.pocket.evaluate import step_trials
from pipeline.pocket.evaluate.bench import make_case
from pipeline.pocket.evaluate.step_trials import (
    DIFFUSERS_GUIDANCE,
    DIFFUSERS_STEPS,
    STEPS,
    run_speed_trial,
    run_step_trial,
)
from pipeline.values import GenerationRequest
from tests.tools.draw_functions import PROFILE, STYLES, draw_white, make_bench, read_values, record_requests
from tests.tools.sample_things import make_pack

pytestmark = pytest.mark.slow


def test_what_few_steps_lose_is_seen(tmp_path: Path) -> None:
    cases = {
        case.lines.tobytes(): case.original
        for case in (make_case(make_pack().held_out, 4000 + i, 128) for i in range(2))
    }

    def draws_in_four(request: GenerationRequest) -> np.ndarray:
        done = request.sampling.num_inference_steps >= 4
        return cases.get(request.edges.pixels.tobytes(), draw_white(request)) if done else draw_white(request)

    outcome = run_step_trial(make_bench(draws_in_four, tmp_path), make_pack(), STYLES[:3], 2)
    found = read_values(outcome)
    usual = f"{PROFILE.defaults['num_inference_steps']:g} steps"
    assert found["edge F1 at 1 step"] == found[f"edge F1 at {usual} (the default)"] == 0
    assert found["edge F1 at 4 steps"] == found["edge F1 at 20 steps"] > 0.9
    lost = next(line for line in outcome.figures if line.name == f"edge F1: {usual} less 20, by picture")
    assert lost.value == -found["edge F1 at 20 steps"] and "MISSED" in str(lost)
    same = next(line for line in outcome.figures if line.name.startswith(f"colour words obeyed: {usual} less"))
    assert same.value == 0 and "met" in str(same)
    assert len([name for name in found if name.startswith("style of 8 at")]) == len(STEPS)


def test_times_are_taken_in_turn_at_each_ones_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = SimpleNamespace(seconds=0.0)
    order: list[str] = []
    seen: list[GenerationRequest] = []
    monkeypatch.setattr(step_trials, "perf_counter", lambda: now.seconds)

    def taking(name: str, seconds: float):
        def draw(request: GenerationRequest) -> np.ndarray:
            # The first one warms up; it must not count.
            now.seconds += 100 if name not in order else seconds
            order.append(name)
            return draw_white(request)

        return record_requests(draw, seen)

    outcome = run_speed_trial(
        make_bench(draw_white, tmp_path), make_pack(), taking("ours", 0.2), taking("stock", 1.8), 3, bar=700.0
    )
    assert [round(line.value, 6) for line in outcome.figures] == [200, 1800, 9]
    assert "bar 700 met" in str(outcome.figures[0]) and "bar 8 met" in str(outcome.figures[2])
    assert order == ["ours", "stock"] * 4
    theirs = {(each.sampling.num_inference_steps, each.sampling.guidance_scale) for each in seen[1::2]}
    assert theirs == {(DIFFUSERS_STEPS, DIFFUSERS_GUIDANCE)}
    assert all(one.edges == other.edges for one, other in zip(seen[::2], seen[1::2], strict=True))
