"""Ask of the program's pictures what part_trials, binding_trials and place_trials ask of the colourist alone.

Pictures are drawn plain and without the pen's lines, so that a part's colour is what inking made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.pocket.data.vector_pack import VectorPack
from pipeline.pocket.evaluate.baselines import FLOOD_FILL, flood_fill
from pipeline.pocket.evaluate.bench import NONE, PLAIN, Bench, Outcome
from pipeline.pocket.evaluate.binding_trials import (
    make_binding_cases,
    make_word_cases,
    measure_binding,
    measure_colour_words,
)
from pipeline.pocket.evaluate.measures import Figure, Pixels
from pipeline.pocket.evaluate.part_trials import Colour, PartCase, make_part_cases, measure_parts
from pipeline.pocket.evaluate.place_trials import PlaceJudge, make_place_cases, measure_places

PLACES = 10  # times fewer drawings for each place


def make_colour(bench: Bench) -> Colour:
    """Make what these trials draw with: lines (H, W), a prompt and a seed -> a picture of the bench's size."""

    def colour(lines: NDArray[np.uint8], prompt: str, seed: int) -> Pixels:
        large = cv2.resize(lines, (bench.side, bench.side), interpolation=cv2.INTER_NEAREST)
        return bench.draw_prompt(prompt, np.asarray(large, np.uint8), seed, controls=PLAIN | NONE)

    return colour


def run_part_trial(bench: Bench, pack: VectorPack, count: int) -> Outcome:
    """Ask whether held-out things' parts are told apart and natural; a flood and the true pictures beside it."""
    cases = make_part_cases(pack, count)
    made, flooded, true = (
        measure_parts(colour, cases)
        for colour in (make_colour(bench), answer_by_case(cases, flood_part_case), answer_by_case(cases, show_true))
    )
    return Outcome(
        tuple(
            line
            for figure, flat, best in zip(made, flooded, true, strict=True)
            for line in (figure, rename(flat, f"  {FLOOD_FILL}"), rename(best, "  the true picture"))
        )
    )


def flood_part_case(case: PartCase) -> Pixels:
    """Fill a drawing with the mean colour that its artist gave the whole thing."""
    return flood_fill(case.lines, case.picture[case.parts > 0].mean(axis=0))


def show_true(case: PartCase) -> Pixels:
    """Return the picture as its artist coloured it."""
    return case.picture


def answer_by_case(cases: Sequence[PartCase], answer: Callable[[PartCase], Pixels]) -> Colour:
    """Make a function that knows each drawing by its lines and answers as `answer` does for its case."""
    known = {case.lines.tobytes(): case for case in cases}
    return lambda lines, prompt, seed: answer(known[lines.tobytes()])


def rename(figure: Figure, name: str) -> Figure:
    """Return a figure under another name, without bars."""
    return Figure(name, figure.value, figure.low, figure.high, figure.count)


def run_binding_trial(bench: Bench, pack: VectorPack, count: int) -> Outcome:
    """Ask whether two colour words paint what each stands before, and one word held-out things."""
    colour = make_colour(bench)
    return Outcome(
        (
            *measure_binding(colour, make_binding_cases(pack, count)),
            *measure_colour_words(colour, make_word_cases(pack, count)),
        )
    )


def run_place_trial(bench: Bench, pack: VectorPack, count: int) -> Outcome:
    """Ask whether grounds look like the places that the words name."""
    cases = make_place_cases(pack, max(1, count // PLACES))
    return Outcome(tuple(measure_places(make_colour(bench), cases, PlaceJudge.fit())))
