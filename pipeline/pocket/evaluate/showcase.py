"""Draw contact sheets of drawings x styles with the shipped weights, as the app draws.

python -m pipeline.pocket.evaluate.showcase                              # the README's: every example in four styles
python -m pipeline.pocket.evaluate.showcase --hand 8 --into hand.webp    # 8 drawings by hand in 8 styles, taken by rule
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PIL import Image, ImageDraw, ImageFont

from pipeline.pocket.evaluate.drawings import load_drawings
from pipeline.request.order import parse_order
from pipeline.settings import read_settings
from pipeline.sketch.examples import read_examples
from pipeline.sketch.intake import read_strokes
from pipeline.studio.studio import Studio
from pipeline.values import Sketch

T = TypeVar("T")

SHEET_FILE = Path("assets/readme/sheet.webp")
STYLES = ("ghibli", "cyberpunk", "ukiyo-e", "blueprint")
CELL, GAP, HEAD = 192, 8, 26  # px
SEED = 7


@dataclass(frozen=True, eq=False)
class Subject:
    """Subject is what stands at the head of a column: a prompt and its drawing."""

    prompt: str
    sketch: Sketch


def read_subjects(examples: Path) -> list[Subject]:
    """Read the drawings that the page begins with."""
    return [Subject(one["prompt"], read_strokes(json.dumps(one["canvas"]))) for one in read_examples(examples)]


def read_hand_drawings(count: int) -> list[Subject]:
    """Read `count` drawings by hand at equal distances in their index's order: nobody picks them."""
    return [Subject(one.prompt, one.sketch) for one in choose_evenly(load_drawings(), count)]


def choose_evenly(choices: Sequence[T], count: int) -> list[T]:
    """Choose `count` at equal distances, the first one first; all where there are fewer."""
    return [choices[i * len(choices) // count] for i in range(min(count, len(choices)))]


def draw_sheet(studio: Studio, subjects: Sequence[Subject], styles: Sequence[str]) -> Image.Image:
    """Draw one row a style under the drawings; every picture is the first one drawn, with one seed."""
    size = (len(subjects) * (CELL + GAP) + GAP, (1 + len(styles)) * (CELL + GAP) + GAP + HEAD)
    sheet = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for column, subject in enumerate(subjects):
        left = GAP + column * (CELL + GAP)
        pen.text((left + 2, 8), subject.prompt.split(",")[0], "black", font)
        cells = [Image.fromarray(subject.sketch.pixels)]
        for style in styles:
            order = parse_order(studio.profile, sketch=subject.sketch, prompt=subject.prompt, style=style, seed=SEED)
            cells.append(studio.draw(order).image)
        for row, cell in enumerate(cells):
            scaled = cell.convert("RGB").resize((CELL, CELL), Image.Resampling.BICUBIC)
            sheet.paste(scaled, (left, HEAD + GAP + row * (CELL + GAP)))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=SHEET_FILE)
    parser.add_argument("--hand", type=int, help="that many drawings by hand, in as many styles")
    parser.add_argument("--styles", nargs="+", help=f"style ids, for {' '.join(STYLES)}")
    chosen = parser.parse_args()
    settings = dataclasses.replace(read_settings([], os.environ), profile="pocket")
    studio = Studio(settings)
    subjects = read_hand_drawings(chosen.hand) if chosen.hand else read_subjects(settings.assets / "examples")
    usual = choose_evenly(sorted(style.id for style in studio.library.all()), chosen.hand) if chosen.hand else STYLES
    sheet = draw_sheet(studio, subjects, chosen.styles or usual)
    chosen.into.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(chosen.into, quality=88)


if __name__ == "__main__":
    main()
