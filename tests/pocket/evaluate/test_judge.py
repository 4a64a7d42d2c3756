from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.pocket.data.pack import Thing
from pipeline.pocket.evaluate import judge as judging
from pipeline.pocket.evaluate.judge import (
    UNSEEN_ARTIST,
    Judge,
    choose_candidates,
    fit_judge,
    hash_inputs,
    load_judge,
    make_judging_case,
    split_drawings,
)
from tests.tools.sample_things import draw_apple, draw_ghost, draw_house, draw_spider, make_pack

VIEWS = 6


def drawn_twice() -> tuple[Thing, ...]:
    """Each thing by two artists: one mirrored, larger ones differ enough not to be one picture."""
    return tuple(
        replace(
            thing,
            pictures=(thing.pictures[0], np.ascontiguousarray(thing.pictures[0][:, ::-1])),
            artists=("somebody", UNSEEN_ARTIST),
        )
        for thing in make_pack().things
    )


@pytest.fixture(scope="module")
def judge() -> Judge:
    return fit_judge(drawn_twice(), VIEWS)


def test_the_unseen_artist_is_kept_from_the_judge(judge: Judge) -> None:
    fitted_on, shown = split_drawings(drawn_twice()[0])
    assert len(fitted_on) == 1 and np.array_equal(fitted_on[0], draw_apple())
    assert np.array_equal(shown, draw_apple()[:, ::-1])
    swapped = tuple(replace(thing, pictures=(thing.pictures[0], draw_spider())) for thing in drawn_twice())
    assert np.array_equal(fit_judge(swapped, VIEWS).places, judge.places)


def test_a_thing_without_that_artist_shows_its_last_drawing() -> None:
    two = replace(make_pack().things[0], pictures=(draw_apple(), draw_house()), artists=("a", "b"))
    fitted_on, shown = split_drawings(two)
    assert np.array_equal(fitted_on[0], draw_apple()) and np.array_equal(shown, draw_house())
    assert np.array_equal(split_drawings(make_pack().things[1])[0][0], draw_ghost())


def test_candidates_do_not_hang_on_the_order(judge: Judge) -> None:
    things = make_pack().things
    assert choose_candidates(things, 3) == choose_candidates(things[::-1], 3) and len(choose_candidates(things, 3)) == 3
    assert sorted(thing.name for thing in choose_candidates(things)) == sorted(thing.name for thing in things)


@pytest.mark.parametrize("side", [128, 256])
def test_a_judge_knows_pictures_it_never_saw(judge: Judge, side: int) -> None:
    cases = [make_judging_case(thing, seed, side) for seed in range(5) for thing in drawn_twice()]
    right = [judge.name_thing(case.original) == case.picture.subject.name for case in cases]
    assert np.mean(right) > 0.9
    assert all(case.lines.any() and case.lines.shape == (side, side) for case in cases)


def test_a_judge_answers_one_thing_for_all_blanks(judge: Judge) -> None:
    blanks = [np.full((128, 128, 3), tone, np.uint8) for tone in (0, 120, 121, 255)]
    right = [judge.name_thing(blank) == thing.name for blank in blanks for thing in make_pack().things]
    assert np.mean(right) == 0.25  # of four: chance


def test_a_judge_is_fitted_once_and_kept_under_what_it_is_made_from(
    judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    things = drawn_twice()
    first = load_judge(things, tmp_path, VIEWS)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]
    monkeypatch.setattr(judging, "fit_judge", lambda *_: pytest.fail("fitted again"))
    again = load_judge(things, tmp_path, VIEWS)
    assert again.names == first.names and np.array_equal(again.map, judge.map)
    changed = draw_apple()
    changed[0, 0] = 7
    others = (replace(things[0], pictures=(changed, things[0].pictures[1])), *things[1:])
    made = {hash_inputs(things, VIEWS), hash_inputs(others, VIEWS), hash_inputs(things, VIEWS + 1)}
    assert len(made) == 3
