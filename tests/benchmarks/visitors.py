"""Load the running app as a crowd does: `python -m tests.benchmarks.visitors [--seconds 60]`, some four minutes in all.

Three parts, each a line of JSON: one visitor with sixteen calls at a time beside five others, while the page and the
style search are asked; a hundred visitors at once; a hundred calls that are cancelled at random moments.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from tests.tools.image_files import draw_fox, encode_png
from tests.tools.serving import Server, run_app

CROWD, CALLS, OTHERS = 100, 16, 5
REFUSED = "Try again in"
PROBE_EVERY = 0.5  # seconds
LIMIT = 600  # seconds that an answer may take


class Visitor:
    """Visitor is one session of Gradio's queue, as the clients are."""

    def __init__(self, server: Server, http: httpx.AsyncClient, index: int, number: int) -> None:
        self._api, self._http, self._index, self._number = server.api, http, index, number

    async def draw(self, data: list[Any]) -> str:
        """Draw one picture in a session of its own; return "drawn", "refused" or the error's words."""
        session = f"visitor{self._number}"
        body = {"data": data, "fn_index": self._index, "session_hash": session}
        joined = await self._http.post(f"{self._api}/queue/join", json=body)
        if joined.status_code != 200:
            return f"{joined.status_code}: {joined.text[:80]}"
        event = joined.json()["event_id"]
        where = f"{self._api}/queue/data?session_hash={session}"
        async with self._http.stream("GET", where) as stream:
            async for line in stream.aiter_lines():
                message = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
                if message.get("msg") == "process_completed" and message.get("event_id") == event:
                    return name_end(message)
        return "the stream ended"


def name_end(message: dict[str, Any]) -> str:
    """Name how a call ended."""
    if message["success"]:
        return "drawn"
    words = str((message["output"] or {}).get("error"))
    return "refused" if REFUSED in words else words


def read_endpoint(server: Server) -> tuple[int, int]:
    """Return the index of /draw among the page's events, and how many inputs it takes."""
    for each in httpx.get(f"{server.url}/config", timeout=LIMIT).json()["dependencies"]:
        if each["api_name"] == "draw":
            return each["id"], len(each["inputs"])
    raise LookupError("The app has no /draw.")


def make_inputs(server: Server, count: int) -> list[Any]:
    """Make the inputs of a small picture: a drawing, all else as it is by default."""
    named = {"sketch": server.upload("fox.png", encode_png(draw_fox())), "prompt": "a red fox"}
    listed = httpx.get(f"{server.api}/info", timeout=LIMIT).json()["named_endpoints"]["/draw"]["parameters"]
    values = [named.get(each["parameter_name"], each.get("parameter_default")) for each in listed]
    if len(values) != count:
        raise ValueError(f"/draw takes {count} inputs; {len(values)} are described.")
    return values


async def probe(ask: Callable[[], Awaitable[httpx.Response]], until: float) -> list[float]:
    """Ask again and again; return the milliseconds of each answer."""
    spent = []
    while time.monotonic() < until:
        began = time.monotonic()
        (await ask()).raise_for_status()
        spent.append(1000 * (time.monotonic() - began))
        await asyncio.sleep(PROBE_EVERY)
    return spent


async def keep_drawing(visitor: Visitor, data: list[Any], until: float) -> list[float]:
    """Ask for one picture after the other; return the seconds that each took which came in time."""
    waits = []
    while (began := time.monotonic()) < until:
        if (end := await visitor.draw(data)) != "drawn":
            raise RuntimeError(end)
        if time.monotonic() <= until:
            waits.append(time.monotonic() - began)
    return waits


