from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.pocket.evaluate.bench import make_case, read_style_reference
from pipeline.pocket.evaluate.style_trials import (
    OTHERS,
    choose_references,
    list_painters,
    run_style_trial,
    run_unseen_trial,
)
from pipeline.pocket.evaluate.unseen import UNSEEN, make_unseen_references
from pipeline.values import GenerationRequest
from tests.tools.draw_functions import BASELINES, STYLES, draw_white, make_bench, read_values, record_requests
from tests.tools.sample_things import make_pack

pytestmark = pytest.mark.slow


def own(request: GenerationRequest) -> np.ndarray:
    """The reference itself."""
    return read_style_reference(request.styles.parts[0][0])


def test_styles_worn(tmp_path: Path) -> None:
    name = "style: nearest its own reference of 8 (chance 0.125)"
    found = read_values(run_style_trial(make_bench(own, tmp_path), make_pack(), STYLES[:9], 9, BASELINES))
    assert found[name] == found["the same by the image alone, no style words"] == 1
    assert found["the reference's mean colour"] < 1 and "flood-filled edges" in found
    assert read_values(run_style_trial(make_bench(draw_white, tmp_path), make_pack(), STYLES[:9], 9, {}))[name] < 0.4


def test_unseen_families_are_asked_for_by_their_picture_alone(tmp_path: Path) -> None:
    seen: list[GenerationRequest] = []
    name = "style, unseen families by image alone (chance 0.125)"
    found = read_values(
        run_unseen_trial(
            make_bench(record_requests(own, seen), tmp_path), make_pack(), STYLES[:3], len(UNSEEN), BASELINES
        )
    )
    assert found[name] == 1 and found["the renderers themselves (sanity)"] > 0.5
    worn = {read_style_reference(request.styles.parts[0][0]).tobytes() for request in seen}
    assert worn == {pixels.tobytes() for pixels in make_unseen_references(128).values()}
    assert all(
        request.styled_prompt.written == request.prompt.text and request.conditioning.ip_adapter_scale == 1
        for request in seen
    )
    assert (
        read_values(run_unseen_trial(make_bench(draw_white, tmp_path), make_pack(), STYLES[:3], len(UNSEEN), {}))[name]
        < 0.4
    )


def test_a_shelf_holds_the_own_reference_first_and_others_once() -> None:
    references = {style.id: read_style_reference(style, 8) for style in STYLES}
    shelf = choose_references(references, "mosaic", np.random.default_rng(0))
    assert shelf[0] is references["mosaic"] and len({id(one) for one in shelf}) == 1 + OTHERS
    assert len(choose_references(dict(list(references.items())[:3]), STYLES[0].id, np.random.default_rng(0))) == 3


def test_painters_paint_the_case_and_know_what_they_can() -> None:
    case = make_case(make_pack().held_out, 1, 128)
    known = list_painters({"mosaic": case.original, "batik": case.original, "a stranger": case.original})
    assert set(known) == {"mosaic", "batik"}
    for paint in known.values():
        assert np.array_equal(paint(case), paint(case)) and not np.array_equal(paint(case), case.original)
