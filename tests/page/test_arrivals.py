"""A crowd's drawings are all taken in; half-sent bodies do not fill the server, neither by number nor by bytes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from pipeline.page import arrivals
from pipeline.page.arrivals import MOST_OPEN_EACH, Arrivals
from pipeline.page.body_limits import BodyLimits
from tests.service.slow_studio import SlowStudio, serve
from tests.tools.image_files import draw_fox, encode_png

CROWD, HALF_SENT, DRAWN = 100, 200, 16
Head = tuple[int, dict[str, str]]  # an answer's status and headers
LIMIT = 120  # seconds that a busy machine may take


def test_each_address_has_so_many_bodies_and_all_have_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "MOST_OPEN_EACH", 2)
    monkeypatch.setattr(arrivals, "MOST_OPEN", 3)
    counted = Arrivals()
    for address in ("a", "a", "b"):
        counted.begin(address)
    for address in ("a", "c"):
        with pytest.raises(HTTPException) as refused:
            counted.begin(address)
        assert refused.value.status_code == 503 and int((refused.value.headers or {})["Retry-After"]) > 0
    counted.end("a", 0)
    counted.begin("c")
    assert counted.bodies == 3


def test_bytes_are_bounded_for_each_address_and_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "MOST_BYTES_EACH", 10)
    monkeypatch.setattr(arrivals, "MOST_BYTES", 15)
    counted = Arrivals()
    for address in ("a", "b"):
        counted.begin(address)
    counted.add("a", 10)
    for address, size in (("a", 1), ("b", 6)):
        with pytest.raises(HTTPException):
            counted.add(address, size)
    counted.add("b", 5)
    counted.end("a", 10)
    counted.add("b", 5)
    assert counted.size == 10
    counted.end("b", 10)
    assert counted.size == counted.bodies == 0


@pytest.fixture(scope="module")
def studio() -> SlowStudio:
    return SlowStudio()


@pytest.fixture(scope="module")
def address(studio: SlowStudio) -> Iterator[str]:
    with serve(studio, [Middleware(BodyLimits)]) as served:
        yield served


def make_call(address: str) -> bytes:
    """Make POST /v1/draw as its bytes: a form with a drawing of some 100 kB."""
    drawing = encode_png(draw_fox())
    padded = {"sketch": ("fox.png", drawing + bytes(100_000 - len(drawing)))}
    request = httpx.Request("POST", f"{address}/draw", files=padded, data={"prompt": "a red fox"})
    body = request.read()
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    return f"POST /v1/draw HTTP/1.1\r\n{head}\r\n".encode() + body


async def connect(address: str, count: int) -> list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    url = httpx.URL(address)
    return [await asyncio.open_connection(url.host, url.port) for _ in range(count)]


async def read_head(reader: asyncio.StreamReader) -> Head:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    return int(first.split()[1]), {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def all_draw(studio: SlowStudio) -> bool:
    return studio.most_running >= DRAWN


async def send_at_once(
    address: str, count: int, parts: list[bytes], answers: int, is_over: Callable[[], bool] = lambda: True
) -> list[Head]:
    """Send these parts over so many connections, each part over all before the next; return the first answers. The
    connections are closed once `is_over`.
    """
    opened = await connect(address, count)
    try:
        for part in parts:
            for _, writer in opened:
                writer.write(part)
            await asyncio.gather(*(writer.drain() for _, writer in opened))
            await asyncio.sleep(0.5)  # for all to arrive
        reading = [asyncio.create_task(read_head(reader)) for reader, _ in opened]
        coming = iter(asyncio.as_completed(reading, timeout=LIMIT))
        heads = [await next(coming) for _ in range(answers)]
        for each in reading:
            each.cancel()
        deadline = time.monotonic() + LIMIT
        while not is_over() and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        return heads
    finally:
        for _, writer in opened:
            writer.close()


@pytest.mark.slow
def test_a_hundred_at_once_are_drawn_or_told_when_to_come_back(studio: SlowStudio, address: str) -> None:
    call = make_call(address)
    heads = asyncio.run(send_at_once(address, CROWD, [call[:-10], call[-10:]], CROWD - DRAWN, lambda: all_draw(studio)))
    assert {status for status, _ in heads} == {429}
    assert studio.most_running == DRAWN, "the others are being drawn"
    assert all(int(headers["retry-after"]) > 0 for _, headers in heads)


@pytest.mark.slow
def test_two_hundred_half_sent_uploads_do_not_stay_open(address: str) -> None:
    half = make_call(address)[:-10]
    heads = asyncio.run(send_at_once(address, HALF_SENT, [half[:500]], HALF_SENT - MOST_OPEN_EACH))
    assert {status for status, _ in heads} == {503}
    assert all(int(headers["retry-after"]) > 0 for _, headers in heads)
    again = httpx.post(f"{address}/draw", content=b"no drawing", timeout=LIMIT)
    assert again.status_code == 415, "the places of those that left are free again"
