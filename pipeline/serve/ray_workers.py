"""Reach the workers of a cluster: Ray Serve routes each picture to a free one."""

from __future__ import annotations

import logging
import queue
import threading
import time
from typing import TYPE_CHECKING, Any

from pipeline.engine.remote_engine import EngineFacts, Lost, News, name_news
from pipeline.serve.names import ENGINES
from pipeline.values import GenerationRequest

if TYPE_CHECKING:
    from ray.serve.handle import DeploymentHandle, DeploymentResponseGenerator

log = logging.getLogger(__name__)

LOOK = 0.5  # seconds between two looks whether an application is there
COUNT_EVERY = 2.0  # seconds between two counts of the workers


class RayJob:
    """RayJob is one picture that Ray Serve brings to a worker and back."""

    def __init__(self, answers: DeploymentResponseGenerator[Any]) -> None:
        self._answers, self._stopped = answers, False
        self.news: queue.Queue[News] = queue.Queue()
        threading.Thread(target=self._listen, name="croquis-job", daemon=True).start()

    def stop(self) -> None:
        """Stop the worker within a step; nothing where the picture is there."""
        if not self._stopped:
            self._stopped = True
            self._answers.cancel()

    def _listen(self) -> None:
        try:
            for each in self._answers:
                self.news.put(each)
            self.news.put(Lost("it ended without an answer"))  # nobody reads this one behind a picture
        except BaseException as error:  # whatever Ray raises: a dead worker, a cancelled call
            self.news.put(name_news(error))


class RayWorkers:
    """RayWorkers is the deployment of engines, as a RemoteEngine asks for it. Safe to call from many threads."""

    def __init__(self, handle: DeploymentHandle[Any], most: int) -> None:
        self._handle, self._count = handle, WorkerCount(most)

    def count(self) -> int:
        """Return how many workers run, as of some seconds ago."""
        return self._count.get()

    def describe(self) -> EngineFacts:
        """Wait for the first worker and return what it says of its engine."""
        facts: EngineFacts = self._handle.describe.remote().result()
        return facts

    def start(
        self, request: GenerationRequest, count: int, waiting: int, *, with_steps: bool, avoided: str = ""
    ) -> RayJob:
        """Have a worker draw `request.batch(count)`, another one than `avoided` where one is free."""
        streamed = self._handle.options(stream=True)
        return RayJob(streamed.draw.remote(request, count, waiting, with_steps, avoided=avoided))


class WorkerCount:
    """WorkerCount counts the workers every two seconds, and ends when this process leaves Ray.

    Asked after that, Ray Serve would start a Ray of its own, which outlives the process.
    """

    def __init__(self, most: int) -> None:
        self._most, self._count = most, 1
        threading.Thread(target=self._keep_counting, name="croquis-workers", daemon=True).start()

    def get(self) -> int:
        """Return how many workers run, at least one, as of some seconds ago."""
        return self._count

    def _keep_counting(self) -> None:
        import ray

        while ray.is_initialized():
            try:
                self._count = min(max(1, count_running(ENGINES)), self._most)
            except Exception as error:  # Ray is starting or ending; the last count stands
                log.info("The workers cannot be counted now: %s", error)
            time.sleep(COUNT_EVERY)


def wait_for_handle(name: str) -> DeploymentHandle[Any]:
    """Wait until an application is deployed, and return what calls its replicas.

    Kubernetes deploys all of a cluster's at once.
    """
    from ray import serve

    while True:
        try:
            handle: DeploymentHandle[Any] = serve.get_deployment_handle(name, name)
        except KeyError:
            log.info("Waiting for the application %s", name)
            time.sleep(LOOK)
        else:
            return handle


def count_running(name: str) -> int:
    """Return how many replicas of a deployment run; application and deployment have one name."""
    from ray import serve

    application = serve.status().applications.get(name)
    deployment = None if application is None else application.deployments.get(name)
    return 0 if deployment is None else deployment.replica_states.get("RUNNING", 0)
