"""Drawings with colour words: each word's place is where the drawing has what the prompt says."""

import numpy as np
import pytest

from pipeline.pocket.data.drawn_things import DRAWN
from pipeline.pocket.data.part_canvas import SIDE
from pipeline.pocket.data.vector_pack import VectorPack
from pipeline.pocket.data.word_cases import CALLED, WORDS, WordCase, WordCases, list_parts, list_rows


@pytest.fixture(scope="module")
def pack() -> VectorPack:
    """Hold a box with a lid twice, of which one is held out, and a thing that no colour word stands before."""
    regions = np.zeros((224, 224), np.uint8)
    regions[20:200, 20:200], regions[20:70, 20:200] = 1, 2
    colours = np.full((3, 224, 224, 3), 255, np.uint8)
    colours[:, regions == 1] = (230, 120, 40)
    names, held_out = ("red box", "box", "rainbow"), np.array([False, True, False])
    return VectorPack(names, ("one",) * 3, held_out, colours, np.stack([regions] * 3), np.zeros((3, 224, 28), np.uint8))


@pytest.fixture(scope="module")
def cases(pack: VectorPack) -> list[WordCase]:
    word_cases = WordCases(pack)
    made = (word_cases.make(np.random.default_rng([5, n])) for n in range(200))
    return [case for case in made if case is not None]


def test_each_words_place_lies_apart_from_the_others_and_is_said(cases: list[WordCase]) -> None:
    assert len(cases) > 50
    for case in cases:
        assert case.lines.shape == (SIDE, SIDE) and case.lines.any()
        assert [word for word in case.prompt.split() if word in WORDS] == [word for word, _ in case.wanted]
        assert sum(where.astype(int) for _, where in case.wanted).max() <= 1
        assert case.wanted[0][1].sum() >= 60 and " a orange" not in f" {case.prompt}"


def test_all_kinds_are_made(cases: list[WordCase]) -> None:
    prompts = [case.prompt for case in cases]
    assert any(" next to " in prompt and prompt.count("box") == 2 for prompt in prompts)
    assert any("box with" in prompt for prompt in prompts), "a decoration"
    grounds = [case.wanted[1][1].any() for case in cases if "sky" in case.prompt or "meadow" in case.prompt]
    assert grounds and not any(grounds), "no region is held to the ground's colour"
    assert {len(case.wanted) for case in cases} == {1, 2}


def test_training_learns_from_nothing_that_is_held_out(pack: VectorPack) -> None:
    assert list_rows(pack, held_out=True) == [1] and 1 not in list_rows(pack, held_out=False)


def test_people_have_words_for_the_main_parts_of_what_code_draws() -> None:
    assert {"roof", "door", "wall", "window"} <= set(list_parts(DRAWN["house"]))
    assert all(names and all(name == name.lower() for name in names) for names in CALLED.values())
