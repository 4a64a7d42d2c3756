"""Ask whether what the painters paint is known by its style: nearest its own style's reference of 8.

    python -m pipeline.pocket.evaluate.painter_trials [--pack data/colourist/pack] [--cases 5] [--side 512]

The pictures are true ones: drawings of held-out things, inked with the colours that they really have. What the pocket
model's own pictures reach is held against this. Library styles are painted by their painters, the families that neither
the library nor training has by the style network, given their reference alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pipeline.inking.ink import ink_drawing
from pipeline.inking.lines import SOFT, lay_lines
from pipeline.inking.painted import read_painted_colours
from pipeline.painters import DEFAULTS, PAINTERS, paint, to_bytes
from pipeline.painters.source import Source
from pipeline.painters.style_network import paint_like, read_style_picture
from pipeline.pocket.data.hand_lines import draw_lines
from pipeline.pocket.data.lessons import Curriculum, write_caption
from pipeline.pocket.data.vector_pack import FOLDER, load_vector_pack
from pipeline.pocket.evaluate.bench import read_style_reference
from pipeline.pocket.evaluate.counts import read_count
from pipeline.pocket.evaluate.measures import Figure, LookMeasure, Pixels, summarise_mean
from pipeline.pocket.evaluate.unseen import UNSEEN, make_unseen_references
from pipeline.sketch.edges import fit_drawing, read_edges
from pipeline.styles.library import StyleLibrary
from pipeline.values import Drawing, EdgeMap, Painting, Sketch

STYLES = Path("styles")
CONTENTS = 6  # pictures of training things in each style that the measure is fitted on
OTHERS = 7  # styles that a picture might be nearer to than to its own
PEN = 1.6  # px of a 256 picture, how wide the drawn lines are
READ_SIDE = 256  # px at which looks are compared, at most

TAUGHT = 60  # training pictures that the measure is fitted on
BAR, BAR_UNSEEN = 0.92, 0.65

Paint = Callable[[Painting, int], Pixels]


@dataclass(frozen=True, eq=False)
class TrueDrawing:
    """TrueDrawing is an inked drawing in its true colours, and what a person would ask for it."""

    painting: Painting
    drawing: Drawing  # the pen's strokes
    edges: EdgeMap
    caption: str


def make_true_drawing(curriculum: Curriculum, seed: int, side: int) -> TrueDrawing:
    """Make a drawing in its true colours, `side` px."""
    rng = np.random.default_rng([40, seed])
    stage = curriculum.compose(rng)
    lines = cv2.dilate(draw_lines(stage.canvas, rng), np.ones((2, 2), np.uint8))
    soft = cv2.GaussianBlur(cv2.resize(lines, (side, side), interpolation=cv2.INTER_CUBIC), (0, 0), side / 512)
    pen = np.clip((soft.astype(np.float32) - 90) * PEN, 0, 255).astype(np.uint8)
    sketch = Sketch(np.repeat(255 - pen[..., None], 3, axis=2), is_drawing=True)
    drawing = fit_drawing(sketch, (side, side))
    edges = read_edges(sketch, "lines", size=(side, side))
    field = np.clip(stage.canvas.colours, 0, 1).astype(np.float32)
    painting = ink_drawing(drawing.pixels, edges, field, read_painted_colours(drawing.pixels))
    return TrueDrawing(painting, drawing, edges, write_caption(stage, rng))


def make_true_painting(curriculum: Curriculum, seed: int, side: int) -> Painting:
    """Make the painting of a drawing in its true colours, `side` px."""
    return make_true_drawing(curriculum, seed, side).painting


def read_references(side: int) -> dict[str, Pixels]:
    """Read the library's reference pictures by the style's id, each (side, side, 3)."""
    library = StyleLibrary(STYLES, Path("nowhere"))
    return {style.id: read_style_reference(style, side) for style in library.all()}


def shrink(picture: Pixels, side: int) -> Pixels:
    """Return a picture at the size at which looks are compared, (side, side, 3)."""
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def make_painter(style_id: str) -> Paint:
    """Make a style's painter in its default look."""
    return lambda painting, seed: paint(painting, style_id, DEFAULTS[style_id], 1.0, seed)


