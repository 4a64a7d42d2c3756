"""Kill what keeps things at random moments: `python -m tests.benchmarks.kills [--moments 200]`, some five minutes.

Small processes add styles, write pictures, keep a history (its clock put back at each start), write a training's
checkpoints and download a model, each over and over. They are killed (kill -9), two at once on one home, or may write
no more (the system's limit on a file's size stands for a full disk). Nothing that was acknowledged may be missing at
the next start, nothing there may be damaged, and a write that failed must have been told.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import random
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pipeline.models.profile import ModelPart, WeightFile
from tests.benchmarks.kill_acts import ACTS, Act, Known, Step, offer_style
from tests.tools.hub_server import PINNED, serve_hub

SHARED = ("styles", "pictures", "history")  # what two processes on one home do at once
LONGEST = 0.4  # seconds until a kill
PATIENCE = 120.0  # seconds that a start may take on a busy machine
MOST_BYTES = 40_000  # of a file where the disk is full
MODEL = "model.bin"
PRELOADED = ["tests.benchmarks.kill_acts", "pipeline.store.adopting", "huggingface_hub.file_download"]


@dataclass
class Home:
    """Home is what a process of one name keeps in a folder, as far as it was acknowledged."""

    kind: str
    folder: Path
    name: str = "a"
    known: Known = field(default_factory=dict)
    under_way: Step | None = None
    steps: int = 0
    faults: list[str] = field(default_factory=list)

    def expect(self, found: Known) -> None:
        """Note as faults what was acknowledged and is not there, and what is there and nobody made."""
        own = {name: value for name, value in found.items() if self.kind not in SHARED or name.startswith(self.name)}
        for name in self.known.keys() | own.keys():
            step = self.under_way if self.under_way is not None and self.under_way.name == name else None
            may_be = [self.known.get(name)] if step is None else step.list_ends()
            if own.get(name) not in may_be:
                self.faults.append(f"{self.kind}: {name} is {own.get(name)}, not one of {may_be}")
        self.known, self.under_way = own, None

    def note(self, kind: str, said: Any) -> None:
        """Note what the process says."""
        if kind == "found":
            self.expect(said)
        elif kind == "begin":
            self.under_way, self.steps = said, self.steps + 1
        elif kind == "done":
            self.under_way = None
            self.known = {**self.known, said.name: said.value}
            self.known = {name: value for name, value in self.known.items() if value is not None}
        elif kind == "fault":
            self.faults.append(f"{self.kind}: {said}")


class Process:
    """Process is one child that acts until it is killed."""

    def __init__(self, home: Home, given: dict[str, Any], is_full: bool = False) -> None:
        context = multiprocessing.get_context("forkserver")
        self._home, self.told = home, 0
        self._pipe, theirs = context.Pipe(duplex=False)
        arguments = (home.kind, str(home.folder), home.name, home.steps, given, theirs, is_full)
        self._child = context.Process(target=act_until_killed, args=arguments, daemon=True)
        self._child.start()
        theirs.close()

    def wait_for_start(self) -> None:
        """Wait until the process has said what it found."""
        if not self._pipe.poll(PATIENCE):
            self._home.faults.append(f"{self._home.kind}: a start took over {PATIENCE:.0f} s")
        else:
            self._hear_one()

    def kill(self, seconds: float) -> None:
        """Let it act for so long, kill it, and note what it said."""
        self._child.join(seconds)
        self._child.kill()
        self._child.join()
        while self._hear_one():
            pass

    def _hear_one(self) -> bool:
        try:
            kind, said = self._pipe.recv()
        except (EOFError, OSError):
            return False
        self.told += kind == "told"
        self._home.note(kind, said)
        return True


def act_until_killed(
    kind: str, folder: str, name: str, number: int, given: dict[str, Any], pipe: Connection, is_full: bool
) -> None:
    """Say what is found at the start, then act and say each step; where the disk fills up, end with what was told."""
    from pipeline.studio.messages import UNEXPECTED_ERROR, explain_error

    chance = random.Random(given["seed"])
    try:
        act: Act = ACTS[kind](Path(folder), {**given, "chance": chance})
        found = act.find()
    except Exception as error:  # noqa: BLE001 - whatever a start raises is a fault
        pipe.send(("fault", f"{type(error).__name__}: {error}"))
        return
    pipe.send(("found", found))
    known = {key: value for key, value in found.items() if kind not in SHARED or key.startswith(name)}
    try:
        while True:
            if is_full:
                resource.setrlimit(resource.RLIMIT_FSIZE, (chance.randrange(MOST_BYTES), MOST_BYTES))
            step = act.choose(known, f"{name} {number}", chance)
            pipe.send(("begin", step))
            act.do(step)
            pipe.send(("done", step))
            known = {key: value for key, value in {**known, step.name: step.value}.items() if value is not None}
            number += 1
    except Exception as error:  # noqa: BLE001 - whatever a full disk raises is told or a fault
        words = explain_error(error)
        is_told = is_full and words != UNEXPECTED_ERROR
        pipe.send(("told", words) if is_told else ("fault", f"{type(error).__name__}: {error}"))


@contextmanager
def offer_model(folder: Path) -> Iterator[dict[str, Any]]:
    """Offer a model of 300 kB that comes slowly; yield what a process is told of it."""
    data = random.Random(0).randbytes(300_000)
    (folder / "repository").mkdir(parents=True)
    (folder / "repository" / MODEL).write_bytes(data)
    file = WeightFile(MODEL, len(data), hashlib.sha256(data).hexdigest())
    with serve_hub() as hub:
        hub.add("a/b", folder / "repository", PINNED)
        hub.slow = 0.002
        yield {"part": ModelPart("net", ".", "a/b", PINNED, (file,)), "hub": hub.address}


def kill_one(home: Home, given: dict[str, Any], chance: random.Random) -> None:
    """Start a process, and kill it at a random moment."""
    process = Process(home, {**given, "seed": chance.random()})
    process.wait_for_start()
    process.kill(chance.uniform(0, LONGEST))


def kill_beside_another(homes: list[Home], given: dict[str, Any], chance: random.Random) -> None:
    """Start two processes on one folder, and kill each at a random moment."""
    processes = [Process(home, {**given, "seed": chance.random()}) for home in homes]
    for process in processes:
        process.wait_for_start()
    for process in processes:
        process.kill(chance.uniform(0, LONGEST))


def fill_disk(home: Home, given: dict[str, Any], chance: random.Random) -> int:
    """Let a process act while its files may not grow; return how often it told so."""
    process = Process(home, {**given, "seed": chance.random()}, is_full=True)
    process.wait_for_start()
    process.kill(5)
    return process.told


def measure(folder: Path, moments: int, seed: int) -> dict[str, Any]:
    """Kill at so many moments in turn, of each kind; return what was done and every fault."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOADED)
    chance = random.Random(seed)
    homes = {kind: Home(kind, folder / kind) for kind in ACTS}
    pairs = {kind: [Home(kind, folder / f"two-{kind}", name) for name in "ab"] for kind in SHARED}
    counted = Counter[str]()
    for each in (*homes.values(), *(home for pair in pairs.values() for home in pair)):
        offer_style(each.folder)
    with offer_model(folder) as given:
        for moment in range(moments):
            kind = list(ACTS)[moment % len(ACTS)]
            kill_one(homes[kind], given, chance)
            counted["kills"] += 1
            if moment % len(ACTS) == 0:
                kill_beside_another(pairs[SHARED[moment // len(ACTS) % len(SHARED)]], given, chance)
                counted["kills of two on one home"] += 2
                full = list(ACTS)[moment // len(ACTS) % len(ACTS)]
                counted["full disks told"] += fill_disk(homes[full], given, chance)
        everyone = [*homes.values(), *(home for pair in pairs.values() for home in pair)]
        for home in everyone:  # a last start
            kill_one(home, given, chance)
    steps = Counter({home.kind: 0 for home in everyone})
    for home in everyone:
        steps[home.kind] += home.steps
    return {**counted, "steps": dict(steps), "faults": [fault for home in everyone for fault in home.faults]}


def main() -> None:
    """Read the command line, measure, and end with 1 where there are faults."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        done = measure(Path(folder), given.moments, given.seed)
    print(json.dumps(done, indent=1))
    sys.exit(bool(done["faults"]))


if __name__ == "__main__":
    main()
