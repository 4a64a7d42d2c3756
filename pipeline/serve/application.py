"""Build the five applications of a cluster for Ray Serve, by the settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipeline.models.catalog import SD15
from pipeline.serve.names import DRAW, ENGINES, LINE, PAGE, RETRIEVAL
from pipeline.serve.scaling import Scaling
from pipeline.setting_checks import PREFIX
from pipeline.settings import COUNTS, Settings, read_settings
from pipeline.studio.opening import choose_profile

if TYPE_CHECKING:
    from ray.serve import Application

PAGE_PLACE = "page"  # the resource of the machine that has the page
WAITING = f"{PREFIX}WAITING"
UP_SECONDS = 30.0  # that many have to wait before there are more workers
EASY = 100_000  # calls at once that Ray lets through to what has limits of its own
LOOK_FIRST, LOOK_LATER = 0.005, 0.02  # seconds between two looks for a free worker; Ray's own grow to half a second
ROUTER = "pipeline.serve.routing:WorkerRouter"
LIGHT = 0  # cores, as Ray counts them, of what mostly waits: it starts where workers have taken all of them, too


def read_cluster_settings(arguments: list[str], environment: Mapping[str, str]) -> Settings:
    """Read the settings. Nothing is taught, fetched or replaced from a cluster's page: its workers have the engines.

    Unless the host says how many calls may wait, so many may that the most workers have work and more are asked for.
    """
    settings = read_settings(arguments, environment)
    if not environment.get(WAITING):  # an option counts before it
        usual = min(COUNTS["waiting"], settings.workers_most + 2 * settings.queue_up)
        settings = read_settings(arguments, {**environment, WAITING: str(usual)})
    profile, _ = choose_profile(settings.profile, settings.device, settings.sd15)
    return replace(settings, profile=profile.name, teaching="off", hosts="nobody")  # type: ignore[arg-type]


def limit_workers(settings: Settings, cores: int) -> Settings:
    """Return settings that start no more workers than there are cores, each of which a worker takes whole."""
    return replace(settings, workers_least=max(1, min(settings.workers_least, cores)))


def build_line(given: Mapping[str, Any] | None = None) -> Application:
    """Build the line that all fronts share: one replica."""
    from ray import serve

    from pipeline.serve.line_replica import LineReplica

    options = {"num_cpus": LIGHT}
    deployment = serve.deployment(name=LINE, num_replicas=1, max_ongoing_requests=EASY, ray_actor_options=options)
    return deployment(LineReplica).bind(_read(given))


def build_engines(given: Mapping[str, Any] | None = None) -> Application:
    """Build the workers: pocket has a core each, sd15 a GPU or a part of one."""
    from ray import serve

    from pipeline.serve.engine_worker import EngineWorker

    settings = _read(given)
    return serve.deployment(**describe_engines(settings))(EngineWorker).bind(settings)


def describe_engines(settings: Settings) -> dict[str, Any]:
    """Return the options of the workers' deployment.

    Ray looks at two workers at random and waits longer each time that neither is free. With the shorter waits eight
    workers of 0.2 s a picture drew 6.9 and 6.9 times as much as one, with Ray's own 6.7 and 5.8 times.
    """
    from ray.serve.config import RequestRouterConfig

    gpus = settings.worker_gpus if settings.profile == SD15.name and settings.device != "cpu" else 0.0
    return {
        "name": ENGINES,
        "max_ongoing_requests": 1,
        "request_router_config": RequestRouterConfig(
            request_router_class=ROUTER, initial_backoff_s=LOOK_FIRST, max_backoff_s=LOOK_LATER
        ),
        "autoscaling_config": describe_scaling(settings),
        "ray_actor_options": {"num_cpus": 1, "num_gpus": gpus},
        "graceful_shutdown_timeout_s": 2.0 * settings.job_seconds,
        "graceful_shutdown_wait_loop_s": 0.5,
        "health_check_period_s": 5.0,
        "health_check_timeout_s": 30.0,
    }


def describe_scaling(settings: Settings) -> dict[str, Any]:
    """Return Ray Serve's rule for the number of workers."""
    rule = f"{Scaling.__module__}:{Scaling.__qualname__}"
    return {
        "min_replicas": settings.workers_least,
        "max_replicas": max(settings.workers_least, settings.workers_most),
        "upscale_delay_s": UP_SECONDS,
        "downscale_delay_s": float(settings.queue_down_seconds),
        "policy": {
            "policy_function": rule,
            "policy_kwargs": {"up": settings.queue_up, "down": settings.queue_down},
        },
    }


def build_retrieval(given: Mapping[str, Any] | None = None) -> Application:
    """Build the encoder of words and pictures."""
    from ray import serve

    from pipeline.serve.encoder_worker import EncoderWorker

    options = {"num_cpus": LIGHT}
    return serve.deployment(name=RETRIEVAL, max_ongoing_requests=16, ray_actor_options=options)(EncoderWorker).bind(
        _read(given)
    )


def build_page(given: Mapping[str, Any] | None = None) -> Application:
    """Build the page: one replica, on the machine that has its place."""
    from ray import serve

    from pipeline.serve.fronts import PageReplica

    options = {"num_cpus": LIGHT, "resources": {PAGE_PLACE: 1}}
    deployment = serve.deployment(name=PAGE, num_replicas=1, max_ongoing_requests=EASY, ray_actor_options=options)
    return deployment(PageReplica).bind(_read(given))


def build_draw(given: Mapping[str, Any] | None = None) -> Application:
    """Build the replicas that answer /v1/draw."""
    from ray import serve

    from pipeline.serve.fronts import DrawReplica

    settings = _read(given)
    deployment = serve.deployment(
        name=DRAW,
        num_replicas=settings.draw_replicas,
        max_ongoing_requests=EASY,
        ray_actor_options={"num_cpus": LIGHT},
        graceful_shutdown_timeout_s=2.0 * settings.job_seconds,
        graceful_shutdown_wait_loop_s=0.5,
    )
    return deployment(serve.ingress()(DrawReplica)).bind(settings)


def _read(given: Mapping[str, Any] | None) -> Settings:
    """Return the settings that are given as such; else those of the environment, with what is given by name."""
    if given is not None and isinstance(given.get("settings"), Settings):
        settings: Settings = given["settings"]
        return settings
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in (given or {}).items()]
    return read_cluster_settings(arguments, os.environ)
