"""Count one studio's pictures, errors and seconds, in a registry of its own that Prometheus reads."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pipeline.errors import CroquisError
from pipeline.metrics.machine import GpuMemory
from pipeline.metrics.picture_log import PictureLog, describe_picture
from pipeline.metrics.spans import open_spans
from pipeline.settings import Settings

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from pipeline.values import Drawn, GenerationRequest

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320)  # of a picture and of a stage: upper bounds
UNEXPECTED = "unexpected"  # the kind of an error that is none of ours
HOUR = 3600.0  # seconds

Draw = Callable[["GenerationRequest"], "Drawn"]


class Measurements:
    """Measurements holds what is counted of one studio. Safe to call from many threads.

    A picture that gives way to others, such as one that follows the pen, is told apart by the label `gives_way`.
    """

    def __init__(self, settings: Settings) -> None:
        """Take the machine's price in an hour, and whether each picture gets a line in the log."""
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

        self._price, self._log = settings.price, PictureLog() if settings.log == "json" else None
        self._spans = open_spans(os.environ)
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.registry.register(GpuMemory())
        here: dict[str, Any] = {"registry": self.registry}
        drawn_by = ("engine", "gives_way")
        self._pictures = Counter("croquis_pictures", "Pictures drawn", drawn_by, **here)
        self._whole = Histogram(
            "croquis_picture_seconds", "Seconds of a picture, waiting included", drawn_by, buckets=SECONDS, **here
        )
        self._waited = Histogram(
            "croquis_waiting_seconds", "Seconds of a picture that no stage took", drawn_by, buckets=SECONDS, **here
        )
        self._stages = Histogram(
            "croquis_stage_seconds", "Seconds of a stage of a picture", ("engine", "stage"), buckets=SECONDS, **here
        )
        self._cost = Counter(
            "croquis_cost", "Cost of the stages of drawn pictures, by CROQUIS_PRICE", ("engine",), **here
        )
        Gauge("croquis_price_per_hour", "What the host says that the machine costs", **here).set(settings.price)
        self._errors = Counter("croquis_errors", "Calls that ended in an error, by its kind", ("kind",), **here)
        self._answers = Counter("croquis_http_answers", "Answers of the server, by status", ("status",), **here)

    def watch(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Add a measurement that is read when it is asked for."""
        from prometheus_client import Gauge

        Gauge(name, meaning, registry=self.registry).set_function(read)

    def follow(
        self,
        request: GenerationRequest,
        draw: Draw,
        *,
        gives_way: bool = False,
        prepared: Mapping[str, float] | None = None,
    ) -> Drawn:
        """Draw a request's picture by `draw`, and count it and write its line.

        `prepared` are the milliseconds of the stages before. Raises what `draw` raises, which is written down, too.
        """
        began, before = time.perf_counter(), dict(prepared or {})
        try:
            drawn = draw(request)
        except Exception as error:
            self._write(request, before, {}, time.perf_counter() - began, name_error(error), gives_way)
            raise
        seconds = time.perf_counter() - began
        self._note_picture(request.engine, drawn, seconds, gives_way)
        self._write(request, before, drawn.milliseconds, seconds, "drawn", gives_way)
        return drawn

    def note_stages(self, engine: str, milliseconds: Mapping[str, float]) -> None:
        """Count the seconds of stages, and what they cost."""
        for stage, spent in milliseconds.items():
            self._stages.labels(engine, stage).observe(spent / 1000)
        self._cost.labels(engine).inc(sum(milliseconds.values()) / 1000 / HOUR * self._price)

    def note_error(self, error: Exception) -> None:
        """Count a call that ended in this error."""
        self._errors.labels(name_error(error)).inc()

    def note_answer(self, status: int) -> None:
        """Count an answer of the server."""
        self._answers.labels(str(status)).inc()

    def collect(self) -> list[Metric]:
        """Return everything as it is now; it can be sent to another process."""
        return list(self.registry.collect())

    def close(self) -> None:
        """Send the last spans, where there are any; waits two seconds at most."""
        if self._spans is not None:
            self._spans.close()

    def write(self) -> bytes:
        """Return everything in Prometheus's text format."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry)

    def _note_picture(self, engine: str, drawn: Drawn, seconds: float, gives_way: bool) -> None:
        labels = engine, str(gives_way).lower()
        self._pictures.labels(*labels).inc(len(drawn.images))
        self._whole.labels(*labels).observe(seconds)
        self._waited.labels(*labels).observe(max(0.0, seconds - sum(drawn.milliseconds.values()) / 1000))
        self.note_stages(engine, drawn.milliseconds)

    def _write(
        self,
        request: GenerationRequest,
        before: Mapping[str, float],
        stages: Mapping[str, float],
        seconds: float,
        outcome: str,
        gives_way: bool,
    ) -> None:
        """Write a picture's line and its spans, where they are asked for."""
        if self._log is None and self._spans is None:
            return
        told = describe_picture(request, {**before, **stages}, seconds, outcome, gives_way=gives_way)
        if self._log is not None:
            self._log.write(told)
        if self._spans is not None:
            self._spans.write(told, before, stages)


def name_error(error: Exception) -> str:
    """Return the kind of an error: its class where it is one of ours, such as SketchError."""
    return type(error).__name__ if isinstance(error, CroquisError) else UNEXPECTED
