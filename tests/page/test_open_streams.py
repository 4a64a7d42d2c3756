"""Streams without an end are bounded, of one address and of all; what ended makes room."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pipeline.page.open_streams import SHARE, OpenStreams, count_handles

HEARTBEAT = "/gradio_api/heartbeat/abc"


class Streams:
    """Streams opens answers that end when they are told to."""

    def __init__(self, most: int | None = None) -> None:
        self.ended = asyncio.Event()
        self.guard = OpenStreams(self.answer, most)
        self.open: list[asyncio.Task[int]] = []

    async def answer(self, scope: Any, receive: Any, send: Any) -> None:
        await self.ended.wait()

    async def call(self, address: str, path: str = HEARTBEAT) -> int:
        statuses = [200]

        async def send(message: Any) -> None:
            statuses.append(message.get("status", statuses[-1]))

        scope: Any = {"type": "http", "method": "GET", "path": path, "client": (address, 1), "headers": []}
        await self.guard(scope, send, send)  # type: ignore[arg-type]
        return statuses[-1]

    async def begin(self, address: str, count: int, path: str = HEARTBEAT) -> None:
        self.open += [asyncio.create_task(self.call(address, path)) for _ in range(count)]
        await asyncio.sleep(0)

    async def end(self) -> list[int]:
        self.ended.set()
        return list(await asyncio.gather(*self.open))


@pytest.mark.parametrize("path", [HEARTBEAT, "/gradio_api/queue/data", "/gradio_api/call/draw/0f"])
def test_an_address_has_three_quarters_of_all_at_most(path: str) -> None:
    async def run() -> None:
        streams = Streams(8)
        await streams.begin("192.0.2.7", 6, path)
        assert await streams.call("192.0.2.7", path) == 503
        await streams.begin("192.0.2.8", 2, path)
        assert await streams.call("192.0.2.9", path) == 503, "all have eight"
        assert await streams.end() == [200] * 8 and not streams.guard._open
        assert await streams.call("192.0.2.7", path) == 200

    asyncio.run(run())


def test_a_class_behind_one_address_fits_and_other_routes_are_not_counted() -> None:
    async def run() -> None:
        streams = Streams()
        await streams.begin("192.0.2.7", 64)
        await streams.begin("192.0.2.7", 400, "/history/state")
        assert await streams.end() == [200] * 464

    asyncio.run(run())
    assert OpenStreams(lambda *_: None)._most <= SHARE * count_handles()  # type: ignore[arg-type]
