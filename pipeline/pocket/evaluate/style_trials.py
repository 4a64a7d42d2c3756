"""Try styles: the program's pictures in those of the library, and in families that nothing was made for.

They are measured as painter_trials measures the painters on true pictures, on the same drawings of held-out things, so
that what is lost between the two is the colourist's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.painters import PAINTERS
from pipeline.pocket.data.lessons import Curriculum
from pipeline.pocket.data.vector_pack import VectorPack
from pipeline.pocket.evaluate.bench import Bench, Outcome, Strip, read_style_reference
from pipeline.pocket.evaluate.earlier import EARLIER
from pipeline.pocket.evaluate.measures import Figure, LookMeasure, Pixels, summarise_mean
from pipeline.pocket.evaluate.painter_trials import (
    BAR,
    BAR_UNSEEN,
    OTHERS,
    READ_SIDE,
    TAUGHT,
    TrueDrawing,
    fit_measure,
    make_painter,
    make_true_drawing,
    make_true_painting,
    shrink,
)
from pipeline.pocket.evaluate.stroke_measures import compute_stroke_f1
from pipeline.pocket.evaluate.unseen import make_unseen_references
from pipeline.values import Style, StyleMix

FULL_STYLE = {"ip_adapter_scale": 1.0}
ALLOWED_LOSS = -0.04  # that pictures may lose against the painters on true pictures
STYLED_SEED = 900  # the first held-out drawing


@dataclass(frozen=True, eq=False)
class Looks:
    """Looks holds what a picture's look is compared with."""

    library: Mapping[str, Pixels]  # references by the style's id
    strange: Mapping[str, Pixels]  # of the families that nothing was made for
    measure: LookMeasure

    @classmethod
    def fit(cls, pack: VectorPack, styles: Sequence[Style], side: int) -> Looks:
        """Fit the measure on training things, painted by code in every style and family."""
        read_side = min(side, READ_SIDE)
        library = {style.id: read_style_reference(style, read_side) for style in styles if style.id in PAINTERS}
        strange = make_unseen_references(read_side)
        taught = [make_true_painting(Curriculum(pack), seed, side) for seed in range(TAUGHT)]
        return cls(library, strange, fit_measure(library | strange, taught, read_side))

    def is_nearest(self, picture: Pixels, own: str, shelf: Sequence[str]) -> float:
        """Return 1 where the own reference is the nearest of a shelf whose first it is, else 0."""
        references = {**self.library, **self.strange}
        seen = shrink(picture, len(references[own]))
        return float(self.measure.find_nearest(seen, [references[name] for name in shelf]) == 0)


def choose_shelf(own: str, names: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Choose a style itself first, then OTHERS others drawn from the rest."""
    rivals = [name for name in names if name != own]
    return [own, *(str(name) for name in rng.permutation(rivals)[:OTHERS])]


def draw_true(bench: Bench, true: TrueDrawing, seed: int, mix: StyleMix) -> Pixels:
    """Draw a true drawing by its caption in a style at full strength."""
    request = bench.make_request(true.caption, true.edges.pixels, seed, mix, FULL_STYLE, true.drawing.pixels)
    return bench.draw(request)


def run_style_trial(bench: Bench, pack: VectorPack, styles: Sequence[Style], count: int) -> Outcome:
    """Ask whether a result is nearer its own style's reference than 7 others'; then the same of unseen families."""
    looks = Looks.fit(pack, styles, bench.side)
    library, strips = try_library(bench, pack, [style for style in styles if style.id in looks.library], looks, count)
    strange, more = try_strange(bench, pack, looks, max(4, count // 4))
    return Outcome((*library, *strange), (*strips, *more))


def try_library(
    bench: Bench, pack: VectorPack, styles: Sequence[Style], looks: Looks, count: int
) -> tuple[list[Figure], list[Strip]]:
    """Draw held-out things in every style of the library in turn.

    Beside it: the painter on the true colours, and the style network given the reference as a person's own picture.
    """
    rng, curriculum = np.random.default_rng(8), Curriculum(pack, held_out=True)
    found: dict[str, list[float]] = {"worn": [], "picture": [], "painter": [], "edges": []}
    hits: dict[str, list[float]] = {}
    strips = []
    for i in range(count):
        style, true = styles[i % len(styles)], make_true_drawing(curriculum, STYLED_SEED + i, bench.side)
        shelf, reference = choose_shelf(style.id, list(looks.library), rng), read_style_reference(style, bench.side)
        made = {
            "worn": draw_true(bench, true, i, StyleMix.of(style)),
            "picture": draw_true(bench, true, i, bench.make_wordless_mix(reference)),
            "painter": make_painter(style.id)(true.painting, STYLED_SEED + i),
        }
        for name, picture in made.items():
            found[name].append(looks.is_nearest(picture, style.id, shelf))
        found["edges"].append(compute_stroke_f1(true.drawing.pixels, true.edges.pixels, made["worn"]))
        hits.setdefault(style.id, []).append(found["worn"][-1])
        strips.append(Strip((true.drawing.pixels, reference, *made.values()), f"{style.id}: {', '.join(made)}"))
    return summarise_library(found, hits), strips[:60]


def summarise_library(found: Mapping[str, Sequence[float]], hits: Mapping[str, Sequence[float]]) -> list[Figure]:
    """Summarise what try_library found, and which styles were missed."""
    lost = [one - other for one, other in zip(found["worn"], found["painter"], strict=True)]
    return [
        summarise_mean("style: painters on true pictures, nearest own reference of 8", found["painter"], BAR),
        EARLIER["painters"],
        summarise_mean("style: results, nearest own reference of 8 (chance 0.125)", found["worn"]),
        EARLIER["styles"],
        *(summarise_mean(f"    missed: {id}", values) for id, values in hits.items() if sum(values) < len(values)),
        summarise_mean("  results less painters, picture by picture", lost, ALLOWED_LOSS),
        summarise_mean("  the reference given as a person's own picture", found["picture"]),
        summarise_mean("edge F1, strokes, 2 px at 256, results in all styles", found["edges"]),
    ]


def try_strange(bench: Bench, pack: VectorPack, looks: Looks, count: int) -> tuple[list[Figure], list[Strip]]:
    """Draw held-out things in unseen families, by their reference alone: no words, no painter of their own."""
    rng, curriculum = np.random.default_rng(9), Curriculum(pack, held_out=True)
    names, large = list(looks.strange), make_unseen_references(bench.side)
    hits: dict[str, list[float]] = {}
    strips = []
    for i in range(count):
        own, true = names[i % len(names)], make_true_drawing(curriculum, 1900 + i, bench.side)
        shelf = choose_shelf(own, [*looks.library, *looks.strange], rng)
        picture = draw_true(bench, true, i, bench.make_wordless_mix(large[own]))
        hits.setdefault(own, []).append(looks.is_nearest(picture, own, shelf))
        strips.append(Strip((true.drawing.pixels, large[own], picture), own))
    every = [hit for values in hits.values() for hit in values]
    return [
        summarise_mean("style, unseen families by image alone (chance 0.125)", every, BAR_UNSEEN),
        *(summarise_mean(f"    {name}", values) for name, values in hits.items()),
        EARLIER["unseen"],
    ], strips
