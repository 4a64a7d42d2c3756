"""Teach one job's style: its look by the style network, and where Stable Diffusion draws, a LoRA."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from pipeline.engine.styling import combine_looks, find_most_typical
from pipeline.errors import Cancelled, CroquisError, IsCancelled, raise_if_cancelled
from pipeline.machine.memory import is_out_of_memory
from pipeline.request.completion import build_request
from pipeline.request.presets import get_menu
from pipeline.studio.loader import Loader
from pipeline.studio.shown_drawing import make_order
from pipeline.studio.teaching_job import TeachingJob
from pipeline.styles.reference import crop_reference, encode_reference
from pipeline.styles.taught_files import pack_taught
from pipeline.taught import Look, Taught
from pipeline.teaching.course import Course, Stage, Watchers
from pipeline.teaching.networks import LentNetworks, T
from pipeline.values import GenerationRequest, Style, StyleMix

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine

log = logging.getLogger(__name__)

SAMPLES = 5  # drawn while a LoRA is learnt
SAMPLE_STEPS = 12  # denoising steps of a sample
SAMPLE_SIDE = 256  # px, where the engine draws that small


class TeachingRun:
    """TeachingRun teaches one job's style from its beginning, or from where it was stopped."""

    def __init__(
        self, loader: Loader, job: TeachingJob, note: Callable[[Stage], None], is_stopped: IsCancelled
    ) -> None:
        self._loader, self._job, self._note, self._is_stopped = loader, job, note, is_stopped
        self._images = job.read_images()

    def teach(self) -> Style:
        """Teach the style and keep it in the library. Raises Cancelled where it is stopped, StyleError, StoreError,
        EngineChanged, OutOfMemory.
        """
        look = self._combine_looks()
        reference = self._images[find_most_typical(self._images, look)]
        lora = self._learn(look, reference)
        if lora is None:
            self._show(0, self._make_style(look, reference, None))
        facts = self._job.facts
        return self._loader.library.teach(reference, facts.name, pack_taught(look, facts.pictures, lora))

    def _combine_looks(self) -> Look:
        def tell(done: int) -> None:
            self._note(Stage("looking", done, len(self._images)))
            raise_if_cancelled(self._is_stopped)

        return combine_looks(self._images, tell)

    def _learn(self, look: Look, reference: Image.Image) -> bytes | None:
        """Learn a LoRA; None where this engine has no use for one."""
        lesson = self._job.facts.make_lesson()
        if lesson is None:
            return None
        course = Course(
            self._job.folder,
            lesson,
            self._lend,
            Watchers(
                on_stage=self._note,
                on_sample=lambda step, lora: self._show(step, self._make_style(look, reference, lora)),
                is_stopped=self._is_stopped,
                is_short=is_out_of_memory,
            ),
            sample_every=max(1, lesson.max_train_steps // SAMPLES),
        )
        made = course.run(self._images, self._job.facts.captions, checkpointing=self._job.facts.checkpointing)
        return made.read_bytes()

    def _lend(self, work: Callable[[LentNetworks], T]) -> T:
        """Lend the engine's networks while its model is the one that the job began with. Raises EngineChanged."""
        engine: Engine = self._loader.engine  # type: ignore[assignment]

        def work_on_the_same(networks: LentNetworks) -> T:
            self._job.facts.expect_model(engine.own_base.present)
            return work(networks)

        return engine.lend(work_on_the_same)

    def _make_style(self, look: Look, reference: Image.Image, lora: Path | None) -> Style:
        """Return the style as it is now, for a sample."""
        file = self._job.folder / "reference.webp"
        stored = encode_reference(crop_reference(reference))
        file.write_bytes(stored)
        learnt = "" if lora is None else hashlib.sha256(lora.read_bytes()).hexdigest()
        name = self._job.facts.name
        return Style(
            id="taught",
            name=name,
            words=(),
            template="{prompt}, " + name.replace("{", "(").replace("}", ")") + " style",
            licence="the adder's own",
            credit="being taught",
            sha256=hashlib.sha256(stored).hexdigest(),
            image=file,
            builtin=False,
            taught=Taught(look, self._job.facts.pictures, learnt, lora),
        )

    def _show(self, step: int, style: Style) -> bool:
        """Draw a sample; False where somebody else's picture waits, or it cannot be drawn now."""
        engine = self._loader.engine
        try:
            drawn = engine.draw(
                make_sample_request(self._loader, style),
                is_cancelled=lambda: engine.is_wanted or self._is_stopped(),
                gives_way=True,
            )
        except Cancelled:
            return False
        except CroquisError as error:  # a sample is not worth the training
            log.warning("No sample could be drawn after step %d: %s", step, error)
            return True
        self._job.write_sample(step, drawn.images[0])
        return True


def make_sample_request(loader: Loader, style: Style) -> GenerationRequest:
    """Make the request of a sample in a style: small, in few steps."""
    from pipeline.sketch.edges import fit_drawing, read_edges

    profile, menu = loader.profile, get_menu(loader.profile.name)
    order = make_order(profile, loader.settings.assets, "plain")
    side = min(profile.width, max(menu.least_side, SAMPLE_SIDE))
    steps = min(SAMPLE_STEPS, order.sampling.num_inference_steps)
    order = replace(order, width=side, height=side, sampling=replace(order.sampling, num_inference_steps=steps))
    edges = read_edges(order.sketch, order.reading, order.canny_low, order.canny_high, size=(side, side))
    drawing = fit_drawing(order.sketch, (side, side)) if menu.inks_drawing else None
    return build_request(order, edges, StyleMix.of(style), colours=drawing)
