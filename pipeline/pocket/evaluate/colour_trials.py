"""Measure the colourist's colours: parts, colour words, binding, places.

    python -m pipeline.pocket.evaluate.colour_trials --regions WEIGHTS

The figures stand beside those of two baselines: a flood with the thing's mean colour, and the true pictures.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pipeline.pocket.data.vector_pack import load_vector_pack
from pipeline.pocket.evaluate.binding_trials import (
    make_binding_cases,
    make_word_cases,
    measure_binding,
    measure_colour_words,
)
from pipeline.pocket.evaluate.colour_fields import load_painter
from pipeline.pocket.evaluate.counts import read_count
from pipeline.pocket.evaluate.measures import Figure
from pipeline.pocket.evaluate.part_trials import Colour, make_part_cases, measure_parts
from pipeline.pocket.evaluate.place_trials import PlaceJudge, make_place_cases, measure_places
from pipeline.pocket.train.palette_table import TABLE


def measure_colours(colour: Colour, count: int = 100, seed: int = 0) -> list[Figure]:
    """Measure everything on `count` drawings each (places: a tenth for each place)."""
    pack = load_vector_pack()
    return [
        *measure_parts(colour, make_part_cases(pack, count, seed), seed),
        *measure_binding(colour, make_binding_cases(pack, count, seed), seed),
        *measure_colour_words(colour, make_word_cases(pack, count, seed), seed),
        *measure_places(colour, make_place_cases(pack, max(1, count // 10), seed), PlaceJudge.fit(), seed),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--regions", type=Path, required=True, help="weights of the network that proposes colours")
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--count", type=read_count, default=100)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--steps", type=read_count)
    arguments = parser.parse_args()
    painter = load_painter(arguments.regions, arguments.table)
    given = {"guidance_scale": arguments.guidance, "num_inference_steps": arguments.steps}
    how: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    for figure in measure_colours(lambda lines, prompt, seed: painter(lines, prompt, seed, **how), arguments.count):
        print(figure, flush=True)


if __name__ == "__main__":
    main()
