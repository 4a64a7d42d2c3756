"""Leave a hundred draws at random moments: `python -m tests.benchmarks.cancels [--count 100] [--seed 0]`.

In turn: a client's cancel (Gradio's route, which its clients call), a closed tab (its session's stream breaks off), a
dropped connection of /v1/draw, and the page's Stop button (the requests that the page sends: Draw by the queue with a
ticket, Stop with that ticket; in a browser tests/browser/test_picture_by_hand.py presses it). After each the open calls
are asked for (/metrics) until there is none, which has to be within a step. One line of JSON: how many of each kind
were left while they ran, the median and the most of the seconds until their place was free, the most calls open at
once, the longest part of such a picture between two looks for a cancel, and how the picture after them ended. Some
three minutes on two cores.
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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from pipeline.errors import watch_cancel
from pipeline.settings import Settings
from pipeline.studio.calls import draw_call, read_call
from pipeline.studio.studio import Studio
from tests.benchmarks.visitors import LIMIT, Visitor, make_inputs, read_endpoint, wait_for_models
from tests.tools.cancel_looks import CancelLooks
from tests.tools.image_files import draw_fox, encode_png
from tests.tools.serving import Server, run_app

COUNT = 100
TICKET = "ticket"
LOOK = 0.02  # seconds between two looks at the open calls
OPEN = re.compile(r"^croquis_calls_open (\S+)$", re.MULTILINE)
WAYS = ("cancel", "closed tab", "dropped connection", "Stop button")
WORDS = "a red fox"
STROKE = {"tool": "pen", "size": 9, "color": "#000000", "points": [[90, 400, 0.5], [256, 80, 0.5], [420, 400, 0.5]]}
CANVAS = json.dumps({"version": 1, "width": 512, "height": 512, "picture": None, "strokes": [STROKE]})


class Page:
    """Page sends what the page sends when Draw and Stop are pressed, all else as it is when it opens."""

    def __init__(self, server: Server, http: httpx.AsyncClient) -> None:
        self._api, self._http = server.api, http
        config = httpx.get(f"{server.url}/config", timeout=LIMIT).json()
        (self._draw, self._inputs), (self._stop, _) = (find_click(config, button) for button in ("draw", "stop"))

    async def draw(self, session: str) -> None:
        """Press Draw; the session's name is the run's ticket, too."""
        given = {"canvas": CANVAS, "prompt": WORDS, TICKET: session}
        data = [given.get(name, value) for name, value in self._inputs]
        await self._send("queue/join", fn_index=self._draw, data=data, session_hash=session)

    async def stop(self, session: str) -> None:
        """Press Stop."""
        await self._send("run/predict", fn_index=self._stop, data=[session], session_hash=session)

    async def _send(self, route: str, **body: Any) -> None:
        (await self._http.post(f"{self._api}/{route}", json=body)).raise_for_status()


def find_click(config: Mapping[str, Any], button: str) -> tuple[int, list[tuple[str, Any]]]:
    """Find what hears a button's click in the page's config: its index, and each input's name and value.

    An input's name is that of its element, or its label. Raises LookupError where nothing hears it.
    """
    shown = {each["id"]: each["props"] for each in config["components"]}
    [place] = [id for id, props in shown.items() if props.get("elem_id") == button]
    for each in config["dependencies"]:
        if [place, "click"] in [list(target) for target in each["targets"]]:
            inputs = [shown[id] for id in each["inputs"]]
            return each["id"], [(one.get("elem_id") or one.get("label") or "", one.get("value")) for one in inputs]
    raise LookupError(f"Nothing hears the click of {button}.")


class Leaver:
    """Leaver begins draws and leaves them."""

    def __init__(self, server: Server, http: httpx.AsyncClient) -> None:
        self._server, self._http = server, http
        self._index, count = read_endpoint(server)
        self._data = make_inputs(server, count)
        self._page = Page(server, http)

    async def draw(self, number: int) -> str:
        """Draw one picture to its end."""
        return await Visitor(self._server, self._http, self._index, number).draw(self._data)

    async def leave(self, way: str, number: int, seconds: float) -> bool:
        """Begin a draw and leave it after some seconds; return whether it ran then."""
        session = f"leaver{number}"
        event = await self._begin(way, session)  # first, as clients do: without a call the stream may end at once
        task = asyncio.create_task(self._send() if way == "dropped connection" else self._listen(session))
        done, _ = await asyncio.wait([task], timeout=seconds)
        for each in done:
            each.result()  # raises what ended it
        if way == "cancel":
            told = {"session_hash": session, "fn_index": self._index, "event_id": event}
            (await self._http.post(f"{self._server.api}/cancel", json=told)).raise_for_status()
        if way == "Stop button":
            await self._page.stop(session)
        else:
            task.cancel()
        return not done

    async def _begin(self, way: str, session: str) -> str:
        """Ask for the picture over the queue where it comes by that; return the call's event where one is told."""
        if way == "Stop button":
            await self._page.draw(session)
        return await self._join(session) if way in ("cancel", "closed tab") else ""

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
        await self._http.post(f"{self._server.url}/v1/draw", files=files, data={"prompt": WORDS})


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
    return {
        "left while they ran": ran,
        "place free after, s (median, most)": summarise(free),
        "open at once": most,
        "alone, s": round(alone, 2),
        "next": end,
    }


def summarise(free: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Return the median and the most of each way's seconds; a way without any is left out."""
    return {way: [round(statistics.median(times), 3), round(max(times), 2)] for way, times in free.items() if times}


def measure_longest_part(folder: Path) -> float:
    """Return the seconds of the longest part of such a picture between two looks for a cancel, its file included."""
    studio = Studio(Settings(profile="pocket", user_dir=folder))
    studio.start_loading()
    files: dict[str, object] = {"sketch": encode_png(draw_fox()), "prompt": WORDS}
    studio.write_picture(draw_call(studio, read_call(files))[0])  # the first one takes longer
    with watch_cancel(looks := CancelLooks(clock=time.monotonic)):
        studio.write_picture(draw_call(studio, read_call(files), is_cancelled=looks)[0])
    looks.end()
    return looks.longest


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with run_app(Path(folder)) as server:
            found = asyncio.run(measure(server, given.count, given.seed))
        found["longest part between two looks, s"] = round(measure_longest_part(Path(folder) / "own"), 3)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
