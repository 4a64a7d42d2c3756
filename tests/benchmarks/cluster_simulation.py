"""Carry measured seconds of a picture to many workers: `python -m tests.benchmarks.cluster_simulation --seconds 0.26`.

Visitors think, ask for a picture, wait for a worker and think again, in the order of the cluster's own line
(`pipeline/engine/fair_order.py`); the number of workers follows its own rule (`pipeline/serve/scaling.py`). A line of
JSON for each crowd: pictures a second, waits, workers; with `--many 16` also for crowds of which one more visitor keeps
sixteen calls open, and what that one gets; seconds in all. What it leaves out: the network, the page's own work,
workers that fail, and refusals where too many wait.
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from pipeline.engine.fair_order import FairOrder
from pipeline.serve.application import UP_SECONDS
from pipeline.serve.scaling import Scaling
from pipeline.settings import Settings

THINKING = (30.0, 120.0)  # seconds between two pictures of a visitor
LOOK = 1.0  # seconds between two looks of the rule
WINDOW = 30.0  # seconds in which a share is reckoned
MANY = "many"  # who keeps many calls open


@dataclass(frozen=True, eq=False)
class Asked:
    """Asked is a picture that was asked for."""

    visitor: str
    at: float


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
    busy: set[str] = field(default_factory=set)  # visitors whose picture is drawn
    queue: FairOrder[Asked] = field(default_factory=FairOrder)
    waits: list[tuple[float, float]] = field(default_factory=list)  # when each began, and after how long, but for MANY
    many: list[float] = field(default_factory=list)  # when pictures of MANY began
    sizes: list[int] = field(default_factory=list)  # workers at each look
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: int = 0
    _above_since: float | None = None
    _below_since: float | None = None

    def run(self, visitors: int, until: float, many: int = 0) -> None:
        """Let visitors come for so many seconds, and one more who keeps `many` calls open."""
        self.workers = self.target = self.least
        for number in range(visitors):
            self._plan(self.chance.uniform(0, THINKING[1]), partial(self._ask, str(number)))
        for _ in range(many):
            self._plan(0.0, partial(self._ask, MANY))
        self._plan(0.0, self._scale)
        while self._events and self._events[0][0] <= until:
            self.now, _, act = heapq.heappop(self._events)
            act()

    def _plan(self, after: float, act: Callable[[], None]) -> None:
        self._numbers += 1
        heapq.heappush(self._events, (self.now + after, self._numbers, act))

    def _ask(self, visitor: str) -> None:
        self.queue.add(visitor, Asked(visitor, self.now))
        self._serve()

    def _serve(self) -> None:
        while len(self.busy) < self.workers and (asked := self.queue.find_next(self.busy)) is not None:
            if asked.visitor == MANY:
                self.many.append(self.now)
            else:
                self.waits.append((self.now, self.now - asked.at))
            self.queue.serve(asked.visitor, asked)
            self.busy.add(asked.visitor)
            self._plan(self.chance.choice(self.seconds), partial(self._end, asked))

    def _end(self, asked: Asked) -> None:
        self.busy.remove(asked.visitor)
        self.queue.end(asked.visitor, asked)
        self._plan(0.0 if asked.visitor == MANY else self.chance.uniform(*THINKING), partial(self._ask, asked.visitor))
        self._serve()

    def _start(self) -> None:
        self.workers = min(self.workers + 1, self.target)
        self._serve()

    def _scale(self) -> None:
        self.sizes.append(self.workers)
        wanted = self.scaling.choose(self.target, len(self.queue), len(self.busy) + len(self.queue))
        wanted = min(max(wanted, self.least), self.most)
        self._above_since = (self._above_since or self.now) if wanted > self.target else None
        self._below_since = (self._below_since or self.now) if wanted < self.target else None
        if self._above_since is not None and self.now - self._above_since >= UP_SECONDS:
            for _ in range(wanted - self.target):
                self._plan(self.start_seconds, self._start)
            self.target, self._above_since = wanted, None
        if self._below_since is not None and self.now - self._below_since >= self.down_seconds:
            self.target, self._below_since = wanted, None
            self.workers = min(self.workers, wanted)
        self._plan(LOOK, self._scale)


def simulate(
    visitors: int,
    seconds: Sequence[float],
    least: int,
    most: int,
    *,
    minutes: float = 30.0,
    start: float = 60.0,
    many: int = 0,
) -> dict[str, object]:
    """Simulate a crowd, and one more visitor who keeps `many` calls open; return its figures."""
    rule = Settings()
    scaling = Scaling(rule.queue_up, rule.queue_down)
    cluster = Cluster(seconds, least, most, scaling, rule.queue_down_seconds, start, random.Random(visitors))
    cluster.run(visitors, 60 * minutes, many)
    waits = sorted(wait for _, wait in cluster.waits)
    of_many = {"pictures of who keeps many open": len(cluster.many), "turns of a visitor": count_turns(cluster)}
    return {
        "visitors": visitors,
        "workers": f"{least} to {most}",
        "pictures a second": round(len(waits) / (60 * minutes), 2),
        "wait, s": {str(p): round(waits[int(len(waits) * p / 100)], 1) for p in (50, 95, 99)},
        "workers, mean": round(statistics.fmean(cluster.sizes), 1),
        "workers, most": max(cluster.sizes),
        "still waiting": len(cluster.queue),
        **(of_many if many else {}),
    }


def count_turns(cluster: Cluster) -> float:
    """Return how often somebody of the crowd had begun who always waits: the time by the waits in each window."""
    seconds, windows = statistics.fmean(cluster.seconds), dict[int, list[float]]()
    for at, wait in cluster.waits:
        windows.setdefault(int(at / WINDOW), []).append(wait)
    return round(sum(WINDOW / (statistics.fmean(waits) + seconds) for waits in windows.values()), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", required=True, help="measured seconds of pictures, with commas between them")
    parser.add_argument("--start", type=float, default=60.0, help="seconds until a new worker draws")
    parser.add_argument("--many", type=int, default=0, help="calls that one more visitor keeps open")
    options = parser.parse_args()
    seconds = [float(each) for each in options.seconds.split(",")]
    for workers in (1, 2, 5, 10, 25, 50):
        print(json.dumps(simulate(1_000, seconds, workers, workers)), flush=True)
    for visitors in (100, 1_000, 2_000):
        print(json.dumps(simulate(visitors, seconds, 5, 50, start=options.start)), flush=True)
    for workers in (1, 2, 5) if options.many else ():
        print(json.dumps(simulate(1_000, seconds, workers, workers, many=options.many)), flush=True)


if __name__ == "__main__":
    main()
