from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.pocket.data.pack import Thing
from pipeline.pocket.evaluate import judge as judging
from pipeline.pocket.evaluate.judge import (
    DRAWN_BY,
    PAPER,
    PROTOTYPES,
    Judge,
    find_drawing,
    hash_drawings,
    list_candidates,
    load_judge,
    make_judging_case,
    make_prototype,
)
from tests.tools.sample_things import draw_apple, draw_house, draw_spider, make_pack


def drawn_twice() -> tuple[Thing, ...]:
    """Each thing by the artist of the prototypes, and mirrored by the one whose lines are asked for."""
    return tuple(
        replace(
            thing,
            pictures=(thing.pictures[0], np.ascontiguousarray(thing.pictures[0][:, ::-1])),
            artists=(PROTOTYPES, DRAWN_BY),
        )
        for thing in make_pack().things
    )


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return load_judge(list_candidates(drawn_twice()), tmp_path_factory.mktemp("judge"))


def test_candidates_have_both_artists_and_do_not_hang_on_the_order() -> None:
    things = drawn_twice()
    assert list_candidates(things) == list_candidates(things[::-1]) and len(list_candidates(things)) == 4
    alone = replace(things[0], pictures=(draw_apple(),), artists=(PROTOTYPES,))
    assert alone not in list_candidates((alone, *things[1:])) and not list_candidates(make_pack().things)


def test_lines_are_taken_from_the_other_artist_than_prototypes(judge: Judge, tmp_path: Path) -> None:
    thing = drawn_twice()[0]
    shown, asked = find_drawing(thing, PROTOTYPES), find_drawing(thing, DRAWN_BY)
    assert shown is not None and asked is not None and find_drawing(thing, "nobody") is None
    assert np.array_equal(shown, draw_apple()) and np.array_equal(asked, draw_apple()[:, ::-1])
    swapped = tuple(replace(thing, pictures=(thing.pictures[0], draw_spider())) for thing in drawn_twice())
    assert np.array_equal(load_judge(list_candidates(swapped), tmp_path).places, judge.places)


@pytest.mark.parametrize("side", [128, 256])
def test_a_judge_knows_pictures_it_never_saw(judge: Judge, side: int) -> None:
    cases = [make_judging_case(thing, seed, side) for seed in range(3) for thing in drawn_twice()]
    right = [judge.name_thing(case.original) == case.picture.subject.name for case in cases]
    assert np.mean(right) > 0.8
    assert all(case.lines.any() and case.lines.shape == (side, side) for case in cases)


def test_a_judge_answers_one_thing_for_all_blanks(judge: Judge) -> None:
    blanks = [np.full((128, 128, 3), tone, np.uint8) for tone in (120, 121)]
    right = [judge.name_thing(blank) == name for blank in blanks for name in judge.names]
    assert np.mean(right) == 0.25  # of four: chance


def test_prototypes_lie_on_paper() -> None:
    page = make_prototype(draw_house())
    assert tuple(page[0, 0]) == PAPER and len(page) > 128
    assert any(tuple(colour) == (60, 100, 200) for colour in page.reshape(-1, 3))  # the door


def test_prototypes_are_looked_at_once_and_kept_under_what_they_are_made_from(
    judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    things = list_candidates(drawn_twice())
    first = load_judge(things, tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npy"]
    monkeypatch.setattr(judging, "look_at", lambda *_: pytest.fail("looked at again"))
    again = load_judge(things, tmp_path)
    assert again.names == first.names and np.array_equal(again.places, judge.places)
    assert hash_drawings([draw_apple()]) != hash_drawings([draw_house()])
    with pytest.raises(ValueError, match="drew none of"):
        load_judge(make_pack().things, tmp_path)
