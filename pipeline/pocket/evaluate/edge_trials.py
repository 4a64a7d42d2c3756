"""Try lines: does the picture follow the drawing, with the pen's lines laid on softly and without them?

Each set is measured in three ways, since a pen has a width: by its strokes, 2 px at 256 (stroke_measures.py); by centre
lines, 2 px at 256; and by centre lines, 2 px at 128, as versions 1 to 7 were. How far a measure itself can be trusted
stands beside it: the drawing alone, and the true picture that its lines were taken from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.pocket.data.pack import Thing
from pipeline.pocket.data.strokes import Lines
from pipeline.pocket.evaluate.baselines import FLOOD_FILL, fill_case, find_mean_colour, flood_fill
from pipeline.pocket.evaluate.bench import NONE, PLAIN, SOFT, Bench, Outcome, Strip, draw_pen, make_case
from pipeline.pocket.evaluate.drawings import Drawing, read_drawing_lines
from pipeline.pocket.evaluate.earlier import EARLIER
from pipeline.pocket.evaluate.measures import TOLERANCE, Figure, Pixels, compute_edge_f1, read_lines, summarise_mean
from pipeline.pocket.evaluate.stroke_measures import compute_stroke_f1
from pipeline.sketch.edges import fit_drawing

BARS = {"lines soft": (0.93,), "lines none": (0.80,)}  # for 2 px at 256
CARES = ("careful", "usual", "hasty")
SHOWN_PER_GRADE = 8  # of each grade
MEASURES: dict[str, Callable[[Pixels, Lines, Pixels], float]] = {
    "strokes, 2 px at 256": compute_stroke_f1,
    "centre lines, 2 px at 256": lambda _, lines, picture: compute_edge_f1(lines, read_lines(picture), TOLERANCE / 2),
    "centre lines, 2 px at 128": lambda _, lines, picture: compute_edge_f1(lines, read_lines(picture)),
}
EARLIER_MEASURE = "centre lines, 2 px at 128"


@dataclass(frozen=True, eq=False)
class Row:
    """Row is a drawing, and the pictures that are measured against it, each by its name in the table."""

    drawing: Pixels  # (H, W, 3) black on white
    lines: Lines  # (H, W), its centre lines
    pictures: Mapping[str, Pixels]
    caption: str
    kind: str = ""  # of the drawing's care


def run_edge_trial(bench: Bench, things: Sequence[Thing], count: int) -> Outcome:
    """Ask whether the plain pictures' edges lie where the lines of held-out things are."""
    cases = [make_case(things, seed, bench.side) for seed in range(count)]
    rows = []
    for before, case in zip([cases[-1], *cases], cases, strict=False):
        pen = draw_pen(case.lines)
        drawn = draw_twice(bench, case.picture.caption, case.lines, case.seed, pen)
        beside = {
            FLOOD_FILL: fill_case(case),
            "the true picture": case.original,
            "the drawing itself": pen,
            "another drawing's true picture": before.original,
        }
        rows.append(Row(pen, case.lines, drawn | beside, case.picture.caption))
    return summarise_rows("held-out", rows, "edges", ("lines soft", "lines none", "the true picture"))


def run_hand_trial(bench: Bench, drawings: Sequence[Drawing], things: Sequence[Thing]) -> Outcome:
    """Ask the same of drawings made by hand on the page, which nothing was trained on; by care, too."""
    rows = []
    for seed, drawing in enumerate(drawings):
        lines = read_drawing_lines(drawing, bench.side)
        pen = fit_drawing(drawing.sketch, (bench.side, bench.side)).pixels
        drawn = draw_twice(bench, drawing.prompt, lines, seed, pen)
        filled = flood_fill(lines, find_mean_colour(things, drawing.thing))
        beside = {FLOOD_FILL: filled, "the drawing itself": pen}
        rows.append(Row(pen, lines, drawn | beside, f"{drawing.care}: {drawing.prompt}", drawing.care))
    others = [rows[-1], *rows]
    rows = [
        replace(row, pictures={**row.pictures, "another drawing's picture": other.pictures["lines soft"]})
        for other, row in zip(others, rows, strict=False)
    ]
    return summarise_rows("hand-drawn", rows, "hand", ("lines soft", "lines none"))


def draw_twice(bench: Bench, prompt: str, lines: Lines, seed: int, drawing: Pixels) -> dict[str, Pixels]:
    """Draw in plain, with soft lines and with none."""
    return {
        name: bench.draw_prompt(prompt, lines, seed, controls=PLAIN | kept, drawing=drawing)
        for name, kept in (("lines soft", SOFT), ("lines none", NONE))
    }


def summarise_rows(title: str, rows: Sequence[Row], earlier: str, shown: Sequence[str]) -> Outcome:
    """Score every picture of every row by each measure; which rows are shown is decided by the first."""
    figures: list[Figure] = []
    graded: list[float] = []
    for measure, score in MEASURES.items():
        scores = {
            name: [score(row.drawing, row.lines, row.pictures[name]) for row in rows] for name in rows[0].pictures
        }
        for name, values in scores.items():
            head = f"edge F1 {title}, {measure}: {name}" if name in BARS else f"  {name}"
            bars = () if measure == EARLIER_MEASURE else BARS.get(name, ())
            figures.append(summarise_mean(head, values, *bars))
            if name == "lines soft":
                figures += summarise_kinds(rows, values)
                graded = graded or values
        if measure == EARLIER_MEASURE:
            figures.append(EARLIER[earlier])
    strips = tuple(
        Strip((rows[i].drawing, *(rows[i].pictures[name] for name in shown)), f"{grade} {graded[i]:.2f}: {caption}")
        for grade, i in grade_examples(graded)
        for caption in (rows[i].caption,)
    )
    return Outcome(tuple(figures), strips)


def summarise_kinds(rows: Sequence[Row], values: Sequence[float]) -> list[Figure]:
    """Summarise the values of each care by itself, where drawings have one."""
    kinds = [kind for kind in CARES if any(row.kind == kind for row in rows)]
    return [
        summarise_mean(
            f"    {kind} drawings", [value for row, value in zip(rows, values, strict=True) if row.kind == kind]
        )
        for kind in kinds
    ]


def grade_examples(scores: Sequence[float], each: int = SHOWN_PER_GRADE) -> list[tuple[str, int]]:
    """Choose which to show: the best, those in the middle and the worst, so that nobody picks."""
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    each = min(each, len(order) // 3)
    middle = (len(order) - each) // 2
    shown = {"good": order[:each], "typical": order[middle : middle + each], "bad": order[len(order) - each :]}
    return [(grade, i) for grade, rows in shown.items() for i in rows]
