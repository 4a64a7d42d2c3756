"""Hold the table of trials, and what they are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.pocket.data.pack import Pack
from pipeline.pocket.data.vector_pack import VectorPack
from pipeline.pocket.evaluate.baselines import Gallery
from pipeline.pocket.evaluate.bench import Bench, Outcome, read_style_reference
from pipeline.pocket.evaluate.control_trials import run_control_trial, run_seed_trial
from pipeline.pocket.evaluate.drawings import load_drawings
from pipeline.pocket.evaluate.edge_trials import run_edge_trial, run_hand_trial
from pipeline.pocket.evaluate.engines import TimedDrawing
from pipeline.pocket.evaluate.hand_parts import run_hand_part_trial
from pipeline.pocket.evaluate.judge import list_candidates, load_judge
from pipeline.pocket.evaluate.painted_trials import run_painted_trial
from pipeline.pocket.evaluate.region_trials import run_binding_trial, run_part_trial, run_place_trial
from pipeline.pocket.evaluate.speed_trials import run_speed_trial
from pipeline.pocket.evaluate.style_trials import run_style_trial
from pipeline.pocket.evaluate.thing_trials import run_memory_trial, run_thing_trial
from pipeline.pocket.evaluate.word_trials import run_color_trial, run_styled_color_trial, run_usual_trial
from pipeline.values import Style

PAINTED = 60  # coloured drawings of a full run


@dataclass(frozen=True, eq=False)
class TrialInputs:
    """TrialInputs holds all that the trials need."""

    bench: Bench
    pack: Pack
    drawings: VectorPack  # whose parts are known
    styles: Sequence[Style]
    gallery: Gallery | None  # training pictures; None where no shard lies on disk
    judges: Path  # where the judge's prototypes are kept
    sketches: Path  # hand-made drawings
    timed: TimedDrawing  # as the bench's, but draws anew each time


def try_edges(inputs: TrialInputs, count: int) -> Outcome:
    return run_edge_trial(inputs.bench, inputs.pack.held_out, count)


def try_hand(inputs: TrialInputs, count: int) -> Outcome:
    """Try the hand-drawn set: all of it where `count` is as many, else every second or third, so each care is there."""
    drawings = load_drawings(inputs.sketches)
    return run_hand_trial(inputs.bench, drawings[:: max(1, -(-len(drawings) // max(1, count)))], inputs.pack.things)


def try_colors(inputs: TrialInputs, count: int) -> Outcome:
    return run_color_trial(inputs.bench, inputs.pack)


def try_styled_colors(inputs: TrialInputs, count: int) -> Outcome:
    return run_styled_color_trial(inputs.bench, inputs.pack, inputs.styles)


def try_parts(inputs: TrialInputs, count: int) -> Outcome:
    return run_part_trial(inputs.bench, inputs.drawings, max(4, count // 2))


def try_hand_parts(inputs: TrialInputs, count: int) -> Outcome:
    drawings = load_drawings(inputs.sketches)
    return run_hand_part_trial(inputs.bench, drawings, inputs.sketches, inputs.pack.things)


def try_binding(inputs: TrialInputs, count: int) -> Outcome:
    return run_binding_trial(inputs.bench, inputs.drawings, max(4, min(100, count)))


def try_places(inputs: TrialInputs, count: int) -> Outcome:
    return run_place_trial(inputs.bench, inputs.drawings, max(10, min(100, count)))


def try_usual(inputs: TrialInputs, count: int) -> Outcome:
    return run_usual_trial(inputs.bench, inputs.pack, max(4, count // 5))


def try_things(inputs: TrialInputs, count: int) -> Outcome:
    judge = load_judge(list_candidates(inputs.pack.things), inputs.judges)
    return run_thing_trial(inputs.bench, inputs.pack, max(2, count * 2 // 5), judge)


def try_styles(inputs: TrialInputs, count: int) -> Outcome:
    return run_style_trial(inputs.bench, inputs.drawings, inputs.styles, max(4, count))


def try_painted(inputs: TrialInputs, count: int) -> Outcome:
    return run_painted_trial(inputs.bench, inputs.styles, max(4, min(PAINTED, PAINTED * count // 100)))


def try_memory(inputs: TrialInputs, count: int) -> Outcome:
    """Try how near results come to training pictures; skipped, and said so, where there are none to look through."""
    if inputs.gallery is None:
        print("memory: no lessons here; `python -m pipeline.pocket.train.region_lessons` makes them.")
        return Outcome(())
    return run_memory_trial(inputs.bench, inputs.pack, max(2, count // 4), inputs.gallery)


def try_controls(inputs: TrialInputs, count: int) -> Outcome:
    return run_control_trial(inputs.bench, inputs.pack, inputs.styles, max(1, count // 50))


def try_seeds(inputs: TrialInputs, count: int) -> Outcome:
    return run_seed_trial(inputs.bench, inputs.pack, max(2, count // 33))


def try_speed(inputs: TrialInputs, count: int) -> Outcome:
    own = inputs.bench.make_wordless_mix(read_style_reference(inputs.styles[0], 256))
    return run_speed_trial(inputs.bench, inputs.pack, inputs.styles, inputs.timed, own, max(4, count // 4))


TRIALS: dict[str, Callable[[TrialInputs, int], Outcome]] = {
    "edges": try_edges,
    "hand": try_hand,
    "parts": try_parts,
    "hand-parts": try_hand_parts,
    "binding": try_binding,
    "places": try_places,
    "colors": try_colors,
    "styled-colors": try_styled_colors,
    "usual": try_usual,
    "things": try_things,
    "styles": try_styles,
    "painted": try_painted,
    "memory": try_memory,
    "controls": try_controls,
    "seeds": try_seeds,
    "speed": try_speed,
}
TRIAL_NAMES = tuple(TRIALS)


def run_trials(inputs: TrialInputs, count: int, chosen: Sequence[str] = TRIAL_NAMES) -> dict[str, Outcome]:
    """Run the chosen trials and print their figures.

    The edge trial takes `count` drawings, the others in proportion; colors, styled-colors and hand-parts take all.
    """
    outcomes = {}
    for name in chosen:
        outcomes[name] = TRIALS[name](inputs, count)
        for line in outcomes[name].figures:
            print(line, flush=True)
    return outcomes
