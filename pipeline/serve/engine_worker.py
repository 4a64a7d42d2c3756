"""Draw in a process of its own, for the studios of a cluster: a worker of the deployment of engines."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from pipeline.engine.drawing_engine import OnStep
from pipeline.engine.remote_engine import Begun, EngineFacts, News, name_news
from pipeline.errors import IsCancelled
from pipeline.machine.threads import calm_threads
from pipeline.metrics.gathered import Measured
from pipeline.metrics.worker_measurements import WorkerMeasurements
from pipeline.serve.names import find_own_name
from pipeline.serve.scaling import WAITING
from pipeline.settings import Settings
from pipeline.studio.loader import embed_styles
from pipeline.studio.opening import choose_profile, open_engine
from pipeline.styles.library import open_library
from pipeline.values import GenerationRequest, StepPreview

FRESH = 60.0  # seconds for which a front's word of how many wait is believed
GRACE = 2.0  # times the allowed seconds after which a picture under way means that the engine hangs


class EngineWorker:
    """EngineWorker holds one engine. Ray gives it one picture at a time, and the next once that has ended."""

    def __init__(self, settings: Settings) -> None:
        calm_threads(os.environ)
        profile, _ = choose_profile(settings.profile, settings.device, settings.sd15)
        self._engine = open_engine(profile, settings)
        self._limit = GRACE * settings.job_seconds
        self._threads = ThreadPoolExecutor(1, "croquis-worker")
        self._waiting, self._heard = 0, 0.0  # pictures that wait at all fronts, and when a front said so
        self._measured, self._name = WorkerMeasurements(), find_own_name()
        self._began: float | None = None
        styles = open_library(settings).all()
        threading.Thread(target=embed_styles, args=(self._engine, styles), name="croquis-styles", daemon=True).start()

    def describe(self) -> EngineFacts:
        """Return what the studios have to know of the engine."""
        engine = self._engine
        revisions, present = dict(engine.revisions), dict(engine.present_revisions)
        return EngineFacts(str(engine.device), revisions, present, engine.has_small_decoder)

    async def draw(
        self, request: GenerationRequest, count: int, waiting: int, with_steps: bool, avoided: str = ""
    ) -> AsyncIterator[News]:
        """Yield that it began, each step where they are wanted, then the picture or what stopped it.

        Whoever cancels this stops the picture within a step; the next one begins only then. Which worker is to be
        `avoided`, the router has seen to (`pipeline/serve/routing.py`).
        """
        self._waiting, self._heard = waiting, time.monotonic()
        loop, stopped = asyncio.get_running_loop(), threading.Event()
        news: asyncio.Queue[News] = asyncio.Queue()

        def tell(each: News) -> None:
            loop.call_soon_threadsafe(news.put_nowait, each)

        run = loop.run_in_executor(
            self._threads, lambda: tell(self._run(request, count, tell if with_steps else None, stopped.is_set))
        )
        try:
            yield Begun(self._name)
            while True:
                each = await news.get()
                yield each
                if not isinstance(each, StepPreview):
                    return
        finally:
            stopped.set()
            with suppress(Exception):
                await run

    def check_health(self) -> None:
        """Raise RuntimeError where a picture is under way for too long: the engine hangs, and Ray replaces it."""
        began = self._began
        if began is not None and time.monotonic() - began > self._limit:
            raise RuntimeError(f"A picture is under way for over {self._limit:g} s.")

    def record_autoscaling_stats(self) -> dict[str, float]:
        """Tell Ray how many pictures wait at the fronts."""
        is_fresh = time.monotonic() - self._heard < FRESH
        return {WAITING: float(self._waiting) if is_fresh else 0.0}

    async def measure(self) -> Measured:
        """Return this worker's name and what was counted here, for the fronts' /metrics."""
        return self._name, self._measured.collect()

    def _run(self, request: GenerationRequest, count: int, tell: OnStep | None, is_cancelled: IsCancelled) -> News:
        self._began = time.monotonic()
        try:
            with self._measured.follow(request.engine):
                return self._engine.draw(request, count, on_step=tell, is_cancelled=is_cancelled)
        except Exception as error:
            return name_news(error)
        finally:
            self._began = None
