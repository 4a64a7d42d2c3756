"""Compare OpenVINO with torch over whole pictures: python -m tests.benchmarks.openvino_pictures FOLDER [--sides 256].

FOLDER is a tree that tests/tools/sd15_tree.py wrote; with --tiny a small one is written. One engine draws a picture by
Balanced's numbers in bfloat16 on the processor, by torch with its large convolutions packed and by OpenVINO in turns.
Rows: seconds of the processor, OpenVINO's process counted in, and on the clock, medians; what that process holds; the
largest and the mean difference between the pictures. The first row of a side has what making and opening the graphs
took. The style is a random embedding: the network that looks at styles takes longer than the picture.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil
import torch

from pipeline.engine.engine import Engine
from pipeline.engine.openvino_networks import OpenVINO
from pipeline.machine import torch_threads
from pipeline.request.presets import get_menu
from pipeline.values import GenerationRequest
from tests.benchmarks.denoise import make_request
from tests.benchmarks.memory import name_machine
from tests.benchmarks.report import Row, print_progress, print_rows
from tests.tools.models import make_tiny_sd15_profile, make_unchecked_sd15_profile, write_sd15
from tests.tools.preset_distance import apply_preset
from tests.tools.requests import change_request


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", nargs="?", type=Path, help="a tree of SD 1.5's files")
    options.add_argument("--json", action="store_true", help="one JSON list instead of lines")
    options.add_argument("--tiny", action="store_true", help="small modules, for a dry run")
    options.add_argument("--sides", type=int, nargs="+", default=[256], help="px")
    options.add_argument("--repeats", type=int, default=2)
    options.add_argument("--steps", type=int, help="other than Balanced's")
    options.add_argument("--threads", type=int, default=torch.get_num_threads())
    options.add_argument("--graphs", type=Path, help="folder that keeps the graphs")
    return options.parse_args(arguments)


def measure(asked: argparse.Namespace) -> Iterator[Row]:
    """Yield the rows of each side."""
    torch_threads.USUAL_COUNT = asked.threads
    profile = make_tiny_sd15_profile(any_dtype=True) if asked.tiny else make_unchecked_sd15_profile()
    with tempfile.TemporaryDirectory(prefix="croquis-openvino-") as room:
        folder = write_sd15(Path(room) / "tree") if asked.tiny else asked.folder
        print_progress("Loading")
        engine = Engine.load(profile, folder=folder, device="cpu", dtype="bfloat16")
        use_random_styles(engine)
        make_weights_distinct(engine)
        openvino = OpenVINO(asked.graphs or Path(room) / "graphs")
        engine._placement.on_spare = openvino.let_go
        try:
            for side in asked.sides:
                yield from compare(engine, openvino, side, asked)
        finally:
            openvino.let_go()


def compare(engine: Engine, openvino: OpenVINO, side: int, asked: argparse.Namespace) -> Iterator[Row]:
    """Draw one picture by both in turns, after each drew it once; packed weights stay."""
    request = make_balanced_request(engine, side, asked.steps)
    ways = {"torch": None, "openvino": openvino}
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    pictures, packed = dict[str, np.ndarray](), engine._placement.packed
    for number in range(asked.repeats + 1):
        for name, way in ways.items():
            print_progress(f"{side} px, {name}, {number} of {asked.repeats}")
            engine._denoiser.openvino = way
            kept, packed.unpack = packed.unpack, lambda: None  # type: ignore[method-assign]
            try:
                seconds, drawn = time_picture(lambda: engine.draw(request), openvino)
            finally:
                packed.unpack = kept  # type: ignore[method-assign]
            pictures[name] = np.asarray(drawn.images[0]).astype(int)
            assert drawn.numbers == ("bfloat16" if way is None else f"bfloat16, {openvino.usual_way}"), drawn.notices
            if number:
                spent[name].append(seconds)
            elif way is not None:
                yield {
                    "side": side,
                    "first_cpu_s": round(seconds[0], 1),
                    "first_s": round(seconds[1], 1),
                    "said": drawn.notices,
                }
    difference = np.abs(pictures["torch"] - pictures["openvino"])
    (torch_cpu, torch_s), (quick_cpu, quick_s) = (
        [round(median(each), 2) for each in zip(*spent[name], strict=True)] for name in ways
    )
    yield {
        "side": side,
        "steps": request.sampling.num_inference_steps,
        "torch_cpu_s": torch_cpu,
        "openvino_cpu_s": quick_cpu,
        "cpu_ratio": round(torch_cpu / quick_cpu, 2),
        "torch_s": torch_s,
        "openvino_s": quick_s,
        "ratio": round(torch_s / quick_s, 2),
        "each_cpu_s": {name: [round(each[0], 2) for each in found] for name, found in spent.items()},
        "process_gb": round(measure_process(openvino) / 1e9, 2),
        "largest_difference": int(difference.max()),
        "mean_difference": round(float(difference.mean()), 2),
        "machine": name_machine(engine.device),
    }


def make_balanced_request(engine: Engine, side: int, steps: int | None) -> GenerationRequest:
    """Return a request with Balanced's numbers at a size."""
    engine.profile = replace(engine.profile, width=side, height=side)
    preset = get_menu(engine.profile.name).find_preset("balanced")
    request = apply_preset(preset, engine, make_request(engine))
    return request if steps is None else change_request(request, num_inference_steps=steps)


def use_random_styles(engine: Engine) -> None:
    """Let every style be the same random embedding."""
    zeros = engine._adapters.make_zeros(2)
    embedding = torch.randn(zeros.shape[1:], generator=torch.Generator().manual_seed(5))
    engine._adapters.embed = (
        lambda request, guided: (  # type: ignore[method-assign]
            torch.stack([torch.zeros_like(embedding), embedding][0 if guided else 1 :])
        )
    )
    engine._adapters.expect = lambda request: None  # type: ignore[method-assign]


@torch.no_grad()
def make_weights_distinct(engine: Engine) -> None:
    """Shift each weight's numbers by another length: the tree repeats them, and OpenVINO keeps equal ones once."""
    networks = (engine._pipeline.unet, engine._pipeline.controlnet)
    for number, weight in enumerate(each for network in networks for each in network.parameters()):
        if weight.ndim > 1:
            weight.copy_(weight.reshape(-1).roll(7_919 * number + 1).reshape(weight.shape))


def time_picture(draw: Callable[[], Any], openvino: OpenVINO) -> tuple[tuple[float, float], Any]:
    """Draw; return the seconds of the processor, those of other processes counted in, and of the clock."""
    before, since = count_processor(openvino), time.perf_counter()
    drawn = draw()
    return (count_processor(openvino) - before, time.perf_counter() - since), drawn


def count_processor(openvino: OpenVINO) -> float:
    """Return the seconds of the processor that this process and OpenVINO's have taken."""
    own, process = psutil.Process().cpu_times(), openvino.process_id
    theirs = psutil.Process(process).cpu_times() if process else None
    ended = own.children_user + own.children_system
    return own.user + own.system + ended + (theirs.user + theirs.system if theirs else 0.0)


def measure_process(openvino: OpenVINO) -> int:
    """Return the bytes of OpenVINO's process that are its own, as Linux counts: pages of files can be taken back."""
    if openvino.process_id is None:
        return 0
    held = psutil.Process(openvino.process_id).memory_info()
    return int(held.rss - getattr(held, "shared", 0))


def main() -> None:
    asked = read_options()
    print_rows(measure(asked), asked.json)


if __name__ == "__main__":
    main()
