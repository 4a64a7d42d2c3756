"""Try colour words: "a blue cat" is blue, in plain and in full style; without a word a thing has its own colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.painters import KEEPS_COLOR
from pipeline.pocket.data.pack import Pack, Thing
from pipeline.pocket.data.scenes import remove_color_words
from pipeline.pocket.evaluate.baselines import FLOOD_FILL, fill_case
from pipeline.pocket.evaluate.bench import PLAIN, Bench, Case, Outcome, Strip, make_case, to_rgb
from pipeline.pocket.evaluate.earlier import EARLIER
from pipeline.pocket.evaluate.measures import (
    Pixels,
    compute_mean_lab,
    is_color_obeyed,
    score_nearness,
    summarise_grouped,
    summarise_mean,
)
from pipeline.values import Style, StyleMix

COLOR_WORDS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white")
USUAL_THINGS = ("cat", "house", "fish", "bird", "rocket", "top hat", "dress", "whale", "airplane", "automobile")
FULL_STYLE = {"ip_adapter_scale": 1.0}


def run_color_trial(bench: Bench, pack: Pack, words: Sequence[str] = COLOR_WORDS) -> Outcome:
    """Ask whether "a blue cat" is blue: ten colours by ten objects; the drawing tells nothing of the colour."""
    hits: dict[str, list[float]] = {word: [] for word in words}
    filled: list[list[float]] = []
    strips = []
    for case in make_color_cases(pack, bench.side):
        drawn = tuple(draw_color(bench, case, word, PLAIN) for word in words)
        flat = fill_case(case)
        for word, pixels in zip(words, drawn, strict=True):
            hits[word].append(score_color(word, pixels, case))
        filled.append([score_color(word, flat, case) for word in words])
        name = remove_color_words(case.picture.subject.name)
        strips.append(Strip((to_rgb(case.lines), *drawn), f"{name}: {', '.join(words)}"))
    return Outcome(
        (
            summarise_grouped("colour words obeyed, plain", [*zip(*hits.values(), strict=True)], 0.97),
            *(summarise_mean(f"    {word}", found) for word, found in hits.items()),
            summarise_grouped(f"  {FLOOD_FILL}", filled),
            EARLIER["colors"],
        ),
        tuple(strips),
    )


def run_styled_color_trial(
    bench: Bench, pack: Pack, styles: Sequence[Style], words: Sequence[str] = COLOR_WORDS
) -> Outcome:
    """Ask the same at full style strength, in the styles that keep colours, one after the other."""
    keeping = [style for style in styles if KEEPS_COLOR.get(style.id, False)]
    hits: dict[str, list[float]] = {style.id: [] for style in keeping}
    every: list[list[float]] = []
    strips = []
    for case in make_color_cases(pack, bench.side):
        worn = [keeping[(len(every) * len(words) + n) % len(keeping)] for n in range(len(words))]
        drawn = [
            draw_color(bench, case, word, FULL_STYLE, StyleMix.of(style))
            for word, style in zip(words, worn, strict=True)
        ]
        every.append([score_color(word, pixels, case) for word, pixels in zip(words, drawn, strict=True)])
        for style, hit in zip(worn, every[-1], strict=True):
            hits[style.id].append(hit)
        name = remove_color_words(case.picture.subject.name)
        strips.append(Strip((to_rgb(case.lines), *drawn), f"{name}: {', '.join(words)}"))
    missed = {id: found for id, found in hits.items() if found and min(found) < 1}
    return Outcome(
        (
            summarise_grouped("colour words obeyed, full style that keeps colours", every, 0.90),
            *(summarise_mean(f"    {id}", found) for id, found in missed.items()),
        ),
        tuple(strips),
    )


def score_color(word: str, pixels: Pixels, case: Case) -> float:
    """Score 1 where most of the case's thing has the colour, else 0."""
    return float(is_color_obeyed(word, pixels, case.picture.subject_mask))


def make_color_cases(pack: Pack, side: int) -> list[Case]:
    """Make one case of each usual thing alone, in its own colours."""
    return [make_case([thing], 500 + i, side, color=None, alone=True) for i, thing in enumerate(choose_things(pack))]


def draw_color(
    bench: Bench, case: Case, word: str, controls: Mapping[str, float] = {}, mix: StyleMix | None = None
) -> Pixels:
    """Draw a case's thing with a colour word before its name."""
    prompt = f"a {word} {remove_color_words(case.picture.subject.name)}"
    return bench.draw_prompt(prompt, case.lines, case.seed, mix, controls)


def choose_things(pack: Pack) -> list[Thing]:
    """Choose the usual things that the pack has, filled up with held-out ones."""
    named = {thing.name: thing for thing in pack.things}
    chosen = [named[name] for name in USUAL_THINGS if name in named]
    return (chosen + [thing for thing in pack.held_out if thing not in chosen])[: len(USUAL_THINGS)]


def run_usual_trial(bench: Bench, pack: Pack, count: int) -> Outcome:
    """Ask whether, without a colour word, the thing's mean colour is nearer its own original than another thing's."""
    cases = [
        make_case([thing], 700 + i, bench.side, color=None, alone=True)
        for i, thing in enumerate(pack.training[:: max(1, len(pack.training) // count)][:count])
    ]
    drawn = [
        bench.draw_prompt(f"a {case.picture.subject.name}", case.lines, case.seed, controls=PLAIN) for case in cases
    ]
    return Outcome(
        (
            summarise_mean(
                "usual colours: nearer own thing's than another's (chance 0.5)", score_own_colors(cases, drawn)
            ),
            summarise_mean(f"  {FLOOD_FILL}", score_own_colors(cases, [fill_case(case) for case in cases])),
            EARLIER["usual"],
        ),
        tuple(
            Strip((to_rgb(case.lines), case.original, pixels), case.picture.caption)
            for case, pixels in zip(cases[:12], drawn, strict=False)
        ),
    )


def score_own_colors(cases: Sequence[Case], drawn: Sequence[Pixels]) -> list[float]:
    """Score how much nearer each result's mean colour is to its own thing's than to others'.

    The score of a case is the share of other things whose mean colour is farther from the result's than its own's.
    """
    own = [compute_mean_lab(case.original, case.picture.subject_mask) for case in cases]
    return [
        score_nearness(compute_mean_lab(pixels, case.picture.subject_mask), own, i)
        for i, (case, pixels) in enumerate(zip(cases, drawn, strict=True))
    ]
