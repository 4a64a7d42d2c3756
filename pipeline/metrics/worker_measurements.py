"""Count what the processes of a cluster that answer no visitor do, for Prometheus: workers, the encoder, the line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipeline.metrics.machine import GpuMemory
from pipeline.metrics.measurements import SECONDS, name_error

if TYPE_CHECKING:
    from prometheus_client.core import Metric

QUICK = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
)  # s of what is no picture: upper bounds
ERRORS = "Calls that ended in an error, by its kind"


class ReplicaMeasurements:
    """ReplicaMeasurements holds what is counted of one process: its memory, its GPU's, and what a subclass adds."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, ProcessCollector

        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(GpuMemory())
        self._here: dict[str, Any] = {"registry": self._registry}

    def collect(self) -> list[Metric]:
        """Return everything as it is now; it can be sent to another process."""
        return list(self._registry.collect())


class CallMeasurements(ReplicaMeasurements):
    """CallMeasurements counts what a process is called for; a subclass says under which names."""

    _calls: Any  # a Counter with one label
    _seconds: Any  # a Histogram with the same
    _errors: Any  # a Counter by the error's kind

    @contextmanager
    def follow(self, label: str) -> Iterator[None]:
        """Count the call that is done within, or the error that ends it, which goes on."""
        began = time.perf_counter()
        try:
            yield
        except Exception as error:
            self._errors.labels(name_error(error)).inc()
            raise
        self._calls.labels(label).inc()
        self._seconds.labels(label).observe(time.perf_counter() - began)


class WorkerMeasurements(CallMeasurements):
    """WorkerMeasurements counts what one worker drew, by engine: the fronts count the same pictures, waiting included,
    under Croquis's usual names.
    """

    def __init__(self) -> None:
        from prometheus_client import Counter, Histogram

        super().__init__()
        by, here = ("engine",), self._here
        self._calls = Counter("croquis_worker_pictures", "Calls that a worker drew", by, **here)
        self._seconds = Histogram(
            "croquis_worker_picture_seconds", "Seconds of drawing a call", by, buckets=SECONDS, **here
        )
        self._errors = Counter("croquis_worker_errors", ERRORS, ("kind",), **here)


class EncoderMeasurements(CallMeasurements):
    """EncoderMeasurements counts what one encoder encoded, by what it is: "text" or "image"."""

    def __init__(self) -> None:
        from prometheus_client import Counter, Histogram

        super().__init__()
        by, here = ("input",), self._here
        self._calls = Counter("croquis_encoder_calls", "Calls that an encoder answered", by, **here)
        self._seconds = Histogram("croquis_encoder_seconds", "Seconds of encoding a call", by, buckets=QUICK, **here)
        self._errors = Counter("croquis_encoder_errors", ERRORS, ("kind",), **here)


class LineMeasurements(ReplicaMeasurements):
    """LineMeasurements counts whom the line of all fronts refused, and reads what it holds when it is asked for."""

    def __init__(self) -> None:
        from prometheus_client import Counter

        super().__init__()
        self._refused = Counter("croquis_line_refusals", "Calls that were refused, by why", ("kind",), **self._here)

    def watch(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Add a measurement, named without croquis_line_, that is read when it is asked for."""
        from prometheus_client import Gauge

        Gauge(f"croquis_line_{name}", meaning, **self._here).set_function(read)

    def note_error(self, error: Exception) -> None:
        """Count a call that was refused by this error."""
        self._refused.labels(name_error(error)).inc()
