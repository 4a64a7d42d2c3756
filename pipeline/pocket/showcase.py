"""The README's contact sheet: every example drawing in four styles, drawn by the shipped weights as the app draws.

    python -m pipeline.pocket.showcase            # assets/readme/sheet.webp
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from pipeline.page.examples import read_examples
from pipeline.request import parse_order
from pipeline.settings import read_settings
from pipeline.sketch import read_strokes
from pipeline.studio import Studio

SHEET = Path("assets/readme/sheet.webp")
STYLES = ("ghibli", "cyberpunk", "ukiyo-e", "blueprint")
CELL, GAP, HEAD = 192, 8, 26  # px
SEED = 7


def draw_sheet(studio: Studio, examples: Path, styles: Sequence[str]) -> Image.Image:
    """One row a style under the drawings; every picture is the first one drawn, with one seed."""
    drawings = read_examples(examples)
    size = (len(drawings) * (CELL + GAP) + GAP, (1 + len(styles)) * (CELL + GAP) + GAP + HEAD)
    sheet = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for column, drawing in enumerate(drawings):
        sketch = read_strokes(json.dumps(drawing["canvas"]))
        left = GAP + column * (CELL + GAP)
        pen.text((left + 2, 8), drawing["prompt"].split(",")[0], "black", font)
        cells = [Image.fromarray(sketch.pixels)]
        for style in styles:
            order = parse_order(studio.profile, sketch=sketch, prompt=drawing["prompt"], style=style, seed=SEED)
            cells.append(studio.draw(order).image)
        for row, cell in enumerate(cells):
            scaled = cell.convert("RGB").resize((CELL, CELL), Image.Resampling.BICUBIC)
            sheet.paste(scaled, (left, HEAD + GAP + row * (CELL + GAP)))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=SHEET)
    parser.add_argument("--styles", nargs="+", default=list(STYLES))
    chosen = parser.parse_args()
    settings = dataclasses.replace(read_settings([], os.environ), profile="pocket")
    sheet = draw_sheet(Studio(settings), settings.assets / "examples", chosen.styles)
    chosen.into.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(chosen.into, quality=88)


if __name__ == "__main__":
    main()
