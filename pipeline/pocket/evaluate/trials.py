"""Try lines, colours and controls: what the pocket model is asked to draw, and the figures.

Styles are tried in style_trials.py, things and memory in thing_trials.py, steps and time in step_trials.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from pipeline.pocket.data.pack import Pack, Thing
from pipeline.pocket.data.scenes import remove_color_words
from pipeline.pocket.data.strokes import Lines
from pipeline.pocket.evaluate.baselines import Baseline
from pipeline.pocket.evaluate.bench import (
    Bench,
    Case,
    Outcome,
    Strip,
    fill_with_mean,
    ink_lines,
    make_case,
    read_style_reference,
    score_lines,
    to_rgb,
)
from pipeline.pocket.evaluate.drawings import Drawing, read_drawing_lines
from pipeline.pocket.evaluate.measures import (
    Figure,
    Pixels,
    compute_mean_lab,
    is_color_obeyed,
    measure_difference,
    score_nearness,
    summarise_mean,
)
from pipeline.pocket.evaluate.perception import measure_perceived_distance
from pipeline.values import Style, StyleMix

COLOR_WORDS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white")
USUAL_THINGS = ("cat", "house", "fish", "bird", "rocket", "top hat", "dress", "whale", "airplane", "automobile")
CONTROL_VALUES: dict[str, tuple[float, float]] = {  # each control at two of its values
    "ip_adapter_scale": (0.0, 1.0),
    "controlnet_conditioning_scale": (0.0, 1.0),
    "guidance_scale": (1.0, 7.0),
    "num_inference_steps": (2, 12),
    "seed": (0, 1),
}
NOTICEABLE = 1 / 255  # mean absolute difference that counts as a changed picture
CARES = ("careful", "usual", "hasty")
SHOWN_PER_GRADE = 8  # of each grade


def read_usual_reference(bench: Bench) -> Pixels:
    """Read the picture of the heaviest style that a prompt without one gets."""
    return read_style_reference(max(bench.mix.parts, key=lambda part: part[1])[0], bench.side)


def run_edge_trial(bench: Bench, things: Sequence[Thing], count: int, baselines: Mapping[str, Baseline]) -> Outcome:
    """Ask whether the results' edges lie where the drawing's lines are."""
    cases = [make_case(things, seed, bench.side) for seed in range(count)]
    drawn = [bench.draw_prompt(case.picture.caption, case.lines, case.seed) for case in cases]
    followed = [score_lines(case.lines, pixels) for case, pixels in zip(cases, drawn, strict=True)]
    return Outcome(
        (
            summarise_mean("edge F1, results", followed, 0.65, 0.80),
            *score_baseline_edges([case.lines for case in cases], read_usual_reference(bench), baselines),
            summarise_mean("  originals (sanity)", [score_lines(case.lines, case.original) for case in cases], 0.95),
            summarise_mean(
                "  the lines themselves, dark on white",
                [score_lines(case.lines, ink_lines(case.lines)) for case in cases],
            ),
            summarise_mean(
                "  the original's mean colour",
                [score_lines(case.lines, fill_with_mean(case.original)) for case in cases],
            ),
            summarise_mean(
                "  another drawing's original",
                [score_lines(case.lines, other.original) for case, other in pairwise(cases)],
            ),
        ),
        tuple(
            Strip(
                (to_rgb(cases[i].lines), cases[i].original, drawn[i]),
                f"{grade} {followed[i]:.2f}: {cases[i].picture.caption}",
            )
            for grade, i in grade_examples(followed)
        ),
    )


def grade_examples(scores: Sequence[float], each: int = SHOWN_PER_GRADE) -> list[tuple[str, int]]:
    """Choose which to show: the best, those in the middle and the worst, so that nobody picks."""
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    each = min(each, len(order) // 3)
    middle = (len(order) - each) // 2
    shown = {"good": order[:each], "typical": order[middle : middle + each], "bad": order[len(order) - each :]}
    return [(grade, i) for grade, rows in shown.items() for i in rows]


def score_baseline_edges(drawn: Sequence[Lines], reference: Pixels, baselines: Mapping[str, Baseline]) -> list[Figure]:
    """Score the edge F1 of each baseline on these lines."""
    return [
        summarise_mean(f"  {name}", [score_lines(lines, baseline(lines, reference)) for lines in drawn])
        for name, baseline in baselines.items()
    ]


def run_hand_trial(bench: Bench, drawings: Sequence[Drawing], baselines: Mapping[str, Baseline]) -> Outcome:
    """Ask the same of drawings made by hand on the page, which nothing was trained on; by care, too."""
    lines = [read_drawing_lines(drawing, bench.side) for drawing in drawings]
    drawn = [
        bench.draw_prompt(drawing.prompt, given, seed)
        for seed, (drawing, given) in enumerate(zip(drawings, lines, strict=True))
    ]
    followed = [score_lines(given, pixels) for given, pixels in zip(lines, drawn, strict=True)]
    return Outcome(
        (
            summarise_mean("edge F1, hand-drawn: results", followed, 0.70),
            *(
                summarise_mean(
                    f"  {care} drawings",
                    [f1 for f1, drawing in zip(followed, drawings, strict=True) if drawing.care == care],
                )
                for care in CARES
            ),
            *score_baseline_edges(lines, read_usual_reference(bench), baselines),
            summarise_mean(
                "  the lines themselves, dark on white", [score_lines(given, ink_lines(given)) for given in lines]
            ),
        ),
        tuple(
            Strip((to_rgb(given), pixels), f"{drawing.care}: {drawing.prompt}")
            for given, pixels, drawing in zip(lines, drawn, drawings, strict=True)
        ),
    )


def run_color_trial(
    bench: Bench, pack: Pack, baselines: Mapping[str, Baseline], words: Sequence[str] = COLOR_WORDS
) -> Outcome:
    """Ask whether "a blue cat" is blue: ten colours by ten objects; the drawing tells nothing of the colour."""
    hits: dict[str, list[float]] = {word: [] for word in words}
    strips = []
    cases = make_color_cases(pack, bench.side)
    for case in cases:
        drawn = tuple(draw_color(bench, case, word) for word in words)
        for word, pixels in zip(words, drawn, strict=True):
            hits[word].append(float(is_color_obeyed(word, pixels, case.picture.subject_mask)))
        name = remove_color_words(case.picture.subject.name)
        strips.append(Strip((to_rgb(case.lines), *drawn), f"{name}: {', '.join(words)}"))
    every = [hit for found in hits.values() for hit in found]
    return Outcome(
        (
            summarise_mean("colour words obeyed", every, 0.85, 0.95),
            *(summarise_mean(f"    {word}", found) for word, found in hits.items()),
            *(
                summarise_mean(f"  {name}", score_baseline_colors(cases, words, read_usual_reference(bench), baseline))
                for name, baseline in baselines.items()
            ),
        ),
        tuple(strips),
    )


def make_color_cases(pack: Pack, side: int) -> list[Case]:
    """Make one case of each usual thing alone, in its own colours."""
    return [make_case([thing], 500 + i, side, color=None, alone=True) for i, thing in enumerate(choose_things(pack))]


def draw_color(bench: Bench, case: Case, word: str, controls: Mapping[str, float] = {}) -> Pixels:
    """Draw a case's thing with a colour word before its name."""
    return bench.draw_prompt(
        f"a {word} {remove_color_words(case.picture.subject.name)}", case.lines, case.seed, controls=controls
    )


