"""Try controls and seeds: does each move the picture, and do seeds vary what the words leave open?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000

from pipeline.pocket.data.pack import Pack
from pipeline.pocket.data.scenes import remove_color_words
from pipeline.pocket.evaluate.bench import PLAIN, Bench, Case, Outcome, Strip, make_case, to_rgb
from pipeline.pocket.evaluate.earlier import EARLIER
from pipeline.pocket.evaluate.measures import Figure, Pixels, measure_difference, summarise_mean, to_lab
from pipeline.pocket.evaluate.perception import measure_perceived_distance
from pipeline.prompt_syntax import Prompt
from pipeline.values import Style, StyleMix

CONTROL_VALUES: dict[str, tuple[float, float]] = {  # each control at two of its values
    "ip_adapter_scale": (0.0, 1.0),
    "controlnet_conditioning_scale": (0.0, 1.0),
    "guidance_scale": (1.0, 7.0),
    "num_inference_steps": (1, 12),
    "lines": (0.0, 1.0),
    "seed": (0, 1),
}
NOTICEABLE = 1 / 255  # mean absolute difference that counts as a changed picture
SEEDS = 4


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
        figures.append(summarise_change(f"{name} {low:g} -> {high:g}", changed))
    for name, one, other in (("prompt", "a red fox", "a blue fox"), ("place", "a fox on snow", "a fox at night")):
        figures.append(summarise_change(name, [measure_difference(ask(case, one), ask(case, other)) for case in cases]))
    figures.append(summarise_change("negative prompt", [change_by_refusal(bench, case) for case in cases]))
    changed = [
        measure_difference(ask(case, "a fox", StyleMix.of(styles[0])), ask(case, "a fox", StyleMix.of(styles[-1])))
        for case in cases
    ]
    return Outcome((*figures, summarise_change("style", changed)))


def change_by_refusal(bench: Bench, case: Case) -> float:
    """Measure what "red, orange" as negative prompt changes."""
    request = bench.make_request("a fox", case.lines, case.seed)
    refused = replace(request, negative_prompt=Prompt("red, orange"))
    return measure_difference(bench.draw(request), bench.draw(refused))


def summarise_change(name: str, changed: Sequence[float]) -> Figure:
    """Summarise how much a control changes pictures."""
    return summarise_mean(f"change by {name}", changed, NOTICEABLE)


def run_seed_trial(bench: Bench, pack: Pack, count: int = 6, seeds: int = SEEDS) -> Outcome:
    """Measure how much pictures of one drawing and prompt differ between seeds, to the pixel and to the eye.

    The eye's distance is told beside that between pictures of different drawings: 0 is one picture for every seed, 1 is
    as much choice as if another thing had been drawn. Then CIEDE2000 between seeds of plain pictures, where a word
    names the thing's colour and where nothing does: the second is to be the larger one.
    """
    cases = [make_case(pack.training, 1300 + i, bench.side) for i in range(count)]
    drawn = [draw_seeds(bench, case, case.picture.caption, {}, seeds) for case in cases]
    pairs = [[(one, other) for k, one in enumerate(row) for other in row[k + 1 :]] for row in drawn]
    strangers = [measure_perceived_distance(one[0], other[0]) for one, other in pairwise(drawn)]
    between = max(sum(strangers) / max(1, len(strangers)), 1e-9)
    return Outcome(
        (
            summarise_mean(
                "diversity between seeds (mean absolute difference)",
                [sum(measure_difference(*pair) for pair in row) / len(row) for row in pairs],
            ),
            EARLIER["seeds"],
            summarise_mean(
                "  to the eye, in units of the distance between drawings",
                [sum(measure_perceived_distance(*pair) for pair in row) / len(row) / between for row in pairs],
            ),
            *compare_said_and_unsaid(bench, cases, seeds),
        ),
        tuple(Strip((to_rgb(case.lines), *row), case.picture.caption) for case, row in zip(cases, drawn, strict=True)),
    )


def draw_seeds(bench: Bench, case: Case, prompt: str, controls: Mapping[str, float], seeds: int) -> tuple[Pixels, ...]:
    """Draw a case with the first seeds."""
    return tuple(
        bench.draw_prompt(prompt, case.lines, case.seed, controls={**controls, "seed": seed}) for seed in range(seeds)
    )


def compare_said_and_unsaid(bench: Bench, cases: Sequence[Case], seeds: int) -> list[Figure]:
    """Measure how far seeds part the colours of a thing that a word paints, of one without a word, and of the rest."""
    said, unsaid, around = [], [], []
    for case in cases:
        name, inside = remove_color_words(case.picture.subject.name), case.picture.subject_mask
        painted = draw_seeds(bench, case, f"a blue {name}", PLAIN, seeds)
        free = draw_seeds(bench, case, f"a {name}", PLAIN, seeds)
        said.append(measure_spread(painted, inside))
        unsaid.append(measure_spread(free, inside))
        around.append(measure_spread(painted, ~inside))
    return [
        summarise_mean("seeds: CIEDE2000 within a thing whose colour is said", said),
        summarise_mean("  within a thing whose colour is not said", unsaid),
        summarise_mean("  around the thing", around),
    ]


def measure_spread(pictures: Sequence[Pixels], mask: NDArray[np.bool_]) -> float:
    """Measure the mean CIEDE2000 between each two pictures' pixels in a mask; 0 for an empty one."""
    if not mask.any():
        return 0.0
    places = [to_lab(picture)[mask] for picture in pictures]
    away = [deltaE_ciede2000(one, other).mean() for k, one in enumerate(places) for other in places[k + 1 :]]
    return float(np.mean(away))
