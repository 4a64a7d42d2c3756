"""Trials of steps and time: what a picture gains by more steps, and what it costs beside the stock pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter

import numpy as np

from pipeline.pocket.data.pack import Pack
from pipeline.pocket.evaluate.bench import Bench, Case, Draw, Outcome, Strip, follow, make_case, read_reference, to_rgb
from pipeline.pocket.evaluate.measures import Figure, LookMeasure, Pixels, figure, median_figure, obeyed, ratio_figure
from pipeline.pocket.evaluate.style_trials import FULL, draw_shelf, fit_looks, painters
from pipeline.pocket.evaluate.trials import ask_color, color_cases
from pipeline.values import GenerationRequest, Style, StyleMix

STEPS = (1, 2, 4, 8, 20)
TEACHER = 20  # steps that the others are held against
CLOSE = -0.03  # what may be lost against them
PROBED = ("red", "blue", "brown", "white")  # colour words, in turn
STOCK_STEPS, STOCK_GUIDANCE = 20, 7.5  # the stock pipeline's usual settings

Scores = dict[str, list[float]]  # what is measured -> one value a picture


def step_trial(bench: Bench, pack: Pack, styles: Sequence[Style], count: int) -> Outcome:
    """Edges, colour words and style at 1 to 20 steps, everything else at its default; then default against 20."""
    cases = [make_case(pack.held_out, 4000 + i, bench.side) for i in range(count)]
    colored = (color_cases(pack, bench.side) * 2)[:count]
    references = {style.id: read_reference(style, bench.side) for style in styles}
    looks = fit_looks(pack, references, painters(references), bench.side)
    usual = int(bench.profile.defaults["num_inference_steps"])
    found = {
        steps: score_steps(bench, steps, cases, colored, styles, references, looks) for steps in sorted({*STEPS, usual})
    }
    figures = [
        figure(f"{what} at {counted(steps)}{' (the default)' * (steps == usual)}", scores[what])
        for what in found[usual]
        for steps, scores in found.items()
    ]
    return Outcome(
        (*figures, *(lost(found[usual], found[TEACHER], what, usual) for what in found[usual])),
        tuple(step_strip(bench, case, sorted(found)) for case in cases[:8]),
    )


def score_steps(
    bench: Bench,
    steps: int,
    cases: Sequence[Case],
    colored: Sequence[Case],
    styles: Sequence[Style],
    references: Mapping[str, Pixels],
    looks: LookMeasure,
) -> Scores:
    turned = {"num_inference_steps": steps}
    rng = np.random.default_rng(10)
    edges, worn = [], []
    for case, style in zip(cases, (styles[i % len(styles)] for i in range(len(cases))), strict=True):
        edges.append(follow(case.lines, bench.ask(case.picture.caption, case.lines, case.seed, controls=turned)))
        pixels = bench.ask(case.picture.caption, case.lines, case.seed, StyleMix.of(style), FULL | turned)
        worn.append(float(looks.nearest(pixels, draw_shelf(references, style.id, rng)) == 0))
    words = [PROBED[(i + i // 10) % len(PROBED)] for i in range(len(colored))]
    colors = [
        float(obeyed(word, ask_color(bench, case, word, turned), case.picture.subject_mask))
        for case, word in zip(colored, words, strict=True)
    ]
    return {"edge F1": edges, "colour words obeyed": colors, "style of 8": worn}


def counted(steps: int) -> str:
    return f"{steps} step{'s' * (steps != 1)}"


def lost(usual: Scores, teacher: Scores, what: str, steps: int) -> Figure:
    """What the default loses, picture by picture, so that the interval is of the difference."""
    return figure(
        f"{what}: {counted(steps)} less {TEACHER}, by picture",
        [one - other for one, other in zip(usual[what], teacher[what], strict=True)],
        *(() if what.startswith("style") else (CLOSE,)),
    )


def step_strip(bench: Bench, case: Case, steps: Sequence[int]) -> Strip:
    drawn = tuple(
        bench.ask(case.picture.caption, case.lines, case.seed, controls={"num_inference_steps": one}) for one in steps
    )
    return Strip((to_rgb(case.lines), *drawn), f"steps {', '.join(map(str, steps))}: {case.picture.caption}")


def speed_trial(bench: Bench, pack: Pack, engine: Draw, stock: Draw, count: int, bar: float | None = None) -> Outcome:
    """Milliseconds of whole pictures, ours at its defaults and the stock pipeline's at 20 steps with guidance.

    One of each in turn on the same weights and requests, so that a busy minute falls on both; the first of each warms
    up and is left out. `bar`: milliseconds that ours may take.
    """
    ours, theirs = [], []
    for i in range(count + 1):
        case = make_case(pack.held_out, 4500 + i, bench.side)
        request = bench.request(case.picture.caption, case.lines, case.seed)
        slow = bench.request(
            case.picture.caption,
            case.lines,
            case.seed,
            controls={"num_inference_steps": STOCK_STEPS, "guidance_scale": STOCK_GUIDANCE},
        )
        ours.append(clock(engine, request))
        theirs.append(clock(stock, slow))
    steps = int(bench.profile.defaults["num_inference_steps"])
    return Outcome(
        (
            median_figure(f"milliseconds per picture, {counted(steps)} (median)", ours[1:], bar),
            median_figure(f"  stock pipeline, {STOCK_STEPS} steps with guidance (median)", theirs[1:]),
            ratio_figure("  times faster than the stock pipeline (medians)", theirs[1:], ours[1:], 8.0),
        )
    )


def clock(draw: Callable[[GenerationRequest], Pixels], request: GenerationRequest) -> float:
    """Milliseconds of one picture."""
    started = perf_counter()
    draw(request)
    return (perf_counter() - started) * 1000
