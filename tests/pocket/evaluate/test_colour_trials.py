"""The measures of colours: the truth passes, what ignores words and parts does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import pytest

from pipeline.pocket.data.colors import draw_paint
from pipeline.pocket.data.drawn_things import DRAWN
from pipeline.pocket.data.part_canvas import SIDE
from pipeline.pocket.data.vector_pack import VectorPack
from pipeline.pocket.data.word_cases import WordCase
from pipeline.pocket.evaluate.binding_trials import (
    make_binding_cases,
    make_drawn_case,
    make_word_cases,
    measure_binding,
    measure_colour_words,
)
from pipeline.pocket.evaluate.part_trials import (
    find_part_colours,
    list_natural,
    list_neighbours,
    list_told_apart,
    make_part_cases,
    measure_parts,
)
from pipeline.pocket.evaluate.place_trials import NAMED, PlaceJudge, make_place_cases, measure_places

Pixels = np.ndarray[Any, Any]


@pytest.fixture(scope="module")
def pack() -> VectorPack:
    """Hold two artists' pictures of a box with a lid: orange and white, brown and white."""
    regions = np.zeros((224, 224), np.uint8)
    regions[20:200, 20:200], regions[20:80, 20:200] = 1, 2
    colours = np.full((2, 224, 224, 3), 255, np.uint8)
    colours[0, regions == 1], colours[1, regions == 1] = (230, 120, 40), (120, 70, 40)
    ink = np.zeros((2, 224, 28), np.uint8)
    return VectorPack(("box",) * 2, ("one", "two"), np.array([True, True]), colours, np.stack([regions] * 2), ink)


def answer(cases: Sequence[Any], picture_of: Callable[[Any], Pixels]) -> Callable[[Pixels, str, int], Pixels]:
    """Return what colours each case's drawing by a picture that is made of the case."""
    return lambda lines, prompt, seed: picture_of(next(case for case in cases if case.lines is lines))


def test_true_pictures_are_told_apart_and_natural_and_floods_are_not(pack: VectorPack) -> None:
    cases = make_part_cases(pack, 10)
    assert [case.prompt for case in cases] == ["a box"] * 2 and cases[0].parts.max() == 2
    assert [figure.value for figure in measure_parts(answer(cases, lambda case: case.picture), cases)] == [1, 1]
    flood = answer(cases, lambda case: np.full((64, 64, 3), (60, 200, 60), np.uint8))
    assert [figure.value for figure in measure_parts(flood, cases)] == [0, 0]


def test_another_artists_colours_are_natural_too(pack: VectorPack) -> None:
    one, other = make_part_cases(pack, 2)
    assert [len(true) for true in one.true_colours] == [2, 2]
    made = find_part_colours(other.picture, one.parts)
    assert list_natural(made, one) == [True, True] and list_told_apart(made, one) == [True]
    made[:] = (40, 60, -60)  # all purple
    assert list_natural(made, one) == [False, False]


def test_neighbours_share_a_border() -> None:
    parts = np.zeros((20, 20), np.int32)
    parts[:, :8], parts[:, 8:12], parts[:10, 14:] = 1, 2, 3
    assert list_neighbours(parts) == [(1, 2)]


# only the fox has paws of their own; who wears a dress has no shirt, which is a person's main part
HIDDEN = {*((key, "paws") for key in ("cat", "dog", "rabbit", "bear", "mouse")), ("person", "dress")}


@pytest.mark.parametrize(("key", "part"), [(key, part) for key, thing in DRAWN.items() for part in thing.parts])
def test_parts_of_drawn_things_are_found_by_name(key: str, part: str) -> None:
    thing, found = DRAWN[key], []
    for seed in range(12):
        if part != thing.main and (case := make_drawn_case(thing, part, np.random.default_rng(seed))):
            found.append(case)
            (one, main), (two, other) = case.wanted
            assert not (main & other).any() and thing.parts[part] in case.prompt
            assert case.prompt.index(one) < case.prompt.rindex(two)
    assert found or part == thing.main or (key, part) in HIDDEN


def paint_words(case: WordCase, turned: bool = False) -> Pixels:
    made = np.full((SIDE, SIDE, 3), 128, np.uint8)
    words = [word for word, _ in case.wanted][:: -1 if turned else 1]
    for word, (_, where) in zip(words, case.wanted, strict=True):
        made[where] = np.round(255 * draw_paint(word, np.random.default_rng(0)))
    return made


def test_only_both_colours_in_their_places_are_binding(pack: VectorPack) -> None:
    cases = make_binding_cases(pack, 12)
    assert len(cases) == 12 and any("box" in case.prompt for case in cases)
    assert measure_binding(answer(cases, paint_words), cases)[0].value == 1
    assert measure_binding(answer(cases, lambda case: paint_words(case, turned=True)), cases)[0].value == 0


def test_a_colour_word_means_the_things_main_colour(pack: VectorPack) -> None:
    cases = make_word_cases(pack, 5)
    assert {case.wanted[0][0] for case in cases} == {"red", "orange"}
    assert measure_colour_words(answer(cases, paint_words), cases)[0].value == 1
    assert measure_colour_words(answer(cases, lambda case: np.full((64, 64, 3), 128, np.uint8)), cases)[0].value == 0


def test_true_grounds_are_judged_right_and_another_places_are_not(pack: VectorPack) -> None:
    judge, cases = PlaceJudge.fit(), make_place_cases(pack, 4)
    assert {case.place for case in cases} == set(NAMED)
    made = measure_places(answer(cases, lambda case: cv2.resize(case.picture, (64, 64))), cases, judge)
    assert made[0].value > 0.9 and made[1].value > 0.9 and made[2].count == 4
    others = {id(case.lines): cases[(n + 5) % len(cases)].picture for n, case in enumerate(cases)}
    assert measure_places(answer(cases, lambda case: others[id(case.lines)]), cases, judge)[0].value < 0.2
