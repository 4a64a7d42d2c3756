"""Train a small LoRA in peace, and in processes that are killed: python -m tests.tools.killed_course MODEL OUT.

The model is loaded once; each try is a fork of this process that gets SIGKILL at a random moment.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

KILLS = 20
MORE_STEPS = (0, 1, 1, 2)  # that a try is let do before it is killed: 0 is while it begins
LOOK_SECONDS = 0.005  # how often it is looked at
STEPS = 40


def run_course(engine: object, folder: Path) -> None:
    """Train from wherever the folder's files stand to the end; a checkpoint after each step."""
    from pipeline.engine.engine import Engine
    from pipeline.teaching.course import Course, Watchers
    from pipeline.teaching.lesson import Lesson
    from tests.tools.taught_pictures import make_pictures

    assert isinstance(engine, Engine)
    lesson = Lesson(STEPS, 64, rank=4, learning_rate=3e-3, train_batch_size=2, crops=2)
    Course(folder, lesson, engine.lend, Watchers(), checkpoint_seconds=0).run(make_pictures(), ["stripes"] * 4)


def fork_course(engine: object, folder: Path) -> int:
    """Begin a try in a process of its own; return its number."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            run_course(engine, folder)
            code = 0
        finally:
            os._exit(code)
    return child


def kill_at_random(engine: object, folder: Path, rng: random.Random, step_seconds: float) -> tuple[bool, int]:
    """Let a try do some steps and a random part of one more, and kill it; return whether it was killed, and at which
    step it was.
    """
    wanted = count_steps(folder) + rng.choice(MORE_STEPS)
    child, ended = fork_course(engine, folder), 0
    while count_steps(folder) < wanted and not ended:
        time.sleep(LOOK_SECONDS)
        ended, status = os.waitpid(child, os.WNOHANG)
    if not ended:
        time.sleep(rng.uniform(0, step_seconds))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status), count_steps(folder)


def count_steps(folder: Path) -> int:
    """Return the step of the newest checkpoint."""
    return max((int(file.stem.rpartition("-")[2]) for file in folder.glob("checkpoint-*.tensors")), default=0)


def main() -> None:
    import peft  # noqa: F401  # once, not in each try
    import torch

    from pipeline.engine.engine import Engine
    from tests.tools.models import make_tiny_sd15_profile

    torch.set_num_threads(1)
    model, out = Path(sys.argv[1]), Path(sys.argv[2])
    engine = Engine.load(make_tiny_sd15_profile(), folder=model, device="cpu")
    rng, seen = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else None), list[tuple[bool, int]]()
    for folder in (peace := out / "peace", killed := out / "killed"):
        folder.mkdir(parents=True)
    began = time.monotonic()
    _, ended = os.waitpid(fork_course(engine, peace), 0)
    step_seconds = (time.monotonic() - began) / STEPS
    for _ in range(KILLS):
        seen.append(kill_at_random(engine, killed, rng, step_seconds))
    _, last = os.waitpid(fork_course(engine, killed), 0)
    print(json.dumps({"ended": ended, "last": last, "kills": seen}))


if __name__ == "__main__":
    main()
