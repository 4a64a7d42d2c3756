"""Measure what a step of teaching takes at SD 1.5's size: python -m tests.benchmarks.teaching [--json] [--tiny].

Each row has a process of its own: a UNet with random weights, Trainer's own first steps on it, peak bytes beyond what
was there before the first (torch's own count on CUDA, resident bytes elsewhere), seconds a step, and the plan.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

from tests.benchmarks.memory import MemoryMeter, name_machine
from tests.benchmarks.report import Row, print_rows

ROOT = Path(__file__).resolve().parents[2]


def read_options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", action="store_true", help="one JSON list instead of lines")
    options.add_argument("--tiny", action="store_true", help="small modules, for a dry run")
    options.add_argument("--sides", type=int, nargs="+", default=[128, 256, 512], help="px")
    options.add_argument("--steps", type=int, default=2)
    options.add_argument("--dtype", default="auto", help="auto, float32, bfloat16 or float16")
    options.add_argument("--row", help=argparse.SUPPRESS)
    return options.parse_args()


def main() -> None:
    asked = read_options()
    if asked.row:
        print(json.dumps(measure_row(**json.loads(asked.row))))
        return
    print_rows(measure_rows(asked), asked.json)


def measure_rows(asked: argparse.Namespace) -> Iterator[Row]:
    for side in asked.sides:
        for checkpointing in (False, True):
            row = {"side": side, "checkpointing": checkpointing, "steps": asked.steps, "tiny": asked.tiny}
            command = [sys.executable, "-m", "tests.benchmarks.teaching", "--row"]
            run = subprocess.run(
                [*command, json.dumps({**row, "dtype": asked.dtype})],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            ended = {**row, "outcome": f"ended with {run.returncode}", "said": run.stderr[-300:]}
            yield dict(json.loads(run.stdout.splitlines()[-1])) if run.returncode == 0 else ended


def measure_row(side: int, checkpointing: bool, steps: int, tiny: bool, dtype: str) -> Row:
    """Measure one row in this process."""
    import torch
    from diffusers import DDPMScheduler, UNet2DConditionModel

    from pipeline.machine.device import choose_dtype, name_dtype
    from pipeline.machine.teaching_plan import plan_teaching
    from pipeline.models.catalog import SD15
    from pipeline.teaching.lesson import Lesson
    from pipeline.teaching.material import Material
    from pipeline.teaching.networks import LentNetworks
    from pipeline.teaching.trainer import Trainer
    from tests.tools.full_size_modules import TOKENS, fill_with_random, read_configs

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    numbers = choose_dtype(device, dtype)
    with torch.device("meta"):
        unet = UNet2DConditionModel(**read_configs(tiny)["unet"]).to(numbers)
    unet.to_empty(device=device).requires_grad_(False)
    with torch.no_grad():
        for name, weight in unet.named_parameters():
            fill_with_random(name, weight)
    lesson = Lesson(steps, side)
    latents = torch.randn(4, 4, side // 8, side // 8)
    words = torch.randn(2, TOKENS, unet.config.cross_attention_dim)
    trainer = Trainer(
        lesson,
        Material(latents, torch.ones_like(latents), words, torch.zeros(4, dtype=torch.long)),
        checkpointing=checkpointing,
    )
    lent = LentNetworks(unet, SimpleNamespace(), DDPMScheduler(), lambda text: words, device, numbers)
    row: Row = {"what": "teaching", "machine": name_machine(device), "side": side, "checkpointing": checkpointing}
    row |= {"dtype": name_dtype(numbers), "tiny": tiny}
    meter = MemoryMeter(device)
    with meter.measure_stage(row, "bytes"):
        for _ in range(steps):
            trainer.run_step(lent)
    plan = plan_teaching(SD15, side, device.type, name_dtype(numbers), checkpointing=checkpointing)
    return row | {"planned": plan.steps, "of_plan": round(plan.steps / row["bytes"], 3)}


if __name__ == "__main__":
    main()