def score_baseline_colors(
    cases: Sequence[Case], words: Sequence[str], reference: Pixels, baseline: Baseline
) -> list[float]:
    """Score which of the words a baseline obeys on each case; it never reads them."""
    made = [baseline(case.lines, reference) for case in cases]
    return [
        float(is_color_obeyed(word, pixels, case.picture.subject_mask))
        for case, pixels in zip(cases, made, strict=True)
        for word in words
    ]


def choose_things(pack: Pack) -> list[Thing]:
    """Choose the usual things that the pack has, filled up with held-out ones."""
    named = {thing.name: thing for thing in pack.things}
    chosen = [named[name] for name in USUAL_THINGS if name in named]
    return (chosen + [thing for thing in pack.held_out if thing not in chosen])[: len(USUAL_THINGS)]


def run_usual_trial(bench: Bench, pack: Pack, count: int, baselines: Mapping[str, Baseline]) -> Outcome:
    """Ask whether, without a colour word, the thing's mean colour is nearer its own original than another thing's."""
    cases = [
        make_case([thing], 700 + i, bench.side, color=None, alone=True)
        for i, thing in enumerate(pack.training[:: max(1, len(pack.training) // count)][:count])
    ]
    drawn = [bench.draw_prompt(f"a {case.picture.subject.name}", case.lines, case.seed) for case in cases]
    reference = read_usual_reference(bench)
    return Outcome(
        (
            summarise_mean(
                "usual colours: nearer own thing's than another's (chance 0.5)", score_own_colors(cases, drawn)
            ),
            *(
                summarise_mean(
                    f"  {name}", score_own_colors(cases, [baseline(case.lines, reference) for case in cases])
                )
                for name, baseline in baselines.items()
            ),
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


def run_control_trial(bench: Bench, pack: Pack, styles: Sequence[Style], count: int = 4) -> Outcome:
    """Ask whether each control, changed, changes the picture, and whether words and style do."""
    cases = [make_case(pack.training, 1100 + i, bench.side) for i in range(count)]

    def ask(case: Case, prompt: str, mix: StyleMix | None = None, controls: Mapping[str, float] = {}) -> Pixels:
        return bench.draw_prompt(prompt, case.lines, case.seed, mix, controls)

    figures = []
    for name, (low, high) in CONTROL_VALUES.items():
        changed = [
            measure_difference(
                ask(case, case.picture.caption, controls={name: low}),
                ask(case, case.picture.caption, controls={name: high}),
            )
            for case in cases
        ]
        figures.append(summarise_mean(f"change by {name} {low:g} -> {high:g}", changed, NOTICEABLE))
    for name, one, other in (("prompt", "a red fox", "a blue fox"), ("place", "a fox on snow", "a fox at night")):
        changed = [measure_difference(ask(case, one), ask(case, other)) for case in cases]
        figures.append(summarise_mean(f"change by {name}", changed, NOTICEABLE))
    changed = [
        measure_difference(ask(case, "a fox", StyleMix.of(styles[0])), ask(case, "a fox", StyleMix.of(styles[-1])))
        for case in cases
    ]
    figures.append(summarise_mean("change by style", changed, NOTICEABLE))
    return Outcome(tuple(figures))


def run_seed_trial(bench: Bench, pack: Pack, count: int = 6, seeds: int = 4) -> Outcome:
    """Measure how much pictures of one drawing and prompt differ between seeds, to the pixel and to the eye.

    The eye's distance is told beside that between pictures of different drawings: 0 is one picture for every seed, 1 is
    as much choice as if another thing had been drawn.
    """
    cases = [make_case(pack.training, 1300 + i, bench.side) for i in range(count)]
    drawn = [
        tuple(
            bench.draw_prompt(case.picture.caption, case.lines, case.seed, controls={"seed": seed})
            for seed in range(seeds)
        )
        for case in cases
    ]
    pairs = [[(one, other) for k, one in enumerate(row) for other in row[k + 1 :]] for row in drawn]
    strangers = [measure_perceived_distance(one[0], other[0]) for one, other in pairwise(drawn)]
    between = max(sum(strangers) / max(1, len(strangers)), 1e-9)
    return Outcome(
        (
            summarise_mean(
                "diversity between seeds (mean absolute difference)",
                [sum(measure_difference(*pair) for pair in row) / len(row) for row in pairs],
            ),
            summarise_mean(
                "  to the eye, in units of the distance between drawings",
                [sum(measure_perceived_distance(*pair) for pair in row) / len(row) / between for row in pairs],
            ),
        ),
        tuple(Strip((to_rgb(case.lines), *row), case.picture.caption) for case, row in zip(cases, drawn, strict=True)),
    )
