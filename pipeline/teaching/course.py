"""Run a training from its pictures to its weights: checkpoints on the way, samples, and an end at any moment."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image
from safetensors.torch import save

from pipeline.errors import Cancelled, EngineChanged, IsCancelled, Overflow
from pipeline.teaching.checked_file import read_tensors, write_tensors
from pipeline.teaching.lesson import Lesson
from pipeline.teaching.material import Material, prepare_material
from pipeline.teaching.networks import Lend, LentNetworks
from pipeline.teaching.trainer import Trainer
from pipeline.whole_file import write_whole

log = logging.getLogger(__name__)

CHECKPOINTS, LORA = "checkpoint-*.tensors", "lora.safetensors"
KEPT = 2  # checkpoints: the last, and the one before where the last is damaged
CHECKPOINT_SECONDS = 10.0  # of training at most that a kill costs


@dataclass(frozen=True)
class Stage:
    """Stage says how far a training is."""

    name: str  # "looking" at the pictures, or "learning" from them
    step: int  # done
    of: int
    loss: float = 0.0  # of the step that was done last


@dataclass(frozen=True)
class Watchers:
    """Watchers are told of a training as it goes on."""

    on_stage: Callable[[Stage], None] = lambda stage: None
    on_sample: Callable[[int, Path], bool] = lambda step, lora: True  # False: not now, ask after the next step
    is_stopped: IsCancelled = lambda: False
    is_short: Callable[[BaseException], bool] = lambda error: False  # whether an error means that memory ran out


class Course:
    """Course is one training in a folder of its own; where the folder holds an earlier start, it goes on from there."""

    def __init__(
        self,
        folder: Path,
        lesson: Lesson,
        lend: Lend,
        watchers: Watchers,
        *,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
        sample_every: int = 0,
    ) -> None:
        """Take how often a checkpoint is written, and after how many steps each a sample is shown (0: none)."""
        self._folder, self._lesson, self._lend, self._watchers = folder, lesson, lend, watchers
        self._checkpoint_seconds, self._sample_every = checkpoint_seconds, sample_every

    def run(self, images: Sequence[Image.Image], captions: Sequence[str], *, checkpointing: bool = False) -> Path:
        """Train to the last step and return the LoRA's file. Each step is a turn of its own: others draw in between.

        Raises Cancelled where it is stopped, EngineChanged where the engine or its model was replaced, once all that
        was learnt is kept; StoreError where it cannot be. Where memory runs out the step is tried once more with
        activations computed again in place of kept; what torch raises then is raised. Where numbers overflow the
        engine goes on in float32; Overflow is raised where it does already.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        trainer = self._resume(self._prepare(images, captions), checkpointing)
        written, shown = time.monotonic(), trainer.step
        while trainer.step < self._lesson.max_train_steps:
            if self._watchers.is_stopped():
                self._keep(trainer)
                raise Cancelled("Stopped.")
            try:
                loss = self._run_step(trainer)
            except EngineChanged:
                self._keep(trainer)
                raise
            self._watchers.on_stage(Stage("learning", trainer.step, self._lesson.max_train_steps, loss))
            if time.monotonic() - written >= self._checkpoint_seconds:
                self._keep(trainer)
                written = time.monotonic()
            if self._sample_every and trainer.step - shown >= self._sample_every and self._show(trainer):
                shown = trainer.step
        self._keep(trainer)
        return self._export(trainer)

    def _prepare(self, images: Sequence[Image.Image], captions: Sequence[str]) -> Material:
        def tell(done: int, of: int) -> None:
            self._watchers.on_stage(Stage("looking", done, of))
            if self._watchers.is_stopped():
                raise Cancelled("Stopped.")

        return prepare_material(images, captions, self._lesson, self._lend, self._folder, tell)

    def _resume(self, material: Material, checkpointing: bool) -> Trainer:
        """Return a trainer that goes on from the newest checkpoint that is whole and of this very lesson."""
        trainer = Trainer(self._lesson, material, checkpointing=checkpointing)
        for file in sorted(self._folder.glob(CHECKPOINTS), reverse=True):
            read = read_tensors(file)
            if read is not None and read[1] == asdict(self._lesson):
                trainer.restore(read[0])
                log.info("The training goes on after step %d.", trainer.step)
                break
        self._lend(trainer.attach)
        return trainer

    def _run_step(self, trainer: Trainer) -> float:
        """Run one step; where memory runs out once more with less of it, where numbers overflow in wider ones."""
        work: Callable[[LentNetworks], float] = trainer.run_step
        try:
            return self._lend(work)
        except Overflow:
            if not self._lend(lambda networks: networks.widen_numbers()):
                raise
            log.warning("Numbers overflowed in a step of training; the model computes in float32 from now on.")
        except Exception as error:
            if not self._watchers.is_short(error) or not trainer.save_memory():
                raise
            log.warning("Memory ran out in a step of training; activations are computed again from now on: %s", error)
        return self._run_step(trainer)

    def _keep(self, trainer: Trainer) -> None:
        """Write a checkpoint, and delete those that are no longer needed."""
        file = self._folder / CHECKPOINTS.replace("*", f"{trainer.step:08d}")
        write_tensors(file, trainer.pack(), asdict(self._lesson))
        for old in sorted(self._folder.glob(CHECKPOINTS))[:-KEPT]:
            old.unlink(missing_ok=True)

    def _show(self, trainer: Trainer) -> bool:
        return self._watchers.on_sample(trainer.step, self._export(trainer))

    def _export(self, trainer: Trainer) -> Path:
        """Write the LoRA as it is now; return its file."""
        file = self._folder / LORA
        write_whole(file, save(trainer.export(), {"format": "pt"}), is_synced=True)
        return file
