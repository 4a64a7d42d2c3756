"""The edge trials must tell good models from bad ones: they are run on drawers whose figures are known beforehand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.pocket.evaluate.bench import draw_pen, make_case
from pipeline.pocket.evaluate.drawings import Drawing
from pipeline.pocket.evaluate.edge_trials import MEASURES, grade_examples, run_edge_trial, run_hand_trial
from pipeline.values import GenerationRequest, Sketch
from tests.tools.draw_functions import draw_white, make_bench, make_draw_of_originals, read_values, record_requests
from tests.tools.sample_things import make_pack

STROKES, NEAR, FAR = MEASURES


def head(title: str, measure: str, name: str = "lines soft") -> str:
    return f"edge F1 {title}, {measure}: {name}"


def test_edges_of_the_originals_are_followed_and_of_a_blank_are_not(tmp_path: Path) -> None:
    things = make_pack().held_out
    cases = [make_case(things, seed, 128) for seed in range(12)]
    made = run_edge_trial(make_bench(make_draw_of_originals(cases), tmp_path), things, 12)
    found = read_values(made)
    graded = [float(strip.caption.split()[1].rstrip(":")) for strip in made.strips]  # all twelve
    assert np.mean(graded) == pytest.approx(found[head("held-out", STROKES)], abs=0.005)
    assert found[head("held-out", FAR)] > 0.95 and found[head("held-out", FAR, "lines none")] > 0.95
    assert found["the drawing itself"] > 0.8  # by its strokes; at 128 px a pen is one px wide
    assert found["another drawing's true picture"] < 0.6 < found["flood fill with the thing's mean colour"]
    blank = read_values(run_edge_trial(make_bench(draw_white, tmp_path), things, 4))
    assert all(blank[head("held-out", measure)] == 0 for measure in MEASURES)


def test_lines_are_asked_for_softly_and_not_at_all(tmp_path: Path) -> None:
    seen: list[GenerationRequest] = []

    def draw_asked(request: GenerationRequest) -> np.ndarray:
        assert request.colours is not None
        return request.colours.pixels if request.conditioning.lines else draw_white(request)

    things = make_pack().held_out
    found = read_values(run_edge_trial(make_bench(record_requests(draw_asked, seen), tmp_path), things, 3))
    assert found[head("held-out", STROKES)] > 0.8 and found[head("held-out", STROKES, "lines none")] == 0
    assert {request.conditioning.lines for request in seen} == {0.0, 0.5}
    assert {request.conditioning.ip_adapter_scale for request in seen} == {0.0}  # no style


def drawing(care: str, seed: int) -> Drawing:
    """A house by a steady hand, on paper."""
    pixels = np.full((512, 512, 3), 255, np.uint8)
    pixels[100:108, 100:400] = pixels[400:408, 100 + seed : 400] = pixels[100:400, 100:108] = 0
    return Drawing(f"{care}-{seed}", "a house on a hill", "house", care, Sketch(pixels, is_drawing=True))


def test_drawings_by_hand_are_told_apart_by_care(tmp_path: Path) -> None:
    drawings = [drawing(care, seed) for seed, care in enumerate(("careful", "usual", "hasty", "hasty"))]
    seen: list[GenerationRequest] = []

    def draws_only_for_the_careful(request: GenerationRequest) -> np.ndarray:
        assert request.colours is not None
        careful = len(seen) <= 2  # the first drawing's two pictures
        return request.colours.pixels if careful else draw_white(request)

    made = run_hand_trial(
        make_bench(record_requests(draws_only_for_the_careful, seen), tmp_path), drawings, make_pack().things
    )
    found = read_values(made)
    assert found["careful drawings"] > 0.99 and found["usual drawings"] == found["hasty drawings"] == 0
    assert found[head("hand-drawn", STROKES)] == pytest.approx(found["careful drawings"] / 4)
    assert [line.count for line in made.figures[1:4]] == [1, 1, 2] and made.figures[0].bars == (0.93,)
    assert seen[0].prompt.text == "a house on a hill" and len(made.strips) == 3  # a good, a typical and a bad one


def test_the_version_before_stands_beside_what_is_measured_as_then(tmp_path: Path) -> None:
    figures = run_edge_trial(make_bench(draw_white, tmp_path), make_pack().held_out, 2).figures
    names = [line.name for line in figures]
    assert names.count("  version 7") == 1 and names[-1] == "  version 7"
    assert figures[-1].value == 0.803 and head("held-out", FAR) in names
    bars = {line.name: line.bars for line in figures}
    assert bars[head("held-out", NEAR)] == (0.93,) and bars[head("held-out", FAR)] == (), "the bar is of 2 px at 256"


def test_the_best_the_middle_and_the_worst_are_shown() -> None:
    scores = [0.5, 0.9, 0.1, 0.6, 0.4, 0.8, 0.2]
    assert grade_examples(scores, each=2) == [
        ("good", 1),
        ("good", 5),
        ("typical", 3),
        ("typical", 0),
        ("bad", 6),
        ("bad", 2),
    ]
    assert [grade for grade, _ in grade_examples([0.3, 0.2, 0.1])] == ["good", "typical", "bad"]
    assert grade_examples([0.3, 0.2]) == []


def test_a_pen_is_drawn_around_its_lines() -> None:
    case = make_case(make_pack().held_out, 1, 512)
    assert (draw_pen(case.lines)[case.lines > 0] < 128).all() and draw_pen(case.lines).shape == (512, 512, 3)
