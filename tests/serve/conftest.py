"""One Ray for all tests of a cluster: it takes seconds to start."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.tools.serving import find_free_port
from tests.tools.waiting import wait_until


def count_threads(name: str) -> int:
    """Return how many threads of a name run."""
    return sum(thread.name == name for thread in threading.enumerate())


@dataclass(frozen=True)
class RunningRay:
    """RunningRay says where a cluster of this machine answers."""

    port: int  # of /v1/draw
    is_ours: bool  # False: RAY_ADDRESS names it


@pytest.fixture(scope="session")
def running_ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRay]:
    """Run Ray with two cores; replicas inherit this process's environment."""
    import ray
    from ray import serve

    from pipeline.serve.running import join_ray

    given = {
        "CI": "true",  # opens no browser
        "GRADIO_SERVER_PORT": str(find_free_port()),
        "GRADIO_TEMP_DIR": str(tmp_path_factory.mktemp("gradio")),
        "HF_HUB_OFFLINE": "1",
        "RAY_SERVE_REPLICA_AUTOSCALING_METRIC_PUSH_INTERVAL_S": "1",
        "RAY_SERVE_HANDLE_AUTOSCALING_METRIC_PUSH_INTERVAL_S": "1",
    }
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    running = RunningRay(find_free_port(), "RAY_ADDRESS" not in os.environ)
    join_ray(2)
    yield running
    serve.shutdown()
    if running.is_ours:
        ray.shutdown()
        wait_until(lambda: not count_threads("croquis-workers"), "workers are counted although Ray has ended")
        assert not ray.is_initialized(), "whoever counts workers has started another Ray"
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


@pytest.fixture(scope="module")
def running_serve(running_ray: RunningRay) -> RunningRay:
    """Run Ray Serve, which an earlier module may have ended."""
    from ray import serve

    serve.start(http_options={"host": "127.0.0.1", "port": running_ray.port})
    return running_ray
