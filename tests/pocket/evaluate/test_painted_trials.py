from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.painters import KEEPS_COLOR
from pipeline.pocket.evaluate.coloured_drawings import PaintedArea
from pipeline.pocket.evaluate.painted_trials import fit_mask, keeps_hue, measure_away, run_painted_trial
from pipeline.values import GenerationRequest
from tests.tools.draw_functions import STYLES, make_bench, read_values, record_requests

AREAS = "coloured drawings: areas within CIEDE2000 12, plain"
HUES = "coloured drawings: areas that keep their hue, full style"


def show_drawing(request: GenerationRequest) -> np.ndarray:
    assert request.colours is not None
    return request.colours.pixels


def show_grey(request: GenerationRequest) -> np.ndarray:
    return np.repeat(show_drawing(request).mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)


def turn_hues(request: GenerationRequest) -> np.ndarray:
    return np.ascontiguousarray(show_drawing(request)[..., ::-1])


def test_what_shows_the_drawing_keeps_its_colours(tmp_path: Path) -> None:
    seen: list[GenerationRequest] = []
    made = run_painted_trial(make_bench(record_requests(show_drawing, seen), tmp_path), STYLES, 8)
    found = read_values(made)
    assert {line.groups for line in made.figures if line.name in (AREAS, HUES)} == {8}, "areas share a drawing"
    assert found[AREAS] > 0.8 and found[HUES] > 0.95  # felt pen leaves slits: the middle is a little paler
    assert found["fill"] == 1 and found["drawings of which all areas are"] <= found[AREAS]
    plain, styled = seen[0], seen[1]
    assert (plain.conditioning.ip_adapter_scale, plain.conditioning.lines) == (0, 0)
    assert styled.conditioning.ip_adapter_scale == 1 and KEEPS_COLOR[styled.styles.parts[0][0].id]


@pytest.mark.parametrize("draw", [show_grey, turn_hues])
def test_what_loses_colours_is_found_out(draw, tmp_path: Path) -> None:
    found = read_values(run_painted_trial(make_bench(draw, tmp_path), STYLES, 4))
    assert found[AREAS] < 0.4 and found[HUES] < 0.5


def area(colour: tuple[int, int, int]) -> PaintedArea:
    return PaintedArea(colour, np.ones((8, 8), bool), True)


def test_distance_and_hue_are_measured_in_the_middle() -> None:
    picture = np.full((8, 8, 3), (200, 40, 40), np.uint8)
    picture[0, 0] = 255
    everywhere = np.ones((8, 8), bool)
    assert measure_away(picture, everywhere, area((200, 40, 40))) == pytest.approx(0, abs=0.01)
    assert measure_away(picture, everywhere, area((40, 40, 200))) > 40
    assert keeps_hue(picture, everywhere, area((240, 120, 110))) and not keeps_hue(
        picture, everywhere, area((60, 180, 60))
    )
    assert not keeps_hue(np.full((8, 8, 3), 128, np.uint8), everywhere, area((200, 40, 40)))


def test_masks_lie_where_the_drawing_does() -> None:
    mask = np.zeros((40, 80), bool)
    mask[:, :40] = True
    fitted = fit_mask(mask, 128)
    assert fitted.shape == (128, 128) and fitted[64, 10] and not fitted[64, 100]
    assert not fitted[10].any() and not fitted[120].any()  # the rim above and below
