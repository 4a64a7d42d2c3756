"""Carry measured seconds of a picture to many workers: `python -m tests.benchmarks.cluster_simulation --seconds 0.26`.

Visitors think, ask for a picture, wait for a worker and think again; the number of workers follows the cluster's own
rule (`pipeline/serve/scaling.py`). A line of JSON for each crowd: pictures a second, waits, workers; seconds in all.
What it leaves out: the network, the page's own work, workers that fail, and refusals where too many wait.
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.serve.application import UP_SECONDS
from pipeline.serve.scaling import Scaling
from pipeline.settings import Settings

THINKING = (30.0, 120.0)  # seconds between two pictures of a visitor
LOOK = 1.0  # seconds between two looks of the rule
ASK, END, SCALE, START = range(4)


@dataclass
class Cluster:
    """Cluster is the workers and the queue in front of them, in simulated time."""

    seconds: Sequence[float]  # of pictures, as measured; each is drawn from these at random
    least: int
    most: int
    scaling: Scaling
    down_seconds: float
    start_seconds: float  # of a worker, until it draws
    chance: random.Random
    now: float = 0.0
    workers: int = 0
    target: int = 0
    busy: int = 0
    queue: deque[float] = field(default_factory=deque)  # when each that waits came
    waits: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)  # workers at each look
    _events: list[tuple[float, int, int]] = field(default_factory=list)
    _numbers: int = 0
    _above_since: float | None = None
    _below_since: float | None = None

    def run(self, visitors: int, until: float) -> None:
        """Let visitors come for so many seconds."""
        self.workers = self.target = self.least
        for _ in range(visitors):
            self._plan(self.chance.uniform(0, THINKING[1]), ASK)
        self._plan(0.0, SCALE)
        acts = {ASK: self._ask, END: self._end, SCALE: self._scale, START: self._start}
        while self._events and self._events[0][0] <= until:
            self.now, _, kind = heapq.heappop(self._events)
            acts[kind]()

    def _plan(self, after: float, kind: int) -> None:
        self._numbers += 1
        heapq.heappush(self._events, (self.now + after, self._numbers, kind))

    def _ask(self) -> None:
        self.queue.append(self.now)
        self._serve()

    def _serve(self) -> None:
        while self.queue and self.busy < self.workers:
            self.waits.append(self.now - self.queue.popleft())
            self.busy += 1
            self._plan(self.chance.choice(self.seconds), END)

    def _end(self) -> None:
        self.busy -= 1
        self._plan(self.chance.uniform(*THINKING), ASK)
        self._serve()

    def _start(self) -> None:
        self.workers = min(self.workers + 1, self.target)
        self._serve()

    def _scale(self) -> None:
        self.sizes.append(self.workers)
        wanted = self.scaling.choose(self.target, len(self.queue), self.busy + len(self.queue))
        wanted = min(max(wanted, self.least), self.most)
        self._above_since = (self._above_since or self.now) if wanted > self.target else None
        self._below_since = (self._below_since or self.now) if wanted < self.target else None
        if self._above_since is not None and self.now - self._above_since >= UP_SECONDS:
            for _ in range(wanted - self.target):
                self._plan(self.start_seconds, START)
            self.target, self._above_since = wanted, None
        if self._below_since is not None and self.now - self._below_since >= self.down_seconds:
            self.target, self._below_since = wanted, None
            self.workers = min(self.workers, wanted)
        self._plan(LOOK, SCALE)


def simulate(
    visitors: int, seconds: Sequence[float], least: int, most: int, *, minutes: float = 30.0, start: float = 60.0
) -> dict[str, object]:
    """Simulate a crowd; return its figures."""
    rule = Settings()
    scaling = Scaling(rule.queue_up, rule.queue_down)
    cluster = Cluster(seconds, least, most, scaling, rule.queue_down_seconds, start, random.Random(visitors))
    cluster.run(visitors, 60 * minutes)
    waits = sorted(cluster.waits)
    return {
        "visitors": visitors,
        "workers": f"{least} to {most}",
        "pictures a second": round(len(waits) / (60 * minutes), 2),
        "wait, s": {str(p): round(waits[int(len(waits) * p / 100)], 1) for p in (50, 95, 99)},
        "workers, mean": round(statistics.fmean(cluster.sizes), 1),
        "workers, most": max(cluster.sizes),
        "still waiting": len(cluster.queue),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", required=True, help="measured seconds of pictures, with commas between them")
    parser.add_argument("--start", type=float, default=60.0, help="seconds until a new worker draws")
    options = parser.parse_args()
    seconds = [float(each) for each in options.seconds.split(",")]
    for workers in (1, 2, 5, 10, 25, 50):
        print(json.dumps(simulate(1_000, seconds, workers, workers)), flush=True)
    for visitors in (100, 1_000, 2_000):
        print(json.dumps(simulate(visitors, seconds, 5, 50, start=options.start)), flush=True)


if __name__ == "__main__":
    main()
