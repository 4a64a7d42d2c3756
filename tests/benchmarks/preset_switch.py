"""Time the switch between Draft and Balanced: python -m tests.benchmarks.preset_switch [FOLDER] [--rounds 3].

FOLDER holds SD 1.5's files, or those of tests.tools.sd15_tree; without one, weights of its size are made of random
numbers, few-step weights of LCM's rank among them. One engine is loaded, and what a picture does before its words are
read is done for Draft and for Balanced in turn: Draft's few-step weights are put on the layers and taken off again,
under the lock that pictures take turns by. A row for each switch: seconds, bytes beyond what was there before it, at
most and afterwards, and those of the weights that are kept for the next time. The first switch reads the file.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from pipeline.engine.engine import Engine
from pipeline.machine.device import name_dtype
from pipeline.models.profile import ModelProfile
from pipeline.request.presets import get_menu
from pipeline.timing import Clock
from tests.benchmarks.memory import MemoryMeter, name_machine
from tests.benchmarks.report import Row, print_progress, print_rows
from tests.tools.full_size_modules import make_full_size_sd15
from tests.tools.models import make_tiny_sd15_profile, make_unchecked_sd15_profile, write_sd15
from tests.tools.preset_distance import make_example_requests

TURNS = ("draft", "balanced")


def read_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path, nargs="?")
    options.add_argument("--json", action="store_true", help="one JSON list instead of lines")
    options.add_argument("--tiny", action="store_true", help="small modules, for a dry run")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--device", default="auto", help="auto, cuda or cpu")
    options.add_argument("--dtype", default="auto", help="auto, float32, bfloat16 or float16")
    return options.parse_args(arguments)


def measure_switches(asked: argparse.Namespace) -> Iterator[Row]:
    """Yield a row for each switch, to Draft first."""
    with tempfile.TemporaryDirectory(prefix="croquis-switch-") as room:
        folder = asked.folder or write_sd15(Path(room) / "sd15", None if asked.tiny else make_full_size_sd15())
        yield from measure_in(folder, asked)


def measure_in(folder: Path, asked: argparse.Namespace) -> Iterator[Row]:
    """Yield the rows of one folder."""
    profile: ModelProfile = make_tiny_sd15_profile(any_dtype=True) if asked.tiny else make_unchecked_sd15_profile()
    print_progress("Loading the model")
    engine = Engine.load(profile, folder=folder, device=asked.device, dtype=asked.dtype)
    head = {"machine": name_machine(engine.device), "dtype": name_dtype(engine.dtype)}
    requests = {name: next(make_example_requests(engine, get_menu("sd15").find_preset(name), seed=0)) for name in TURNS}
    for number in range(asked.rounds):
        for name in TURNS:
            yield {"round": number + 1, "to": name} | head | switch(engine, requests[name])


def switch(engine: Engine, request: Any) -> Row:
    """Do what a picture's weights need; return seconds and bytes."""
    meter, row = MemoryMeter(engine.device), dict[str, Any]()
    before, since = meter.read_current_bytes(), time.process_time()
    with engine._turns.take(), torch.inference_mode(), meter.measure_stage(row, "most"):
        engine._loras.use(request, Clock(engine.device))
    row["processor_s"] = round(time.process_time() - since, 3)
    return row | {"added": meter.read_current_bytes() - before, "kept": engine._loras.adapters.bytes}


if __name__ == "__main__":
    options = read_options()
    print_rows(measure_switches(options), options.json)
