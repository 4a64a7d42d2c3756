"""Count the pictures, seconds and errors of one worker of a cluster, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipeline.metrics.machine import GpuMemory
from pipeline.metrics.measurements import SECONDS, name_error

if TYPE_CHECKING:
    from prometheus_client.core import Metric


class WorkerMeasurements:
    """WorkerMeasurements holds what is counted of one worker. Its names begin with croquis_worker: the fronts count the
    same pictures, waiting included, under Croquis's usual names.
    """

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(GpuMemory())
        here: dict[str, Any] = {"registry": self._registry}
        self._pictures = Counter("croquis_worker_pictures", "Calls that a worker drew", ("engine",), **here)
        self._seconds = Histogram(
            "croquis_worker_picture_seconds", "Seconds of drawing a call", ("engine",), buckets=SECONDS, **here
        )
        self._errors = Counter("croquis_worker_errors", "Calls that ended in an error, by its kind", ("kind",), **here)

    @contextmanager
    def follow(self, engine: str) -> Iterator[None]:
        """Count what is drawn within, or the error that ends it, which goes on."""
        began = time.perf_counter()
        try:
            yield
        except Exception as error:
            self._errors.labels(name_error(error)).inc()
            raise
        self._pictures.labels(engine).inc()
        self._seconds.labels(engine).observe(time.perf_counter() - began)

    def collect(self) -> list[Metric]:
        """Return everything as it is now; it can be sent to another process."""
        return list(self._registry.collect())
