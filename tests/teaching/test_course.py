"""The training's loop, run for real on the small layout: it learns, it is stopped, killed, gone on with."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pipeline.engine.engine import Engine
from pipeline.errors import Cancelled
from pipeline.settings import ROOT
from pipeline.teaching.checked_file import read_tensors
from pipeline.teaching.course import CHECKPOINTS, Course, Stage, Watchers
from pipeline.teaching.lesson import Lesson
from pipeline.teaching.lora import is_lora_of_unet
from tests.conftest import MakeStyle
from tests.tools.drawing_requests import make_request
from tests.tools.killed_course import KILLS, STEPS
from tests.tools.taught_pictures import make_pictures

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = Lesson(12, 64, rank=4, learning_rate=3e-3, train_batch_size=2, crops=2)
CAPTIONS = ["stripes"] * 4


def read_newest(folder: Path) -> dict[str, torch.Tensor]:
    read = read_tensors(max(folder.glob(CHECKPOINTS)))
    assert read is not None
    return read[0]


def run_small(engine: Engine, folder: Path, lesson: Lesson = SMALL, watchers: Watchers | None = None) -> Path:
    return Course(folder, lesson, engine.lend, watchers or Watchers(), checkpoint_seconds=0).run(
        make_pictures(), CAPTIONS
    )


def test_pictures_are_looked_at_one_by_one_and_diffusers_reads_the_weights(
    shallow_engine: Engine, tmp_path: Path
) -> None:
    stages: list[Stage] = []
    made = run_small(shallow_engine, tmp_path, replace(SMALL, max_train_steps=2), Watchers(on_stage=stages.append))
    assert [(stage.name, stage.step) for stage in stages] == [
        *(("looking", number) for number in (1, 2, 3, 4)),
        *(("learning", number) for number in (1, 2)),
    ]
    assert is_lora_of_unet(load_file(made))
    state, _ = shallow_engine._pipeline.lora_state_dict(str(made), local_files_only=True)
    assert len(state) == 2 * 8 * 4  # 4 blocks of two attentions, four projections each


def test_pictures_drawn_between_the_steps_are_as_ever(
    shallow_engine: Engine, make_style: MakeStyle, tmp_path: Path
) -> None:
    request = make_request(shallow_engine, make_style("neon", 1))
    before = np.asarray(shallow_engine.draw(request).images[0])
    between: list[np.ndarray] = []

    def draw(stage: Stage) -> None:
        if stage.name == "learning" and stage.step in (2, 5):
            between.append(np.asarray(shallow_engine.draw(request).images[0]))

    run_small(shallow_engine, tmp_path / "drawn", replace(SMALL, max_train_steps=6), Watchers(on_stage=draw))
    run_small(shallow_engine, tmp_path / "alone", replace(SMALL, max_train_steps=6))
    assert len(between) == 2 and all(np.array_equal(each, before) for each in between)
    drawn, alone = (read_newest(tmp_path / name)["losses"] for name in ("drawn", "alone"))
    assert torch.equal(drawn, alone)  # nor do pictures change what is learnt


def test_stopped_and_gone_on_with_it_is_as_if_it_was_never_stopped(shallow_engine: Engine, tmp_path: Path) -> None:
    whole, folder = run_small(shallow_engine, tmp_path / "whole").read_bytes(), tmp_path / "stopped"
    for last in (3, 8):
        done: list[int] = []
        watchers = Watchers(
            on_stage=lambda s, d=done: d.append(s.step), is_stopped=lambda d=done, n=last: d[-1:] == [n]
        )
        with pytest.raises(Cancelled):
            run_small(shallow_engine, folder, watchers=watchers)
    assert run_small(shallow_engine, folder).read_bytes() == whole
    assert torch.equal(read_newest(folder)["losses"], read_newest(tmp_path / "whole")["losses"])


def test_a_damaged_checkpoint_is_left_out_for_the_one_before(shallow_engine: Engine, tmp_path: Path) -> None:
    run_small(shallow_engine, tmp_path)
    losses = read_newest(tmp_path)["losses"]
    newest = max(tmp_path.glob(CHECKPOINTS))
    damaged = bytearray(newest.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    newest.write_bytes(damaged)
    assert read_tensors(newest) is None
    run_small(shallow_engine, tmp_path)
    assert torch.equal(read_newest(tmp_path)["losses"], losses)


def test_another_lesson_begins_anew(shallow_engine: Engine, tmp_path: Path) -> None:
    run_small(shallow_engine, tmp_path, replace(SMALL, max_train_steps=3))
    run_small(shallow_engine, tmp_path, replace(SMALL, max_train_steps=4, learning_rate=1e-3))
    assert len(read_newest(tmp_path)["losses"]) == 4


def test_where_memory_runs_out_activations_are_computed_again(shallow_engine: Engine, tmp_path: Path) -> None:
    plain = run_small(shallow_engine, tmp_path / "plain").parent
    failures = [torch.OutOfMemoryError("CUDA out of memory")]

    def lend(work):  # type: ignore[no-untyped-def]
        if failures and getattr(work, "__name__", "") == "run_step":
            raise failures.pop()
        return shallow_engine.lend(work)

    short = Watchers(is_short=lambda error: isinstance(error, torch.OutOfMemoryError))
    Course(tmp_path / "short", SMALL, lend, short, checkpoint_seconds=0).run(make_pictures(), CAPTIONS)
    losses, again = (read_newest(folder)["losses"] for folder in (plain, tmp_path / "short"))
    torch.testing.assert_close(again, losses, rtol=1e-4, atol=1e-5)
    failures += [torch.OutOfMemoryError("CUDA out of memory")] * 2
    with pytest.raises(torch.OutOfMemoryError):
        Course(tmp_path / "none", SMALL, lend, short).run(make_pictures(), CAPTIONS)


def test_twenty_kills_lose_nothing(shallow_folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.tools.killed_course", str(shallow_folder), str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    said = json.loads(run.stdout.splitlines()[-1])
    assert (said["ended"], said["last"]) == (0, 0), run.stderr[-2000:]
    steps = [step for _, step in said["kills"]]
    assert len(steps) == KILLS and steps == sorted(steps) and len(set(steps)) > 3, steps  # none went back
    assert sum(killed for killed, _ in said["kills"]) > KILLS // 2, said["kills"]
    peace, killed = (read_newest(tmp_path / name) for name in ("peace", "killed"))
    assert peace.keys() == killed.keys() and len(peace["losses"]) == STEPS
    assert all(torch.equal(value, killed[name]) for name, value in peace.items())
    loras = [(tmp_path / name / "lora.safetensors").read_bytes() for name in ("peace", "killed")]
    assert loras[0] == loras[1]
