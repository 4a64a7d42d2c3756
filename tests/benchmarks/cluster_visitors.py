"""Visit a cluster as a thousand people do: what `python -m tests.benchmarks.cluster` has locust run.

Each visitor comes from an address of their own, thinks, asks POST /v1/draw for a picture, and thinks again; who is
refused comes back when told. One more visitor keeps sixteen calls open. Each call is written as JSON into the file that
CLUSTER_CALLS names. locust changes sockets and threads for gevent, so it has a process of its own, and nothing of
Croquis is imported here.
"""

from __future__ import annotations

import json
import os
import random
import time
from dataclasses import asdict
from ipaddress import IPv4Address
from itertools import count
from pathlib import Path
from typing import Any

from locust import HttpUser, events, task

from tests.benchmarks.cluster_ends import MANY, REFUSED, SIXTEEN, UNTOLD, Call, name_end

THINKING = tuple(float(each) for each in os.environ.get("CLUSTER_THINKING", "30,120").split(","))
THINGS = ("a red fox", "a house by the sea", "an owl at night", "a teapot", "two boats in the snow")
PATIENCE = 300  # seconds
ADDRESSES = map(str, map(IPv4Address, count(int(IPv4Address("10.0.0.1")))))
calls: list[Call] = []
began = time.monotonic()


class Visitor(HttpUser):
    """Visitor draws one picture after the other, with time between them."""

    thinking = THINKING

    def on_start(self) -> None:
        """Come at a random moment, as people do."""
        self._drawing = Path(os.environ["CLUSTER_DRAWING"]).read_bytes()
        self._address, self._told, self._wanted = self.find_address(), 0, 0.0
        time.sleep(random.uniform(0, self.thinking[1]))

    def find_address(self) -> str:
        """Return the address that a proxy says the visitor has: one that nobody else has."""
        return next(ADDRESSES)

    def wait_time(self) -> float:
        """Return the seconds until the next call: those that a refusal told, else time to think."""
        return float(self._told or random.uniform(*self.thinking))

    @task
    def draw(self) -> None:
        """Ask for one picture."""
        asked = {"prompt": random.choice(THINGS), "seed": random.randrange(2**31)}
        sent: dict[str, Any] = {"files": {"sketch": ("drawing.png", self._drawing)}, "data": asked}
        asked_at, headers = time.monotonic(), {"X-Forwarded-For": self._address}
        self._wanted = self._wanted if self._told else asked_at
        with self.client.post("/v1/draw", headers=headers, timeout=PATIENCE, catch_response=True, **sent) as answer:
            told, now = (answer.headers or {}).get("Retry-After", ""), time.monotonic()
            end = name_end(answer.status_code, answer.content or b"", told)
            self._told = int(told) if end == REFUSED else 0
            spent = (round(now - since, 3) for since in (asked_at, self._wanted, began))
            calls.append(Call(self._address, end, *spent))
            if end == UNTOLD:
                answer.failure(end)
            else:
                answer.success()


class Sixteen(Visitor):
    """Sixteen calls at a time of one visitor, who takes no time to think."""

    fixed_count = SIXTEEN
    thinking = (0.0, 0.0)

    def find_address(self) -> str:
        """Return the address that all of them have."""
        return MANY


@events.test_start.add_listener
def note_begin(**_: Any) -> None:
    """Note when visitors began to come."""
    global began  # noqa: PLW0603 - locust's listeners share nothing else
    began = time.monotonic()


@events.quitting.add_listener
def write_calls(**_: Any) -> None:
    """Write how each call ended, and how long it took."""
    Path(os.environ["CLUSTER_CALLS"]).write_text(json.dumps([asdict(each) for each in calls]))
