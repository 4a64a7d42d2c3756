"""Write what came of the trials: contact sheets and a JSON report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from PIL import Image, ImageDraw

from pipeline.pocket.evaluate.bench import Outcome, Strip
from pipeline.pocket.evaluate.measures import Figure

CAPTION_HEIGHT = 14  # px under each strip


def save_sheet(strips: Sequence[Strip], path: Path, columns: int = 2) -> None:
    """Save a contact sheet: strips in columns, each with its caption."""
    wide = max(sum(picture.shape[1] + 2 for picture in strip.pictures) for strip in strips) + 8
    tall = max(picture.shape[0] for strip in strips for picture in strip.pictures) + CAPTION_HEIGHT
    rows = -(-len(strips) // columns)
    sheet = Image.new("RGB", (wide * columns, tall * rows), "white")
    for number, strip in enumerate(strips):
        left, top = number % columns * wide, number // columns * tall
        ImageDraw.Draw(sheet).text((left, top + tall - CAPTION_HEIGHT), strip.caption[:90], fill="black")
        for picture in strip.pictures:
            sheet.paste(Image.fromarray(picture), (left, top))
            left += picture.shape[1] + 2
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


def save_sheets(outcomes: Mapping[str, Outcome], path: Path) -> None:
    """Save one sheet per trial that has pictures to show: FILE-edges.png, FILE-colors.png, ..."""
    for name, outcome in outcomes.items():
        if outcome.strips:
            save_sheet(outcome.strips, path.with_stem(f"{path.stem}-{name}"), 1 if name == "colors" else 2)


def write_report(figures: Sequence[Figure], revisions: Mapping[str, str], path: Path) -> None:
    """Write the figures and the engine's revisions as JSON."""
    report = {"figures": [asdict(line) for line in figures], "revisions": dict(revisions)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1))
