"""Whether enclosed ground looks like the ground is asked of the picture, and of things the same."""

import numpy as np
import pytest

from pipeline.pocket.data.part_canvas import SIDE
from pipeline.pocket.evaluate.enclosed_trials import find_measured, measure_enclosed
from pipeline.pocket.train.enclosed_ground import make_ground_case
from tests.pocket.gates import GateLessons


@pytest.mark.parametrize(("hole", "gate", "found"), [(250, 60, [1, 0]), (60, 60, [0, 0]), (250, 250, [1, 1])])
def test_likeness_to_the_ground_is_measured_of_ground_and_of_things(hole: int, gate: int, found: list[float]) -> None:
    case = make_ground_case(GateLessons(), np.random.default_rng(3))  # type: ignore[arg-type]
    ground, things = find_measured(case)
    assert ground.any() and things.any() and not (ground & things).any()

    def paint(lines: np.ndarray, prompt: str, seed: int) -> np.ndarray:
        made = np.full((SIDE, SIDE, 3), 250, np.uint8)
        for which, grey in ((ground, hole), (things, gate)):
            made[np.isin(case.regions, case.seen.numbers[which])] = grey
        return made

    figures = measure_enclosed(paint, [case], seeds=2)  # type: ignore[arg-type]
    assert [figure.value for figure in figures] == found and {figure.groups for figure in figures} == {1}
