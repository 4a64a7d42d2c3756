"""Try things: is what was asked for what is seen, and is any of it a training picture come back?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline.pocket.data.pack import Pack, Thing
from pipeline.pocket.data.scenes import add_article
from pipeline.pocket.evaluate.baselines import Baseline, Gallery
from pipeline.pocket.evaluate.bench import Bench, Case, Outcome, Strip, ink_lines, make_case, to_rgb
from pipeline.pocket.evaluate.judge import Judge, choose_candidates, load_judge, make_judging_case
from pipeline.pocket.evaluate.measures import Figure, Pixels, summarise_mean
from pipeline.values import StyleMix

NO_EDGES = {"controlnet_conditioning_scale": 0.0}
NEAR_PERCENTILE = 5.0  # percentile of the originals' distances: nearer than that is suspicious


def make_plain_mix(bench: Bench, things: Sequence[Thing], seed: int) -> StyleMix:
    """Make the plain style as training knows it: some other plain picture of something taught, and no style words."""
    return bench.make_wordless_mix(make_case(things, 3000 + seed, bench.side, color=None).original)


def draw_plain(bench: Bench, pack: Pack, case: Case, prompt: str, controls: Mapping[str, float] = {}) -> Pixels:
    """Draw a case's lines for a prompt in plain style."""
    return bench.draw_prompt(prompt, case.lines, case.seed, make_plain_mix(bench, pack.training, case.seed), controls)


def draw_named_thing(bench: Bench, pack: Pack, case: Case) -> Pixels:
    """Draw a case with its words and its lines together."""
    return draw_plain(bench, pack, case, add_article(case.picture.subject.name))


def make_judging_cases(things: Sequence[Thing], count: int, seed: int, side: int) -> list[Case]:
    """Make the first `count` cases to judge, of the things chosen by their hash."""
    return [make_judging_case(thing, seed + i, side) for i, thing in enumerate(choose_candidates(things)[:count])]


def make_held_out_cases(pack: Pack, count: int, side: int) -> list[Case]:
    """Make cases of things that training never saw."""
    return make_judging_cases(pack.held_out, count, 2000, side)


def make_taught_cases(pack: Pack, count: int, side: int) -> list[Case]:
    """Make cases of things that training saw."""
    return make_judging_cases(pack.training, count, 2500, side)


def run_thing_trial(bench: Bench, pack: Pack, count: int, baselines: Mapping[str, Baseline], judges: Path) -> Outcome:
    """Ask the judge (judge.py) whether it finds the thing asked for, among 50.

    Of held-out things, and of fewer that the model was taught.
    """
    held_out = judge_cases(
        bench,
        pack,
        make_held_out_cases(pack, count, bench.side),
        baselines,
        load_judge(choose_candidates(pack.held_out), judges),
        "thing, held out",
        (0.5,),
    )
    taught = judge_cases(
        bench,
        pack,
        make_taught_cases(pack, max(1, count // 2), bench.side),
        baselines,
        load_judge(choose_candidates(pack.training), judges),
        "thing, taught",
        (),
    )
    return Outcome(held_out.figures + taught.figures, held_out.strips + taught.strips)


def judge_cases(
    bench: Bench,
    pack: Pack,
    cases: Sequence[Case],
    baselines: Mapping[str, Baseline],
    judge: Judge,
    title: str,
    bars: tuple[float, ...],
) -> Outcome:
    """Draw the cases with prompt and sketch, sketch alone and prompt alone, and let the judge name each."""
    drawn = {
        "prompt and sketch": [draw_named_thing(bench, pack, case) for case in cases],
        "sketch alone": [draw_plain(bench, pack, case, "") for case in cases],
        "prompt alone": [
            draw_plain(bench, pack, case, add_article(case.picture.subject.name), NO_EDGES) for case in cases
        ],
    }
    reference = make_case(pack.training, 3000, bench.side, color=None).original
    beside = {
        "originals (ceiling)": [case.original for case in cases],
        "the lines themselves, dark on white": [ink_lines(case.lines) for case in cases],
        **{name: [baseline(case.lines, reference) for case in cases] for name, baseline in baselines.items()},
    }
    first, *others = drawn
    head = f"{title}: right among {len(judge.names)} (chance {1 / len(judge.names):.2f}), {first}"
    return Outcome(
        (
            summarise_mean(head, score_names(judge, cases, drawn[first]), *bars),
            *(
                summarise_mean(f"  {name}", score_names(judge, cases, (drawn | beside)[name]))
                for name in (*others, *beside)
            ),
        ),
        tuple(
            Strip((to_rgb(case.lines), case.original, *row), f"{case.picture.subject.name}: {', '.join(drawn)}")
            for case, row in zip(cases[:24], zip(*drawn.values(), strict=True), strict=False)
        ),
    )


def score_names(judge: Judge, cases: Sequence[Case], pictures: Sequence[Pixels]) -> list[float]:
    """Score 1 for each picture that the judge names rightly, else 0."""
    return [
        float(judge.name_thing(picture) == case.picture.subject.name)
        for case, picture in zip(cases, pictures, strict=True)
    ]


def run_memory_trial(bench: Bench, pack: Pack, count: int, gallery: Gallery) -> Outcome:
    """Measure how far results are from the nearest training picture, beside held-out originals that nobody learnt.

    Distances are those of describe_picture. Results that are nearer than originals may be copies, or merely smoother (a
    blurred picture is near to many): the share that is nearer than all but 5 % of the originals tells of copies.
    """
    cases = make_held_out_cases(pack, count, bench.side)
    taught = make_taught_cases(pack, max(1, count // 2), bench.side)
    originals = [gallery.measure_distance(case.original) for case in cases]
    results = {
        "held-out things": [gallery.measure_distance(draw_named_thing(bench, pack, case)) for case in cases],
        "things it was taught": [gallery.measure_distance(draw_named_thing(bench, pack, case)) for case in taught],
    }
    chosen = np.linspace(0, len(gallery.rows) - 1, min(count, len(gallery.rows))).astype(int)
    return Outcome(
        (
            *(
                summarise_mean(f"distance to the nearest training picture: {name}", away)
                for name, away in results.items()
            ),
            summarise_mean("  held-out originals", originals),
            summarise_mean(
                "  originals of things it was taught", [gallery.measure_distance(case.original) for case in taught]
            ),
            summarise_mean(
                "  training pictures, to the nearest other",
                [gallery.measure_distance(gallery.read_picture(int(i), bench.side), without=int(i)) for i in chosen],
            ),
            *(summarise_nearer(originals, away, name) for name, away in results.items()),
        )
    )


def summarise_nearer(originals: Sequence[float], away: Sequence[float], name: str) -> Figure:
    """Summarise which results lie nearer than all but NEAR_PERCENTILE % of held-out originals."""
    limit = float(np.percentile(originals, NEAR_PERCENTILE))
    return summarise_mean(
        f"  nearer than all but {NEAR_PERCENTILE:g} % of held-out originals: {name}",
        [float(one < limit) for one in away],
    )
