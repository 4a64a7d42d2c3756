"""Hold the table of trials, and what they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.pocket.data.pack import Pack
from pipeline.pocket.evaluate.autoencoder_trials import Copier, run_autoencoder_trial
from pipeline.pocket.evaluate.baselines import Baseline, Gallery, list_baselines
from pipeline.pocket.evaluate.bench import Bench, Draw, Outcome
from pipeline.pocket.evaluate.drawings import load_drawings
from pipeline.pocket.evaluate.step_trials import run_speed_trial, run_step_trial
from pipeline.pocket.evaluate.style_trials import run_style_trial, run_unseen_trial
from pipeline.pocket.evaluate.thing_trials import run_memory_trial, run_thing_trial
from pipeline.pocket.evaluate.trials import (
    run_color_trial,
    run_control_trial,
    run_edge_trial,
    run_hand_trial,
    run_seed_trial,
    run_usual_trial,
)
from pipeline.values import Style

TIME_LIMIT = 700.0  # ms that a picture may take at 256 px


@dataclass(frozen=True, eq=False)
class TrialInputs:
    """TrialInputs holds all that the trials need."""

    bench: Bench
    pack: Pack
    styles: Sequence[Style]
    gallery: Gallery | None  # training pictures; None where no shard lies on disk
    judges: Path  # where judges of things are kept
    sketches: Path  # hand-made drawings
    engine: Draw  # as the bench's, but draws anew each time
    load_diffusers: Callable[[], Draw]  # the stock pipeline on the same weights
    autoencoder: Path  # its folder

    @property
    def baselines(self) -> Mapping[str, Baseline]:
        """Return what draws without a model, by name."""
        return list_baselines(self.gallery)


def try_edges(inputs: TrialInputs, count: int) -> Outcome:
    return run_edge_trial(inputs.bench, inputs.pack.held_out, count, inputs.baselines)


def try_hand(inputs: TrialInputs, count: int) -> Outcome:
    """Try the hand-drawn set: all drawings from 60 on, fewer in a quick run, evenly so that each care is there."""
    drawings = load_drawings(inputs.sketches)
    return run_hand_trial(inputs.bench, drawings[:: max(1, -(-len(drawings) // max(1, count)))], inputs.baselines)


def try_colors(inputs: TrialInputs, count: int) -> Outcome:
    return run_color_trial(inputs.bench, inputs.pack, inputs.baselines)


def try_usual(inputs: TrialInputs, count: int) -> Outcome:
    return run_usual_trial(inputs.bench, inputs.pack, max(4, count // 5), inputs.baselines)


def try_things(inputs: TrialInputs, count: int) -> Outcome:
    return run_thing_trial(inputs.bench, inputs.pack, max(2, count // 4), inputs.baselines, inputs.judges)


def try_styles(inputs: TrialInputs, count: int) -> Outcome:
    return run_style_trial(inputs.bench, inputs.pack, inputs.styles, max(4, count), inputs.baselines)


def try_unseen(inputs: TrialInputs, count: int) -> Outcome:
    return run_unseen_trial(inputs.bench, inputs.pack, inputs.styles, max(4, count // 5), inputs.baselines)


def try_memory(inputs: TrialInputs, count: int) -> Outcome:
    """Try how near results come to training pictures; skipped, and said so, where there are none to look through."""
    if inputs.gallery is None:
        print("memory: no training pictures here; `python -m pipeline.pocket.data.dataset` renders them.")
        return Outcome(())
    return run_memory_trial(inputs.bench, inputs.pack, max(2, count // 4), inputs.gallery)


def try_controls(inputs: TrialInputs, count: int) -> Outcome:
    return run_control_trial(inputs.bench, inputs.pack, inputs.styles, max(1, count // 50))


def try_seeds(inputs: TrialInputs, count: int) -> Outcome:
    return run_seed_trial(inputs.bench, inputs.pack, max(2, count // 33))


def try_steps(inputs: TrialInputs, count: int) -> Outcome:
    return run_step_trial(inputs.bench, inputs.pack, inputs.styles, max(2, count // 14))


def try_speed(inputs: TrialInputs, count: int) -> Outcome:
    bar = TIME_LIMIT if inputs.bench.side == 256 else None
    return run_speed_trial(inputs.bench, inputs.pack, inputs.engine, inputs.load_diffusers(), max(2, count // 20), bar)


def try_autoencoder(inputs: TrialInputs, count: int) -> Outcome:
    return run_autoencoder_trial(
        inputs.pack, inputs.styles, inputs.bench.side, max(2, count * 2 // 5), Copier(inputs.autoencoder)
    )


TRIALS: dict[str, Callable[[TrialInputs, int], Outcome]] = {
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
TRIAL_NAMES = tuple(TRIALS)


def run_trials(inputs: TrialInputs, count: int, chosen: Sequence[str] = TRIAL_NAMES) -> dict[str, Outcome]:
    """Run the chosen trials and print their figures.

    The edge trial takes `count` drawings, the others in proportion.
    """
    outcomes = {}
    for name in chosen:
        outcomes[name] = TRIALS[name](inputs, count)
        for line in outcomes[name].figures:
            print(line, flush=True)
    return outcomes