async def measure_fairness(server: Server, http: httpx.AsyncClient, seconds: float) -> dict[str, Any]:
    """One visitor has sixteen calls open, five others one each; the page and the search are asked meanwhile."""
    index, count = read_endpoint(server)
    data, until = make_inputs(server, count), time.monotonic() + seconds
    many = [keep_calling(server, http, until) for _ in range(CALLS)]
    others = [keep_drawing(Visitor(server, http, index, n), data, until) for n in range(1, OTHERS + 1)]
    page = probe(lambda: http.get(server.url), until)
    search = probe(lambda: find_styles(server, http), until)
    *drawn, asked, searched = await asyncio.gather(*many, *others, page, search)
    waits = [wait for each in drawn[CALLS:] for wait in each]
    pictures = sum(map(len, drawn))
    return {
        "pictures of who sends sixteen": sum(map(len, drawn[:CALLS])),
        "pictures of each other": [len(each) for each in drawn[CALLS:]],
        "share, s": round((OTHERS + 1) * seconds / pictures, 2),
        "wait of the others, s": {"median": round(statistics.median(waits), 2), "most": round(max(waits), 2)},
        "page, ms": describe(asked),
        "style search, ms": describe(searched),
    }


async def keep_calling(server: Server, http: httpx.AsyncClient, until: float) -> list[float]:
    """Draw by POST /v1/draw, all of one address; return the seconds of each that came in time."""
    waits, files = [], {"sketch": ("fox.png", encode_png(draw_fox()))}
    while (began := time.monotonic()) < until:
        answer = await http.post(f"{server.url}/v1/draw", files=files, data={"prompt": "a red fox"})
        answer.raise_for_status()
        if time.monotonic() <= until:
            waits.append(time.monotonic() - began)
    return waits


async def find_styles(server: Server, http: httpx.AsyncClient) -> httpx.Response:
    """Search styles as a client does: send the call, then fetch its answer."""
    sent = await http.post(f"{server.api}/call/find_styles", json={"data": ["a neon city at night", 5]})
    return await http.get(f"{server.api}/call/find_styles/{sent.raise_for_status().json()['event_id']}")


def describe(spent: list[float]) -> dict[str, float]:
    """Return the middle and the 95th percentile of some times."""
    return {"median": round(statistics.median(spent)), "95th": round(statistics.quantiles(spent, n=20)[-1])}


async def measure_crowd(server: Server, http: httpx.AsyncClient) -> dict[str, int]:
    """A hundred visitors ask for a picture at once; return how their calls ended."""
    index, count = read_endpoint(server)
    data = make_inputs(server, count)
    return Counter(await asyncio.gather(*(Visitor(server, http, index, 1000 + n).draw(data) for n in range(CROWD))))


async def drop(call: Awaitable[Any]) -> None:
    """Wait for a call until this is cancelled: its connection is dropped then."""
    await call


async def measure_cancels(server: Server, http: httpx.AsyncClient, chance: random.Random) -> dict[str, Any]:
    """A hundred calls are dropped at random moments; return how long the next picture takes after them, and before."""
    index, count = read_endpoint(server)
    data, visitor = make_inputs(server, count), Visitor(server, http, index, 2000)
    began = time.monotonic()
    await visitor.draw(data)
    alone = time.monotonic() - began
    ends = Counter[str]()
    for _ in range(CROWD):
        by_queue = chance.random() < 0.5
        task = asyncio.create_task(drop(visitor.draw(data) if by_queue else keep_calling(server, http, LIMIT + began)))
        done, _ = await asyncio.wait([task], timeout=chance.uniform(0, 2 * alone))
        task.cancel()
        ends["over" if done else "dropped"] += 1
    began = time.monotonic()
    end = await Visitor(server, http, index, 3000).draw(data)
    return {**ends, "next": end, "s": round(time.monotonic() - began, 2), "s alone": round(alone, 2)}


async def wait_for_models(server: Server, http: httpx.AsyncClient) -> None:
    """Wait until pictures can be drawn; the page is asked first, since a start under load is slow."""
    while (await http.get(server.url)).elapsed.total_seconds() > 1:
        await asyncio.sleep(1)
    await keep_calling(server, http, time.monotonic() + 1)


async def measure(server: Server, seconds: float, seed: int) -> None:
    """Print each part's figures."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=LIMIT, limits=limits) as http:
        await wait_for_models(server, http)
        print(json.dumps({"fairness": await measure_fairness(server, http, seconds)}), flush=True)
        print(json.dumps({"crowd": await measure_crowd(server, http)}), flush=True)
        print(json.dumps({"cancels": await measure_cancels(server, http, random.Random(seed))}), flush=True)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of the first part")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, run_app(Path(folder)) as server:
        asyncio.run(measure(server, given.seconds, given.seed))


if __name__ == "__main__":
    main()
