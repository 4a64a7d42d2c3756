"""/health, /ready and /metrics: who may read what, and what the running app tells."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pipeline.errors import LineFull, OutOfMemory
from pipeline.metrics.gathered import write_gathered
from pipeline.metrics.measurements import Measurements
from pipeline.metrics.worker_measurements import EncoderMeasurements, WorkerMeasurements
from pipeline.page.health_routes import HealthDoor
from pipeline.page.host import read_host_token
from pipeline.page.middlewares import list_middlewares
from pipeline.serve.line_replica import LineReplica
from pipeline.settings import ROOT, Settings
from pipeline.studio.line import Line
from pipeline.studio.opening import LoadState
from tests.tools.image_files import draw_fox, encode_png
from tests.tools.serving import ANSWER_LIMIT, Server

DASHBOARD = ROOT / "docs" / "grafana" / "croquis.json"
NAME = re.compile(r"\b(?:croquis|process)_[a-z_]+")
OF_CLUSTER = ("croquis_worker_", "croquis_encoder_", "croquis_line_")  # a cluster's /metrics has these


def visit(folder: Path, address: str = "127.0.0.1", **settings: Any) -> TestClient:
    """Return a visitor at this address of a studio that loads."""
    given = Settings(user_dir=folder, **settings)
    studio: Any = SimpleNamespace(
        settings=given,
        measurements=Measurements(given),
        loading=LoadState("Loading the model", 0.4),
        profile=SimpleNamespace(name="pocket"),
        line=Line(given, lambda: None),
    )
    routes = HealthDoor(studio).list_routes()
    watchers = list_middlewares(studio.settings, routes, studio.measurements.note_answer, lambda key: None)
    app = Starlette(routes=routes, middleware=watchers)
    app.state.studio = studio
    return TestClient(app, base_url="http://127.0.0.1:7860", client=(address, 5))


def test_the_measurements_are_for_who_sits_at_the_machine_or_has_the_token(tmp_path: Path) -> None:
    own, stranger = visit(tmp_path), visit(tmp_path, "192.0.2.7")
    assert own.get("/metrics").status_code == 200
    assert own.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 403
    assert "CROQUIS_METRICS=on" in stranger.get("/metrics").json()["error"]
    token = read_host_token(tmp_path)
    for given, status in ((f"Bearer {token}", 200), (f"Bearer {token}x", 403), (token, 403), ("Bearer ", 403)):
        assert stranger.get("/metrics", headers={"Authorization": given}).status_code == status


def test_the_host_shows_them_to_everybody_or_to_nobody(tmp_path: Path) -> None:
    assert visit(tmp_path, "192.0.2.7", metrics="on").get("/metrics").status_code == 200
    assert visit(tmp_path, metrics="off").get("/metrics").status_code == 404


def test_ready_says_in_words_what_it_waits_for(tmp_path: Path) -> None:
    visitor = visit(tmp_path, "192.0.2.7")
    studio = visitor.app.state.studio  # type: ignore[attr-defined]
    assert visitor.get("/health").json() == {"healthy": True}
    answer = visitor.get("/ready")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["error"] == "The engine is not loaded yet: Loading the model, 40%."
    studio.loading = LoadState("Loading the model", 0.4, error="Its weights are broken.")
    assert visitor.get("/ready").json()["error"] == "Its weights are broken."
    studio.loading = LoadState("Ready", 1.0, ready=True)
    assert visitor.get("/ready").json() == {"ready": True, "engine": "pocket"}
    studio.line.end()
    answer = visitor.get("/ready")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "being stopped" in answer.json()["error"]


def test_refusals_are_counted_by_status_wherever_they_come_from(tmp_path: Path) -> None:
    visitor = visit(tmp_path)
    visitor.get("/health", headers={"Host": "foreign.example"})
    visitor.get("/ready")
    text = visitor.get("/metrics").text
    assert 'croquis_http_answers_total{status="400"} 1.0' in text
    assert 'croquis_http_answers_total{status="503"} 1.0' in text


def list_asked_names() -> set[str]:
    """Return the names of the measurements that the dashboard asks for."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return {name for panel in panels for target in panel["targets"] for name in NAME.findall(target["expr"])}


def test_the_dashboard_asks_for_measurements_that_the_app_has(server: Server) -> None:
    sent = {"files": {"sketch": ("fox.png", encode_png(draw_fox()))}, "data": {"prompt": "a fox", "seed": "7"}}
    assert httpx.post(f"{server.url}/v1/draw", timeout=ANSWER_LIMIT, **sent).status_code == 200  # type: ignore[arg-type]
    assert httpx.post(f"{server.url}/v1/draw", json={}, timeout=ANSWER_LIMIT).status_code == 422
    text = httpx.get(f"{server.url}/metrics", timeout=ANSWER_LIMIT).raise_for_status().text
    told = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE)) | set(re.findall(r"^(\w+)[{ ]", text, re.MULTILINE))
    asked = list_asked_names()
    assert len(asked) > 12 and {name for name in asked if not name.startswith(OF_CLUSTER)} - told == set()
    pictures = re.search(r'^croquis_pictures_total\{engine="pocket",gives_way="false"\} (.*)', text, re.MULTILINE)
    assert pictures is not None and float(pictures[1]) >= 1
    assert 'croquis_errors_total{kind="SettingError"}' in text and "croquis_ready 1.0" in text
    assert httpx.get(f"{server.url}/ready", timeout=ANSWER_LIMIT).json() == {"ready": True, "engine": "pocket"}


def test_the_dashboard_shows_all_that_the_processes_of_a_cluster_count() -> None:
    worker, encoder, line = WorkerMeasurements(), EncoderMeasurements(), LineReplica(Settings(), lambda: 1)
    for each in (worker, encoder):
        with each.follow("some"):
            pass
        with pytest.raises(OutOfMemory), each.follow("some"):
            raise OutOfMemory("too large")
    line._measured.note_error(LineFull("Too many.", 1))
    processes = {"engines": worker, "retrieval": encoder, "line": line._measured}
    text = write_gathered({name: [("one", each.collect())] for name, each in processes.items()}).decode()
    told = set(re.findall(r'^(\w+)\{.*replica="one"', text, re.MULTILINE))
    asked = {name for name in list_asked_names() if name.startswith(OF_CLUSTER)}
    assert asked - told == set()
    counted = {re.sub(r"_(total|created|bucket|sum|count)$", "", name) for name in told if name.startswith(OF_CLUSTER)}
    assert counted == {re.sub(r"_(total|bucket)$", "", name) for name in asked}
