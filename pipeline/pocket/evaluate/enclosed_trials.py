"""Ask whether ground that lines enclose looks like the ground, and whether things are taken for it.

    python -m pipeline.pocket.evaluate.enclosed_trials [--count 300] [--seeds 1]

The drawings are lessons of things that nothing was trained on, so that it is known what each region is. Colours are the
colourist's alone.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000

from pipeline.colours.enclosed import set_apart
from pipeline.pocket.data.lessons import Curriculum
from pipeline.pocket.data.vector_pack import FOLDER, load_vector_pack
from pipeline.pocket.evaluate.colour_fields import FieldPainter, load_painter
from pipeline.pocket.evaluate.counts import read_count
from pipeline.pocket.evaluate.measures import Figure, Pixels, summarise_grouped, to_lab
from pipeline.pocket.train.enclosed_ground import MOSTLY, GroundCase, make_ground_case

LEAST_AREA = 60  # px of 256 x 256; smaller regions are not measured
LIKE = 15.0  # CIEDE2000 to the ground around at most
THING = 0.2  # share of a region that is ground at most, for it to be a thing

Mask = NDArray[np.bool_]


def find_measured(case: GroundCase) -> tuple[Mask, Mask]:
    """Return which of a case's inner regions, (n,), are ground, and which are things; small ones are neither."""
    large = (np.bincount(case.regions.ravel())[case.seen.numbers] >= LEAST_AREA) & ~case.seen.outside
    return large & (case.shares >= MOSTLY), large & (case.shares <= THING)


def list_distances(made: Pixels, case: GroundCase, which: Mask) -> list[float]:
    """List the CIEDE2000 distances of these regions from the ground at their height, in the same picture."""
    lab = to_lab(made)
    found = []
    for number, home in set_apart(case.regions, case.seen, which).lies_in.items():
        mine = case.regions == number
        rows = mine.any(1)[:, None]
        around = (case.regions == home) & rows
        around = around if around.any() else case.regions == home
        pair = [np.median(lab[place], axis=0) for place in (mine, around)]
        found.append(float(deltaE_ciede2000(*pair)))
    return found


def measure_enclosed(painter: FieldPainter, cases: list[GroundCase], seeds: int = 1) -> list[Figure]:
    """Colour every case; return the shares of ground, and of things, that look like the ground around them."""
    like: tuple[list[list[float]], list[list[float]]] = ([], [])
    for n, case in enumerate(cases):
        for found in like:
            found.append([])
        for seed in range(seeds):
            made = painter(case.lines, case.caption, seed + n)
            for found, which in zip(like, find_measured(case), strict=True):
                found[-1] += [float(one <= LIKE) for one in list_distances(made, case, which)]
    return [
        summarise_grouped(f"ground that lines enclose, share within CIEDE2000 {LIKE:g} of the ground", like[0]),
        summarise_grouped("things, the same (fewer is better)", like[1]),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--colourist", type=Path, default=Path("assets/pocket/colourist"))
    parser.add_argument("--pack", type=Path, default=FOLDER / "pack")
    parser.add_argument("--count", type=read_count, default=300)
    parser.add_argument("--seeds", type=read_count, default=1)
    asked = parser.parse_args()
    curriculum = Curriculum(load_vector_pack(asked.pack), held_out=True)
    cases = [make_ground_case(curriculum, np.random.default_rng([77, n])) for n in range(asked.count)]
    painter = load_painter(asked.colourist / "region_colours.safetensors", asked.colourist / "palettes.npz")
    for what, enclosed in (("without", None), ("with", painter.enclosed)):
        for figure in measure_enclosed(replace(painter, enclosed=enclosed), cases, asked.seeds):
            print(f"{what}: {figure}", flush=True)


if __name__ == "__main__":
    main()
