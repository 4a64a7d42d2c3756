"""What Gradio keeps of its callers is bounded, and those who named a session keep theirs."""

from __future__ import annotations

import time
from collections.abc import Iterator

import gradio as gr
import httpx
import psutil
import pytest
from gradio import routes
from gradio.routes import App
from starlette.testclient import TestClient

from pipeline.page import sessions
from pipeline.page.sessions import EventNumbers, Session, bound_sessions
from tests.tools.serving import ANSWER_LIMIT, Server

CALLS = 80
MOST_MEGABYTES = 15  # of as many calls; Gradio by itself took 47 for 150


@pytest.fixture
def app() -> Iterator[App]:
    with gr.Blocks(analytics_enabled=False) as page:
        chosen = gr.Dropdown(["a"], value="a")
        gr.Button().click(lambda: gr.update(choices=["a", "b"]), outputs=[chosen], api_name="offer")
        gr.Button().click(lambda each: each, inputs=[chosen], outputs=[chosen], api_name="take")
    page.queue()
    page.max_file_size = None  # as launch() has it
    made = App.create_app(page, app_kwargs={"lifespan": bound_sessions})
    with TestClient(made) as client:
        page.is_running, page.app, page._queue.server_app, made.state.client = True, made, made, client
        client.get("/gradio_api/startup-events")  # starts the queue
        yield made


def call(app: App, name: str, *data: object, session: str | None = None) -> str:
    client = app.state.client
    event = client.post(f"/gradio_api/call/{name}", json={"data": data, "session_hash": session}).json()["event_id"]
    return str(client.get(f"/gradio_api/call/{name}/{event}").text)


def test_calls_without_a_session_leave_none(app: App) -> None:
    for _ in range(5):
        assert "complete" in call(app, "take", "a")
    assert not app.state_holder.session_data and not app.state_holder.time_last_used
    queue, until = app.get_blocks()._queue, time.monotonic() + 20
    while queue.event_ids_to_events and time.monotonic() < until:
        time.sleep(0.02)  # an event goes a moment after its answer
    assert not queue.event_ids_to_events


def test_who_named_a_session_keeps_what_was_changed_there(app: App) -> None:
    assert "error" in call(app, "take", "b", session="one")
    call(app, "offer", session="one")
    assert "complete" in call(app, "take", "b", session="one")
    assert "error" in call(app, "take", "b", session="two"), "another's session is as it was"
    assert set(app.state_holder.session_data) == {"one", "two"}
    assert all(isinstance(each, Session) and not each.config_values for each in app.state_holder.session_data.values())


def test_nothing_is_kept_of_how_far_an_upload_is(app: App) -> None:
    answer = app.state.client.post("/gradio_api/upload?upload_id=x", files={"files": ("a.txt", b"a" * 100_000)})
    assert answer.status_code == 200
    assert not routes.file_upload_statuses._statuses and not routes.file_upload_statuses._signals


def test_no_more_sessions_are_kept_than_the_limit_says(app: App) -> None:
    app.state_holder.capacity = 3
    for number in range(6):
        call(app, "take", "a", session=f"s{number}")
    assert set(app.state_holder.session_data) == set(app.state_holder.time_last_used) == {"s3", "s4", "s5"}


def test_whose_events_are_done_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_SESSIONS", 2)
    numbers = EventNumbers()
    numbers["waits"] = {"event"}
    for number in range(20):
        numbers[f"done{number}"] = set()
    assert numbers["waits"] == {"event"} and len(numbers) <= 4
    for number in range(20):
        numbers[f"lost{number}"] = {"event"}
    assert len(numbers) <= 4 and "lost19" in numbers


def test_the_running_server_stays_as_small_as_it_is(server: Server) -> None:
    def measure() -> float:
        return psutil.Process(server.process.pid).memory_info().rss / 1e6

    until = time.monotonic() + ANSWER_LIMIT
    while httpx.get(f"{server.url}/ready", timeout=ANSWER_LIMIT).status_code != 200:
        assert time.monotonic() < until, "the engine was not loaded in time"
        time.sleep(0.2)
    for _ in range(60):
        server.call("styles")
    before = measure()
    for _ in range(CALLS):
        server.call("styles")
    assert measure() - before < MOST_MEGABYTES
