"""Try time: what a picture takes at each size, part by part, by the clock and by the processor.

The bars are for two idle cores. Wall time on a machine that others use says little, so processor time stands beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import process_time

import numpy as np

from pipeline.inking.ink import ink_drawing
from pipeline.inking.lines import lay_lines
from pipeline.pocket.data.pack import Pack
from pipeline.pocket.evaluate.bench import Bench, Case, Outcome, draw_pen, make_case
from pipeline.pocket.evaluate.engines import TimedDrawing, Timing
from pipeline.pocket.evaluate.measures import Figure, summarise_median
from pipeline.values import EdgeMap, PaintedColours, Style, StyleMix

SIDES: dict[int, float | None] = {256: None, 512: 250.0, 1024: 1200.0}  # px -> ms that the median picture may take
DRAFTS: dict[int, float] = {256: 120.0}  # ms that the median picture may take while the pen moves
SLOWEST: dict[int, float] = {512: 400.0}  # ms that the slowest style may take
OWN_PICTURE: dict[int, float] = {512: 450.0, 1024: 1600.0}  # ms with a person's own picture as style
FEWER = 4  # times fewer pictures at sizes other than the usual one


def run_speed_trial(
    bench: Bench, pack: Pack, styles: Sequence[Style], timed: TimedDrawing, own: StyleMix, count: int
) -> Outcome:
    """Time pictures over all styles in turn at 256, 512 and 1024 px, and with a person's own picture as style.

    A draft is the next picture of the same words: while the pen moves they stay, and are encoded once. `timed` draws
    anew each time; the first picture of each size warms up and is left out.
    """
    figures: list[Figure] = []
    for side, bar in SIDES.items():
        desk = resize_bench(bench, side, timed)
        many = count if side == bench.profile.width else max(2, count // FEWER)
        cases = [make_case(pack.held_out, 4500 + i, side) for i in range(many + 1)]
        taken = [draw_timed(desk, timed, case, StyleMix.of(styles[i % len(styles)])) for i, case in enumerate(cases)][
            1:
        ]
        figures += summarise_timings(f"{side} px, all styles", taken, bar)
        if side in DRAFTS:
            drafts = [
                draw_timed_again(desk, timed, case, StyleMix.of(styles[i % len(styles)]))
                for i, case in enumerate(cases)
            ]
            figures += summarise_timings(f"{side} px, drafts in all styles", drafts[1:], DRAFTS[side])
        if side in SLOWEST:
            figures.append(summarise_slowest(f"{side} px, slowest", taken, SLOWEST[side]))
        if side == bench.profile.width:
            figures += summarise_parts(taken)
            figures.append(summarise_median("    lines (processor)", [time_lines(case) for case in cases]))
        if side in OWN_PICTURE:
            some = [draw_timed(desk, timed, case, own) for case in cases[: max(2, count // FEWER) + 1]][1:]
            figures += summarise_timings(f"{side} px, a person's own picture", some, OWN_PICTURE[side])
    return Outcome(tuple(figures))


def resize_bench(bench: Bench, side: int, timed: TimedDrawing) -> Bench:
    """Return a bench that draws pictures of this side, each anew."""
    return replace(bench, draw=timed, profile=replace(bench.profile, width=side, height=side))


def draw_timed(bench: Bench, timed: TimedDrawing, case: Case, mix: StyleMix) -> Timing:
    """Draw a case and return what it took."""
    bench.draw_prompt(case.picture.caption, case.lines, case.seed, mix)
    return timed.timings[-1]


def draw_timed_again(bench: Bench, timed: TimedDrawing, case: Case, mix: StyleMix) -> Timing:
    """Draw a case, then again from the next seed, and return what the second picture took."""
    draw_timed(bench, timed, case, mix)
    return draw_timed(bench, timed, replace(case, seed=case.seed + 1), mix)


def summarise_timings(what: str, taken: Sequence[Timing], bar: float | None) -> list[Figure]:
    """Summarise the median picture by the clock and by the processor."""
    return [
        summarise_median(f"milliseconds, {what}: median", [one.wall for one in taken], bar),
        summarise_median("  of the processor, all threads", [one.process for one in taken]),
    ]


def summarise_slowest(what: str, taken: Sequence[Timing], bar: float) -> Figure:
    """Summarise the slowest picture by the clock."""
    worst = max(one.wall for one in taken)
    return Figure(f"milliseconds, {what}", worst, worst, worst, len(taken), (bar,), less_is_better=True)


def summarise_parts(taken: Sequence[Timing]) -> list[Figure]:
    """Summarise each of the engine's stages."""
    return [
        summarise_median(f"    {part}", [one.parts[part] for one in taken if part in one.parts])
        for part in taken[0].parts
    ]


def time_lines(case: Case) -> float:
    """Time how long laying the pen's lines over a picture takes, ms of the processor."""
    edges, drawing = EdgeMap(case.lines, "lines"), draw_pen(case.lines)
    field = np.ones((64, 64, 3), np.float32)
    painting = ink_drawing(drawing, edges, field, PaintedColours.none(*case.lines.shape[::-1]))
    started = process_time()
    lay_lines(painting.colours, painting, 0.5)
    return (process_time() - started) * 1000
