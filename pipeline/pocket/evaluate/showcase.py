"""Draw the pictures that README and card show, with the shipped weights, as the app draws.

    python -m pipeline.pocket.evaluate.showcase                    # all of them, into assets/readme
    python -m pipeline.pocket.evaluate.showcase --only hand        # 8 drawings by hand in 8 styles, both taken by rule
    python -m pipeline.pocket.evaluate.showcase --only least --least "cat-face ice" "pig manga"

Rules, so that nobody picks: the drawings by hand and the styles stand at equal distances in their lists; every picture
is the first one drawn, with one seed and the default settings. `before` shows the cells of version 7's sheet, which
lie in assets/readme/version-7.webp, over the same drawings and styles now.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from collections.abc import Callable, Sequence
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

FOLDER = Path("assets/readme")
BEFORE = "version-7.webp"  # 8 examples by 4 styles, CELL px each, without gaps
BEFORE_STYLES = ("ghibli", "cyberpunk", "ukiyo-e", "blueprint")
STYLES = ("plain", "ghibli", "watercolor", "childrens-book", "cyberpunk", "stained-glass", "clay", "ukiyo-e")
LEAST = ("cake cyberpunk", "bee mosaic")  # a drawing by hand and a style each: the cells that are liked least
SIDE = 8  # drawings and styles of the sheet by rule
CELL, GAP, HEAD, MARGIN = 192, 6, 24, 96  # px
SEED = 7
QUALITY = 86


@dataclass(frozen=True, eq=False)
class Subject:
    """Subject is what stands at the head of a column: a prompt and its drawing."""

    prompt: str
    sketch: Sketch
    name: str = ""


def read_subjects(examples: Path) -> list[Subject]:
    """Read the drawings that the page begins with."""
    return [Subject(one["prompt"], read_strokes(json.dumps(one["canvas"]))) for one in read_examples(examples)]


def read_hand_drawings(count: int) -> list[Subject]:
    """Read `count` drawings by hand at equal distances in their index's order: nobody picks them."""
    return [Subject(one.prompt, one.sketch, one.id) for one in choose_evenly(load_drawings(), count)]


def choose_evenly(choices: Sequence[T], count: int) -> list[T]:
    """Choose `count` at equal distances, the first one first; all where there are fewer."""
    count = min(count, len(choices))
    return [choices[i * len(choices) // count] for i in range(count)]


def draw_picture(studio: Studio, subject: Subject, style: str) -> Image.Image:
    """Draw a subject in a style, (CELL, CELL) RGB."""
    order = parse_order(studio.profile, sketch=subject.sketch, prompt=subject.prompt, style=style, seed=SEED)
    return shrink(studio.draw(order).image)


def shrink(image: Image.Image) -> Image.Image:
    """Shrink a picture to a cell."""
    return image.convert("RGB").resize((CELL, CELL), Image.Resampling.LANCZOS)


def lay_out(heads: Sequence[str], rows: Sequence[tuple[str, Sequence[Image.Image]]]) -> Image.Image:
    """Lay rows of cells under heads, each row with its name at the left."""
    size = (MARGIN + len(heads) * (CELL + GAP) + GAP, HEAD + len(rows) * (CELL + GAP) + GAP)
    sheet = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for column, head in enumerate(heads):
        pen.text((MARGIN + GAP + column * (CELL + GAP), 6), head.split(",")[0][:28], "black", font)
    for row, (name, cells) in enumerate(rows):
        top = HEAD + GAP + row * (CELL + GAP)
        pen.text((4, top + CELL // 2), name[:14], "black", font)
        for column, cell in enumerate(cells):
            sheet.paste(cell, (MARGIN + GAP + column * (CELL + GAP), top))
    return sheet


def draw_sheet(studio: Studio, subjects: Sequence[Subject], styles: Sequence[str]) -> Image.Image:
    """Draw one row a style under the drawings."""
    rows = [("drawing", [shrink(Image.fromarray(subject.sketch.pixels)) for subject in subjects])]
    rows += [(style, [draw_picture(studio, subject, style) for subject in subjects]) for style in styles]
    return lay_out([subject.prompt for subject in subjects], rows)


def draw_examples(studio: Studio, least: Sequence[str]) -> Image.Image:
    """Draw every example of the page in eight styles."""
    return draw_sheet(studio, read_subjects(studio.settings.assets / "examples"), STYLES)


def draw_hand(studio: Studio, least: Sequence[str]) -> Image.Image:
    """Draw eight drawings by hand in eight styles, both by rule."""
    usual = choose_evenly(sorted(style.id for style in studio.library.all()), SIDE)
    return draw_sheet(studio, read_hand_drawings(SIDE), usual)


def draw_before(studio: Studio, least: Sequence[str]) -> Image.Image:
    """Draw the examples in the styles of version 7's sheet, its own cells over each row."""
    subjects = read_subjects(studio.settings.assets / "examples")
    with Image.open(FOLDER / BEFORE) as kept:
        old = kept.convert("RGB")
    rows = [("drawing", [shrink(Image.fromarray(subject.sketch.pixels)) for subject in subjects])]
    for row, style in enumerate(BEFORE_STYLES):
        cells = [cut_cell(old, row, column) for column in range(len(subjects))]
        rows.append((f"{style}, v7", cells))
        rows.append((f"{style}, now", [draw_picture(studio, subject, style) for subject in subjects]))
    return lay_out([subject.prompt for subject in subjects], rows)


def cut_cell(sheet: Image.Image, row: int, column: int) -> Image.Image:
    """Cut a cell out of a sheet that has no gaps."""
    return sheet.crop((column * CELL, row * CELL, (column + 1) * CELL, (row + 1) * CELL))


def draw_least(studio: Studio, least: Sequence[str]) -> Image.Image:
    """Draw the cells that are liked least, each beside its drawing."""
    known = {one.id: one for one in load_drawings()}
    cells: list[Image.Image] = []
    heads: list[str] = []
    for pair in least:
        id, style = pair.split()
        subject = Subject(known[id].prompt, known[id].sketch, id)
        cells += [shrink(Image.fromarray(subject.sketch.pixels)), draw_picture(studio, subject, style)]
        heads += [subject.prompt, style]
    return lay_out(heads, [("", cells)])


SHEETS: dict[str, Callable[[Studio, Sequence[str]], Image.Image]] = {
    "sheet": draw_examples,
    "hand": draw_hand,
    "before": draw_before,
    "least": draw_least,
}


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=FOLDER, help="folder")
    parser.add_argument("--only", nargs="+", choices=tuple(SHEETS), default=tuple(SHEETS))
    parser.add_argument("--least", nargs="+", default=LEAST, metavar="'ID STYLE'")
    chosen = parser.parse_args(given)
    settings = dataclasses.replace(read_settings([], os.environ), profile="pocket")
    studio = Studio(settings)
    chosen.into.mkdir(parents=True, exist_ok=True)
    for name in chosen.only:
        SHEETS[name](studio, chosen.least).save(chosen.into / f"{name}.webp", quality=QUALITY)


if __name__ == "__main__":
    main()
