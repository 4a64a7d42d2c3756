"""Measure the pocket model through the program's own engine and print one table.

    python -m pipeline.pocket.evaluate [--weights assets/pocket] [--count 200] [--only edges hand ...]
                                       [--json FILE] [--sheet FILE.png] [--set NAME=VALUE ...]
    python -m pipeline.pocket.evaluate --curve FILE.svg [--runs runs]      # learning curves, nothing is drawn

Every figure is a mean (of times, a median) with a bootstrap 95 % interval; what belongs together, such as the words
asked of one drawing, is resampled whole ("n=100 in 10"). All at the profile's default settings unless its name says
otherwise. What each one means stands in the trials' files; indented under a figure is what to hold it against:
baselines, true pictures, the version before. Bars are the issue's.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pipeline.models.catalog import POCKET
from pipeline.models.profile import ModelProfile
from pipeline.pocket.data.pack import PACK, load_pack
from pipeline.pocket.data.vector_pack import FOLDER, load_vector_pack
from pipeline.pocket.evaluate.baselines import Gallery
from pipeline.pocket.evaluate.bench import Bench, CachedDrawing
from pipeline.pocket.evaluate.counts import read_count
from pipeline.pocket.evaluate.drawings import SKETCHES
from pipeline.pocket.evaluate.engines import TimedDrawing, change_defaults, make_usual_mix
from pipeline.pocket.evaluate.judge import JUDGES_FOLDER
from pipeline.pocket.evaluate.report import save_sheets, write_report
from pipeline.pocket.evaluate.trial_table import TRIAL_NAMES, TrialInputs, run_trials
from pipeline.pocket.train.curve import plot_runs
from pipeline.pocket.train.loop import RUNS
from pipeline.pocket.train.region_lessons import LESSONS
from pipeline.values import StyleMix

STYLES = Path("styles")


def parse_arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="Measure the pocket model.")
    parser.add_argument("--weights", type=Path, default=POCKET.home)
    parser.add_argument("--pack", type=Path, default=PACK)
    parser.add_argument("--drawings", type=Path, default=FOLDER / "pack", help="vector drawings with known parts")
    parser.add_argument(
        "--count",
        type=read_count,
        default=200,
        help="drawings in the edge trial; others follow, but for colors, styled-colors and hand-parts",
    )
    parser.add_argument("--only", nargs="+", choices=TRIAL_NAMES, default=TRIAL_NAMES)
    parser.add_argument("--style", help="id of the style worn where none is asked for, instead of the program's mix")
    parser.add_argument("--set", nargs="+", default=(), metavar="NAME=VALUE", help="other defaults, to compare")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sheet", type=Path, help="stem of the contact sheets, FILE.png")
    parser.add_argument("--pictures", type=Path, default=LESSONS, help="shards of the lessons it was trained on")
    parser.add_argument("--judges", type=Path, default=JUDGES_FOLDER, help="where the judge's prototypes are kept")
    parser.add_argument("--sketches", type=Path, default=SKETCHES, help="drawings made by hand")
    parser.add_argument("--curve", type=Path, metavar="FILE.svg", help="only draw the learning curves of --runs")
    parser.add_argument("--runs", type=Path, default=RUNS, help="logs of training")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    from pipeline.engine.pocket_engine import PocketEngine

    chosen = parse_arguments(given)
    if chosen.curve:
        plot_runs(chosen.runs, chosen.curve)
        return
    profile = change_defaults(POCKET, chosen.set)
    engine = PocketEngine.load(profile, folder=chosen.weights)
    timed = TimedDrawing(engine)
    with tempfile.TemporaryDirectory() as name:
        outcomes = run_trials(prepare_trials(chosen, profile, Path(name), timed), chosen.count, chosen.only)
    print(timed.figure)
    if chosen.json:
        figures = [line for outcome in outcomes.values() for line in outcome.figures]
        write_report([*figures, timed.figure], dict(engine.revisions), chosen.json)
    if chosen.sheet:
        save_sheets(outcomes, chosen.sheet)


def prepare_trials(chosen: argparse.Namespace, profile: ModelProfile, folder: Path, timed: TimedDrawing) -> TrialInputs:
    """Prepare what the trials are given; styles and pictures made for them go into `folder`."""
    from pipeline.styles.library import StyleLibrary

    library = StyleLibrary(STYLES, folder / "added")
    mix = StyleMix.of(library.get(chosen.style)) if chosen.style else make_usual_mix(library)
    return TrialInputs(
        Bench(CachedDrawing(timed), profile, mix, folder / "made"),
        load_pack(chosen.pack),
        load_vector_pack(chosen.drawings),
        library.all(),
        Gallery.open(chosen.pictures),
        chosen.judges,
        chosen.sketches,
        timed,
    )


if __name__ == "__main__":
    main()
