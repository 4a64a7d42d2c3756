"""Measure place words: does the ground look like the place that the words name, though nobody drew it?

A judge by statistics: the colours of true grounds from the top down; a made ground is judged by its nearest true ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.colours.oklab import to_oklab
from pipeline.pocket.data.hand_lines import draw_lines
from pipeline.pocket.data.part_canvas import SIDE, Canvas, Float, place_square
from pipeline.pocket.data.places import PLACES, draw_place
from pipeline.pocket.data.vector_pack import PEOPLE, VectorPack
from pipeline.pocket.evaluate.measures import Figure, Pixels, summarise_mean
from pipeline.pocket.evaluate.part_trials import Colour

NAMED = (*("sea", "snow", "forest", "desert", "night", "city", "space", "under water", "room", "meadow", "sunset"),)
ROWS = 12  # of a ground, whose mean colours describe it
LEAST = 0.05  # of a row's pixels that show the ground, for it to count
KNOWN = 120  # true grounds of each place that the judge knows
NEAREST = 9
BAR = 0.85


@dataclass(frozen=True, eq=False)
class PlaceCase:
    """PlaceCase is a drawing of a thing whose words name a place that is not drawn."""

    place: str
    prompt: str
    lines: NDArray[np.uint8]  # (SIDE, SIDE) white on black
    ground: NDArray[np.bool_]  # (SIDE, SIDE) where the thing is not
    picture: Pixels  # (SIDE, SIDE, 3) the thing on a true ground of that place


@dataclass(frozen=True, eq=False)
class PlaceJudge:
    """PlaceJudge names the place that a ground looks like."""

    places: tuple[str, ...]  # of each known ground
    grounds: Float  # (n, ROWS, 3) OKLab

    @classmethod
    def fit(cls, seed: int = 1000) -> PlaceJudge:
        """Let the judge see true grounds of every place."""
        rng = np.random.default_rng(seed)
        places = [place for place in NAMED for _ in range(KNOWN)]
        whole = np.ones((SIDE, SIDE), bool)
        grounds = [describe_ground(to_pixels(draw_place(place, rng).image), whole)[0] for place in places]
        return cls(tuple(places), np.stack(grounds))

    def name_place(self, picture: Pixels, ground: NDArray[np.bool_]) -> str:
        """Name the place that most of the nearest true grounds show; rows that show no ground do not count."""
        rows, seen = describe_ground(picture, ground)
        apart = ((self.grounds - rows)[:, seen] ** 2).sum((1, 2))
        nearest: Counter[str] = Counter(self.places[int(n)] for n in np.argsort(apart)[:NEAREST])
        return nearest.most_common(1)[0][0]


def describe_ground(picture: Pixels, ground: NDArray[np.bool_]) -> tuple[Float, NDArray[np.bool_]]:
    """Return the mean colours of a ground's rows, (ROWS, 3) OKLab, and which rows show enough of it, (ROWS,)."""
    lab, bands = to_oklab(picture), np.array_split(np.arange(SIDE), ROWS)
    seen = np.array([ground[band].mean() >= LEAST for band in bands])
    rows = [lab[band][ground[band]].mean(0) if there else np.zeros(3) for band, there in zip(bands, seen, strict=True)]
    return np.array(rows, np.float32), seen


def make_place_cases(pack: VectorPack, each: int, seed: int = 0) -> list[PlaceCase]:
    """Draw `each` held-out things for every place."""
    rng = np.random.default_rng(seed)
    rows = [int(row) for row in np.flatnonzero(pack.held_out) if not PEOPLE.match(pack.names[row])]
    made = []
    for place in NAMED:
        for n in range(each):
            row = rows[int(rng.integers(len(rows)))]
            words, name = PLACES[place][1], pack.names[row]
            canvas = Canvas(draw_place(place, rng).image)
            ink = np.unpackbits(np.array(pack.ink[row]), axis=-1)
            move = place_square((0.5 + rng.uniform(-0.15, 0.15), 0.6), rng.uniform(0.45, 0.65))
            canvas.paste(np.float32(1 / 255) * pack.colours[row], np.array(pack.regions[row]), ink, move)
            prompt = f"{'an' if name[0] in 'aeiou' else 'a'} {name} {words[n % len(words)]}"
            ground = cv2.dilate((canvas.parts > 0).astype(np.uint8), np.ones((7, 7), np.uint8)) == 0
            made.append(PlaceCase(place, prompt, draw_lines(canvas, rng), ground, to_pixels(canvas.colours)))
    return made


def to_pixels(image: Float) -> Pixels:
    return np.asarray(np.round(255 * np.clip(image, 0, 1)), np.uint8)


def measure_places(colour: Colour, cases: Sequence[PlaceCase], judge: PlaceJudge, seed: int = 0) -> list[Figure]:
    """Return the share of grounds that are judged to be the place that the words name; the true ones' beside it."""
    judged = []
    for n, case in enumerate(cases):
        made = cv2.resize(colour(case.lines, case.prompt, seed + n), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        judged.append(float(judge.name_place(np.asarray(made, np.uint8), case.ground) == case.place))
    true = [float(judge.name_place(case.picture, case.ground) == case.place) for case in cases]
    by_place = {place: [one for one, case in zip(judged, cases, strict=True) if case.place == place] for place in NAMED}
    return [
        summarise_mean("place words, judged by true grounds", judged, BAR),
        summarise_mean("  the true grounds themselves", true),
        *(summarise_mean(f"  {place}", shares) for place, shares in by_place.items() if shares),
    ]
