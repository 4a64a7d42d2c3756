"""Measure what a picture of SD 1.5's size takes, mode by mode: python -m tests.benchmarks.memory [--json] [--tiny].

On CUDA, under caps of 15, 8, 6, 4, 3 and 2 GiB (torch.cuda.set_per_process_memory_fraction), weights made at random are
placed by pipeline/engine/placement.py in each mode, and steps and a decoding are run: peak bytes allocated and
reserved, what the device shows as used, seconds, and the plan beside the published formula. "auto" takes the mode that
the planner would. Without CUDA one row for the processor: peak resident bytes, in the engine's own numbers or --dtype.
Each row has a process of its own, so that one's memory is not another's. --tiny dries everything run with small
modules; --derive reckons the activations of figures.json without computing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.benchmarks.report import Row, print_rows

GIB = 2**30
CAPS = (15, 8, 6, 4, 3, 2)
ROOT = Path(__file__).resolve().parents[2]
OUTCOMES = ("drawn", "out of memory")


def read_options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", action="store_true", help="one JSON list instead of lines")
    options.add_argument("--tiny", action="store_true", help="small modules, for a dry run")
    options.add_argument("--derive", action="store_true", help="follow tensors through modules that compute nothing")
    options.add_argument("--caps", type=float, nargs="+", default=CAPS, help="GiB of the GPU to keep to")
    options.add_argument("--modes", nargs="+", help="full, fp8, streamed, cpu or auto; all that the device has")
    options.add_argument("--dtype", default="auto", help="auto, float32, bfloat16 or float16")
    options.add_argument("--side", type=int, help="px; 512, 64 with --tiny")
    options.add_argument("--batch", type=int, default=1)
    options.add_argument("--steps", type=int, default=4)
    options.add_argument("--row", help=argparse.SUPPRESS)  # what a child process measures
    return options.parse_args()


def main() -> None:
    asked = read_options()
    if asked.row:
        print(json.dumps(measure_row(**json.loads(asked.row))))
        return
    print_rows(derive_rows(asked) if asked.derive else measure_rows(asked), asked.json)


def derive_rows(asked: argparse.Namespace) -> Iterator[Row]:
    from tests.tools.tensor_memory import derive_peaks

    yield from derive_peaks((asked.side,) if asked.side else (256, 512, 768, 1024), asked.batch)


def measure_rows(asked: argparse.Namespace) -> Iterator[Row]:
    import torch

    cuda = torch.cuda.is_available()
    modes = asked.modes or (["auto", "full", "fp8", "streamed", "cpu"] if cuda else ["cpu", "fp8"])
    for cap in asked.caps if cuda else (None,):
        for mode in modes:
            yield measure_in_child(
                {
                    "cap": cap,
                    "mode": mode,
                    "side": asked.side or (64 if asked.tiny else 512),
                    "batch": asked.batch,
                    "steps": asked.steps,
                    "tiny": asked.tiny,
                    "dtype": asked.dtype,
                }
            )


def measure_in_child(row: Row) -> Row:
    """Return a row as its own process measured it, or how that process ended."""
    command = [sys.executable, "-m", "tests.benchmarks.memory", "--row", json.dumps(row)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode == 0:
        return dict(json.loads(run.stdout.splitlines()[-1]))
    return {**row, "outcome": f"ended with {run.returncode}", "said": (run.stderr.splitlines() or [""])[-1][:200]}


def measure_row(cap: float | None, mode: str, side: int, batch: int, steps: int, tiny: bool, dtype: str) -> Row:
    """Measure one row in this process."""
    import torch

    from pipeline.machine.device import choose_dtype, name_dtype
    from pipeline.machine.memory import measure_free_memory
    from pipeline.machine.plan import choose_mode, plan_memory
    from pipeline.models.catalog import SD15
    from tests.tools.models import make_tiny_sd15_profile

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if cap is not None:
        total = torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, cap * GIB / total))
    profile, numbers = make_tiny_sd15_profile() if tiny else SD15, choose_dtype(device, dtype)
    name = name_dtype(numbers)
    chosen = choose_mode(profile, measure_free_memory(device.type), device.type, mode, dtype=name).mode
    plan = plan_memory(profile, side, side, batch, chosen, device.type, name)
    head = {
        "machine": name_machine(device),
        "cap_gib": cap,
        "mode": f"auto ({chosen})" if mode == "auto" else mode,
        "dtype": name,
        "side": side,
        "batch": batch,
        "tiny": tiny,
    }
    return (
        head
        | run_modules(profile, device, chosen, side, batch, steps, tiny, numbers)
        | {"planned_peak": plan.peak, "planned_weights": plan.weights, "published": plan.published}
    )


def run_modules(profile: Any, device: Any, mode: Any, side: int, batch: int, steps: int, tiny: bool, dtype: Any) -> Row:
    """Place modules by the code that a picture goes through, and measure what their steps and decoding take."""
    import torch

    from pipeline.engine.decoding import TiledDecoding
    from pipeline.engine.placement import Placement
    from pipeline.machine.memory import is_out_of_memory
    from tests.tools.full_size_modules import TOKENS, make_filled_modules, make_step_inputs, run_step

    sized = make_filled_modules(tiny, dtype)
    hint_stack, sized.controlnet.controlnet_cond_embedding = (
        sized.controlnet.controlnet_cond_embedding,
        torch.nn.Identity(),
    )
    pipeline = SimpleNamespace(**sized._asdict())
    row: Row = {"outcome": OUTCOMES[0]}
    try:
        with torch.inference_mode():
            placement = Placement(pipeline, hint_stack, profile, device, dtype, read_again=lambda: None)  # type: ignore[arg-type,return-value]
            placement.switch_mode(mode)
            meter = MemoryMeter(placement.device)
            row["weights"] = meter.read_current_bytes()
            pipeline.text_encoder(torch.zeros(1, TOKENS, dtype=torch.long, device=pipeline.text_encoder.device))
            inputs = make_step_inputs(sized, side, side, batch, placement.device, placement.dtype)
            with meter.measure_stage(row, "steps"):
                for _ in range(steps):
                    run_step(sized, inputs)
            with meter.measure_stage(row, "decode"), TiledDecoding(sized.vae, side, side):
                for each in inputs.latents[:batch]:
                    sized.vae.decode(each[None], return_dict=False)
            row |= meter.list_totals()
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        row["outcome"] = OUTCOMES[1]
    return row


class MemoryMeter:
    """This measures peaks of memory: torch's own count on CUDA, resident bytes of the process elsewhere (Linux)."""

    def __init__(self, device: Any) -> None:
        self._cuda, self._highest, self._before = device.type == "cuda", 0, read_resident_bytes("VmRSS")
        self._reserved = 0

    @property
    def is_cuda(self) -> bool:
        """Whether torch's own count is read."""
        return bool(self._cuda)

    def read_current_bytes(self) -> int:
        import torch

        return int(torch.cuda.memory_allocated()) if self._cuda else read_resident_bytes("VmRSS")

    def measure_stage(self, row: Row, name: str) -> Any:
        return MeasuredStage(self, row, name)

    def reset_peak(self) -> None:
        import torch

        if self._cuda:
            torch.cuda.reset_peak_memory_stats()
        else:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")

    def read_peak_bytes(self) -> int:
        import torch

        if self._cuda:
            torch.cuda.synchronize()
            self._reserved = max(self._reserved, int(torch.cuda.max_memory_reserved()))
        highest = int(torch.cuda.max_memory_allocated()) if self._cuda else read_resident_bytes("VmHWM")
        self._highest = max(self._highest, highest)
        return highest

    def list_totals(self) -> Row:
        import torch

        if not self._cuda:
            return {"peak_resident": self._highest}
        free, total = torch.cuda.mem_get_info()
        return {"peak_allocated": self._highest, "peak_reserved": self._reserved, "device_used": total - free}


class MeasuredStage:
    """This measures bytes beyond what was there before, and seconds."""

    def __init__(self, meter: MemoryMeter, row: Row, name: str) -> None:
        self._meter, self._row, self._name = meter, row, name

    def __enter__(self) -> None:
        self._meter.reset_peak()
        self._before, self._since = self._meter.read_current_bytes(), time.perf_counter()

    def __exit__(self, *raised: object) -> None:
        peak = self._meter.read_peak_bytes()
        self._row[self._name] = peak - self._before
        self._row[f"{self._name}_s"] = round(time.perf_counter() - self._since, 2)


def read_resident_bytes(field: str) -> int:
    """Read the resident bytes of this process: "VmRSS" now, "VmHWM" at most since it was set back."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith(field)).split()[1]) * 1024


def name_machine(device: Any) -> str:
    import torch

    if device.type == "cuda":
        return str(torch.cuda.get_device_name())
    return f"{platform.machine()}, {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
