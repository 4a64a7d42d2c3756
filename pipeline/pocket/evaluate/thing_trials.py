"""Try things: is what was asked for what is seen, and is any of it a training picture come back?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.pocket.data.pack import Pack, Thing
from pipeline.pocket.data.scenes import add_article
from pipeline.pocket.evaluate.baselines import FLOOD_FILL, Gallery, fill_case
from pipeline.pocket.evaluate.bench import NONE, PLAIN, Bench, Case, Outcome, Strip, draw_pen, to_rgb
from pipeline.pocket.evaluate.judge import Judge, list_candidates, make_judging_case
from pipeline.pocket.evaluate.measures import Figure, Pixels, summarise_mean, summarise_share

SHARE_OF_TRUE = 0.65  # the bar: of what the judge gives the true pictures
NEAR_PERCENTILE = 5.0  # percentile of the originals' distances: nearer than that is suspicious
NAMED = "prompt and sketch"


def draw_named_thing(bench: Bench, case: Case) -> Pixels:
    """Draw a case with its words and its lines together, plain."""
    return bench.draw_prompt(add_article(case.picture.subject.name), case.lines, case.seed, controls=PLAIN)


def make_judging_cases(things: Sequence[Thing], count: int, seed: int, side: int) -> list[Case]:
    """Make the first `count` cases to judge, of the things chosen by their hash."""
    return [make_judging_case(thing, seed + i, side) for i, thing in enumerate(list_candidates(things)[:count])]


def run_thing_trial(bench: Bench, pack: Pack, count: int, judge: Judge) -> Outcome:
    """Ask the judge (judge.py) whether it finds the thing asked for, among all that it knows.

    Of held-out things, and of as many that the model was taught.
    """
    cases = {
        "held out": make_judging_cases(pack.held_out, count, 2000, bench.side),
        "taught": make_judging_cases(pack.training, count, 2500, bench.side),
    }
    figures: list[Figure] = []
    strips: list[Strip] = []
    right: list[float] = []
    true: list[float] = []
    for title, some in cases.items():
        outcome, named, best = judge_cases(bench, some, judge, title)
        figures += outcome.figures
        strips += outcome.strips
        right += named
        true += best
    share = summarise_share("things: named, as a share of the true pictures named", right, true, SHARE_OF_TRUE)
    return Outcome((share, *figures), tuple(strips))


def judge_cases(
    bench: Bench, cases: Sequence[Case], judge: Judge, title: str
) -> tuple[Outcome, list[float], list[float]]:
    """Draw the cases with and without their names and let the judge name each.

    Returns the outcome, and for every case whether the result and whether the true picture is named rightly.
    """
    drawn = {
        NAMED: [draw_named_thing(bench, case) for case in cases],
        "sketch alone": [bench.draw_prompt("", case.lines, case.seed, controls=PLAIN) for case in cases],
        "the true picture": [case.original for case in cases],
        FLOOD_FILL: [fill_case(case) for case in cases],
        "the drawing itself": [draw_pen(case.lines) for case in cases],
    }
    scores = {name: score_names(judge, cases, pictures) for name, pictures in drawn.items()}
    head = f"thing, {title}: right among {len(judge.names)}, {NAMED}"
    figures = [summarise_mean(head if name == NAMED else f"  {name}", values) for name, values in scores.items()]
    strips = tuple(
        Strip((to_rgb(case.lines), case.original, picture), case.picture.subject.name)
        for case, picture in zip(cases[:24], drawn[NAMED], strict=False)
    )
    return Outcome(tuple(figures), strips), scores[NAMED], scores["the true picture"]


def score_names(judge: Judge, cases: Sequence[Case], pictures: Sequence[Pixels]) -> list[float]:
    """Score 1 for each picture that the judge names rightly, else 0."""
    return [
        float(judge.name_thing(picture) == case.picture.subject.name)
        for case, picture in zip(cases, pictures, strict=True)
    ]


def run_memory_trial(bench: Bench, pack: Pack, count: int, gallery: Gallery) -> Outcome:
    """Measure how far results are from the nearest training picture, beside held-out originals that nobody learnt.

    Training pictures are lessons, 64 px wide and without lines, so results are drawn plain and without lines. Distances
    are those of describe_picture. A smooth picture is near to many: the share that is nearer than all but 5 % of the
    originals tells of copies.
    """
    cases = {
        "held-out things": make_judging_cases(pack.held_out, count, 2000, bench.side),
        "things it was taught": make_judging_cases(pack.training, count, 2500, bench.side),
    }
    results = {
        name: [gallery.measure_distance(draw_colours_alone(bench, case)) for case in some]
        for name, some in cases.items()
    }
    originals = [gallery.measure_distance(case.original) for case in cases["held-out things"]]
    chosen = np.linspace(0, len(gallery.pictures) - 1, min(count, len(gallery.pictures))).astype(int)
    among = [gallery.measure_distance(gallery.pictures[i], without=int(i)) for i in chosen]
    return Outcome(
        (
            *(
                summarise_mean(f"distance to the nearest training picture: {name}", away)
                for name, away in results.items()
            ),
            summarise_mean("  held-out originals", originals),
            summarise_mean("  training pictures, to the nearest other", among),
            *(summarise_nearer(originals, away, name) for name, away in results.items()),
        )
    )


def draw_colours_alone(bench: Bench, case: Case) -> Pixels:
    """Draw a case plain and without the pen's lines."""
    prompt = add_article(case.picture.subject.name)
    return bench.draw_prompt(prompt, case.lines, case.seed, controls=PLAIN | NONE)


def summarise_nearer(originals: Sequence[float], away: Sequence[float], name: str) -> Figure:
    """Summarise which results lie nearer than all but NEAR_PERCENTILE % of held-out originals."""
    limit = float(np.percentile(originals, NEAR_PERCENTILE))
    return summarise_mean(
        f"  nearer than all but {NEAR_PERCENTILE:g} % of held-out originals: {name}",
        [float(one < limit) for one in away],
    )
