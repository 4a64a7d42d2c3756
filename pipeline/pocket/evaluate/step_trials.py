"""Try steps and time: what a picture gains by more steps, and what it costs beside diffusers' own pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter

import numpy as np

from pipeline.pocket.data.pack import Pack
from pipeline.pocket.evaluate.bench import (
    Bench,
    Case,
    Draw,
    Outcome,
    Strip,
    make_case,
    read_style_reference,
    score_lines,
    to_rgb,
)
from pipeline.pocket.evaluate.measures import (
    Figure,
    LookMeasure,
    Pixels,
    is_color_obeyed,
    summarise_mean,
    summarise_median,
    summarise_ratio,
)
from pipeline.pocket.evaluate.style_trials import FULL_STYLE, choose_references, fit_look_measure, list_painters
from pipeline.pocket.evaluate.trials import draw_color, make_color_cases
from pipeline.values import GenerationRequest, Style, StyleMix

STEPS = (1, 2, 4, 8, 20)
MANY_STEPS = 20  # steps that the others are held against
ALLOWED_LOSS = -0.03  # what may be lost against them
PROBED_COLORS = ("red", "blue", "brown", "white")  # colour words, in turn
DIFFUSERS_STEPS, DIFFUSERS_GUIDANCE = 20, 7.5  # the stock pipeline's usual settings

Scores = dict[str, list[float]]  # what is measured -> one value a picture


def run_step_trial(bench: Bench, pack: Pack, styles: Sequence[Style], count: int) -> Outcome:
    """Draw with 1 to 20 steps and score edges, colour words and style, everything else at its default."""
    cases = [make_case(pack.held_out, 4000 + i, bench.side) for i in range(count)]
    colored = (make_color_cases(pack, bench.side) * 2)[:count]
    references = {style.id: read_style_reference(style, bench.side) for style in styles}
    looks = fit_look_measure(pack, references, list_painters(references), bench.side)
    usual = int(bench.profile.defaults["num_inference_steps"])
    found = {
        steps: score_steps(bench, steps, cases, colored, styles, references, looks) for steps in sorted({*STEPS, usual})
    }
    figures = [
        summarise_mean(f"{what} at {format_steps(steps)}{' (the default)' * (steps == usual)}", scores[what])
        for what in found[usual]
        for steps, scores in found.items()
    ]
    return Outcome(
        (*figures, *(summarise_loss(found[usual], found[MANY_STEPS], what, usual) for what in found[usual])),
        tuple(draw_step_strip(bench, case, sorted(found)) for case in cases[:8]),
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
    """Score edges, colour words and style at one number of steps, a value for each picture."""
    turned = {"num_inference_steps": steps}
    rng = np.random.default_rng(10)
    edges, worn = [], []
    for case, style in zip(cases, (styles[i % len(styles)] for i in range(len(cases))), strict=True):
        edges.append(
            score_lines(case.lines, bench.draw_prompt(case.picture.caption, case.lines, case.seed, controls=turned))
        )
        pixels = bench.draw_prompt(case.picture.caption, case.lines, case.seed, StyleMix.of(style), FULL_STYLE | turned)
        worn.append(float(looks.find_nearest(pixels, choose_references(references, style.id, rng)) == 0))
    words = [PROBED_COLORS[(i + i // 10) % len(PROBED_COLORS)] for i in range(len(colored))]
    colors = [
        float(is_color_obeyed(word, draw_color(bench, case, word, turned), case.picture.subject_mask))
        for case, word in zip(colored, words, strict=True)
    ]
    return {"edge F1": edges, "colour words obeyed": colors, "style of 8": worn}


def format_steps(steps: int) -> str:
    """Write a number of steps: "1 step", "2 steps"."""
    return f"{steps} step{'s' * (steps != 1)}"


def summarise_loss(usual: Scores, teacher: Scores, what: str, steps: int) -> Figure:
    """Summarise what the default loses, picture by picture, so that the interval is of the difference."""
    return summarise_mean(
        f"{what}: {format_steps(steps)} less {MANY_STEPS}, by picture",
        [one - other for one, other in zip(usual[what], teacher[what], strict=True)],
        *(() if what.startswith("style") else (ALLOWED_LOSS,)),
    )


def draw_step_strip(bench: Bench, case: Case, steps: Sequence[int]) -> Strip:
    """Draw one case at each number of steps."""
    drawn = tuple(
        bench.draw_prompt(case.picture.caption, case.lines, case.seed, controls={"num_inference_steps": one})
        for one in steps
    )
    return Strip((to_rgb(case.lines), *drawn), f"steps {', '.join(map(str, steps))}: {case.picture.caption}")


def run_speed_trial(
    bench: Bench, pack: Pack, engine: Draw, diffusers: Draw, count: int, bar: float | None = None
) -> Outcome:
    """Time whole pictures, ours at its defaults and diffusers' pipeline at 20 steps with guidance, in milliseconds.

    One of each in turn on the same weights and requests, so that a busy minute falls on both; the first of each warms
    up and is left out. `bar`: milliseconds that ours may take.
    """
    ours, theirs = [], []
    for i in range(count + 1):
        case = make_case(pack.held_out, 4500 + i, bench.side)
        request = bench.make_request(case.picture.caption, case.lines, case.seed)
        slow = bench.make_request(
            case.picture.caption,
            case.lines,
            case.seed,
            controls={"num_inference_steps": DIFFUSERS_STEPS, "guidance_scale": DIFFUSERS_GUIDANCE},
        )
        ours.append(time_drawing(engine, request))
        theirs.append(time_drawing(diffusers, slow))
    steps = int(bench.profile.defaults["num_inference_steps"])
    return Outcome(
        (
            summarise_median(f"milliseconds per picture, {format_steps(steps)} (median)", ours[1:], bar),
            summarise_median(f"  stock pipeline, {DIFFUSERS_STEPS} steps with guidance (median)", theirs[1:]),
            summarise_ratio("  times faster than the stock pipeline (medians)", theirs[1:], ours[1:], 8.0),
        )
    )


def time_drawing(draw: Callable[[GenerationRequest], Pixels], request: GenerationRequest) -> float:
    """Return the milliseconds of one picture."""
    started = perf_counter()
    draw(request)
    return (perf_counter() - started) * 1000
