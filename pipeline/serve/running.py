"""Start a cluster's applications, and end them in order: who answers visitors first, who draws last."""

from __future__ import annotations

import logging
import os
from typing import Any

from pipeline.serve.application import PAGE_PLACE, build_draw, build_engines, build_line, build_page, build_retrieval
from pipeline.serve.names import DRAW, ENGINES, LINE, PAGE, RETRIEVAL
from pipeline.serve.proxy_answers import CALLBACK, CALLBACK_PATH
from pipeline.settings import ROOT, Settings

log = logging.getLogger(__name__)

OBJECT_STORE = 200_000_000  # bytes: pictures pass through it one by one
START_LIMIT = 600  # seconds


def join_ray(cpus: int | None = None) -> None:
    """Join the cluster that RAY_ADDRESS names, or start one of this machine alone."""
    import ray

    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing on this machine is reported to anyone
    os.environ.setdefault(CALLBACK, CALLBACK_PATH)  # read by the proxies; of a Ray that runs already, the image sets it
    if os.environ.get("RAY_ADDRESS"):
        ray.init(log_to_driver=False)
        return
    ray.init(
        num_cpus=cpus,
        resources={PAGE_PLACE: 1},
        object_store_memory=OBJECT_STORE,
        include_dashboard=False,
        log_to_driver=False,
    )


def count_own_cores() -> int | None:
    """Return the cores of a cluster that is this machine alone; None for one that RAY_ADDRESS names: it may grow."""
    import ray

    return None if os.environ.get("RAY_ADDRESS") else int(ray.cluster_resources().get("CPU", 1))


def start_cluster(settings: Settings, host: str, port: int) -> None:
    """Start the five applications at once; return when all of them run. `host` and `port` are those of /v1/draw."""
    from ray import serve

    given: dict[str, Any] = {"settings": settings}
    built = {LINE: build_line, ENGINES: build_engines, RETRIEVAL: build_retrieval, DRAW: build_draw, PAGE: build_page}
    serve.start(http_options={"host": host, "port": port})
    serve.run_many(
        [serve.RunTarget(build(given), name, "/" if name == DRAW else None) for name, build in built.items()]
    )


def find_page() -> str:
    """Return the page's address on its machine."""
    from ray import serve

    address: str = serve.get_deployment_handle(PAGE, PAGE).find_address.remote().result(timeout_s=START_LIMIT)
    return address


def stop_cluster(settings: Settings) -> int:
    """End the applications once what they took in is drawn; return how many pictures of the page were given up."""
    from ray import serve

    seconds, left = 2.0 * settings.job_seconds, 0
    running = serve.status().applications
    if PAGE in running:
        handle = serve.get_deployment_handle(PAGE, PAGE)
        left = handle.drain.remote(seconds).result(timeout_s=seconds + 10)
    for name in (DRAW, PAGE, RETRIEVAL, ENGINES, LINE):
        if name in running:
            serve.delete(name)  # waits for what its replicas still do
    serve.shutdown()
    return left
