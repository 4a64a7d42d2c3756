"""Teach a style by pictures, one style at a time, beside everybody's drawing."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.errors import Cancelled, SettingError, StoreError
from pipeline.studio.loader import Loader
from pipeline.studio.messages import explain_error
from pipeline.studio.teaching_job import TeachingJob, make_facts
from pipeline.teaching.lesson import choose_steps

if TYPE_CHECKING:
    from pipeline.engine.own_base import BaseWish
    from pipeline.teaching.course import Stage

log = logging.getLogger(__name__)

State = Literal["none", "looking", "learning", "stopped", "failed", "done"]
RUNNING = ("looking", "learning")
BUSY = "A style is being taught already; one at a time. Wait for it, or stop it."
LEFT = "“{name}” was stopped on its way: go on with it, or throw it away first."
NOTHING = "No style is being taught."
OTHER_ENGINE = "“{name}” was begun with another model than draws now. Go back to that one to go on, or throw it away."


@dataclass(frozen=True)
class Teaching:
    """Teaching says how far a style is."""

    state: State = "none"
    name: str = ""
    step: int = 0  # done
    of: int = 0
    loss: float = 0.0  # of the last step
    seconds_left: float | None = None  # None: not known yet
    samples: tuple[int, ...] = ()  # the steps after which one was drawn
    style: str = ""  # id of the style that came out
    message: str = ""  # why it ended, in words for the page


class Teacher:
    """Teacher teaches one style at a time, in a thread of its own. Safe to call from many threads."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._folder = loader.settings.user_dir / "teaching"
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._job = TeachingJob.find(self._folder)
        self._teaching = Teaching() if self._job is None else Teaching("stopped", self._job.facts.name)
        self._began = (0.0, 0)  # when the first step of this start was done, and which it was

    def look(self) -> Teaching:
        """Say how far it is."""
        with self._lock:
            shown = () if self._job is None else tuple(self._job.list_samples())
            return replace(self._teaching, samples=shown)

    def find_sample(self, step: int) -> Path | None:
        """Return the file of the sample that was drawn after a step; None where there is none."""
        with self._lock:
            return None if self._job is None else self._job.list_samples().get(step)

    def begin(self, files: Sequence[tuple[str, bytes | Path]], name: str, steps: int | None = None) -> Teaching:
        """Begin to teach a style of that name by picture files, each with its own name.

        `steps` is how long it learns; None leaves that to the number of pictures. Raises StyleError for pictures or a
        name that cannot be used, SettingError while another style is taught, OutOfMemory where it cannot fit.
        """
        from pipeline.teaching.pictures import read_pictures

        self._expect_free()
        name = self._loader.library.expect_free_name(name)
        images = read_pictures(files)
        from pipeline.studio.teaching_plan import choose_lesson, write_captions

        lesson, checkpointing = choose_lesson(self._loader, steps or choose_steps(len(images)))
        captions = write_captions(images, name, self._loader.library.all()) if lesson else [name] * len(images)
        base = find_base(self._loader.engine) if lesson else None
        facts = make_facts(name, captions, self._loader.profile.name, lesson, checkpointing, base)
        with self._lock:
            self._expect_free()
            self._job = TeachingJob.make(self._folder, facts, images)
            return self._start(self._job)

    def go_on(self) -> Teaching:
        """Go on with what was stopped. Raises SettingError where nothing was, or another model draws now."""
        with self._lock:
            if self._is_running():
                return self.look()
            if self._job is None:
                raise SettingError(NOTHING)
            if self._job.facts.engine != self._loader.profile.name:
                raise SettingError(OTHER_ENGINE.format(name=self._job.facts.name))
            if self._job.facts.lesson is not None:
                self._job.facts.expect_model(find_base(self._loader.engine))
            return self._start(self._job)

    def stop(self) -> Teaching:
        """Ask it to stop: the step under way is done, and all that was learnt is kept, a moment later."""
        self._stop.set()
        return self.look()

    def discard(self) -> Teaching:
        """Throw away what was stopped, or forget what is done. Raises SettingError while it runs."""
        with self._lock:
            if self._is_running():
                raise SettingError(BUSY)
            if self._job is not None:
                self._job.remove()
            self._job, self._teaching = None, Teaching()
            return self._teaching

    def wait(self) -> Teaching:
        """Wait until it has ended, and say how."""
        if (thread := self._thread) is not None:
            thread.join()
        return self.look()

    def _is_running(self) -> bool:
        return self._teaching.state in RUNNING

    def _expect_free(self) -> None:
        if self._is_running():
            raise SettingError(BUSY)
        if self._job is not None and self._teaching.state != "done":
            raise SettingError(LEFT.format(name=self._job.facts.name))

    def _start(self, job: TeachingJob) -> Teaching:
        self._stop.clear()
        self._began = (0.0, 0)
        self._teaching = Teaching("looking", job.facts.name, of=job.facts.pictures)
        self._thread = threading.Thread(target=self._run, args=(job,), name="croquis-teaching", daemon=True)
        self._thread.start()
        return self.look()

    def _run(self, job: TeachingJob) -> None:
        """Teach to the end, and say how it ended."""
        from pipeline.studio.teaching_run import TeachingRun

        try:
            run = TeachingRun(self._loader, job, self._note, self._stop.is_set)
            style = run.teach()
        except Cancelled:
            self._end("stopped")
        except BaseException as error:  # the end of a thread: whatever it is becomes words for the page
            log.warning("Teaching %r ended: %s", job.facts.name, error, exc_info=not isinstance(error, StoreError))
            self._end("failed", explain_error(error))
        else:
            job.finish()
            self._end("done", style=style.id)

    def _end(self, state: State, message: str = "", style: str = "") -> None:
        with self._lock:
            self._teaching = replace(self._teaching, state=state, message=message, style=style, seconds_left=None)

    def _note(self, stage: Stage) -> None:
        """Note how far it is, and reckon the time left from the steps of this start."""
        now = time.monotonic()
        with self._lock:
            if stage.name != "learning":
                self._began = (0.0, 0)
            elif not self._began[0]:
                self._began = (now, stage.step)
            since, first = self._began
            each = (now - since) / (stage.step - first) if since and stage.step > first else None
            state: State = "learning" if stage.name == "learning" else "looking"
            left = None if each is None else each * (stage.of - stage.step)
            self._teaching = replace(
                self._teaching, state=state, step=stage.step, of=stage.of, loss=stage.loss, seconds_left=left
            )


def find_base(engine: object) -> BaseWish | None:
    """Return the model and VAE that an engine draws with now; None where it has but one."""
    own_base = getattr(engine, "own_base", None)
    return None if own_base is None else own_base.present
