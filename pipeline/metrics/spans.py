"""Write each picture as a span with its stages below it, where the standard OTEL_* variables ask for it.

Nothing of OpenTelemetry is loaded where they do not. A span says what a picture's line in the log says: no words of a
prompt, no seed, no visitor. The stages are those of /metrics, known once the picture is there: the spans are written
then, with the times at which the stages ran.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

log = logging.getLogger(__name__)

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
NAME = "croquis"
PICTURE, WAITING = "picture", "waiting"  # names of spans; a stage's is its own
MISSING = "%s asks for traces, which Croquis writes with: pip install -r requirements-otel.txt. It goes on without."
SECOND = 1_000_000_000  # nanoseconds
PATIENCE = 2.0  # seconds that the last spans get to be sent at the end


class Spans:
    """Spans hands the spans of pictures to OpenTelemetry. Safe to call from many threads."""

    def __init__(self, processor: SpanProcessor) -> None:
        from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider

        given = OTELResourceDetector().detect()  # OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES
        resource = Resource.create({SERVICE_NAME: NAME}).merge(given)
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)  # which would wait for long
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer(NAME)
        atexit.register(self.close)

    def write(self, told: Mapping[str, Any], before: Mapping[str, float], stages: Mapping[str, float]) -> None:
        """Write the spans of a picture that ended just now.

        `told` is its line in the log; `before` are ms of the stages before its wish to be drawn, `stages` after it.
        What no stage took, it waited: for its turn, which comes before the engine's stages.
        """
        from opentelemetry.trace import StatusCode, set_span_in_context

        end, is_drawn = time.time_ns(), told["outcome"] == "drawn"
        waited = max(0.0, float(told["seconds"]) * 1000 - sum(stages.values()))
        parts = [*before.items(), (WAITING, waited), *stages.items()]
        at = end - round(sum(spent for _, spent in parts) * SECOND / 1000)
        whole = self._tracer.start_span(PICTURE, start_time=at, attributes=describe_attributes(told))
        if not is_drawn:  # nobody knows how far it came
            parts = list(before.items())
            whole.set_status(StatusCode.ERROR, str(told["outcome"]))
        within = set_span_in_context(whole)
        for stage, spent in parts:
            until = at + round(spent * SECOND / 1000)
            self._tracer.start_span(stage, within, start_time=at).end(until)
            at = until
        whole.end(end)

    def close(self) -> None:
        """Send what is not sent yet, for as long as patience lasts."""
        sending = threading.Thread(target=self._provider.force_flush, daemon=True)
        sending.start()
        sending.join(PATIENCE)


def describe_attributes(told: Mapping[str, Any]) -> dict[str, str | int | bool]:
    """Return a picture's attributes, of those that its line in the log has."""
    width, height = told["size"]
    return {
        "croquis.outcome": str(told["outcome"]),
        "croquis.engine": str(told["engine"]),
        "croquis.preset": str(told["preset"]),
        "croquis.width": int(width),
        "croquis.height": int(height),
        "croquis.steps": int(told["steps"]),
        "croquis.gives_way": bool(told["gives_way"]),
    }


def open_spans(environment: Mapping[str, str]) -> Spans | None:
    """Return what writes spans where the environment names who takes them; None, and nothing is loaded, elsewhere."""
    asking = next((name for name in ENDPOINTS if environment.get(name)), None)
    is_off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if asking is None or is_off or environment.get("OTEL_TRACES_EXPORTER", "").lower() == "none":
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning(MISSING, asking)
        return None
    return Spans(BatchSpanProcessor(OTLPSpanExporter()))
