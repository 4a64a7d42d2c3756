"""Measures the pocket model through the program's own engine and prints one table.

    python -m pipeline.pocket.evaluate [--weights assets/pocket] [--count 200] [--only edges hand ...]
                                       [--json FILE] [--sheet FILE.png] [--set NAME=VALUE ...]
    python -m pipeline.pocket.evaluate --curve FILE.svg [--runs runs]      # learning curves, nothing is drawn

Every figure is a mean (of times, a median) with a bootstrap 95 % interval, at the profile's default settings unless
its name says otherwise. What each one means stands in the trials' files; indented under a figure is what to hold it
against. Bars are the first version's and this one's.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from pipeline.models.catalog import POCKET
from pipeline.models.profile import ModelProfile
from pipeline.pocket.data.dataset import FOLDER as PICTURES
from pipeline.pocket.data.pack import PACK, Pack, load_pack
from pipeline.pocket.evaluate.autoencoder_trials import Copier, autoencoder_trial
from pipeline.pocket.evaluate.baselines import Baseline, Gallery, baselines
from pipeline.pocket.evaluate.bench import Bench, Draw, Outcome, Remembering, Strip
from pipeline.pocket.evaluate.drawings import SKETCHES, load_drawings
from pipeline.pocket.evaluate.judge import JUDGES
from pipeline.pocket.evaluate.measures import Figure, Pixels, median_figure
from pipeline.pocket.evaluate.step_trials import speed_trial, step_trial
from pipeline.pocket.evaluate.style_trials import style_trial, unseen_trial
from pipeline.pocket.evaluate.thing_trials import memory_trial, thing_trial
from pipeline.pocket.evaluate.trials import color_trial, control_trial, edge_trial, hand_trial, seed_trial, usual_trial
from pipeline.pocket.train.curve import plot_runs
from pipeline.pocket.train.loop import RUNS
from pipeline.prompt_syntax import Prompt
from pipeline.values import GenerationRequest, Style, StyleMix

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine
    from pipeline.styles.library import StyleLibrary

STYLES = Path("styles")
CAPTION = 14  # px under each strip
ENOUGH = 700.0  # ms that a picture may take at 256 px


@dataclass(frozen=True, eq=False)
class Exam:
    """All that the trials need."""

    bench: Bench
    pack: Pack
    styles: Sequence[Style]
    gallery: Gallery | None  # training pictures; None where no shard lies on disk
    judges: Path  # where judges of things are kept
    sketches: Path  # hand-made drawings
    engine: Draw  # as the bench's, but draws anew each time
    load_stock: Callable[[], Draw]  # the stock pipeline on the same weights
    autoencoder: Path  # its folder

    @property
    def ways(self) -> Mapping[str, Baseline]:
        return baselines(self.gallery)


def try_edges(exam: Exam, count: int) -> Outcome:
    return edge_trial(exam.bench, exam.pack.held_out, count, exam.ways)


def try_hand(exam: Exam, count: int) -> Outcome:
    """All drawings from 60 on, fewer in a quick run: every third and so on, so that each care is there."""
    drawings = load_drawings(exam.sketches)
    return hand_trial(exam.bench, drawings[:: max(1, -(-len(drawings) // max(1, count)))], exam.ways)


def try_colors(exam: Exam, count: int) -> Outcome:
    return color_trial(exam.bench, exam.pack, exam.ways)


def try_usual(exam: Exam, count: int) -> Outcome:
    return usual_trial(exam.bench, exam.pack, max(4, count // 5), exam.ways)


def try_things(exam: Exam, count: int) -> Outcome:
    return thing_trial(exam.bench, exam.pack, max(2, count // 4), exam.ways, exam.judges)


def try_styles(exam: Exam, count: int) -> Outcome:
    return style_trial(exam.bench, exam.pack, exam.styles, max(4, count), exam.ways)


def try_unseen(exam: Exam, count: int) -> Outcome:
    return unseen_trial(exam.bench, exam.pack, exam.styles, max(4, count // 5), exam.ways)


def try_memory(exam: Exam, count: int) -> Outcome:
    """Skipped, and said so, where there are no training pictures to look through."""
    if exam.gallery is None:
        print("memory: no training pictures here; `python -m pipeline.pocket.data.dataset` renders them.")
        return Outcome(())
    return memory_trial(exam.bench, exam.pack, max(2, count // 4), exam.gallery)


def try_controls(exam: Exam, count: int) -> Outcome:
    return control_trial(exam.bench, exam.pack, exam.styles, max(1, count // 50))


def try_seeds(exam: Exam, count: int) -> Outcome:
    return seed_trial(exam.bench, exam.pack, max(2, count // 33))


def try_steps(exam: Exam, count: int) -> Outcome:
    return step_trial(exam.bench, exam.pack, exam.styles, max(2, count // 14))


def try_speed(exam: Exam, count: int) -> Outcome:
    bar = ENOUGH if exam.bench.side == 256 else None
    return speed_trial(exam.bench, exam.pack, exam.engine, exam.load_stock(), max(2, count // 20), bar)


def try_autoencoder(exam: Exam, count: int) -> Outcome:
    return autoencoder_trial(exam.pack, exam.styles, exam.bench.side, max(2, count * 2 // 5), Copier(exam.autoencoder))


TRIALS: dict[str, Callable[[Exam, int], Outcome]] = {
    "edges": try_edges,
    "hand": try_hand,
    "colors": try_colors,
    "usual": try_usual,
    "things": try_things,
    "styles": try_styles,
    "unseen": try_unseen,
    "memory": try_memory,
    "controls": try_controls,
    "seeds": try_seeds,
    "steps": try_steps,
    "speed": try_speed,
    "autoencoder": try_autoencoder,
}
NAMES = tuple(TRIALS)


def evaluate(exam: Exam, count: int, chosen: Sequence[str] = NAMES) -> dict[str, Outcome]:
    """Run the chosen trials; `count` drawings in the edge trial and in proportion in the others."""
    outcomes = {}
    for name in chosen:
        outcomes[name] = TRIALS[name](exam, count)
        for line in outcomes[name].figures:
            print(line, flush=True)
    return outcomes


class TimedDrawing:
    """Draws with an engine and remembers how long each picture took that has the usual number of steps."""

    def __init__(self, engine: Engine, usual_steps: int) -> None:
        self._engine, self._usual = engine, usual_steps
        self.milliseconds: list[float] = []

    def __call__(self, request: GenerationRequest) -> Pixels:
        drawn = self._engine.draw(request)
        if request.num_inference_steps == self._usual:
            self.milliseconds.append(sum(drawn.milliseconds.values()))
        return np.asarray(drawn.images[0].convert("RGB"))

    @property
    def figure(self) -> Figure:
        # The first picture pays for warming up.
        return median_figure("milliseconds per picture, all trials (median)", self.milliseconds[1:])


def load_stock(profile: ModelProfile, weights: Path, engine: Engine) -> Draw:
    """diffusers' own StableDiffusionControlNetPipeline on the same files, device and dtype as the engine.

    Style embeddings come ready from the engine, so that only the pipeline's own work is timed.
    """
    import torch

    from pipeline.engine.diffusers_pipeline import LOADED_PARTS, load_pipeline
    from pipeline.models.locate import locate_part

    located = {role: locate_part(profile, role, weights) for role in LOADED_PARTS}
    pipeline = load_pipeline(profile, located, engine.dtype).to(engine.device)
    pipeline.set_progress_bar_config(disable=True)

    def draw(request: GenerationRequest) -> Pixels:
        style = torch.stack([share * engine.embed_style(one) for one, share in request.styles.parts]).sum(0)
        embeds = style[None].to(engine.device, engine.dtype)
        pipeline.set_ip_adapter_scale(request.ip_adapter_scale)
        picture = pipeline(
            prompt=request.styled_prompt.written,
            negative_prompt=request.negative_prompt.text,
            image=Image.fromarray(request.edges.pixels).convert("RGB"),
            width=request.width,
            height=request.height,
            num_inference_steps=request.num_inference_steps,
            guidance_scale=request.guidance_scale,
            controlnet_conditioning_scale=float(request.controlnet_conditioning_scale),
            ip_adapter_image_embeds=[torch.cat([torch.zeros_like(embeds), embeds])],
            generator=torch.Generator().manual_seed(request.seed),
        ).images[0]
        return np.asarray(picture)

    return draw


def usual_mix(library: StyleLibrary, weights: Path, cache: Path) -> StyleMix:
    """What the program gives a prompt that names no style."""
    from pipeline.styles.encoders import PocketEncoder
    from pipeline.styles.search import StyleSearch

    search = StyleSearch(library, PocketEncoder(weights / "image_encoder"), cache)
    return search.mix(search.find(Prompt("a fox")))


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
    parser.add_argument("--pictures", type=Path, default=PICTURES, help="shards of the pictures it was trained on")
    parser.add_argument("--judges", type=Path, default=JUDGES, help="where judges of things are kept once fitted")
    parser.add_argument("--sketches", type=Path, default=SKETCHES, help="drawings made by hand")
    parser.add_argument("--curve", type=Path, metavar="FILE.svg", help="only draw the learning curves of --runs")
    parser.add_argument("--runs", type=Path, default=RUNS, help="logs of training")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    from pipeline.engine.engine import Engine

    chosen = parse_arguments(given)
    if chosen.curve:
        plot_runs(chosen.runs, chosen.curve)
        return
    profile = adjusted(POCKET, chosen.set)
    with tempfile.TemporaryDirectory() as name:
        engine = Engine.load(profile, folder=chosen.weights)
        drawing = TimedDrawing(engine, int(profile.defaults["num_inference_steps"]))
        exam = prepare(chosen, profile, Path(name), drawing, lambda: load_stock(profile, chosen.weights, engine))
        outcomes = evaluate(exam, chosen.count, chosen.only)
    print(drawing.figure)
    if chosen.json:
        figures = [line for outcome in outcomes.values() for line in outcome.figures]
        write_json([*figures, drawing.figure], dict(engine.revisions), chosen.json)
    if chosen.sheet:
        save_sheets(outcomes, chosen.sheet)


def prepare(
    chosen: argparse.Namespace, profile: ModelProfile, room: Path, drawing: Draw, load_stock: Callable[[], Draw]
) -> Exam:
    from pipeline.styles.library import StyleLibrary

    library = StyleLibrary(STYLES, room / "added")
    mix = StyleMix.of(library.get(chosen.style)) if chosen.style else usual_mix(library, chosen.weights, room)
    bench = Bench(Remembering(drawing), profile, mix, room / "made")
    return Exam(
        bench,
        load_pack(chosen.pack),
        library.all(),
        Gallery.open(chosen.pictures),
        chosen.judges,
        chosen.sketches,
        drawing,
        load_stock,
        chosen.weights / "vae",
    )


if __name__ == "__main__":
    main()
