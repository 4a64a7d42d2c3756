"""The word trials must tell good models from bad ones: they are run on drawers whose figures are known beforehand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.painters import KEEPS_COLOR
from pipeline.pocket.data.colors import COLORS, draw_paint
from pipeline.pocket.evaluate.bench import make_case
from pipeline.pocket.evaluate.word_trials import (
    run_color_trial,
    run_styled_color_trial,
    run_usual_trial,
    score_own_colors,
)
from pipeline.values import GenerationRequest
from tests.tools.draw_functions import (
    STYLES,
    draw_white,
    make_bench,
    make_draw_of_originals,
    read_values,
    record_requests,
)
from tests.tools.sample_things import make_pack

FLOOD = "flood fill with the thing's mean colour"


def first_color(request: GenerationRequest) -> np.ndarray:
    """The picture filled with the colour word of the prompt."""
    word = next(word for word in request.prompt.text.split() if word in COLORS)
    paint = draw_paint(word, np.random.default_rng(0)) * 255
    return np.broadcast_to(paint, (request.height, request.width, 3)).astype(np.uint8)


def test_drawings_carry_no_color(tmp_path: Path) -> None:
    seen: list[GenerationRequest] = []
    run_color_trial(make_bench(record_requests(draw_white, seen), tmp_path), make_pack())
    by_lines = {request.edges.pixels.tobytes() for request in seen}
    assert len(seen) == 10 * len(by_lines)  # the ten words share a drawing of each thing
    assert not any("red apple" in request.prompt.text and "a red apple" not in request.prompt.text for request in seen)


def test_color_words_obeyed(tmp_path: Path) -> None:
    name = "colour words obeyed, plain"
    right = read_values(run_color_trial(make_bench(first_color, tmp_path), make_pack()))
    assert right[name] == 1 and right["version 7"] == 0.98
    made = run_color_trial(make_bench(draw_white, tmp_path), make_pack())
    found = read_values(made)
    things = len(made.strips)
    assert (made.figures[0].count, made.figures[0].groups) == (10 * things, things), "words share a drawing"
    assert found[name] == pytest.approx(0.1)
    assert found["white"] == 1 and found["red"] == 0
    assert found[FLOOD] <= 0.2  # it reads no words


def test_color_words_in_style_are_asked_for_where_styles_keep_colours(tmp_path: Path) -> None:
    seen: list[GenerationRequest] = []
    made = run_styled_color_trial(make_bench(record_requests(first_color, seen), tmp_path), make_pack(), STYLES)
    assert made.figures[0].value == 1 and made.figures[0].bars == (0.9,) and len(made.figures) == 1
    worn = {request.styles.parts[0][0].id for request in seen}
    assert len(worn) > 5 and all(KEEPS_COLOR[id] for id in worn)
    assert {request.conditioning.ip_adapter_scale for request in seen} == {1.0}
    pale = run_styled_color_trial(make_bench(draw_white, tmp_path), make_pack(), STYLES)
    assert pale.figures[0].value == pytest.approx(0.1) and len(pale.figures) > 1  # the styles that miss are named
    assert pale.figures[0].groups == len(pale.strips) > 1


def test_usual_colors(tmp_path: Path) -> None:
    cases = [make_case([thing], 700 + i, 128, color=None, alone=True) for i, thing in enumerate(make_pack().training)]
    right = read_values(run_usual_trial(make_bench(make_draw_of_originals(cases), tmp_path), make_pack(), 2))
    name = "usual colours: nearer own thing's than another's (chance 0.5)"
    assert right[name] == 1 and right[FLOOD] == 1
    blank = read_values(run_usual_trial(make_bench(draw_white, tmp_path), make_pack(), 2))
    assert blank[name] == 0.5  # one colour for all is nearer to one of two
    assert score_own_colors(cases, [255 - case.original for case in cases]) != [1, 1]
