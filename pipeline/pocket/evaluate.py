"""Measures the pocket model through the program's own engine and prints one table.

    python -m pipeline.pocket.evaluate [--weights assets/pocket] [--count 200] [--json FILE] [--sheet FILE.png]

Every figure is a mean with a bootstrap 95 % interval, at the profile's default settings unless its name says
otherwise; what each one means stands in trials.py and measures.py.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from pipeline.pocket.measures import Figure, Pixels, figure
from pipeline.pocket.pack import PACK, Pack, load_pack
from pipeline.pocket.trials import (
    Bench,
    Outcome,
    Strip,
    color_trial,
    control_trial,
    edge_trial,
    seed_trial,
    style_trial,
    usual_trial,
)
from pipeline.profiles import POCKET, ModelProfile
from pipeline.values import GenerationRequest, Style, StyleMix

if TYPE_CHECKING:
    from pipeline.diffusion import Engine
    from pipeline.styles import StyleLibrary

STYLES = Path("styles")
CAPTION = 14  # px under each strip
NAMES = ("edges", "colors", "usual", "styles", "controls", "seeds")


def evaluate(bench: Bench, pack: Pack, styles: Sequence[Style], count: int,
             chosen: Sequence[str] = NAMES) -> dict[str, Outcome]:
    """Run the chosen trials; `count` drawings in the edge trial and in proportion in the others."""
    trials: dict[str, Callable[[], Outcome]] = {
        "edges": lambda: edge_trial(bench, pack.held_out, count),
        "colors": lambda: color_trial(bench, pack),
        "usual": lambda: usual_trial(bench, pack, max(4, count // 5)),
        "styles": lambda: style_trial(bench, pack, styles, max(4, count * 2 // 5)),
        "controls": lambda: control_trial(bench, pack, styles, max(1, count // 50)),
        "seeds": lambda: seed_trial(bench, pack, max(1, count // 33)),
    }
    outcomes = {}
    for name in chosen:
        outcomes[name] = trials[name]()
        for line in outcomes[name].figures:
            print(line, flush=True)
    return outcomes


class TimedDrawing:
    """Draws with an engine and remembers how long each picture took."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.milliseconds: list[float] = []

    def __call__(self, request: GenerationRequest) -> Pixels:
        image, stages = self._engine.draw(request)
        self.milliseconds.append(sum(stages.values()))
        return np.asarray(image.convert("RGB"))

    @property
    def figure(self) -> Figure:
        # The first picture pays for warming up.
        return figure("milliseconds per picture", self.milliseconds[1:] or self.milliseconds)


def usual_mix(library: StyleLibrary, weights: Path, cache: Path) -> StyleMix:
    """What the program gives a prompt that names no style."""
    from pipeline.clip import PocketEncoder
    from pipeline.search import StyleSearch

    search = StyleSearch(library, PocketEncoder(weights / "image_encoder"), cache)
    return search.mix(search.find("a fox"))


def save_sheet(strips: Sequence[Strip], path: Path, columns: int = 2) -> None:
    """A contact sheet: strips in columns, each with its caption."""
    wide = max(sum(picture.shape[1] + 2 for picture in strip.pictures) for strip in strips) + 8
    tall = max(picture.shape[0] for strip in strips for picture in strip.pictures) + CAPTION
    rows = -(-len(strips) // columns)
    sheet = Image.new("RGB", (wide * columns, tall * rows), "white")
    for number, strip in enumerate(strips):
        left, top = number % columns * wide, number // columns * tall
        ImageDraw.Draw(sheet).text((left, top + tall - CAPTION), strip.caption[:90], fill="black")
        for picture in strip.pictures:
            sheet.paste(Image.fromarray(picture), (left, top))
            left += picture.shape[1] + 2
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


def save_sheets(outcomes: dict[str, Outcome], path: Path) -> None:
    """One sheet per trial that has pictures to show: FILE-edges.png, FILE-colors.png, ..."""
    for name, outcome in outcomes.items():
        if outcome.strips:
            save_sheet(outcome.strips, path.with_stem(f"{path.stem}-{name}"), 1 if name == "colors" else 2)


def write_json(figures: Sequence[Figure], revisions: dict[str, str], path: Path) -> None:
    report = {"figures": [asdict(line) for line in figures], "revisions": revisions}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1))


def adjusted(profile: ModelProfile, changed: Sequence[str]) -> ModelProfile:
    """The profile with defaults given as "name=value"."""
    values = dict(part.split("=", 1) for part in changed)
    return replace(profile, defaults={**profile.defaults, **{name: float(value) for name, value in values.items()}})


def parse_arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the pocket model.")
    parser.add_argument("--weights", type=Path, default=POCKET.home)
    parser.add_argument("--pack", type=Path, default=PACK)
    parser.add_argument("--count", type=int, default=200, help="drawings in the edge trial; the others follow")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--style", help="id of the style worn where none is asked for, instead of the program's mix")
    parser.add_argument("--set", nargs="+", default=(), metavar="NAME=VALUE", help="other defaults, to compare")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sheet", type=Path, help="stem of the contact sheets, FILE.png")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    from pipeline.diffusion import Engine
    from pipeline.styles import StyleLibrary

    chosen = parse_arguments(given)
    profile = adjusted(POCKET, chosen.set)
    with tempfile.TemporaryDirectory() as name:
        cache = Path(name)
        library = StyleLibrary(STYLES, cache / "added")
        mix = StyleMix.of(library.get(chosen.style)) if chosen.style else usual_mix(library, chosen.weights, cache)
        engine = Engine.load(profile, folder=chosen.weights)
        drawing = TimedDrawing(engine)
        bench = Bench(drawing, profile, mix)
        outcomes = evaluate(bench, load_pack(chosen.pack), library.all(), chosen.count, chosen.only)
    print(drawing.figure)
    if chosen.json:
        figures = [line for outcome in outcomes.values() for line in outcome.figures]
        write_json([*figures, drawing.figure], dict(engine.revisions), chosen.json)
    if chosen.sheet:
        save_sheets(outcomes, chosen.sheet)


if __name__ == "__main__":
    main()
