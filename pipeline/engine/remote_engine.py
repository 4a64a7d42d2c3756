"""Have pictures drawn by workers elsewhere: in time, once more on another worker, and told where that failed, too."""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import torch

from pipeline.engine.drawing_engine import DrawingEngine, OnStep
from pipeline.engine.turns import Turns
from pipeline.errors import Cancelled, CroquisError, IsCancelled, WorkerLost, raise_if_cancelled
from pipeline.models.profile import ModelProfile
from pipeline.values import Drawn, GenerationRequest, StepPreview, Style

log = logging.getLogger(__name__)

LOOK = 0.05  # seconds between two looks whether the person has left
TRIES = 2


@dataclass(frozen=True)
class Begun:
    """Begun is a worker's first word: it draws now."""

    worker: str = ""  # its name; "" where it has none


@dataclass(frozen=True)
class Lost:
    """Lost is told where a job ends without a picture or a word for the person: its worker died, or failed."""

    why: str  # for the log and the host
    worker: str = ""  # that drew; "" where none had begun


News = Begun | StepPreview | Drawn | CroquisError | Lost  # the last three come last


@dataclass(frozen=True)
class EngineFacts:
    """EngineFacts says of the workers' engine what the page asks of its own."""

    device: str
    revisions: Mapping[str, str]
    present_revisions: Mapping[str, str]
    has_small_decoder: bool


class Job(Protocol):
    """Job is one picture on its way."""

    @property
    def news(self) -> queue.Queue[News]: ...

    def stop(self) -> None:
        """End it; nothing where it has ended."""


class Workers(Protocol):
    """Workers draw pictures, one each at a time."""

    def count(self) -> int:
        """Return how many there are now."""

    def describe(self) -> EngineFacts: ...

    def start(
        self, request: GenerationRequest, count: int, waiting: int, *, with_steps: bool, avoided: str = ""
    ) -> Job:
        """Have a worker draw `request.batch(count)`; `waiting` is how many pictures wait behind it.

        The worker of the name `avoided` draws it only where no other one is free.
        """


@dataclass(frozen=True)
class DeadLetter:
    """DeadLetter is a picture that no worker drew."""

    request: GenerationRequest
    whys: tuple[str, ...]  # of each try


class RemoteEngine(DrawingEngine):
    """RemoteEngine stands in a studio where an engine of its own would; visitors take turns here, workers draw."""

    def __init__(
        self,
        profile: ModelProfile,
        workers: Workers,
        seconds: float,
        keep_dead: Callable[[DeadLetter], None],
        turns: Turns | None = None,
    ) -> None:
        """A worker has `seconds` to begin, and as many to draw. `keep_dead` is called with what no worker drew.

        Without other `turns` visitors take turns in this process.
        """
        super().__init__(profile, turns or Turns(profile.title, count_places=lambda: max(1, workers.count())))
        self._workers, self._seconds, self._keep_dead = workers, seconds, keep_dead
        self._facts = workers.describe()

    @property
    def device(self) -> torch.device:
        """Return where the workers draw."""
        return torch.device(self._facts.device)

    @property
    def revisions(self) -> Mapping[str, str]:
        """Return the hash or revision of each model part, by its role."""
        return self._facts.revisions

    @property
    def present_revisions(self) -> Mapping[str, str]:
        """Return the same as the workers' next picture is drawn with them."""
        return self._facts.present_revisions

    def embed_styles(self, styles: Iterable[Style]) -> int:
        """Return 0: each worker embeds the library's styles itself."""
        return 0

    @property
    def has_small_decoder(self) -> bool:
        """Return whether the workers have all that the small decoder needs."""
        return self._facts.has_small_decoder

    def draw(
        self,
        request: GenerationRequest,
        count: int = 1,
        *,
        on_step: OnStep | None = None,
        is_cancelled: IsCancelled | None = None,
        gives_way: bool = False,
    ) -> Drawn:
        """Have a worker draw the pictures of `request.batch(count)`; another one where the first is lost or too slow.

        Raises as the engines here do, and WorkerLost where the second was lost, too: then it is a dead letter.
        """
        self._expect_drawable(request)
        with self._take_turn(request, is_cancelled, gives_way):
            losses: list[Lost] = []
            while len(losses) < TRIES:
                raise_if_cancelled(is_cancelled)
                avoided = losses[-1].worker if losses else ""
                answer = self._try(request, count, on_step, is_cancelled, avoided)
                if isinstance(answer, Drawn):
                    return answer
                losses.append(answer)
                log.warning("A worker was lost: %s", answer.why)
            self._keep_dead(DeadLetter(request, tuple(each.why for each in losses)))
            raise WorkerLost("The workers that drew this were lost, one after the other. Send it once more.")

    def _try(
        self,
        request: GenerationRequest,
        count: int,
        on_step: OnStep | None,
        is_cancelled: IsCancelled | None,
        avoided: str,
    ) -> Drawn | Lost:
        """Have one worker draw. Raises what the worker tells the person, and Cancelled."""
        waiting, with_steps = self.count_waiting(), on_step is not None
        job = self._workers.start(request, count, waiting, with_steps=with_steps, avoided=avoided)
        try:
            return self._follow(job, on_step, is_cancelled)
        finally:
            job.stop()

    def _follow(self, job: Job, on_step: OnStep | None, is_cancelled: IsCancelled | None) -> Drawn | Lost:
        until, worker = time.monotonic() + self._seconds, ""
        while (now := time.monotonic()) < until:
            raise_if_cancelled(is_cancelled)
            try:
                news = job.news.get(timeout=min(LOOK if is_cancelled else self._seconds, until - now))
            except queue.Empty:
                continue
            if isinstance(news, Begun):
                until, worker = time.monotonic() + self._seconds, news.worker
            elif isinstance(news, StepPreview):
                if on_step is not None:
                    on_step(news)
            elif isinstance(news, Drawn):
                return news
            elif isinstance(news, Lost):
                return replace(news, worker=worker)
            else:
                raise news
        return Lost(f"no picture within {self._seconds:g} s", worker)


def name_news(error: BaseException) -> News:
    """Return what a worker tells of an error: the words for the person, or that the worker failed: what
    other errors say may hold words of the prompt, and goes to the log and the dead letters.
    """
    if isinstance(error, CroquisError) and not isinstance(error, Cancelled):
        return error
    return Lost(type(error).__name__)
