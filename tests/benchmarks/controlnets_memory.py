"""Measure the memory of several ControlNets at once, of SD 1.5's size, on the processor, beside the plan.

`python -m tests.benchmarks.controlnets_memory --controlnets 2 --side 256`: a process of its own for each row, since the
most that was ever resident is what counts (VmHWM, Linux). Balanced's levers, whose residuals are kept between steps.
"""

from __future__ import annotations

import argparse
import copy
import gc
import json
import re
from pathlib import Path
from typing import Any

import torch

from pipeline.controls import Shortcuts
from pipeline.engine.controlnet import Control, SummedResiduals
from pipeline.machine.plan import plan_memory
from pipeline.models.catalog import SD15
from tests.tools.full_size_modules import make_filled_modules, make_step_inputs, run_unet

LEVERS = Shortcuts(controlnet_half="shared", controlnet_every=2)


def read_most_resident() -> int:
    """Return the most bytes that this process ever had resident."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found is not None, "only Linux says how much was resident"
    return int(found[1]) * 1024


def measure_row(count: int, side: int, *, tiny: bool = False) -> dict[str, Any]:
    """Run two guided steps with `count` ControlNets and a decoding; return the peak beside the plan, in bytes."""
    made = make_filled_modules(tiny, torch.float32)
    networks = [made.controlnet, *(copy.deepcopy(made.controlnet) for _ in range(count - 1))]
    for network in networks:
        network.controlnet_cond_embedding = torch.nn.Identity()
    made.vae.encoder = None
    inputs = make_step_inputs(made, side, side, 1, "cpu", torch.float32)
    controls = [Control(network, inputs.hint[:1].clone(), 1.0, 0.0, 1.0) for network in networks]
    with torch.inference_mode():
        residuals = SummedResiduals(controls, LEVERS)
        for step in range(2):
            given = residuals.compute(step, 4, inputs.latents[:1], torch.tensor(500), inputs.prompts)
            run_unet(made, inputs, **given)
        del residuals, given
        gc.collect()
        made.vae.decode(torch.zeros(1, 4, side // 8, side // 8), return_dict=False)
    planned = plan_memory(SD15, side, side, 1, "cpu", "cpu", "float32", controlnets=count).peak
    return {"controlnets": count, "side": side, "measured": read_most_resident(), "planned": planned}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--controlnets", type=int, default=2)
    parser.add_argument("--side", type=int, default=256)
    asked = parser.parse_args()
    print(json.dumps(measure_row(asked.controlnets, asked.side)))
