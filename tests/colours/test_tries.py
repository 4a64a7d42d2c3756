"""Of several draws of a known thing's colours that one is kept whose parts differ most and wear its palette best."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipeline.colours import tries as tries_module
from pipeline.colours.kin import count_borders
from pipeline.colours.palette import Palette, make_palette
from pipeline.colours.region_colours import measure_inner_areas, propose_colours
from pipeline.colours.region_features import read_features
from pipeline.colours.region_network import CODES, GROUNDS, RegionColours
from pipeline.colours.regions import find_regions
from pipeline.colours.rounds import Question, State, draw_tastes
from pipeline.colours.said import hear_said_colours
from pipeline.colours.tries import TRIES, UNHURRIED, Judge, count_tries
from tests.colours.drawings import draw_house

WORDS = torch.zeros(1, 39, 384)
RED, BLUE, GREEN = (0.8, 0.1, 0.1), (0.1, 0.2, 0.8), (0.1, 0.6, 0.1)
HOUSE = make_palette(np.array([[204, 26, 26], [26, 51, 204]], np.uint8))
LINES = draw_house()
REGIONS = find_regions(LINES)
SEEN = read_features(LINES, REGIONS)
WALL, ROOF, DOOR = (
    int(np.flatnonzero(SEEN.numbers == REGIONS[y, x])[0]) for y, x in ((120, 70), (60, 130), (200, 130))
)


def make_judge(
    groups: dict[int, int] | None = None,
    palettes: Sequence[Palette] = (HOUSE,),
    places: NDArray[np.float32] | None = None,
) -> Judge:
    """Make the judge of a house of three regions; groups: region -> the one whose colour it has."""
    numbers = np.arange(len(SEEN.values))
    for one, other in (groups or {}).items():
        numbers[one] = other
    areas = measure_inner_areas(REGIONS, SEEN).numpy()
    return Judge.of(SEEN, numbers, count_borders(REGIONS, SEEN), areas, palettes, places)


def paint(wall: tuple[float, ...], roof: tuple[float, ...], door: tuple[float, ...]) -> np.ndarray:
    """Return the colours of the house's tokens."""
    tones = np.full((len(SEEN.values), 3), 0.9, np.float32)
    tones[[WALL, ROOF, DOOR]] = wall, roof, door
    return tones


def test_the_draw_whose_neighbours_differ_is_kept_and_of_equals_the_first() -> None:
    flat, half, told = paint(RED, RED, RED), paint(RED, RED, BLUE), paint(RED, BLUE, RED)
    judge = make_judge()
    assert judge.choose([flat, half, told]) == 1 + (judge.score(told) > judge.score(half))
    assert judge.choose([told, told, flat]) == 0 and judge.score(half) > judge.score(flat)


def test_neighbours_that_have_one_colour_by_rule_and_ground_count_for_nothing() -> None:
    judge = make_judge({DOOR: WALL})
    assert {frozenset(pair) for pair in zip(judge.first, judge.second, strict=True)} == {frozenset((WALL, ROOF))}
    tones = paint(RED, BLUE, RED)
    pale = judge.score(tones)
    tones[0] = RED  # what runs off the picture
    assert judge.score(tones) == pale


def test_of_draws_that_differ_alike_that_which_wears_the_palette_is_kept() -> None:
    judge = make_judge()
    strange, worn = paint(GREEN, BLUE, BLUE), paint(RED, BLUE, BLUE)
    assert judge.choose([strange, worn]) == 1
    assert judge.areas.sum() == pytest.approx(1) and judge.score(strange) < judge.score(worn) <= 2


def test_of_draws_that_wear_as_much_of_the_palette_that_which_does_so_where_it_lies_is_kept() -> None:
    places = np.zeros((len(SEEN.values), 5), np.float32)
    places[ROOF, 0], places[[WALL, DOOR], 1] = 1, 1
    other, right = paint(RED, BLUE, RED), paint(BLUE, RED, BLUE)
    assert make_judge(places=places).choose([other, right]) == 1
    assert make_judge(places=1 - places).choose([right, other]) == 1
    several = make_judge(palettes=[HOUSE, HOUSE], places=places)
    assert several.score(other) == pytest.approx(several.score(right))


def test_palettes_of_several_things_are_left_out() -> None:
    judge = make_judge(palettes=[HOUSE, HOUSE])
    assert judge.score(paint(GREEN, BLUE, BLUE)) == judge.score(paint(RED, BLUE, BLUE))
    assert judge.choose([paint(RED, RED, RED), paint(GREEN, BLUE, BLUE)]) == 1


def test_where_time_is_short_there_is_one_draw() -> None:
    assert [count_tries(steps) for steps in (1, UNHURRIED - 1, UNHURRIED, 20)] == [1, 1, TRIES, TRIES]


def test_a_seed_s_first_draw_is_its_only_one_and_all_share_the_ground() -> None:
    alone, many = draw_tastes(1, 7, 8, 0.3), draw_tastes(TRIES, 7, 8, 0.3)
    assert torch.equal(alone[0].codes, many[0].codes) and torch.equal(alone[0].grounds, many[-1].grounds)
    assert len({tuple(one.codes.tolist()) for one in many}) == TRIES > 1


@pytest.mark.parametrize(
    ("prompt", "usual", "tries"), [("a house", [HOUSE], TRIES), ("a red house", [HOUSE], 0), ("a house", [], 0)]
)
def test_a_known_thing_is_drawn_several_times_and_words_once(
    prompt: str, usual: list[Palette], tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []

    def choose(judge: Judge, drawn: list[np.ndarray]) -> int:
        counts.append(len(drawn))
        return len(drawn) - 1

    torch.manual_seed(0)
    network = RegionColours()
    network.codes.copy_(torch.rand(CODES, 3, generator=torch.Generator().manual_seed(1)))
    said = hear_said_colours(prompt, lambda words: WORDS, lambda texts: np.zeros((len(texts), 384), np.float32))

    def propose() -> np.ndarray:
        return propose_colours(network.eval(), LINES, WORDS, WORDS, 3, said=said, usual=usual).colours

    monkeypatch.setattr(Judge, "choose", choose)
    last = propose()
    assert counts == ([tries] if tries else [])
    monkeypatch.setattr(tries_module, "TRIES", 1)
    assert np.array_equal(propose(), last) == (tries == 0)


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_draws_that_are_made_at_once_do_not_meet(scale: float) -> None:
    torch.manual_seed(0)
    network = RegionColours().eval()
    words = torch.randn(1 if scale == 1 else 2, 39, 384, generator=torch.Generator().manual_seed(2))
    states = [State(torch.full((len(SEEN.values),), code), GROUNDS) for code in (CODES, 5)]
    with torch.inference_mode():
        question = Question.ask(network, REGIONS, SEEN, words, scale, 1.0)
        together, apart = question.answer(states), [question.answer([state])[0] for state in states]
    for (colours, ground), (same, same_ground) in zip(together, apart, strict=True):
        torch.testing.assert_close(colours, same, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(ground, same_ground, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(together[0][0], together[1][0], atol=1e-3)
