"""Workers of a cluster whose engine sleeps: as quick to load as a test needs, as slow to draw as it says."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from PIL import Image

from pipeline.engine.drawing_engine import DrawingEngine
from pipeline.errors import IsCancelled, raise_if_cancelled
from pipeline.models.catalog import POCKET
from pipeline.serve import engine_worker
from pipeline.serve.engine_worker import EngineWorker
from pipeline.settings import Settings
from pipeline.values import Drawn, GenerationRequest, StepPreview

STEPS = 10
BROKEN, ALL = "broken", "all"  # the file below a person's folder that says which worker fails, and what stands for all
FRESH = 3.0  # seconds for which a worker believes how many pictures wait, so that tests need not wait a minute


class SleepingEngine(DrawingEngine):
    """It sleeps for the seconds of a picture, in steps, and says which process it is; it fails where a file says so."""

    device, revisions, present_revisions = torch.device("cpu"), {"network": "1"}, {"network": "1"}

    def __init__(self, seconds: float, broken: Path) -> None:
        """`broken` holds the process that fails, or ALL; it need not be there."""
        super().__init__(POCKET)
        self._seconds, self._broken = seconds, broken

    def draw(
        self,
        request: GenerationRequest,
        count: int = 1,
        *,
        on_step: Callable[[StepPreview], None] | None = None,
        is_cancelled: IsCancelled | None = None,
        gives_way: bool = False,
    ) -> Drawn:
        if self._broken.is_file() and self._broken.read_text() in (ALL, str(os.getpid())):
            raise RuntimeError("This worker is broken.")
        image = Image.new("RGB", (request.width, request.height))
        with self._take_turn(request, is_cancelled, gives_way):
            for step in range(1, STEPS + 1):
                raise_if_cancelled(is_cancelled)
                time.sleep(self._seconds / STEPS)
                if on_step is not None:
                    on_step(StepPreview(step, STEPS, image))
        return Drawn((image,), {}, (str(os.getpid()),), "")


class SleepingWorker(EngineWorker):
    """It is the real worker around an engine that sleeps."""

    def __init__(self, settings: Settings, seconds: float) -> None:
        engine_worker.FRESH = FRESH
        engine = SleepingEngine(seconds, settings.user_dir / BROKEN)
        with mock.patch.object(engine_worker, "open_engine", lambda *_: engine):
            super().__init__(settings)


def kill_worker(pid: int) -> None:
    """End a worker's process at once, as a machine that breaks does."""
    with suppress(ProcessLookupError):
        os.kill(pid, 9)


def find_replicas(applications: Sequence[str], variable: str, value: str) -> list[int]:
    """Return the processes of the replicas of these applications whose environment has the variable at the value."""
    found, mark = [], f"{variable}={value}".encode()
    starts = tuple(f"ray::ServeReplica:{name}".encode() for name in applications)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            is_replica = (process / "cmdline").read_bytes().startswith(starts)
            if is_replica and mark in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


@contextmanager
def run_workers(settings: Settings, make: Callable[[], Any], cores: float = 1.0, **scaling: Any) -> Iterator[Any]:
    """Run the deployment of engines that `make` binds; yield its handle. Ray has to run already.

    Each worker has so many `cores`, as Ray counts them; `scaling` overrides the deployment's own.
    """
    from ray import serve

    from pipeline.serve.application import describe_engines
    from pipeline.serve.names import ENGINES

    deployment, *arguments = make()
    options = describe_engines(settings)
    options["ray_actor_options"]["num_cpus"] = cores
    options["autoscaling_config"] |= scaling
    application = serve.deployment(**options)(deployment).bind(settings, *arguments)
    try:
        yield serve.run(application, name=ENGINES, route_prefix=None)
    finally:
        if ENGINES in serve.status().applications:  # not where the test ended the cluster
            serve.delete(ENGINES)


def make_cluster_settings(folder: Path, workers: int, **changes: Any) -> Settings:
    """Return settings of that many workers."""
    settings = Settings(profile="pocket", user_dir=folder, workers_least=workers, workers_most=workers)
    return replace(settings, **changes)
