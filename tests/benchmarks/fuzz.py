"""Send calls that no client sends to every route: `python -m tests.benchmarks.fuzz [--calls 10000] [--seed 0]`.

One line of JSON: answers by their hundreds, what was wrong with any, tracebacks in the log, the slowest refusal in
seconds, how many calls were sent again since the connection kept for them was just being closed, and by how many MB the
server grew since each route had been called once. Some ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]

from tests.tools.image_files import draw_fox, encode_png
from tests.tools.route_calls import Route, RouteCall, RouteFaults
from tests.tools.server_routes import list_server_routes
from tests.tools.serving import ANSWER_LIMIT, Server, run_app

CALLERS = 4
LEAK = re.compile(r"Traceback|site-packages|File \"|\.py\", line")
CLOSED = ("ReadError", "RemoteProtocolError")  # of httpx
OPENED = "connection.connect_tcp.started"  # an event of httpcore
INVALID = "Invalid HTTP request received."
SILENCE = 30  # seconds without an answer
REFUSAL = 1.0  # seconds for one
ENOUGH = 20_000  # bytes of an answer that are read


@dataclass(frozen=True)
class Outcome:
    """Outcome is how one call ended: its status, 0 for none, the answer's first bytes, and its seconds."""

    call: RouteCall
    status: int
    text: str
    seconds: float
    is_kept: bool = False  # the connection was that of an earlier call
    is_second: bool = False  # it was sent once more

    def judge(self) -> str | None:
        """Say what is wrong with the answer; None where nothing is."""
        if self.status == 0:
            return "no answer"
        if self.status >= 500 and not is_honest(self):
            return "5xx"
        if LEAK.search(self.text):
            return "it leaks"
        if 400 <= self.status < 500 and self.call.method != "HEAD" and not has_words(self.text):
            return "no words"
        return None


def is_honest(outcome: Outcome) -> bool:
    """Return whether a 503 says when to come back, or that what is asked for is not there yet, as /ready does."""
    return outcome.status == 503 and (outcome.call.method == "HEAD" or has_words(outcome.text))


def has_words(text: str) -> bool:
    """Return whether an answer is {"error": a sentence}, or what uvicorn says of what is no HTTP."""
    if text == INVALID:
        return True
    try:
        words = json.loads(text)["error"]
    except (ValueError, TypeError, KeyError):
        return False
    return isinstance(words, str) and len(words) >= 12 and words.endswith((".", "!", "?"))


def send(client: httpx.Client, server: Server, call: RouteCall) -> Outcome:
    """Send a call; return how it ended. A connection that was kept and is just being closed is opened once more."""
    outcome = send_once(client, server, call)
    is_closed = outcome.status == 0 and outcome.text.startswith(CLOSED) and outcome.is_kept
    return replace(send_once(client, server, call), is_second=True) if is_closed else outcome


def send_once(client: httpx.Client, server: Server, call: RouteCall) -> Outcome:
    """Send a call over a kept connection or a new one. Of an answer without end the first bytes are enough."""
    began, events = time.monotonic(), list[str]()
    try:
        url = httpx.URL(server.url).copy_with(raw_path=call.path.encode())
        traced = {"trace": lambda event, _: events.append(event)}
        with client.stream(
            call.method, url, headers=dict(call.headers), content=call.body, extensions=traced
        ) as answer:
            status, text = answer.status_code, read_start(answer)
    except httpx.HTTPError as error:
        status, text = 0, repr(error)
    return Outcome(call, status, text, time.monotonic() - began, OPENED not in events)


def read_start(answer: httpx.Response) -> str:
    """Return an answer's first bytes as text; of a stream of events, which may have no end, none after the first."""
    read = b""
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        return ""
    for chunk in answer.iter_bytes():
        read += chunk
        if len(read) > ENOUGH:
            break
    return read.decode("utf-8", "replace")


def make_faults(server: Server, draw: random.Random) -> RouteFaults:
    """Make what draws calls for a running server."""
    config = httpx.get(f"{server.url}/config", timeout=ANSWER_LIMIT).json()
    inputs = {each["id"]: len(each["inputs"]) for each in config["dependencies"]}
    endpoints = [name for each in config["dependencies"] if isinstance(name := each["api_name"], str)]
    return RouteFaults(draw, inputs, endpoints, server.upload("fox.png", encode_png(draw_fox())))


def call_routes(server: Server, routes: Sequence[Route], count: int, seed: int) -> list[Outcome]:
    """Send so many calls, every route as often as any other; return how they ended."""
    calls = list(islice(make_faults(server, random.Random(seed)).make_calls(routes), count))
    with httpx.Client(timeout=SILENCE) as client, ThreadPoolExecutor(CALLERS) as callers:
        return list(callers.map(lambda call: send(client, server, call), calls))


def retry_slow(server: Server, outcomes: Sequence[Outcome]) -> float:
    """Return the slowest refusal's seconds; what four callers and a busy machine made slow is timed again, alone."""
    refused = [each for each in outcomes if 400 <= each.status < 500]
    slow = [each for each in refused if each.seconds >= REFUSAL]
    with httpx.Client(timeout=SILENCE) as client:
        again = [min(send(client, server, each.call).seconds for _ in range(3)) for each in slow]
    return max([*again, *(each.seconds for each in refused if each.seconds < REFUSAL)], default=0.0)


def measure_megabytes(server: Server) -> float:
    """Return the megabytes of memory that the server has."""
    return float(psutil.Process(server.process.pid).memory_info().rss) / 1e6


def wait_for_models(server: Server) -> None:
    """Wait until pictures can be drawn, and draw one."""
    while httpx.get(f"{server.url}/ready", timeout=ANSWER_LIMIT).status_code != 200:
        time.sleep(0.5)
    server.call_named("draw", sketch=server.upload("fox.png", encode_png(draw_fox())), prompt="a fox", seed=1)


def measure(server: Server, routes: Sequence[Route], count: int, seed: int) -> dict[str, Any]:
    """Send the calls and return the figures."""
    wait_for_models(server)
    call_routes(server, routes, len(routes), seed + 1)
    logged, before = len(server.log.read_text()), measure_megabytes(server)
    outcomes = call_routes(server, routes, count, seed)
    wrong = [(fault, each) for each in outcomes if (fault := each.judge())]
    log = server.log.read_text()[logged:]
    return {
        "calls": len(outcomes),
        "answers": dict(Counter(f"{each.status // 100}xx" for each in outcomes)),
        "sent again": sum(each.is_second for each in outcomes),
        "wrong": dict(Counter(fault for fault, _ in wrong)),
        "of": [describe(fault, each) for fault, each in wrong[:40]],
        "tracebacks in the log": log.count("Traceback"),
        "slowest refusal, s": round(retry_slow(server, outcomes), 2),
        "grown, MB": round(measure_megabytes(server) - before, 1),
    }


def describe(fault: str, outcome: Outcome) -> str:
    """Describe what was wrong in a line."""
    call = outcome.call
    sent = f"{call.method} {call.path[:90]} {dict(call.headers)} {call.body[:400]!r}"
    return f"{fault}: {outcome.status} {outcome.text[:160]!r} for {sent}"


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, run_app(Path(folder)) as server:
        print(
            json.dumps(measure(server, list_server_routes(Path(folder) / "routes"), given.calls, given.seed), indent=1)
        )


if __name__ == "__main__":
    main()
