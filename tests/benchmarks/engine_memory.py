"""Measure what a whole engine of SD 1.5's size takes, beside the plan: python -m tests.benchmarks.engine_memory FOLDER.

FOLDER is a tree that tests/tools/sd15_tree.py wrote. Each row has a process of its own, which reads the engine from the
tree and does one thing with it: draws by one ControlNet or several, by an IP-Adapter of a person's own (--adapter names
its file), teaches a style, or draws while styles are embedded in the background. "loading" is the most while it is
read, "measured" the most afterwards. On a processor anonymous memory counts (RssAnon in /proc/self/status, Linux), with
the programs' own files as they were before any weight: weights that are cast are read out of mapped files, whose pages
the system takes back. The image encoder computes in its file's own numbers, so there all resident memory counts. On a
GPU torch's allocator counts. The plan is of the same work, with packed convolutions where there was room for them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.hints import ControlNetName
from pipeline.machine.plan import MemoryPlan, plan_memory
from pipeline.values import EdgeMap
from tests.benchmarks.report import Row, print_rows

ROOT = Path(__file__).resolve().parents[2]
STEPS, STYLES, PICTURES = 2, 8, 3  # of a picture; embedded in the background; taught by
PAUSE = 0.005  # seconds between two looks at the process's memory


@dataclass(frozen=True)
class Work:
    """Work is what an engine does while it is measured."""

    controlnets: tuple[ControlNetName, ...] = ()  # readings beside the drawing's own
    adapter: bool = False  # an IP-Adapter of a person's own
    teaches: bool = False
    embeds: bool = False  # styles in the background


WORKS: Mapping[str, Work] = {
    "plain": Work(),
    "two ControlNets": Work(("canny", "scribble")),
    "three ControlNets": Work(("canny", "scribble", "softedge")),
    "an IP-Adapter of one's own": Work(adapter=True),
    "styles in the background": Work(embeds=True),
    "teaching": Work(teaches=True),
}


class PeakWatch:
    """PeakWatch looks at this process's memory again and again, in a thread, and keeps the most that it saw."""

    def __init__(self) -> None:
        self._programs = read_field("RssFile")  # resident bytes of programs' files
        self._most: dict[str, int] = dict.fromkeys(("anonymous", "resident"), 0)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakWatch:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._ended.set()
        self._thread.join()

    def take_most(self, kind: str = "anonymous") -> int:
        """Return the most bytes since the last look."""
        most = self._most[kind]
        self._most = dict.fromkeys(self._most, 0)
        return most

    def _watch(self) -> None:
        while not self._ended.wait(PAUSE):
            anonymous = read_field("RssAnon") + read_field("RssShmem")
            seen = {"anonymous": self._programs + anonymous, "resident": read_field("VmRSS")}
            self._most = {kind: max(most, seen[kind]) for kind, most in self._most.items()}


