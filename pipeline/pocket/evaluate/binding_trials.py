"""Measure colour words: does one word paint the thing, do two paint the thing and its part, each its own?

The drawings are things drawn by code, whose parts are known by name, and things that nothing was trained on, with a
decoration: "a yellow house with a blue roof", "a white teapot with a red heart".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.pocket.data.colors import measure_color_share
from pipeline.pocket.data.drawn_things import DRAWN, Drawn
from pipeline.pocket.data.hand_lines import draw_lines
from pipeline.pocket.data.motifs import MOTIFS, add_motif
from pipeline.pocket.data.paints import Paints
from pipeline.pocket.data.part_canvas import SIDE, Box, Canvas, Float, Rng, place_square
from pipeline.pocket.data.recolouring import COLOUR_WORD, SAID_AT, find_groups
from pipeline.pocket.data.stage import UNCOLOURED
from pipeline.pocket.data.vector_pack import VectorPack
from pipeline.pocket.evaluate.measures import MAJORITY, Figure, Pixels, summarise_mean
from pipeline.pocket.evaluate.part_trials import Colour

WORDS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white")
LEAST = 60  # px of a part that is asked for
BARS = {"binding": 0.80, "words": 0.97}


@dataclass(frozen=True, eq=False)
class WordCase:
    """WordCase is a drawing with the places that colour words mean."""

    prompt: str
    lines: NDArray[np.uint8]  # (SIDE, SIDE) white on black
    wanted: tuple[tuple[str, NDArray[np.bool_]], ...]  # colour word, where (SIDE, SIDE)


class MarkedPaints(Paints):
    """MarkedPaints gives a thing's parts colours by which they are found again: main red, one part blue, all others
    greens.
    """

    def __init__(self, rng: Rng, main: str, part: str) -> None:
        super().__init__(rng)
        self.main, self.part = main, part

    def __call__(self, part: str, usual: str = "") -> Float:
        tone = {self.main: (0.9, 0.1, 0.1), self.part: (0.1, 0.1, 0.9)}.get(part)
        if part not in self.mixed:
            green = 0.3 + 0.6 * ((len(self.mixed) * 0.381) % 1)
            self.mixed[part] = np.array(tone or (0.05, green, 0.1), np.float32)
        return self.mixed[part]


def make_binding_cases(pack: VectorPack, count: int, seed: int = 0) -> list[WordCase]:
    """Make drawings with two-colour prompts: three of five of things that code draws, the others with a decoration."""
    rng = np.random.default_rng(seed)
    drawn = [(key, part) for key, thing in DRAWN.items() for part in thing.parts if part != thing.main]
    rows = list_plain_rows(pack)
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


def list_plain_rows(pack: VectorPack) -> list[int]:
    """List held-out rows whose name a colour word may stand before."""
    return [int(row) for row in np.flatnonzero(pack.held_out) if not UNCOLOURED.search(pack.names[row])]


def make_drawn_case(thing: Drawn, part: str, rng: Rng) -> WordCase | None:
    """Draw a thing by code; None where the parts asked for hardly show."""
    canvas = Canvas(np.ones((SIDE, SIDE, 3), np.float32))
    width = min(0.8, 0.85 * thing.shape)
    height = width / thing.shape
    box = Box(0.5 - width / 2, 0.5 - height / 2, width, height, rng, 0.008)
    thing.draw(canvas, box, MarkedPaints(rng, thing.main, part), rng)
    red, green, blue = np.moveaxis(canvas.colours, -1, 0)
    main, other = red > 2 * np.maximum(green, blue), blue > 2 * np.maximum(red, green)
    if min(main.sum(), other.sum()) < LEAST:
        return None
    one, two = choose_two(rng)
    name, called = thing.words[0], thing.parts[part]
    listed = f"{two} {called}" if called.endswith("s") else with_article(f"{two} {called}")
    lines = draw_lines(canvas, rng)
    return WordCase(f"{with_article(f'{one} {name}')} with {listed}", lines, ((one, main), (two, other)))


def make_decorated_case(pack: VectorPack, row: int, rng: Rng) -> WordCase | None:
    """Draw a held-out thing with a decoration; None where it has no main colour or no room."""
    canvas, main = place_thing(pack, row)
    one, two = choose_two(rng)
    if main is None:
        return None
    before = canvas.parts.copy()
    words = add_motif(canvas, np.unique(before[main]), one, rng)
    changed = cv2.erode((canvas.parts != before).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    kind = next((kind for kind in MOTIFS if words.endswith(kind)), "")
    if not kind or changed.sum() < LEAST:
        return None
    motif = main_part(canvas.parts, changed)
    name = COLOUR_WORD.sub("", pack.names[row]) or pack.names[row]
    listed = f"{two} {kind}" if kind.endswith("s") else with_article(f"{two} {kind}")
    lines = draw_lines(canvas, rng)
    return WordCase(
        f"{with_article(f'{one} {name}')} with {listed}", lines, ((one, main & (canvas.parts == before)), (two, motif))
    )


def main_part(parts: NDArray[np.int32], changed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the decoration without its last part where that is a small centre."""
    numbers, counts = np.unique(parts[changed], return_counts=True)
    return changed & (parts != numbers[-1]) if len(numbers) > 4 and counts[-1] < 0.4 * counts.sum() else changed


def place_thing(pack: VectorPack, row: int) -> tuple[Canvas, NDArray[np.bool_] | None]:
    """Lay a row of the pack on a white sheet; also return where its main colour is, or None where it has none."""
    canvas = Canvas(np.ones((SIDE, SIDE, 3), np.float32))
    colours, regions = np.array(pack.colours[row]), np.array(pack.regions[row])
    ink = np.unpackbits(np.array(pack.ink[row]), axis=-1)
    first = canvas.paste(np.float32(1 / 255) * colours, regions, ink, place_square((0.5, 0.5), 0.8))
    groups = find_groups(colours, regions)
    if not groups or groups[0].share < SAID_AT:
        return canvas, None
    return canvas, np.isin(canvas.parts, np.array(groups[0].regions) + first - 1)


def make_word_cases(pack: VectorPack, count: int, seed: int = 0) -> list[WordCase]:
    """Make drawings of held-out things, each with one colour word."""
    rng = np.random.default_rng(seed)
    made: list[WordCase] = []
    for row in rng.permutation(list_plain_rows(pack)):
        canvas, main = place_thing(pack, int(row))
        if main is not None:
            word = WORDS[len(made) % len(WORDS)]
            name = COLOUR_WORD.sub("", pack.names[row]) or pack.names[row]
            made.append(WordCase(with_article(f"{word} {name}"), draw_lines(canvas, rng), ((word, main),)))
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


def choose_two(rng: Rng) -> tuple[str, str]:
    one, two = rng.choice(len(WORDS), 2, replace=False)
    return WORDS[int(one)], WORDS[int(two)]


def with_article(phrase: str) -> str:
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"
