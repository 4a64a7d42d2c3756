"""The plans of the hand-drawn set, the hand that follows them, and that the set is what they give."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.tools.sketching.gestures import Plan, make_ellipse, read_gestures, read_plans, smooth_points, space_evenly
from tests.tools.sketching.hand import draw_plan

FOLDER = Path(__file__).parents[1] / "data" / "sketches"
PLANS = read_plans(FOLDER / "plans.txt")


def plan(care: str = "usual", device: str = "pen", name: str = "one") -> Plan:
    return Plan(name, "a line", "line", care, device, "", read_gestures(name, ["- 100,100 400,100"], 6))


@pytest.mark.parametrize("meant", PLANS, ids=lambda meant: meant.id)
def test_the_set_is_what_the_plans_give(meant: Plan) -> None:
    strokes = json.loads((FOLDER / f"{meant.id}.json").read_text(encoding="utf-8"))["strokes"]
    assert [(stroke["tool"], stroke["size"]) for stroke in strokes] == [
        (gesture.tool, gesture.size) for gesture in meant.gestures
    ]
    for stroke, points in zip(strokes, draw_plan(meant), strict=True):
        kept, sent = np.array(stroke["points"])[:, :2], np.array(points)[:, :2]
        assert np.linalg.norm(kept[:, None] - sent, axis=2).min(axis=1).max() < 1.5  # the window's pixels are coarse


def test_the_index_tells_of_every_plan() -> None:
    index = json.loads((FOLDER / "sketches.json").read_text(encoding="utf-8"))
    assert [(entry["id"], entry["thing"], entry["care"]) for entry in index] == [
        (meant.id, meant.thing, meant.care) for meant in PLANS
    ]


def test_a_hand_is_the_same_twice_and_another_for_another_drawing() -> None:
    assert draw_plan(plan()) == draw_plan(plan())
    assert draw_plan(plan()) != draw_plan(plan(name="two"))


def test_haste_strays_further_and_reports_less() -> None:
    def strays(care: str) -> float:
        ys = [abs(y - 100) for name in "abcdefgh" for _, y, _ in draw_plan(plan(care, name=name))[0]]
        return float(np.mean(ys))

    assert strays("careful") < strays("usual") < strays("hasty") < 30
    assert len(draw_plan(plan("hasty"))[0]) < len(draw_plan(plan("careful"))[0]) / 2


def test_a_pen_presses_and_a_mouse_does_not() -> None:
    pressures = [pressure for _, _, pressure in draw_plan(plan())[0]]
    assert pressures[0] < 0.4 < max(pressures) <= 1 and pressures[-1] < 0.4
    assert {pressure for _, _, pressure in draw_plan(plan(device="mouse"))[0]} == {0.5}


def test_a_smooth_line_goes_through_its_points() -> None:
    points = [[100.0, 100.0], [200.0, 140.0], [180.0, 300.0], [90.0, 250.0]]
    path = smooth_points(points)
    for point in points:
        assert np.linalg.norm(path - point, axis=1).min() < 0.5


def test_an_ellipse_closes_a_little_past_its_start() -> None:
    path = space_evenly(make_ellipse([[256, 256], [80, 40]]))
    assert np.allclose(path.max(axis=0), [336, 296], atol=1) and np.allclose(path.min(axis=0), [176, 216], atol=1)
    assert 5 < np.linalg.norm(path[0] - path[-1]) < 20


def test_a_stroke_of_no_known_kind_is_named() -> None:
    with pytest.raises(ValueError, match=r"house: no such stroke: '\? 1,2'"):
        read_gestures("house", ["? 1,2"], 6)


def test_a_line_before_any_plan_is_named(tmp_path: Path) -> None:
    (tmp_path / "plans.txt").write_text("- 1,2 3,4\n")
    with pytest.raises(ValueError, match=r"plans\.txt:1"):
        read_plans(tmp_path / "plans.txt")