def make_network_painter(reference: Pixels) -> Paint:
    """Make the painter that follows a picture, lines laid over it afterwards."""
    style = read_style_picture(reference)

    def paint_and_line(painting: Painting, seed: int) -> Pixels:
        return lay_lines(paint_like(painting, style, 1.0, np.random.default_rng(seed)), painting, SOFT)

    return paint_and_line


def make_family_painter(name: str) -> Paint:
    """Make the painter by code of an unseen family, which the measure of looks is fitted on."""

    def paint_family(painting: Painting, seed: int) -> Pixels:
        return to_bytes(UNSEEN[name](Source(painting).plain, np.random.default_rng([31, seed])))

    return paint_family


def fit_measure(references: Mapping[str, Pixels], pool: list[Painting], side: int) -> LookMeasure:
    """Fit the measure of looks on training things, painted by code in every style and family."""
    taught = []
    for number, (name, reference) in enumerate(references.items()):
        painter = make_painter(name) if name in PAINTERS else make_family_painter(name)
        contents = [(CONTENTS * number + k) % len(pool) for k in range(CONTENTS)]
        taught.append((reference, [shrink(painter(pool[content], content), side) for content in contents]))
    return LookMeasure.fit(taught)


def find_answers(
    painters: Mapping[str, Paint], references: Mapping[str, Pixels], measure: LookMeasure, pool: list[Painting]
) -> Iterator[tuple[str, str]]:
    """Yield each picture's own style and the one whose reference is nearest among 8."""
    rng = np.random.default_rng(8)
    names, side = list(painters), next(iter(references.values())).shape[0]
    for case, painting in enumerate(pool):
        own = names[case % len(names)]
        rivals = [name for name in references if name != own]
        shelf = [own, *rng.permutation(rivals)[:OTHERS].tolist()]
        picture = shrink(painters[own](painting, 900 + case), side)
        yield own, shelf[measure.find_nearest(picture, [references[name] for name in shelf])]


def try_painters(pack: Path, cases: int, side: int) -> Iterator[tuple[Figure, list[tuple[str, str]]]]:
    """Yield a figure with its mistakes (own style, style taken): the library's painters, then the style network."""
    things = load_vector_pack(pack)
    training, held_out = Curriculum(things), Curriculum(things, held_out=True)
    read_side = min(side, READ_SIDE)
    library, strange = read_references(read_side), make_unseen_references(read_side)
    taught = [make_true_painting(training, seed, side) for seed in range(TAUGHT)]
    measure = fit_measure(library | strange, taught, read_side)
    network = {name: make_network_painter(reference) for name, reference in make_unseen_references(512).items()}
    own = {name: make_painter(name) for name in library}
    for what, painters, references, count, bar in (
        ("style: the painters on true pictures (chance 0.125)", own, library, cases, BAR),
        ("style: unseen families given as a picture", network, library | strange, 4 * cases, BAR_UNSEEN),
    ):
        pool = [make_true_painting(held_out, seed, side) for seed in range(count * len(painters))]
        answers = list(find_answers(painters, references, measure, pool))
        figure = summarise_mean(what, [float(own == taken) for own, taken in answers], bar)
        yield figure, [(own, taken) for own, taken in answers if own != taken]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path, default=FOLDER / "pack")
    parser.add_argument(
        "--cases", type=read_count, default=5, help="pictures in each library style; 4 times as many a family"
    )
    parser.add_argument("--side", type=read_count, default=512, help="px")
    asked = parser.parse_args()
    for figure, mistakes in try_painters(asked.pack, asked.cases, asked.side):
        print(figure, flush=True)
        print("  taken for another:", ", ".join(f"{own} for {taken}" for own, taken in sorted(mistakes)) or "none")


if __name__ == "__main__":
    main()
