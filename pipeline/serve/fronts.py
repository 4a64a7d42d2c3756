"""Answer visitors in a cluster: the page's replica, and those of /v1/draw; workers elsewhere draw for them."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from functools import partial
from typing import Any

from starlette.applications import Starlette

from pipeline.engine.remote_engine import DeadLetter, RemoteEngine
from pipeline.machine.threads import calm_threads
from pipeline.metrics.gathered import Measured
from pipeline.serve.cluster_metrics import write_cluster_metrics
from pipeline.serve.dead_letters import keep_letter
from pipeline.serve.encoder_worker import RemoteEncoder
from pipeline.serve.names import ENGINES, LINE, RETRIEVAL, find_own_name
from pipeline.serve.ray_workers import RayWorkers, wait_for_handle
from pipeline.serve.shared_line import FarLine, SharedLine, SharedTurns
from pipeline.settings import Settings
from pipeline.studio.opening import Openers
from pipeline.studio.studio import Studio
from pipeline.styles.search import StyleSearch

log = logging.getLogger(__name__)

LOOK = 0.2  # seconds between two looks whether the last picture is drawn


def start_remote_studio(settings: Settings) -> Studio:
    """Make a studio whose engine and encoder are the cluster's, and have it reach them in the background."""
    calm_threads(os.environ)

    def keep(letter: DeadLetter) -> None:
        keep_letter(studio.jobs, letter)

    far = FarLine(wait_for_handle(LINE))

    def open_engine(profile: Any, settings: Settings, report: Any) -> RemoteEngine:
        report("Waiting for the first worker", 0.0)
        workers = RayWorkers(wait_for_handle(ENGINES), settings.workers_most)
        turns = SharedTurns(far, profile.title, workers.count)
        return RemoteEngine(profile, workers, settings.job_seconds, keep, turns)

    def open_search(profile: Any, settings: Settings, library: Any) -> StyleSearch:
        encoder = RemoteEncoder(wait_for_handle(RETRIEVAL), settings.job_seconds)
        return StyleSearch(library, encoder, settings.caches)

    studio = Studio(settings, Openers(open_engine, open_search, partial(SharedLine, far)))
    studio.start_loading()
    studio.keeper.start()  # its jobs are in the store
    return studio


class Front:
    """Front is what answers visitors: a studio whose pictures workers draw."""

    def __init__(self, settings: Settings) -> None:
        self._studio, self._name = start_remote_studio(settings), find_own_name()

    async def measure(self) -> Measured:
        """Return this replica's name and what was counted here, for /metrics of /v1/draw's replicas."""
        return self._name, await asyncio.to_thread(self._studio.measurements.collect)


class DrawReplica(Front):
    """DrawReplica answers /v1/draw, /health, /ready and, for all of the cluster, /metrics; it keeps nothing between two
    calls.
    """

    def __serve_build_asgi_app__(self) -> Starlette:
        """Return the application that Ray Serve's proxy sends calls to."""
        return build_draw_app(self._studio)


class PageReplica(Front):
    """PageReplica serves the page at GRADIO_SERVER_PORT of its machine, past Ray's proxy: Gradio's queue and uploads
    are in this process.
    """

    def __init__(self, settings: Settings) -> None:
        from pipeline.page.launching import launch_page, list_page_routes
        from pipeline.service.app import mount_service

        super().__init__(settings)
        self._page = launch_page(self._studio, [*list_page_routes(self._studio), mount_service(self._studio)])

    def find_address(self) -> str:
        """Return the page's address on its machine."""
        return str(self._page.local_url)

    async def drain(self, seconds: float) -> int:
        """Take nothing more in and wait, at most so long, until all pictures under way are drawn; return how many were
        not.
        """
        self._studio.line.end()
        until = time.monotonic() + seconds
        while self._studio.line.count_open() and time.monotonic() < until:
            await asyncio.sleep(LOOK)
        return self._studio.line.count_open()

    def check_health(self) -> None:
        """Raise RuntimeError where Gradio's server ended: Ray starts another replica."""
        if not self._page.server.thread.is_alive():
            raise RuntimeError("The page's server ended.")

    def __del__(self) -> None:
        """Write what the history still has to; Ray calls this once it stops the replica."""
        if hasattr(self, "_page"):
            self._page.close()
            self._studio.close()


def build_draw_app(studio: Studio) -> Starlette:
    """Build what answers /v1/draw, /health, /ready and /metrics beside the page: nobody logs in there, a program sends
    its key.
    """
    from pipeline.page.health_routes import HealthDoor
    from pipeline.page.middlewares import list_middlewares
    from pipeline.service.app import mount_service

    routes = [mount_service(studio), *HealthDoor(studio, write_cluster_metrics).list_routes()]
    guards = list_middlewares(studio.settings, routes, studio.measurements.note_answer, studio.keeper.find_key)
    return Starlette(routes=routes, middleware=guards)