def read_field(name: str) -> int:
    """Read a field of /proc/self/status in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith(name)).split()[1]) * 1024


def measure_work(name: str, asked: argparse.Namespace) -> Row:
    """Load an engine, let it do one thing, and return the most memory that there was beside the plan."""
    import diffusers
    import torch
    import transformers

    from pipeline.engine.engine import Engine
    from pipeline.machine.device import name_dtype
    from pipeline.models.catalog import SD15

    assert diffusers.ControlNetModel and transformers.CLIPTextModel  # read before programs' files are counted
    work = WORKS[name]
    with tempfile.TemporaryDirectory(prefix="croquis-engine-") as room, PeakWatch() as watch:
        engine = Engine.load(
            SD15, folder=asked.folder, device=asked.device, dtype=asked.dtype, cache_dir=Path(room) / "cache"
        )
        row: Row = {"what": name, "side": asked.side, "dtype": name_dtype(engine.dtype), "loading": watch.take_most()}
        row["planned"] = do_work(engine, work, asked, Path(room))
        row["measured"] = watch.take_most("resident" if work.embeds else "anonymous")
        if engine.device.type == "cuda":
            row["measured"] = int(torch.cuda.max_memory_allocated())
    return row | {"of_measured": round(row["planned"] / row["measured"], 3)}


def do_work(engine: Any, work: Work, asked: argparse.Namespace, room: Path) -> int:
    """Do what is measured; return the bytes that were planned for it."""
    from pipeline.styles.library import StyleLibrary

    styles = StyleLibrary(ROOT / "styles", room / "added").all()[:STYLES]
    if work.teaches:
        return teach(engine, asked.side, room)
    request = make_request(engine, work, styles[0], asked)
    embedding = threading.Thread(target=partial(engine.embed_styles, styles if work.embeds else ()))
    embedding.start()
    engine.draw(request)
    was_packed = engine._placement.packed.is_used  # memory may be short afterwards
    embedding.join()
    engine.draw(request)
    planned = plan(engine, work, request, asked)
    return planned.peak + (planned.packed if was_packed else 0)


def make_request(engine: Any, work: Work, style: Any, asked: argparse.Namespace) -> Any:
    """Make the request of a picture of two steps."""
    from pipeline.own_weights import Adapter
    from tests.tools.controlnets import make_hint
    from tests.tools.drawing_requests import make_request as make_usual_request

    side = asked.side
    edges = EdgeMap(np.eye(side, dtype=np.uint8) * 255, "lines")
    given: dict[str, Any] = {"hints": tuple(make_hint(name, side, side) for name in work.controlnets)}
    if not work.embeds and not work.adapter:
        given["ip_adapter_scale"] = 0.0  # no look at a style
    if work.adapter:
        given |= {"own_adapter": Adapter("mine", "7" * 64, asked.adapter), "ip_adapter": "mine"}
    return make_usual_request(
        engine, style, edges=edges, width=side, height=side, num_inference_steps=STEPS, guidance_scale=7.5, **given
    )


def teach(engine: Any, side: int, room: Path) -> int:
    """Teach a style for two steps; return the bytes that are planned for it."""
    from pipeline.machine.device import name_dtype
    from pipeline.machine.teaching_plan import plan_teaching
    from pipeline.models.catalog import SD15
    from pipeline.teaching.course import Course, Watchers
    from pipeline.teaching.lesson import Lesson
    from tests.tools.taught_pictures import make_pictures

    Course(room / "course", Lesson(STEPS, side), engine.lend, Watchers()).run(
        make_pictures(PICTURES, side), [f"picture {number}" for number in range(PICTURES)]
    )
    return plan_teaching(SD15, side, engine.device.type, name_dtype(engine.dtype), checkpointing=False).peak


def plan(engine: Any, work: Work, request: Any, asked: argparse.Namespace) -> MemoryPlan:
    """Plan the picture as the app does."""
    from pipeline.machine.device import name_dtype
    from pipeline.models.catalog import SD15
    from pipeline.page.memory_need import count_adapter_bytes, count_controlnets

    where = engine.memory.mode, engine.device.type, name_dtype(engine.dtype)
    return plan_memory(
        *(SD15, asked.side, asked.side, 1, *where),
        controlnets=count_controlnets(request),
        adapter=count_adapter_bytes(SD15.name, "mine", asked.adapter) if work.adapter else 0,
        new_style=work.embeds,
    )


def measure_rows(asked: argparse.Namespace) -> Iterator[Row]:
    """Yield a row for each work, from a process of its own."""
    for name in asked.only or WORKS:
        options = [f"--{key}={value}" for key, value in vars(asked).items() if key in PASSED and value is not None]
        command = [sys.executable, "-m", "tests.benchmarks.engine_memory", str(asked.folder), *options, "--row", name]
        run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        ended: Row = {"what": name, "outcome": f"ended with {run.returncode}"}
        yield ended if run.returncode else dict(json.loads(run.stdout.splitlines()[-1]))


PASSED = ("side", "device", "dtype", "adapter")


def read_options(given: Sequence[str] | None = None) -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--json", action="store_true", help="one JSON list instead of lines")
    options.add_argument("--side", type=int, default=256, help="px")
    options.add_argument("--device", default="cpu", help="auto, cuda or cpu")
    options.add_argument("--dtype", default="auto", help="auto, float32, bfloat16 or float16")
    options.add_argument("--adapter", type=Path, help="file of an IP-Adapter")
    options.add_argument("--only", nargs="+", choices=WORKS)
    options.add_argument("--row", choices=WORKS, help=argparse.SUPPRESS)
    return options.parse_args(given)


def main() -> None:
    asked = read_options()
    if asked.row:
        print(json.dumps(measure_work(asked.row, asked)))
    else:
        print_rows(measure_rows(asked), asked.json)


if __name__ == "__main__":
    main()
