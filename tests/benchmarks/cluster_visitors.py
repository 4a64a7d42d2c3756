"""Visit a cluster as a thousand people do: what `python -m tests.benchmarks.cluster` has locust run.

Each visitor thinks, asks POST /v1/draw for a picture, and thinks again. How the calls ended is written as JSON into the
file that CLUSTER_ENDS names. locust changes sockets and threads for gevent, so it has a process of its own, and nothing
of Croquis is imported here.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

from locust import HttpUser, between, events, task

from tests.benchmarks.cluster_ends import PICTURE, UNTOLD, name_end

THINKING = tuple(float(each) for each in os.environ.get("CLUSTER_THINKING", "30,120").split(","))
THINGS = ("a red fox", "a house by the sea", "an owl at night", "a teapot", "two boats in the snow")
PATIENCE = 300  # seconds
ends: Counter[str] = Counter()
waits: list[float] = []


class Visitor(HttpUser):
    """Visitor draws one picture after the other, with time between them."""

    wait_time = between(*THINKING)

    def on_start(self) -> None:
        """Come at a random moment, as people do."""
        self._drawing = Path(os.environ["CLUSTER_DRAWING"]).read_bytes()
        time.sleep(random.uniform(0, THINKING[1]))

    @task
    def draw(self) -> None:
        """Ask for one picture."""
        asked = {"prompt": random.choice(THINGS), "seed": random.randrange(2**31)}
        files, began = {"sketch": ("drawing.png", self._drawing)}, time.monotonic()
        with self.client.post("/v1/draw", files=files, data=asked, timeout=PATIENCE, catch_response=True) as answer:
            end = name_end(answer.status_code, answer.content or b"")
            ends[end] += 1
            if end == PICTURE:
                waits.append(round(time.monotonic() - began, 3))
            if end == UNTOLD:
                answer.failure(end)
            else:
                answer.success()


@events.quitting.add_listener
def write_ends(**_: Any) -> None:
    """Write how all calls ended, and how long pictures took."""
    Path(os.environ["CLUSTER_ENDS"]).write_text(json.dumps({"ends": ends, "waits": waits}))
