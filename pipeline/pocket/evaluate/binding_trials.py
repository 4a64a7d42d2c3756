"""Measure colour words: does one word paint the thing, do two paint the thing and its part, each its own?

The drawings are things drawn by code, whose parts are known by name, and things that nothing was trained on, with a
decoration: "a yellow house with a blue roof", "a white teapot with a red heart".
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.pocket.data.colors import measure_color_share
from pipeline.pocket.data.drawn_things import DRAWN, Drawn
from pipeline.pocket.data.hand_lines import draw_lines
from pipeline.pocket.data.part_canvas import SIDE, Box, Canvas, Rng
from pipeline.pocket.data.vector_pack import VectorPack
from pipeline.pocket.data.word_cases import (
    LEAST,
    WORDS,
    MarkedPaints,
    WordCase,
    choose_two,
    find_marked,
    list_rows,
    listed,
    make_decorated_case,
    name_row,
    paste_row,
    with_article,
)
from pipeline.pocket.evaluate.measures import MAJORITY, Figure, Pixels, summarise_mean
from pipeline.pocket.evaluate.part_trials import Colour

BARS = {"binding": 0.80, "words": 0.97}


def make_binding_cases(pack: VectorPack, count: int, seed: int = 0) -> list[WordCase]:
    """Make drawings with two-colour prompts: three of five of things that code draws, the others with a decoration."""
    rng = np.random.default_rng(seed)
    drawn = [(key, part) for key, thing in DRAWN.items() for part in thing.parts if part != thing.main]
    rows = list_rows(pack, held_out=True)
    made: list[WordCase] = []
    while len(made) < count:
        if len(made) % 5 < 3:
            key, part = drawn[int(rng.integers(len(drawn)))]
            case = make_drawn_case(DRAWN[key], part, rng)
        else:
            case = make_decorated_case(pack, rows[int(rng.integers(len(rows)))], rng)
        if case is not None:
            made.append(case)
    return made


def make_drawn_case(thing: Drawn, part: str, rng: Rng) -> WordCase | None:
    """Draw a thing by code; None where the parts asked for hardly show."""
    canvas = Canvas(np.ones((SIDE, SIDE, 3), np.float32))
    width = min(0.8, 0.85 * thing.shape)
    height = width / thing.shape
    box = Box(0.5 - width / 2, 0.5 - height / 2, width, height, rng, 0.008)
    thing.draw(canvas, box, MarkedPaints(rng, thing.main, part), rng)
    main, other = find_marked(canvas)
    if min(main.sum(), other.sum()) < LEAST:
        return None
    one, two = choose_two(rng)
    prompt = f"{with_article(f'{one} {thing.words[0]}')} with {listed(two, thing.parts[part])}"
    return WordCase(prompt, draw_lines(canvas, rng), ((one, main), (two, other)))


def make_word_cases(pack: VectorPack, count: int, seed: int = 0) -> list[WordCase]:
    """Make drawings of held-out things, each with one colour word."""
    rng = np.random.default_rng(seed)
    made: list[WordCase] = []
    for row in rng.permutation(list_rows(pack, held_out=True)):
        canvas = Canvas(np.ones((SIDE, SIDE, 3), np.float32))
        main = paste_row(canvas, pack, int(row), (0.5, 0.5), 0.8)
        if main is not None:
            word = WORDS[len(made) % len(WORDS)]
            prompt = with_article(f"{word} {name_row(pack, int(row))}")
            made.append(WordCase(prompt, draw_lines(canvas, rng), ((word, np.isin(canvas.parts, main)),)))
        if len(made) == count:
            break
    return made


def measure_binding(colour: Colour, cases: Sequence[WordCase], seed: int = 0) -> list[Figure]:
    """Return the share of two-colour prompts that are obeyed in both, and in each."""
    obeyed = [obey_words(colour, case, seed + n) for n, case in enumerate(cases)]
    return [
        summarise_mean(
            "binding, both colours of two-colour prompts", [float(all(one)) for one in obeyed], BARS["binding"]
        ),
        summarise_mean("  the thing's own colour", [float(one[0]) for one in obeyed]),
        summarise_mean("  its part's colour", [float(one[1]) for one in obeyed]),
    ]


def measure_colour_words(colour: Colour, cases: Sequence[WordCase], seed: int = 0) -> list[Figure]:
    """Return the share of one-colour prompts that are obeyed by most of the thing's main colour."""
    obeyed = [float(obey_words(colour, case, seed + n)[0]) for n, case in enumerate(cases)]
    return [summarise_mean("colour words, held-out things", obeyed, BARS["words"])]


def obey_words(colour: Colour, case: WordCase, seed: int) -> list[bool]:
    """Say of each colour word whether most of the place it means has that colour."""
    made = enlarge(colour(case.lines, case.prompt, seed))
    return [measure_color_share(word, made[where]) >= MAJORITY for word, where in case.wanted]


def enlarge(colours: Pixels) -> Pixels:
    return np.asarray(cv2.resize(colours, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST), np.uint8)
