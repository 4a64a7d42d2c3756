"""The trials must tell good models from bad ones: they are run on drawers whose figures are known beforehand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.pocket.data.colors import COLORS, draw_paint
from pipeline.pocket.evaluate.bench import ink_lines, make_case
from pipeline.pocket.evaluate.drawings import Drawing, read_drawing_lines
from pipeline.pocket.evaluate.trials import (
    grade_examples,
    run_color_trial,
    run_control_trial,
    run_edge_trial,
    run_hand_trial,
    run_seed_trial,
    run_usual_trial,
    score_own_colors,
)
from pipeline.values import GenerationRequest, Sketch
from tests.tools.draw_functions import (
    BASELINES,
    STYLES,
    draw_noise,
    draw_white,
    make_bench,
    make_draw_of_originals,
    read_values,
    record_requests,
)
from tests.tools.sample_things import make_pack


def first_color(request: GenerationRequest) -> np.ndarray:
    """The picture filled with the colour word of the prompt."""
    word = next(word for word in request.prompt.text.split() if word in COLORS)
    paint = draw_paint(word, np.random.default_rng(0)) * 255
    return np.broadcast_to(paint, (request.height, request.width, 3)).astype(np.uint8)


def test_edges_of_the_originals_are_followed_and_of_a_blank_are_not(tmp_path: Path) -> None:
    cases = [make_case(make_pack().held_out, seed, 128) for seed in range(12)]
    found = read_values(
        run_edge_trial(make_bench(make_draw_of_originals(cases), tmp_path), make_pack().held_out, 12, BASELINES)
    )
    assert found["edge F1, results"] == found["originals (sanity)"] > 0.95
    assert found["the lines themselves, dark on white"] > 0.85
    assert found["the reference's mean colour"] == found["the original's mean colour"] == 0
    assert 0.6 < found["flood-filled edges"] < 1 and found["another drawing's original"] < 0.5
    assert (
        read_values(run_edge_trial(make_bench(draw_white, tmp_path), make_pack().held_out, 4, {}))["edge F1, results"]
        == 0
    )


def drawing(care: str, seed: int) -> Drawing:
    """A house by a steady hand, on paper."""
    pixels = np.full((512, 512, 3), 255, np.uint8)
    pixels[100:108, 100:400] = pixels[400:408, 100 + seed : 400] = pixels[100:400, 100:108] = 0
    return Drawing(f"{care}-{seed}", "a house on a hill", "house", care, Sketch(pixels, is_drawing=True))


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


def test_drawings_by_hand_are_told_apart_by_care(tmp_path: Path) -> None:
    drawings = [drawing(care, seed) for seed, care in enumerate(("careful", "usual", "hasty", "hasty"))]
    careful = read_drawing_lines(drawings[0], 128).tobytes()
    seen: list[GenerationRequest] = []

    def draws_only_for_the_careful(request: GenerationRequest) -> np.ndarray:
        return ink_lines(request.edges.pixels) if request.edges.pixels.tobytes() == careful else draw_white(request)

    found = run_hand_trial(make_bench(record_requests(draws_only_for_the_careful, seen), tmp_path), drawings, BASELINES)
    assert read_values(found)["careful drawings"] == read_values(found)["the lines themselves, dark on white"] > 0.9
    assert read_values(found)["usual drawings"] == read_values(found)["hasty drawings"] == 0
    assert read_values(found)["edge F1, hand-drawn: results"] == pytest.approx(
        read_values(found)["careful drawings"] / 4
    )
    assert read_values(found)["the reference's mean colour"] == 0
    assert [line.count for line in found.figures[1:4]] == [1, 1, 2] and found.figures[0].bars == (0.7,)
    assert seen[0].prompt.text == "a house on a hill" and len(found.strips) == 4


def test_drawings_carry_no_color(tmp_path: Path) -> None:
    seen: list[GenerationRequest] = []
    run_color_trial(make_bench(record_requests(draw_white, seen), tmp_path), make_pack(), BASELINES)
    by_lines = {request.edges.pixels.tobytes() for request in seen}
    assert len(seen) == 10 * len(by_lines)  # the ten words share a drawing of each thing
    assert not any("red apple" in request.prompt.text and "a red apple" not in request.prompt.text for request in seen)


def test_color_words_obeyed(tmp_path: Path) -> None:
    assert (
        read_values(run_color_trial(make_bench(first_color, tmp_path), make_pack(), BASELINES))["colour words obeyed"]
        == 1
    )
    found = read_values(run_color_trial(make_bench(draw_white, tmp_path), make_pack(), BASELINES))
    assert found["colour words obeyed"] == pytest.approx(0.1)
    assert found["white"] == 1 and found["red"] == 0
    assert found["the reference's mean colour"] <= 0.2 and found["flood-filled edges"] <= 0.2  # they read no words


def test_usual_colors(tmp_path: Path) -> None:
    cases = [make_case([thing], 700 + i, 128, color=None, alone=True) for i, thing in enumerate(make_pack().training)]
    right = read_values(run_usual_trial(make_bench(make_draw_of_originals(cases), tmp_path), make_pack(), 2, BASELINES))
    name = "usual colours: nearer own thing's than another's (chance 0.5)"
    assert right[name] == 1
    assert right["the reference's mean colour"] == 0.5  # one colour for all is nearer to one of two
    assert score_own_colors(cases, [255 - case.original for case in cases]) != [1, 1]


def test_controls_that_do_nothing_are_found_out(tmp_path: Path) -> None:
    idle = run_control_trial(make_bench(draw_white, tmp_path), make_pack(), STYLES, 1).figures
    assert all(line.value == 0 and "MISSED" in str(line) for line in idle)
    busy = run_control_trial(make_bench(draw_noise, tmp_path), make_pack(), STYLES, 1).figures
    assert len(busy) == 8 and all("met" in str(line) for line in busy)


def test_diversity(tmp_path: Path) -> None:
    same = run_seed_trial(make_bench(draw_white, tmp_path), make_pack(), 2).figures
    assert same[0].value == same[1].value == 0
    other = run_seed_trial(make_bench(draw_noise, tmp_path), make_pack(), 2).figures
    assert other[0].value > 0.3 and other[1].value == pytest.approx(1, abs=0.15)  # another picture for every seed
