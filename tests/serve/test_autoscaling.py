"""Ray has more workers while many pictures wait, and fewer once few do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.engine.remote_engine import RemoteEngine
from pipeline.models.catalog import POCKET
from pipeline.serve.names import ENGINES
from pipeline.serve.ray_workers import RayWorkers, count_running
from pipeline.values import GenerationRequest
from tests.benchmarks.cluster import make_request
from tests.serve.conftest import RunningRay
from tests.tools.cluster_workers import SleepingWorker, make_cluster_settings, run_workers
from tests.tools.waiting import wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
LEAST, MOST = 1, 4  # workers
UP, DOWN, DOWN_SECONDS = 4, 2, 2  # CROQUIS_QUEUE_UP, CROQUIS_QUEUE_DOWN, CROQUIS_QUEUE_DOWN_SECONDS
SECONDS = 0.3  # of a picture
PATIENCE = 150.0  # seconds; a worker takes ten to start on a busy machine


@contextmanager
def draw_without_end(engine: RemoteEngine, request: GenerationRequest, visitors: int) -> Iterator[None]:
    """Have so many visitors draw one picture after the other."""
    over = threading.Event()

    def draw() -> None:
        while not over.is_set():
            engine.draw(request)

    threads = [threading.Thread(target=draw) for _ in range(visitors)]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        over.set()
        for each in threads:
            each.join(PATIENCE)


def test_workers_come_while_many_pictures_wait_and_go_when_few_do(running_serve: RunningRay, tmp_path: Path) -> None:
    settings = make_cluster_settings(
        tmp_path, LEAST, workers_most=MOST, queue_up=UP, queue_down=DOWN, queue_down_seconds=DOWN_SECONDS
    )
    request, quick = make_request(tmp_path), {"upscale_delay_s": 1.0, "look_back_period_s": 1.5}
    with run_workers(settings, lambda: (SleepingWorker, SECONDS), cores=0.25, **quick) as handle:
        engine = RemoteEngine(POCKET, RayWorkers(handle, MOST), settings.job_seconds, lambda letter: None)
        with draw_without_end(engine, request, UP):  # one is drawn: fewer wait than would bring a worker
            time.sleep(5)
            assert count_running(ENGINES) == LEAST
        with draw_without_end(engine, request, MOST + UP + 4):
            wait_until(lambda: count_running(ENGINES) == MOST, f"not {MOST} workers", seconds=PATIENCE, every=0.2)
        quiet = time.monotonic()
        wait_until(lambda: count_running(ENGINES) == LEAST, f"not {LEAST} workers", seconds=PATIENCE, every=0.2)
        assert time.monotonic() - quiet >= DOWN_SECONDS
