"""Bring a picture to a worker: one of two at random, and a second try to another worker than the first."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from ray.serve.request_router import PendingRequest, RequestRouter, RunningReplica

LOOKED_AT = 2  # workers in a round: the power of two choices, as Ray Serve's own router does it
AVOIDED = "avoided"  # the argument of EngineWorker.draw that names the worker of the first try


class WorkerRouter(RequestRouter):  # type: ignore[misc]
    """WorkerRouter is Ray Serve's router of the workers."""

    async def choose_replicas(
        self, candidate_replicas: list[RunningReplica], pending_request: PendingRequest | None = None
    ) -> list[list[RunningReplica]]:
        """Return the workers to ask, in ranks: those of the second are asked where nobody of the first is free."""
        if pending_request is None:
            return rank_workers(candidate_replicas, "")
        pending_request.routing_context.should_backoff = True  # else it would ask without a rest
        return rank_workers(candidate_replicas, read_avoided(pending_request.kwargs))


def rank_workers(workers: list[Any], avoided: str) -> list[list[Any]]:
    """Return two workers at random; where one is to be avoided, all others, then it."""
    last = [each for each in workers if each.replica_id.unique_id == avoided]
    if not last:
        return [random.sample(workers, min(LOOKED_AT, len(workers)))]
    others = [each for each in workers if each.replica_id.unique_id != avoided]
    random.shuffle(others)
    return [others, last]


def read_avoided(given: Mapping[str, Any]) -> str:
    """Return which worker a call asks to avoid; "" for none."""
    avoided = given.get(AVOIDED)
    return avoided if isinstance(avoided, str) else ""
