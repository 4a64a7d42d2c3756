"""Measure the colours of a drawing's parts: are they told apart, and are they such as illustrators give them?

The drawings are things that nothing was trained on (`VectorPack.held_out`), so the true colour of every part is known,
and also what the other artists of the pack gave to that place of the same thing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000

from pipeline.pocket.data.hand_lines import draw_lines
from pipeline.pocket.data.part_canvas import SIDE, Canvas, Float, Rng, place_square
from pipeline.pocket.data.vector_pack import PEOPLE, VectorPack
from pipeline.pocket.evaluate.measures import Figure, Pixels, summarise_mean, to_lab

Colour = Callable[[NDArray[np.uint8], str, int], Pixels]  # (lines (H, W), prompt, seed) -> colours (h, w, 3)

LEAST_PART = 60  # px at SIDE; smaller parts are not measured
LEAST_SHARE = 0.2  # of a part's place that another artist's region covers, for its colour to be true there
NATURAL = 12.0  # CIEDE2000 to the nearest true colour at most
DIFFERENT, APART = 20.0, 10.0  # CIEDE2000: neighbours that truly differ so much are told apart if they are made so far
SIZE = 0.8  # of the picture
BARS = {"apart": 0.85, "natural": 0.75}


@dataclass(frozen=True, eq=False)
class PartCase:
    """PartCase is a drawing whose parts and their true colours are known."""

    name: str
    lines: NDArray[np.uint8]  # (SIDE, SIDE) white on black
    picture: Pixels  # (SIDE, SIDE, 3) RGB, as the artist coloured it, on white
    parts: NDArray[np.int32]  # (SIDE, SIDE) numbers of parts from 1; 0 where there is none
    true_colours: tuple[Float, ...]  # of each part, (n, 3) Lab: the artist's own first, then the others'

    @property
    def prompt(self) -> str:
        """Return the words: the thing's name and nothing else."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"


def make_part_cases(pack: VectorPack, count: int, seed: int = 0) -> list[PartCase]:
    """Draw `count` things that are held out, each by an artist chosen at random."""
    rng = np.random.default_rng(seed)
    rows = [int(row) for row in np.flatnonzero(pack.held_out) if not PEOPLE.match(pack.names[row])]
    made: list[PartCase] = []
    for row in rng.permutation(rows):
        case = make_part_case(pack, int(row), rng)
        if len(case.true_colours) > 1:
            made.append(case)
        if len(made) == count:
            break
    return made


def make_part_case(pack: VectorPack, row: int, rng: Rng) -> PartCase:
    """Draw one row of the pack in the middle of a white sheet."""
    move = place_square((0.5, 0.5), SIZE)
    canvas = Canvas(np.ones((SIDE, SIDE, 3), np.float32))
    ink = np.unpackbits(np.array(pack.ink[row]), axis=-1)
    canvas.paste(np.float32(1 / 255) * pack.colours[row], np.array(pack.regions[row]), ink, move)
    picture = np.round(255 * np.clip(canvas.colours, 0, 1)).astype(np.uint8)
    large = np.bincount(canvas.parts.ravel()) >= LEAST_PART
    large[0] = False
    numbers = np.where(large, np.cumsum(large), 0)
    parts = numbers[canvas.parts].astype(np.int32)
    others = [place_row(pack, other, move) for other in pack.rows_of(pack.names[row]) if other != row]
    own = find_part_colours(picture, parts)
    true_colours = tuple(
        np.stack([own[number - 1], *list_true_colours(parts == number, others)])
        for number in range(1, int(parts.max()) + 1)
    )
    return PartCase(pack.names[row], draw_lines(canvas, rng), picture, parts, true_colours)


def place_row(pack: VectorPack, row: int, move: Float) -> tuple[Float, NDArray[np.uint8]]:
    """Return another artist's Lab colours (SIDE, SIDE, 3) and region numbers (SIDE, SIDE), laid down alike."""
    colours = cv2.warpAffine(np.array(pack.colours[row]), move, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    regions = cv2.warpAffine(np.array(pack.regions[row]), move, (SIDE, SIDE), flags=cv2.INTER_NEAREST)
    return to_lab(np.asarray(colours, np.uint8)), np.asarray(regions, np.uint8)


def list_true_colours(place: NDArray[np.bool_], others: Sequence[tuple[Float, NDArray[np.uint8]]]) -> list[Float]:
    """Return the Lab colours that other artists gave to a place: those of every region that covers enough of it."""
    found = []
    for lab, regions in others:
        counts = np.bincount(regions[place])
        found += [
            np.median(lab[place & (regions == number)], axis=0)
            for number in np.flatnonzero(counts >= LEAST_SHARE * place.sum())
            if number
        ]
    return found


def find_part_colours(colours: Pixels, parts: NDArray[np.int32]) -> Float:
    """Return each part's median colour in Lab, (n, 3); pixels at its rim count only where it has no others."""
    full = cv2.resize(colours, parts.shape[::-1], interpolation=cv2.INTER_LINEAR)
    lab = to_lab(np.asarray(full, np.uint8))
    found = []
    for number in range(1, int(parts.max()) + 1):
        mask = parts == number
        inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        found.append(np.median(lab[inner if inner.sum() > 12 else mask], axis=0))
    return np.array(found, np.float32).reshape(-1, 3)


def measure_parts(colour: Colour, cases: Sequence[PartCase], seed: int = 0) -> list[Figure]:
    """Colour every drawing by its thing's name; return the shares told apart and natural, averaged over drawings."""
    apart, natural = [], []
    for n, case in enumerate(cases):
        made = find_part_colours(colour(case.lines, case.prompt, seed + n), case.parts)
        natural.append(float(np.mean(list_natural(made, case))))
        if told := list_told_apart(made, case):
            apart.append(float(np.mean(told)))
    return [
        summarise_mean("parts told apart, share of differing neighbours", apart, BARS["apart"]),
        summarise_mean("parts natural, share within CIEDE2000 12 of a true colour", natural, BARS["natural"]),
    ]


def list_natural(made: Float, case: PartCase, most: float = NATURAL) -> list[bool]:
    """Say of each part whether its colour is near one that an artist gave it."""
    return [
        bool(deltaE_ciede2000(np.broadcast_to(one, true.shape), true).min() <= most)
        for one, true in zip(made, case.true_colours, strict=True)
    ]


def list_told_apart(made: Float, case: PartCase) -> list[bool]:
    """Say of each pair of neighbours whose true colours differ whether the made ones do."""
    return [
        bool(deltaE_ciede2000(made[one - 1], made[other - 1]) >= APART)
        for one, other in list_neighbours(case.parts)
        if deltaE_ciede2000(case.true_colours[one - 1][0], case.true_colours[other - 1][0]) >= DIFFERENT
    ]


def list_neighbours(parts: NDArray[np.int32], least: int = 4) -> list[tuple[int, int]]:
    """List pairs of parts that share at least `least` px of border."""
    pairs = np.concatenate(
        [
            np.stack([parts[:, 1:].ravel(), parts[:, :-1].ravel()], 1),
            np.stack([parts[1:].ravel(), parts[:-1].ravel()], 1),
        ]
    )
    pairs = np.sort(pairs[(pairs[:, 0] != pairs[:, 1]) & pairs.all(1)], axis=1)
    found, counts = np.unique(pairs, axis=0, return_counts=True)
    return [(int(one), int(other)) for one, other in found[counts >= least]]
