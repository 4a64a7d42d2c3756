"""Try styles: those of the library, and families that neither the library nor training has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipeline.painters import DEFAULTS, RENDERERS, render
from pipeline.pocket.data.pack import Pack
from pipeline.pocket.data.strokes import to_bytes
from pipeline.pocket.evaluate.baselines import Baseline
from pipeline.pocket.evaluate.bench import (
    Bench,
    Case,
    Outcome,
    Strip,
    make_case,
    read_style_reference,
    score_lines,
    to_rgb,
)
from pipeline.pocket.evaluate.measures import LookMeasure, Pixels, summarise_mean
from pipeline.pocket.evaluate.unseen import UNSEEN, make_unseen_references
from pipeline.values import Style, StyleMix

OTHERS = 7  # styles that a result might be nearer to than to its own
FULL_STYLE = {"ip_adapter_scale": 1.0}

Painter = Callable[[Case], Pixels]  # the case's own picture in one style, by code


def run_style_trial(
    bench: Bench, pack: Pack, styles: Sequence[Style], count: int, baselines: Mapping[str, Baseline]
) -> Outcome:
    """Ask whether a result is nearer its own style's reference than 7 others'.

    Once with the style's words, once by its image alone.
    """
    references = {style.id: read_style_reference(style, bench.side) for style in styles}
    cases = [make_case(pack.held_out, 900 + i, bench.side) for i in range(count)]
    fitted = fit_look_measure(pack, references, list_painters(references), bench.side)
    plain = LookMeasure.standardise([*references.values(), *(case.original for case in cases)])
    rng = np.random.default_rng(8)
    found: dict[str, list[float]] = {}
    strips = []
    for i, case in enumerate(cases):
        style = styles[i % len(styles)]
        shelf = choose_references(references, style.id, rng)
        made = draw_in_style(bench, case, style)
        trivial = {name: baseline(case.lines, shelf[0]) for name, baseline in baselines.items()}
        for name, pixels in (made | trivial).items():
            found.setdefault(name, []).append(float(fitted.find_nearest(pixels, shelf) == 0))
            found.setdefault(f"{name} plain", []).append(float(plain.find_nearest(pixels, shelf) == 0))
            found.setdefault(f"{name} edges", []).append(score_lines(case.lines, pixels))
        strips.append(Strip((to_rgb(case.lines), shelf[0], *made.values()), f"{style.id}: {', '.join(made)}"))
    return Outcome(
        (
            summarise_mean("style: nearest its own reference of 8 (chance 0.125)", found["worn"], 0.6, 0.75),
            summarise_mean("  the same by the image alone, no style words", found["image"]),
            summarise_mean("  the renderers themselves (sanity)", found.get("renderer", [])),
            *(summarise_mean(f"  {name}", found[name]) for name in baselines),
            summarise_mean("style, statistics only standardised: results", found["worn plain"]),
            summarise_mean("  the renderers themselves (sanity)", found.get("renderer plain", [])),
            *(summarise_mean(f"  {name}", found[f"{name} plain"]) for name in baselines),
            summarise_mean("edge F1, results in all styles", found["worn edges"]),
            summarise_mean("  the renderers in all styles", found.get("renderer edges", [])),
            *(summarise_mean(f"  {name}", found[f"{name} edges"]) for name in baselines),
        ),
        tuple(strips[:40]),
    )


def choose_references(references: Mapping[str, Pixels], own: str, rng: np.random.Generator) -> list[Pixels]:
    """Choose a style's own reference first, then OTHERS others drawn from the rest."""
    rivals = [id for id in references if id != own]
    return [references[id] for id in (own, *rng.permutation(rivals)[:OTHERS])]


def run_unseen_trial(
    bench: Bench, pack: Pack, styles: Sequence[Style], count: int, baselines: Mapping[str, Baseline]
) -> Outcome:
    """Ask the same of style families that were held out, by their reference alone: no words, no training picture.

    The references are the own one and 7 of the library's and the other unseen families'.
    """
    strange = make_unseen_references(bench.side)
    references = {style.id: read_style_reference(style, bench.side) for style in styles} | strange
    known = list_painters(references)
    fitted = fit_look_measure(pack, references, known, bench.side)
    rng = np.random.default_rng(9)
    found: dict[str, list[float]] = {}
    strips = []
    for i in range(count):
        case, id = make_case(pack.held_out, 1900 + i, bench.side), list(strange)[i % len(strange)]
        shelf = choose_references(references, id, rng)
        result = bench.draw_prompt(
            case.picture.caption, case.lines, case.seed, bench.make_wordless_mix(strange[id]), FULL_STYLE
        )
        made = {"results": result, "renderer": known[id](case)}
        for name, pixels in (
            made | {name: baseline(case.lines, shelf[0]) for name, baseline in baselines.items()}
        ).items():
            found.setdefault(name, []).append(float(fitted.find_nearest(pixels, shelf) == 0))
        strips.append(Strip((to_rgb(case.lines), shelf[0], *made.values()), f"{id}: {', '.join(made)}"))
    return Outcome(
        (
            summarise_mean("style, unseen families by image alone (chance 0.125)", found["results"], 0.55),
            summarise_mean("  the renderers themselves (sanity)", found["renderer"]),
            *(summarise_mean(f"  {name}", found[name]) for name in baselines),
        ),
        tuple(strips),
    )


def list_painters(ids: Mapping[str, Pixels]) -> dict[str, Painter]:
    """List who can paint these styles by code, by the style's id."""
    library = {id: make_library_painter(id) for id in ids if id in RENDERERS}
    return library | {id: make_unseen_painter(id) for id in ids if id in UNSEEN}


def make_library_painter(id: str) -> Painter:
    """Make the painter of a library style in its default look."""

    def paint(case: Case) -> Pixels:
        rng = np.random.default_rng([30, case.seed])
        return to_bytes(render(id, case.picture.image, DEFAULTS[id], rng))

    return paint


def make_unseen_painter(id: str) -> Painter:
    """Make the painter of an unseen family in its default look."""

    def paint(case: Case) -> Pixels:
        return to_bytes(UNSEEN[id](case.picture.image, np.random.default_rng([31, case.seed])))

    return paint


def fit_look_measure(
    pack: Pack, references: Mapping[str, Pixels], known: Mapping[str, Painter], side: int, contents: int = 6
) -> LookMeasure:
    """Fit the measure of looks on training things, painted by code (never those that are drawn here)."""
    taught = []
    for number, (id, reference) in enumerate(references.items()):
        if id in known:
            cases = [make_case(pack.training, 5000 + contents * number + i, side) for i in range(contents)]
            taught.append((reference, [known[id](case) for case in cases]))
    return LookMeasure.fit(taught)


def draw_in_style(bench: Bench, case: Case, style: Style) -> dict[str, Pixels]:
    """Draw the case in a style: as the program does, without the style's words, and by the style's painter."""
    wordless = replace(style, template="{prompt}")

    def ask(worn: Style) -> Pixels:
        return bench.draw_prompt(case.picture.caption, case.lines, case.seed, StyleMix.of(worn), FULL_STYLE)

    made = {"worn": ask(style), "image": ask(wordless)}
    if style.id in RENDERERS:
        made["renderer"] = make_library_painter(style.id)(case)
    return made
