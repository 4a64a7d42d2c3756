"""Neighbouring parts of one colour get two tones of it, and nothing else changes."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.colours.oklab import from_oklab, to_oklab
from pipeline.colours.tones import DARKEST, LIGHTEST, ONE, TWO, find_shift, tell_apart

HEAD, EAR, EYE, GROUND = range(4)
GREY = (0.6, 0.6, 0.62)
AREAS = np.array([0.7, 0.2, 0.1, 0], np.float32)
FREE = np.zeros(4, bool)
FIRST, SECOND = np.array([HEAD, HEAD]), np.array([EAR, EYE])


def paint(*colours: tuple[float, ...]) -> NDArray[np.float32]:
    return np.array(colours, np.float32)


def measure(tones: NDArray[np.float32], one: int, other: int) -> float:
    lab = to_oklab(tones)
    return float(np.linalg.norm(lab[one] - lab[other]))


def test_the_smaller_of_two_neighbours_of_one_colour_becomes_darker_in_its_own_hue() -> None:
    tones = paint(GREY, GREY, (0.1, 0.1, 0.1), GREY)
    made = tell_apart(tones, FIRST, SECOND, np.arange(4), AREAS, FREE)
    assert made[[HEAD, EYE]] == pytest.approx(tones[[HEAD, EYE]], abs=1e-3) and np.array_equal(
        made[GROUND], tones[GROUND]
    )
    assert measure(made, HEAD, EAR) == pytest.approx(TWO, abs=0.011)
    before, after = to_oklab(tones)[EAR], to_oklab(made)[EAR]
    assert after[0] < before[0] and after[1:] == pytest.approx(before[1:], abs=2e-3)


def test_black_becomes_lighter_and_what_differs_already_stays() -> None:
    black = paint((0.01, 0.01, 0.01), (0.01, 0.01, 0.01), (0.9, 0.1, 0.1), GREY)
    made = tell_apart(black, FIRST, SECOND, np.arange(4), AREAS, FREE)
    assert to_oklab(made)[EAR, 0] > to_oklab(black)[EAR, 0] + 0.05
    apart = paint(GREY, (0.5, 0.5, 0.52), (0.9, 0.1, 0.1), GREY)
    assert measure(apart, HEAD, EAR) > ONE
    assert tell_apart(apart, FIRST, SECOND, np.arange(4), AREAS, FREE) == pytest.approx(apart, abs=1e-3)


def test_parts_of_like_size_and_those_of_one_group_keep_one_colour() -> None:
    tones = paint(GREY, GREY, GREY, GREY)
    alike = np.array([0.5, 0.45, 0.05, 0], np.float32)
    made = tell_apart(tones, np.array([HEAD]), np.array([EAR]), np.arange(4), alike, FREE)
    assert made == pytest.approx(tones, abs=1e-3)
    made = tell_apart(tones, FIRST, SECOND, np.array([0, 1, 1, 3]), AREAS, FREE)  # two ears
    assert measure(made, EAR, EYE) < 1e-3 and measure(made, HEAD, EAR) > TWO - 0.011


def test_what_the_person_painted_keeps_its_colour_and_its_larger_neighbour_gives_way() -> None:
    tones = paint(GREY, GREY, GREY, GREY)
    made = tell_apart(tones, FIRST, SECOND, np.arange(4), AREAS, np.array([False, True, True, False]))
    assert made[[EAR, EYE]] == pytest.approx(tones[[EAR, EYE]], abs=1e-3)
    assert measure(made, HEAD, EAR) > TWO - 0.011


def test_without_neighbours_nothing_is_done() -> None:
    tones = paint(GREY, GREY, GREY, GREY)
    none = np.zeros(0, np.int64)
    assert tell_apart(tones, none, none, np.arange(4), AREAS, FREE) is tones


def test_where_no_tone_is_apart_from_all_neighbours_the_colour_stays() -> None:
    ladder = to_oklab(paint(*[(v, v, v) for v in np.linspace(0, 1, 30)]))
    assert find_shift(ladder[15], ladder) == 0
    for light in (0.0, 1.0):
        colour = to_oklab(paint((light, light, light)))[0]
        made = from_oklab((colour + np.array([find_shift(colour, colour[None]), 0, 0], np.float32))[None])
        assert DARKEST - 0.02 <= to_oklab(made)[0, 0] <= LIGHTEST + 0.02 and (made >= 0).all() and (made <= 1.001).all()
