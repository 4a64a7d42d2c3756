"""Try the parts of drawings by hand: which colours they may have was written down by people, part by part.

`parts.json` beside the drawings names points of the canvas within each part and the colour words that suit it. A part's
mask is what the drawing's lines close around its points. Words that the prompt says are the only ones that suit.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000

from pipeline.inking.ink import find_barrier
from pipeline.inking.outlines import close_lines
from pipeline.inking.pen import read_pen
from pipeline.inking.regions import label_regions
from pipeline.pocket.data.colors import COLORS, measure_color_share
from pipeline.pocket.data.pack import Thing
from pipeline.pocket.evaluate.baselines import FLOOD_FILL, find_mean_colour, flood_fill
from pipeline.pocket.evaluate.bench import NONE, PLAIN, Bench, Outcome, Strip
from pipeline.pocket.evaluate.drawings import Drawing, read_drawing_lines
from pipeline.pocket.evaluate.measures import MAJORITY, Pixels, summarise_mean, to_lab
from pipeline.pocket.evaluate.part_trials import APART
from pipeline.sketch.edges import fit_drawing, read_edges
from pipeline.values import PaintedColours

FILE = "parts.json"
KEYS = {"part", "at", "colours"}
CANVAS = 512  # px, the side of the canvas that the points lie on
NATURAL_BAR, APART_BAR = 0.75, 0.85


@dataclass(frozen=True)
class HandPart:
    """HandPart is a part of a drawing and the colours that suit it."""

    name: str
    points: tuple[tuple[int, int], ...]  # x, y on the canvas
    colours: tuple[str, ...]  # words of COLORS

    def __post_init__(self) -> None:
        if not self.points or not self.colours or not set(self.colours) <= set(COLORS):
            raise ValueError(f"The part {self.name!r} needs points and colours of {', '.join(COLORS)}.")


def load_hand_parts(folder: Path) -> dict[str, tuple[HandPart, ...]]:
    """Load the parts of drawings by the drawing's id. Raises ValueError where an entry is not what it should be."""
    stored = json.loads((folder / FILE).read_text(encoding="utf-8"))
    if strange := [one for parts in stored.values() for one in parts if set(one) != KEYS]:
        raise ValueError(f"{folder / FILE}: expected the keys {sorted(KEYS)}, found {sorted(strange[0])}.")
    return {
        id: tuple(
            HandPart(one["part"], tuple((int(x), int(y)) for x, y in one["at"]), tuple(one["colours"])) for one in parts
        )
        for id, parts in stored.items()
    }


def find_masks(drawing: Drawing, parts: Sequence[HandPart], side: int) -> list[NDArray[np.bool_]]:
    """Find each part's mask (side, side): what the lines close around its points.

    Raises ValueError for a point that lies on a line.
    """
    edges, pixels = read_edges(drawing.sketch, size=(side, side)), fit_drawing(drawing.sketch, (side, side)).pixels
    nothing = PaintedColours.none(side, side)
    labels = label_regions(close_lines(find_barrier(read_pen(pixels, edges, nothing), edges, nothing.mask)))
    masks = []
    for part in parts:
        found = {int(labels[y * side // CANVAS, x * side // CANVAS]) for x, y in part.points}
        if min(found) < 0:
            raise ValueError(f"{drawing.id}: a point of the part {part.name!r} lies on a line.")
        masks.append(np.isin(labels, list(found)))
    return masks


def score_natural(picture: Pixels, masks: Sequence[NDArray[np.bool_]], parts: Sequence[HandPart]) -> list[float]:
    """Score 1 for each part of which one suiting word, or all of them together, names most of its pixels."""
    return [
        float(sum(measure_color_share(word, picture[mask]) for word in part.colours) >= MAJORITY)
        for mask, part in zip(masks, parts, strict=True)
    ]


def score_apart(picture: Pixels, masks: Sequence[NDArray[np.bool_]], parts: Sequence[HandPart]) -> list[float]:
    """Score 1 for each pair of parts whose colours differ as far as they must: no word suits both."""
    middles = [np.median(to_lab(picture)[mask], axis=0) for mask in masks]
    return [
        float(deltaE_ciede2000(middles[one], middles[other]) >= APART)
        for one, other in combinations(range(len(parts)), 2)
        if not set(parts[one].colours) & set(parts[other].colours)
    ]


def run_hand_part_trial(bench: Bench, drawings: Sequence[Drawing], folder: Path, things: Sequence[Thing]) -> Outcome:
    """Ask of plain pictures without lines whether parts are natural and told apart, drawing by drawing."""
    known = load_hand_parts(folder)
    found: dict[str, list[float]] = {name: [] for name in ("natural", "apart", "flood natural", "flood apart")}
    strips = []
    for seed, drawing in enumerate(one for one in drawings if one.id in known):
        parts, lines = known[drawing.id], read_drawing_lines(drawing, bench.side)
        pen = fit_drawing(drawing.sketch, (bench.side, bench.side)).pixels
        picture = bench.draw_prompt(drawing.prompt, lines, seed, controls=PLAIN | NONE, drawing=pen)
        flat = flood_fill(lines, find_mean_colour(things, drawing.thing))
        masks = find_masks(drawing, parts, bench.side)
        for head, pixels in (("", picture), ("flood ", flat)):
            found[f"{head}natural"].append(float(np.mean(score_natural(pixels, masks, parts))))
            if pairs := score_apart(pixels, masks, parts):
                found[f"{head}apart"].append(float(np.mean(pairs)))
        strips.append(Strip((pen, picture), f"{found['natural'][-1]:.2f} natural: {drawing.prompt}"))
    return Outcome(
        (
            summarise_mean("parts of hand drawings told apart", found["apart"], APART_BAR),
            summarise_mean(f"  {FLOOD_FILL}", found["flood apart"]),
            summarise_mean("parts of hand drawings in colours that suit them", found["natural"], NATURAL_BAR),
            summarise_mean(f"  {FLOOD_FILL}", found["flood natural"]),
        ),
        tuple(strips),
    )
