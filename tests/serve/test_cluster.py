"""A cluster of one machine: real Ray, real workers around an engine that sleeps."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.engine.remote_engine import DeadLetter, RemoteEngine
from pipeline.errors import Cancelled, WorkerLost
from pipeline.models.catalog import POCKET
from pipeline.serve.application import build_retrieval
from pipeline.serve.names import ENGINES, RETRIEVAL
from pipeline.serve.ray_workers import RayWorkers, count_running
from pipeline.values import EdgeMap, GenerationRequest
from tests.conftest import MakeStyle
from tests.serve.conftest import RunningRay
from tests.tools.cluster_workers import BROKEN, SleepingWorker, kill_worker, make_cluster_settings, run_workers
from tests.tools.small_results import make_small_result

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
SECONDS = 1.0  # of a picture
DEAD: list[DeadLetter] = []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def engine(running_serve: RunningRay, folder: Path) -> Iterator[RemoteEngine]:
    settings = make_cluster_settings(folder, 2, job_seconds=20)  # the workers take both cores
    with run_workers(settings, lambda: (SleepingWorker, SECONDS)) as handle:
        engine = RemoteEngine(POCKET, RayWorkers(handle, 2), settings.job_seconds, DEAD.append)
        while count_running(ENGINES) < 2 or engine._workers.count() < 2:
            time.sleep(0.1)
        yield engine


@pytest.fixture
def request_(make_style: MakeStyle) -> GenerationRequest:
    request = make_small_result(make_style("comic"), "a fox").request
    lines = EdgeMap(np.full((512, 512), 255, np.uint8), "lines")
    return replace(request, edges=lines, width=512, height=512).with_settings(sampler="MaskGIT")


def draw_many(engine: RemoteEngine, request: GenerationRequest, count: int) -> list[object]:
    ends: list[object] = []

    def draw() -> None:
        try:
            ends.append(int(engine.draw(request).notices[0]))
        except WorkerLost as error:
            ends.append(error)

    threads = [threading.Thread(target=draw) for _ in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    return ends


def test_what_mostly_waits_starts_where_workers_have_taken_all_cores(engine: RemoteEngine, tmp_path: Path) -> None:
    from ray import serve

    serve.run(build_retrieval({"settings": make_cluster_settings(tmp_path, 2)}), name=RETRIEVAL, route_prefix=None)
    assert serve.status().applications[RETRIEVAL].status == "RUNNING"
    serve.delete(RETRIEVAL)


def test_two_workers_draw_at_once(engine: RemoteEngine, request_: GenerationRequest) -> None:
    began = time.monotonic()
    pids = draw_many(engine, request_, 4)
    assert len(set(pids)) == 2 and len(pids) == 4
    assert time.monotonic() - began < 4 * SECONDS


def test_steps_are_shown_and_who_leaves_stops_the_worker(engine: RemoteEngine, request_: GenerationRequest) -> None:
    seen: list[int] = []
    with pytest.raises(Cancelled):
        engine.draw(request_, on_step=lambda each: seen.append(each.step), is_cancelled=lambda: len(seen) >= 2)
    assert 2 <= len(seen) < 5
    began = time.monotonic()
    assert len(draw_many(engine, request_, 2)) == 2  # both are free again
    assert time.monotonic() - began < 3 * SECONDS


def test_a_worker_that_fails_is_not_tried_again(
    engine: RemoteEngine, request_: GenerationRequest, folder: Path
) -> None:
    (broken := folder / BROKEN).write_text(str(engine.draw(request_).notices[0]))
    for _ in range(8):
        assert engine.draw(request_).notices[0] != broken.read_text()
    broken.unlink()
    assert DEAD == []


def test_a_killed_worker_loses_no_picture(engine: RemoteEngine, request_: GenerationRequest) -> None:
    pid = int(engine.draw(request_).notices[0])
    killer = threading.Timer(SECONDS / 2, kill_worker, (pid,))
    killer.start()
    ends = draw_many(engine, request_, 4)
    assert [type(end) for end in ends] == [int] * 4, ends
    assert DEAD == [] and not killer.is_alive()
