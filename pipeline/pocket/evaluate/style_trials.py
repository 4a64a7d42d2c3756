"""Trials of styles: those of the library, and families that neither the library nor training has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipeline.painters import DEFAULTS, RENDERERS, render
from pipeline.pocket.data.pack import Pack
from pipeline.pocket.data.strokes import to_bytes
from pipeline.pocket.evaluate.baselines import Baseline
from pipeline.pocket.evaluate.bench import Bench, Case, Outcome, Strip, follow, make_case, read_reference, to_rgb
from pipeline.pocket.evaluate.measures import LookMeasure, Pixels, figure
from pipeline.pocket.evaluate.unseen import UNSEEN, unseen_references
from pipeline.values import Style, StyleMix

OTHERS = 7  # styles that a result might be nearer to than to its own
FULL = {"ip_adapter_scale": 1.0}

Painter = Callable[[Case], Pixels]  # the case's own picture in one style, by code


def style_trial(bench: Bench, pack: Pack, styles: Sequence[Style], count: int, ways: Mapping[str, Baseline]) -> Outcome:
    """Is a result nearer its own style's reference than 7 others'? With the style's words and by its image alone."""
    references = {style.id: read_reference(style, bench.side) for style in styles}
    cases = [make_case(pack.held_out, 900 + i, bench.side) for i in range(count)]
    fitted = fit_looks(pack, references, painters(references), bench.side)
    plain = LookMeasure.standardised([*references.values(), *(case.original for case in cases)])
    rng = np.random.default_rng(8)
    found: dict[str, list[float]] = {}
    strips = []
    for i, case in enumerate(cases):
        style = styles[i % len(styles)]
        shelf = draw_shelf(references, style.id, rng)
        made = wear(bench, case, style)
        trivial = {name: way(case.lines, shelf[0]) for name, way in ways.items()}
        for name, pixels in (made | trivial).items():
            found.setdefault(name, []).append(float(fitted.nearest(pixels, shelf) == 0))
            found.setdefault(f"{name} plain", []).append(float(plain.nearest(pixels, shelf) == 0))
            found.setdefault(f"{name} edges", []).append(follow(case.lines, pixels))
        strips.append(Strip((to_rgb(case.lines), shelf[0], *made.values()), f"{style.id}: {', '.join(made)}"))
    return Outcome(
        (
            figure("style: nearest its own reference of 8 (chance 0.125)", found["worn"], 0.6, 0.75),
            figure("  the same by the image alone, no style words", found["image"]),
            figure("  the renderers themselves (sanity)", found.get("renderer", [])),
            *(figure(f"  {name}", found[name]) for name in ways),
            figure("style, statistics only standardised: results", found["worn plain"]),
            figure("  the renderers themselves (sanity)", found.get("renderer plain", [])),
            *(figure(f"  {name}", found[f"{name} plain"]) for name in ways),
            figure("edge F1, results in all styles", found["worn edges"]),
            figure("  the renderers in all styles", found.get("renderer edges", [])),
            *(figure(f"  {name}", found[f"{name} edges"]) for name in ways),
        ),
        tuple(strips[:40]),
    )


def draw_shelf(references: Mapping[str, Pixels], own: str, rng: np.random.Generator) -> list[Pixels]:
    """A style's own reference first, then OTHERS others drawn from the rest."""
    rivals = [id for id in references if id != own]
    return [references[id] for id in (own, *rng.permutation(rivals)[:OTHERS])]


def unseen_trial(
    bench: Bench, pack: Pack, styles: Sequence[Style], count: int, ways: Mapping[str, Baseline]
) -> Outcome:
    """The same for style families that were held out, worn by their reference alone: no words, no training picture.

    A shelf holds the own reference and 7 of the library's and the other unseen families'.
    """
    strange = unseen_references(bench.side)
    references = {style.id: read_reference(style, bench.side) for style in styles} | strange
    known = painters(references)
    fitted = fit_looks(pack, references, known, bench.side)
    rng = np.random.default_rng(9)
    found: dict[str, list[float]] = {}
    strips = []
    for i in range(count):
        case, id = make_case(pack.held_out, 1900 + i, bench.side), list(strange)[i % len(strange)]
        shelf = draw_shelf(references, id, rng)
        result = bench.ask(case.picture.caption, case.lines, case.seed, bench.wordless(strange[id]), FULL)
        made = {"results": result, "renderer": known[id](case)}
        for name, pixels in (made | {name: way(case.lines, shelf[0]) for name, way in ways.items()}).items():
            found.setdefault(name, []).append(float(fitted.nearest(pixels, shelf) == 0))
        strips.append(Strip((to_rgb(case.lines), shelf[0], *made.values()), f"{id}: {', '.join(made)}"))
    return Outcome(
        (
            figure("style, unseen families by image alone (chance 0.125)", found["results"], 0.55),
            figure("  the renderers themselves (sanity)", found["renderer"]),
            *(figure(f"  {name}", found[name]) for name in ways),
        ),
        tuple(strips),
    )


def painters(ids: Mapping[str, Pixels]) -> dict[str, Painter]:
    """Who can paint these styles by code."""
    library = {id: library_painter(id) for id in ids if id in RENDERERS}
    return library | {id: unseen_painter(id) for id in ids if id in UNSEEN}


def library_painter(id: str) -> Painter:
    """In the library's look."""

    def paint(case: Case) -> Pixels:
        rng = np.random.default_rng([30, case.seed])
        return to_bytes(render(id, case.picture.image, DEFAULTS[id], rng))

    return paint


def unseen_painter(id: str) -> Painter:
    def paint(case: Case) -> Pixels:
        return to_bytes(UNSEEN[id](case.picture.image, np.random.default_rng([31, case.seed])))

    return paint


def fit_looks(
    pack: Pack, references: Mapping[str, Pixels], known: Mapping[str, Painter], side: int, contents: int = 6
) -> LookMeasure:
    """The measure of looks, from the renderers painting training things (never those that are drawn here)."""
    taught = []
    for number, (id, reference) in enumerate(references.items()):
        if id in known:
            cases = [make_case(pack.training, 5000 + contents * number + i, side) for i in range(contents)]
            taught.append((reference, [known[id](case) for case in cases]))
    return LookMeasure.fitted(taught)


def wear(bench: Bench, case: Case, style: Style) -> dict[str, Pixels]:
    """The case drawn in a style: as the program does, without the style's words, and by the style's renderer."""
    wordless = replace(style, template="{prompt}")

    def ask(worn: Style) -> Pixels:
        return bench.ask(case.picture.caption, case.lines, case.seed, StyleMix.of(worn), FULL)

    made = {"worn": ask(style), "image": ask(wordless)}
    if style.id in RENDERERS:
        made["renderer"] = library_painter(style.id)(case)
    return made
