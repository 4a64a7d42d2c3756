from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.pocket.data.vector_pack import VectorPack
from pipeline.pocket.evaluate.part_trials import make_part_cases
from pipeline.pocket.evaluate.region_trials import make_colour, run_binding_trial, run_part_trial, run_place_trial
from pipeline.values import GenerationRequest
from tests.tools.draw_functions import draw_white, make_bench, read_values, record_requests

APART = "parts told apart, share of differing neighbours"
NATURAL = "parts natural, share within CIEDE2000 12 of a true colour"
COLOURS = ((190, 40, 30), (240, 220, 120), (40, 90, 200), (60, 150, 60))
S = 224


def make_vector_pack(count: int = 4) -> VectorPack:
    """Things of a large part and three small ones, each elsewhere, by two artists with the same colours; held out."""
    regions = np.zeros((S, S), np.uint8)
    for n, (top, left, bottom, right) in enumerate(
        ((20, 20, 194, 140), (20, 140, 78, 204), (78, 140, 136, 204), (136, 140, 194, 204))
    ):
        regions[top:bottom, left:right] = n + 1
    colours = np.zeros((S, S, 3), np.uint8)
    for n, colour in enumerate(COLOURS):
        colours[regions == n + 1] = colour
    names = tuple(f"thing {chr(97 + n // 2)}" for n in range(2 * count))
    return VectorPack(
        names,
        ("one", "other") * count,
        np.ones(2 * count, bool),
        np.stack([np.roll(np.roll(colours, n // 2, axis=2), 5 * (n // 2), axis=0) for n in range(2 * count)]),
        np.stack([np.roll(regions, 5 * (n // 2), axis=0) for n in range(2 * count)]),
        np.zeros((2 * count, S, S // 8), np.uint8),
    )


def test_true_pictures_and_a_flood_are_told_apart(tmp_path: Path) -> None:
    pack = make_vector_pack()
    known = {
        cv2.resize(case.lines, (128, 128), interpolation=cv2.INTER_NEAREST).tobytes(): case.picture
        for case in make_part_cases(pack, 8)
    }

    def show(request: GenerationRequest) -> np.ndarray:
        return cv2.resize(known[request.edges.pixels.tobytes()], (128, 128), interpolation=cv2.INTER_AREA)

    good = run_part_trial(make_bench(show, tmp_path), pack, 8).figures
    assert [line.name for line in good] == [
        *(APART, "  flood fill with the thing's mean colour", "  the true picture"),
        *(NATURAL, "  flood fill with the thing's mean colour", "  the true picture"),
    ]
    assert [line.value for line in good] == pytest.approx([1, 0, 1, 1, 0, 1], abs=0.3)
    assert [bool(line.bars) for line in good] == [True, False, False] * 2
    bad = read_values(run_part_trial(make_bench(draw_white, tmp_path), pack, 8))
    assert bad[APART] == bad[NATURAL] == 0


def test_colours_are_drawn_plain_without_lines_at_the_benchs_size(tmp_path: Path) -> None:
    seen: list[GenerationRequest] = []
    lines = np.zeros((64, 64), np.uint8)
    lines[20] = 255
    picture = make_colour(make_bench(record_requests(draw_white, seen), tmp_path))(lines, "a fox", 3)
    assert (
        picture.shape == (128, 128, 3) and seen[0].edges.pixels[40].all() and seen[0].edges.pixels.sum() // 255 == 256
    )
    assert (seen[0].conditioning.lines, seen[0].conditioning.ip_adapter_scale, seen[0].sampling.seed) == (0, 0, 3)


def test_words_and_places_are_asked_of_the_programs_pictures(tmp_path: Path) -> None:
    seen: list[GenerationRequest] = []
    bench = make_bench(record_requests(draw_white, seen), tmp_path)
    words = run_binding_trial(bench, make_vector_pack(), 4).figures
    assert words[0].value == 0 and words[0].bars == (0.8,) and "binding" in words[0].name
    asked = len(seen)
    places = run_place_trial(bench, make_vector_pack(), 10).figures
    assert places[0].value <= 0.2 and places[1].value > 0.6 and "true grounds" in places[1].name
    assert asked and len(seen) > asked
