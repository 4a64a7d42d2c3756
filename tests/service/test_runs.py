"""A caller who goes away stops the run; more calls than there are places are told to come back."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest

from pipeline.settings import Settings
from pipeline.sketch.image_file import MAX_BYTES
from tests.service.slow_studio import PATIENCE, SlowStudio, serve
from tests.tools.image_files import draw_fox, encode_png

MOST_CALLS = Settings().waiting_each
FOX = {"sketch": ("fox.png", encode_png(draw_fox()))}
STROKE = {"tool": "pen", "size": 9, "color": "#000000", "points": [[100, 100, 0.5], [300, 300, 0.5], [400, 100, 0.5]]}
STROKES = {"version": 1, "width": 512, "height": 512, "picture": None, "strokes": [STROKE]}


@pytest.fixture
def studio() -> SlowStudio:
    return SlowStudio()


@pytest.fixture
def address(studio: SlowStudio) -> Iterator[str]:
    with serve(studio) as served:
        yield served


def send_call(address: str, accept: str) -> http.client.HTTPConnection:
    """Send a call and do not wait for its answer."""
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=PATIENCE)
    headers = {"Content-Type": "application/json", "Accept": accept}
    connection.request("POST", f"{where.path}/draw", json.dumps({"strokes": STROKES}), headers)
    return connection


@pytest.mark.parametrize("accept", ["image/png", "application/json", "text/event-stream"])
def test_a_caller_who_goes_away_stops_the_run(studio: SlowStudio, address: str, accept: str) -> None:
    connection = send_call(address, accept)
    assert studio.begun.wait(PATIENCE)
    assert not studio.ended.wait(0.3)
    connection.close()
    assert studio.ended.wait(PATIENCE), "the run goes on with nobody to see it"


def test_steps_come_while_the_picture_is_drawn(studio: SlowStudio, address: str) -> None:
    with httpx.stream(
        "POST", f"{address}/draw", files=FOX, headers={"Accept": "text/event-stream"}, timeout=PATIENCE
    ) as answer:
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == "event: step"
        step = json.loads(next(lines).removeprefix("data: "))
        assert step["step"] >= 1 and step["of"] == 10_000 and step["preview"].startswith("UklGR")  # RIFF, WebP's begin
        assert not studio.ended.is_set()


def test_more_calls_than_places_are_told_to_come_back(studio: SlowStudio, address: str) -> None:
    with ExitStack() as waiting:
        for _ in range(MOST_CALLS):
            waiting.callback(send_call(address, "image/png").close)
        assert studio.begun.wait(PATIENCE)
        while studio.running < MOST_CALLS:
            assert not studio.ended.wait(0.02)
        answer = httpx.post(f"{address}/draw", files=FOX, timeout=PATIENCE)
        assert answer.status_code == 429 and "16 of your pictures are waiting" in answer.json()["error"]
        assert int(answer.headers["retry-after"]) > 0
    assert studio.ended.wait(PATIENCE)


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
def test_a_body_that_is_too_long_is_refused_while_it_comes(address: str, kind: str) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="sketch"; filename="a.png"\r\n\r\n'
        while True:
            sent += 1_000_000
            yield b"x" * 1_000_000

    with httpx.Client(timeout=PATIENCE) as client:
        try:
            answer = client.post(f"{address}/draw", content=endless(), headers={"Content-Type": kind})
        except httpx.HTTPError:  # the connection was closed while the body was being sent
            pass
        else:
            assert answer.status_code == 413
    assert 64 <= sent / 1e6 < 200


def test_a_body_that_is_announced_too_long_is_refused_before_it_comes(address: str) -> None:
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=PATIENCE)
    connection.putrequest("POST", f"{where.path}/draw")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(10**9))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413 and "at most 64 MB" in json.loads(answer.read())["error"]


def test_a_file_that_is_too_long_is_refused(address: str) -> None:
    file = {"sketch": ("big.png", b"x" * (MAX_BYTES + 1))}
    answer = httpx.post(f"{address}/draw", files=file, timeout=PATIENCE)
    assert answer.status_code == 413 and "at most 20 MB" in answer.json()["error"]
