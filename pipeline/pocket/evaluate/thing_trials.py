"""Trials of things: is what was asked for what is seen, and is any of it a training picture come back?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline.pocket.data.pack import Pack, Thing
from pipeline.pocket.data.scenes import with_article
from pipeline.pocket.evaluate.baselines import Baseline, Gallery
from pipeline.pocket.evaluate.bench import Bench, Case, Outcome, Strip, inked, make_case, to_rgb
from pipeline.pocket.evaluate.judge import Judge, candidates, case_to_judge, load_judge
from pipeline.pocket.evaluate.measures import Figure, Pixels, figure
from pipeline.values import StyleMix

NO_EDGES = {"controlnet_conditioning_scale": 0.0}
NEAR = 5.0  # percentile of the originals' distances: nearer than that is suspicious


def plain_mix(bench: Bench, things: Sequence[Thing], seed: int) -> StyleMix:
    """Plain style as training knows it: some other plain picture of something taught, and no style words."""
    return bench.wordless(make_case(things, 3000 + seed, bench.side, color=None).original)


def ask_plain(bench: Bench, pack: Pack, case: Case, prompt: str, controls: Mapping[str, float] = {}) -> Pixels:
    return bench.ask(prompt, case.lines, case.seed, plain_mix(bench, pack.training, case.seed), controls)


def ask_thing(bench: Bench, pack: Pack, case: Case) -> Pixels:
    """Words and drawing together."""
    return ask_plain(bench, pack, case, with_article(case.picture.subject.name))


def judged_cases(things: Sequence[Thing], count: int, seed: int, side: int) -> list[Case]:
    return [case_to_judge(thing, seed + i, side) for i, thing in enumerate(candidates(things)[:count])]


def held_out_cases(pack: Pack, count: int, side: int) -> list[Case]:
    return judged_cases(pack.held_out, count, 2000, side)


def taught_cases(pack: Pack, count: int, side: int) -> list[Case]:
    return judged_cases(pack.training, count, 2500, side)


def thing_trial(bench: Bench, pack: Pack, count: int, ways: Mapping[str, Baseline], judges: Path) -> Outcome:
    """Does the judge (judge.py) find the thing asked for, among 50? Held-out things, and fewer of those taught."""
    held_out = judged(
        bench,
        pack,
        held_out_cases(pack, count, bench.side),
        ways,
        load_judge(candidates(pack.held_out), judges),
        "thing, held out",
        (0.5,),
    )
    taught = judged(
        bench,
        pack,
        taught_cases(pack, max(1, count // 2), bench.side),
        ways,
        load_judge(candidates(pack.training), judges),
        "thing, taught",
        (),
    )
    return Outcome(held_out.figures + taught.figures, held_out.strips + taught.strips)


def judged(
    bench: Bench,
    pack: Pack,
    cases: Sequence[Case],
    ways: Mapping[str, Baseline],
    judge: Judge,
    title: str,
    bars: tuple[float, ...],
) -> Outcome:
    drawn = {
        "prompt and sketch": [ask_thing(bench, pack, case) for case in cases],
        "sketch alone": [ask_plain(bench, pack, case, "") for case in cases],
        "prompt alone": [
            ask_plain(bench, pack, case, with_article(case.picture.subject.name), NO_EDGES) for case in cases
        ],
    }
    reference = make_case(pack.training, 3000, bench.side, color=None).original
    beside = {
        "originals (ceiling)": [case.original for case in cases],
        "the lines themselves, dark on white": [inked(case.lines) for case in cases],
        **{name: [way(case.lines, reference) for case in cases] for name, way in ways.items()},
    }
    first, *others = drawn
    head = f"{title}: right among {len(judge.names)} (chance {1 / len(judge.names):.2f}), {first}"
    return Outcome(
        (
            figure(head, right(judge, cases, drawn[first]), *bars),
            *(figure(f"  {name}", right(judge, cases, (drawn | beside)[name])) for name in (*others, *beside)),
        ),
        tuple(
            Strip((to_rgb(case.lines), case.original, *row), f"{case.picture.subject.name}: {', '.join(drawn)}")
            for case, row in zip(cases[:24], zip(*drawn.values(), strict=True), strict=False)
        ),
    )


def right(judge: Judge, cases: Sequence[Case], pictures: Sequence[Pixels]) -> list[float]:
    return [
        float(judge.name(picture) == case.picture.subject.name) for case, picture in zip(cases, pictures, strict=True)
    ]


def memory_trial(bench: Bench, pack: Pack, count: int, gallery: Gallery) -> Outcome:
    """How far is a result from the nearest training picture, and how far a held-out original that nobody learnt?

    Distances are `perceive`'s. Results that are nearer than originals may be copies, or merely smoother (a blurred
    picture is near to many): the share that is nearer than all but 5 % of the originals tells of copies.
    """
    cases = held_out_cases(pack, count, bench.side)
    taught = taught_cases(pack, max(1, count // 2), bench.side)
    originals = [gallery.distance(case.original) for case in cases]
    results = {
        "held-out things": [gallery.distance(ask_thing(bench, pack, case)) for case in cases],
        "things it was taught": [gallery.distance(ask_thing(bench, pack, case)) for case in taught],
    }
    chosen = np.linspace(0, len(gallery.rows) - 1, min(count, len(gallery.rows))).astype(int)
    return Outcome(
        (
            *(figure(f"distance to the nearest training picture: {name}", away) for name, away in results.items()),
            figure("  held-out originals", originals),
            figure("  originals of things it was taught", [gallery.distance(case.original) for case in taught]),
            figure(
                "  training pictures, to the nearest other",
                [gallery.distance(gallery.picture(int(i), bench.side), without=int(i)) for i in chosen],
            ),
            *(nearer_than(originals, away, name) for name, away in results.items()),
        )
    )


def nearer_than(originals: Sequence[float], away: Sequence[float], name: str) -> Figure:
    limit = float(np.percentile(originals, NEAR))
    return figure(
        f"  nearer than all but {NEAR:g} % of held-out originals: {name}", [float(one < limit) for one in away]
    )
