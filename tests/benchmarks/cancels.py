"""Leave a hundred draws at random moments: `python -m tests.benchmarks.cancels [--count 100] [--seed 0]`.

In turn: a client's cancel (Gradio's route, which its clients call), a closed tab (its session's stream breaks off) and
a dropped connection of /v1/draw. After each the open calls are asked for (/metrics) until there is none, which has
to be within a step. One line of JSON: how many of each kind were left while they ran, the median and the most of the
seconds until their place was free, the most calls open at once, and how the picture after them ended. Some three
minutes on two cores. The page's Stop button: tests/browser/test_picture_by_hand.py.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from tests.benchmarks.visitors import LIMIT, Visitor, make_inputs, read_endpoint, wait_for_models
from tests.tools.image_files import draw_fox, encode_png
from tests.tools.serving import Server, run_app

COUNT = 100
LOOK = 0.02  # seconds between two looks at the open calls
OPEN = re.compile(r"^croquis_calls_open (\S+)$", re.MULTILINE)
WAYS = ("cancel", "closed tab", "dropped connection")


class Leaver:
    """Leaver begins draws and leaves them."""

    def __init__(self, server: Server, http: httpx.AsyncClient) -> None:
        self._server, self._http = server, http
        self._index, count = read_endpoint(server)
        self._data = make_inputs(server, count)

    async def draw(self, number: int) -> str:
        """Draw one picture to its end."""
        return await Visitor(self._server, self._http, self._index, number).draw(self._data)

    async def leave(self, way: str, number: int, seconds: float) -> bool:
        """Begin a draw and leave it after some seconds; return whether it ran then."""
        session = f"leaver{number}"
        event = await self._join(session) if way != WAYS[2] else ""
        task = asyncio.create_task(self._send() if way == WAYS[2] else self._listen(session))
        done, _ = await asyncio.wait([task], timeout=seconds)
        if way == WAYS[0]:
            told = {"session_hash": session, "fn_index": self._index, "event_id": event}
            (await self._http.post(f"{self._server.api}/cancel", json=told)).raise_for_status()
        task.cancel()
        return not done

    async def count_open(self) -> int:
        """Return how many calls wait or are drawn."""
        found = OPEN.search((await self._http.get(f"{self._server.url}/metrics")).text)
        if found is None:
            raise LookupError("/metrics says nothing of open calls.")
        return round(float(found[1]))

    async def wait_for_none(self) -> float:
        """Return the seconds until no call is open."""
        began = time.monotonic()
        while await self.count_open():
            if time.monotonic() - began > LIMIT:
                raise TimeoutError("A call that was left goes on.")
            await asyncio.sleep(LOOK)
        return time.monotonic() - began

    async def _join(self, session: str) -> str:
        body = {"data": self._data, "fn_index": self._index, "session_hash": session}
        joined = await self._http.post(f"{self._server.api}/queue/join", json=body)
        return str(joined.raise_for_status().json()["event_id"])

    async def _listen(self, session: str) -> None:
        async with self._http.stream("GET", f"{self._server.api}/queue/data?session_hash={session}") as stream:
            async for line in stream.aiter_lines():
                if '"process_completed"' in line:
                    return

    async def _send(self) -> None:
        files = {"sketch": ("fox.png", encode_png(draw_fox()))}
        await self._http.post(f"{self._server.url}/v1/draw", files=files, data={"prompt": "a red fox"})


async def measure(server: Server, count: int, seed: int) -> dict[str, Any]:
    """Return the figures of `count` draws that were left."""
    chance, ran, most = random.Random(seed), Counter[str](), 0
    free: dict[str, list[float]] = {way: [] for way in WAYS}
    async with httpx.AsyncClient(timeout=LIMIT) as http:
        await wait_for_models(server, http)
        leaver = Leaver(server, http)
        await leaver.draw(9_000)  # the first one takes longer
        began = time.monotonic()
        await leaver.draw(9_001)
        alone = time.monotonic() - began
        for number in range(count):
            way = WAYS[number % len(WAYS)]
            ran[way] += await leaver.leave(way, number, chance.uniform(0, alone))
            most = max(most, await leaver.count_open())
            free[way].append(await leaver.wait_for_none())
        end = await leaver.draw(9_002)
    spent = {way: [round(statistics.median(times), 3), round(max(times), 2)] for way, times in free.items() if times}
    return {
        "left while they ran": ran,
        "place free after, s (median, most)": spent,
        "open at once": most,
        "alone, s": round(alone, 2),
        "next": end,
    }


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, run_app(Path(folder)) as server:
        print(json.dumps(asyncio.run(measure(server, given.count, given.seed))))


if __name__ == "__main__":
    main()
