"""Say how many workers a cluster is to have, by how many pictures wait."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ray.serve.config import AutoscalingContext

WAITING = "waiting"  # what workers report: pictures that wait in the studios


@dataclass(frozen=True)
class Scaling:
    """Scaling is the rule: half as many workers more while many wait, no more than are busy while few do.

    Ray Serve keeps the result between the least and the most, and waits before it gives workers back.
    """

    up: int  # waiting pictures above which there are to be more
    down: int  # waiting pictures below which there are to be fewer

    def choose(self, workers: int, waiting: float, drawing: float) -> int:
        """Return how many workers there are to be, where there are that many now."""
        if waiting > self.up:
            return workers + max(1, workers // 2)
        if waiting < self.down:
            return min(workers, ceil(drawing))
        return workers

    def __call__(self, context: AutoscalingContext) -> tuple[int, dict[str, Any]]:
        """Answer Ray Serve, which calls this as its policy."""
        reported = (context.aggregated_metrics or {}).get(WAITING, {}).values()
        queued = context.total_queued_requests or 0.0
        waiting = queued + max(reported, default=0.0)  # each worker heard of all studios; some longer ago
        return self.choose(context.target_num_replicas, waiting, context.total_num_requests), {}
