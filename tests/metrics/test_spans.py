"""Pictures are spans of OpenTelemetry where its variables ask for them, without a word of who asked for what."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from pipeline.errors import Cancelled
from pipeline.metrics import measurements, spans
from pipeline.metrics.measurements import Measurements
from pipeline.metrics.spans import ENDPOINTS, Spans, open_spans
from pipeline.settings import ROOT, Settings
from tests.metrics.test_measurements import make_request

SECOND = 1_000_000_000  # ns
DRAWN: Any = SimpleNamespace(images=("one",), milliseconds={"steps": 7_200.0, "decode": 300.0})


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def measured(exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> Measurements:
    monkeypatch.setattr(measurements, "open_spans", lambda _: Spans(SimpleSpanProcessor(exporter)))
    return Measurements(Settings())


def split(exporter: InMemorySpanExporter) -> tuple[ReadableSpan, dict[str, ReadableSpan]]:
    """Return the picture's span, and those below it by name."""
    *stages, whole = exporter.get_finished_spans()
    assert whole.name == "picture" and whole.parent is None
    assert all(each.parent is not None and each.parent.span_id == whole.context.span_id for each in stages)
    return whole, {each.name: each for each in stages}


def measure(span: ReadableSpan) -> float:
    assert span.end_time is not None and span.start_time is not None
    return (span.end_time - span.start_time) / SECOND


def test_a_picture_is_a_span_and_each_stage_one_below_it(
    measured: Measurements, exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter((100.0, 110.0))  # it took 10 s, of which the stages took 7.5
    monkeypatch.setattr(measurements.time, "perf_counter", lambda: next(clock))
    measured.follow(make_request(), lambda request: DRAWN, prepared={"search": 20.0, "edges": 30.0})
    whole, stages = split(exporter)
    lengths = {name: round(measure(span), 3) for name, span in stages.items()}
    assert lengths == {"search": 0.02, "edges": 0.03, "waiting": 2.5, "steps": 7.2, "decode": 0.3}
    assert measure(whole) == pytest.approx(10.05, abs=1e-3)
    ends = [whole.start_time, *(each.end_time for each in stages.values())]
    assert [each.start_time for each in stages.values()] == ends[:-1] and ends[-1] == whole.end_time
    assert whole.attributes == {
        "croquis.outcome": "drawn",
        "croquis.engine": "pocket",
        "croquis.preset": "own",
        "croquis.width": 512,
        "croquis.height": 384,
        "croquis.steps": 20,
        "croquis.gives_way": False,
    }


def test_what_was_stopped_is_an_error_of_its_kind(measured: Measurements, exporter: InMemorySpanExporter) -> None:
    def stop(request: object) -> None:
        raise Cancelled("a secret fox")

    with pytest.raises(Cancelled):
        measured.follow(make_request(), stop, prepared={"search": 20.0})  # type: ignore[arg-type]
    whole, stages = split(exporter)
    assert not whole.status.is_ok and whole.status.description == "Cancelled" and list(stages) == ["search"]


def test_no_span_holds_words_or_seed(measured: Measurements, exporter: InMemorySpanExporter) -> None:
    measured.follow(make_request(), lambda request: DRAWN)
    told = "".join(each.to_json() for each in exporter.get_finished_spans())
    assert "fox" not in told and "4242" not in told and '"service.name": "croquis"' in told


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Run a collector on this machine that keeps what it is sent."""
    came: list[tuple[str, bytes]] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", came
    finally:
        server.shutdown()
        server.server_close()


def test_a_collector_gets_them_by_the_standard_variables(
    collector: tuple[str, list[tuple[str, bytes]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, came = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "drawing-school")
    monkeypatch.setattr(spans, "PATIENCE", 60.0)  # seconds; a busy machine takes more than two
    measured = Measurements(Settings())
    measured.follow(make_request(), lambda request: DRAWN)
    measured.close()
    ((path, body),) = came
    assert path == "/v1/traces" and b"drawing-school" in body and b"steps" in body and b"fox" not in body


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {ENDPOINTS[0]: ""},
        {ENDPOINTS[0]: "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"},
        {ENDPOINTS[1]: "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_they_are_off_unless_asked_for(environment: dict[str, str]) -> None:
    assert open_spans(environment) is None


def test_off_they_load_nothing_and_without_the_package_its_command_is_told() -> None:
    code = (
        "import sys\n"
        "from pipeline.metrics.measurements import Measurements\n"
        "from pipeline.metrics.spans import open_spans\n"
        "from pipeline.settings import Settings\n"
        "Measurements(Settings())\n"
        "print([each for each in sys.modules if each.startswith('opentelemetry')])\n"
        "sys.modules['opentelemetry'] = None\n"
        "print(open_spans({'OTEL_EXPORTER_OTLP_ENDPOINT': 'http://127.0.0.1:1'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\nNone\n" and "pip install -r requirements-otel.txt" in done.stderr
