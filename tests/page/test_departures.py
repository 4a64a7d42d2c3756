"""A client of Gradio's queue who cancels, or whose connection is dropped, stops the work and frees the place."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio_client import Client

from pipeline.page.api import register_api
from pipeline.page.drawn_files import DrawnFiles
from tests.service.slow_studio import PATIENCE, SlowStudio
from tests.tools.serving import find_free_port
from tests.tools.waiting import wait_until

pytestmark = pytest.mark.slow
STROKE = {"tool": "pen", "size": 9, "color": "#000000", "points": [[100, 100, 0.5], [300, 300, 0.5], [400, 100, 0.5]]}
STROKES = {"version": 1, "width": 512, "height": 512, "picture": None, "strokes": [STROKE]}


@pytest.fixture
def studio() -> SlowStudio:
    return SlowStudio(waiting=3, waiting_each=2)


@pytest.fixture
def address(studio: SlowStudio, tmp_path: Path) -> Iterator[str]:
    """Serve the endpoints of a studio whose pictures never end."""
    with gr.Blocks(analytics_enabled=False) as blocks:
        register_api(studio, DrawnFiles(str(tmp_path)))  # type: ignore[arg-type]
    blocks.queue()
    port = find_free_port()
    _, address, _ = blocks.launch(prevent_thread_lock=True, server_port=port, quiet=True, inbrowser=False)
    try:
        yield address
    finally:
        blocks.close(verbose=False)


@pytest.fixture
def client(address: str) -> Client:
    return Client(address, verbose=False, analytics_enabled=False)


def submit(client: Client) -> Any:
    return client.submit(sketch=None, strokes=STROKES, api_name="/draw")


def test_a_cancelled_job_stops_and_the_other_goes_on(studio: SlowStudio, client: Client) -> None:
    jobs = [submit(client), submit(client)]
    wait_until(lambda: studio.running == 2, "two calls of a client are under way")
    jobs[0].cancel()
    wait_until(lambda: studio.running == 1, "the cancelled call goes on")
    wait_until(lambda: studio.line.count_open() == 1, "its place is not free")
    time.sleep(0.3)
    assert studio.running == 1 and not jobs[1].done(), "the other call of the same client was stopped, too"
    jobs[1].cancel()
    wait_until(lambda: studio.line.count_open() == 0, "the second place is not free")


def open_stream(address: str) -> httpx.Response:
    """Send a call as curl does, without a session, and open the connection on which its answer comes."""
    api, http = f"{address.rstrip('/')}/gradio_api", httpx.Client(timeout=PATIENCE)
    event = http.post(f"{api}/call/v2/draw", json={"strokes": STROKES}).json()["event_id"]
    return http.send(http.build_request("GET", f"{api}/call/draw/{event}"), stream=True)


def test_a_dropped_connection_stops_the_work(studio: SlowStudio, address: str) -> None:
    stream = open_stream(address)
    assert stream.status_code == 200
    wait_until(lambda: studio.running == 1, "the call is under way")
    time.sleep(0.3)
    assert studio.running == 1, "it stopped though somebody waits for it"
    stream.close()
    wait_until(lambda: studio.running == 0 and studio.line.count_open() == 0, "the work goes on with nobody there")


def test_a_visitor_with_too_many_calls_is_told_when_to_try_again(studio: SlowStudio, client: Client) -> None:
    jobs = [submit(client), submit(client)]
    wait_until(lambda: studio.running == 2, "two calls of a client are under way")
    with pytest.raises(Exception, match="^2 of your pictures are waiting already. Try again in 5 seconds.$"):
        submit(client).result(PATIENCE)
    for job in jobs:
        job.cancel()
    wait_until(lambda: studio.line.count_open() == 0, "the places are not free")


def test_calls_without_a_session_are_those_of_their_address(studio: SlowStudio, address: str) -> None:
    streams = [open_stream(address) for _ in range(2)]
    wait_until(lambda: studio.running == 2, "two calls are under way")
    refused = open_stream(address).read().decode()
    assert "2 of your pictures are waiting already" in json.loads(refused.rpartition("data: ")[2])["error"]
    for stream in streams:
        stream.close()
    wait_until(lambda: studio.line.count_open() == 0, "the places are not free")
