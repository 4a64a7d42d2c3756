"""Measure the memory of several ControlNets at once, of SD 1.5's size, beside the plan.

`python -m tests.benchmarks.controlnets_memory --controlnets 2 --side 256`: a process of its own for each row, since the
most that there ever was is what counts: resident bytes (VmHWM, Linux), on a GPU those that torch allocated. Balanced's
levers, whose residuals are kept between steps.
"""

from __future__ import annotations

import argparse
import copy
import gc
import json
from typing import Any

import torch

from pipeline.controls import Shortcuts
from pipeline.engine.controlnet import Control, SummedResiduals
from pipeline.machine.plan import plan_memory
from pipeline.models.catalog import SD15
from tests.benchmarks.places import Place, find_place
from tests.tools.full_size_modules import make_filled_modules, make_step_inputs, run_unet

LEVERS = Shortcuts(controlnet_half="shared", controlnet_every=2)


def measure_row(count: int, side: int, *, tiny: bool = False, place: Place | None = None) -> dict[str, Any]:
    """Run two guided steps with `count` ControlNets and a decoding; return the peak beside the plan, in bytes."""
    place = place or find_place()
    made = make_filled_modules(tiny, place.dtype)
    networks = [made.controlnet, *(copy.deepcopy(made.controlnet) for _ in range(count - 1))]
    for network in networks:
        network.controlnet_cond_embedding = torch.nn.Identity()
    made.vae.encoder = None
    for network in (*made, *networks[1:]):
        network.to(place.device)
    inputs = make_step_inputs(made, side, side, 1, place.device, place.dtype)
    controls = [Control(network, inputs.hint[:1].clone(), 1.0, 0.0, 1.0) for network in networks]
    time = torch.tensor(500, device=place.device)
    with torch.inference_mode():
        residuals = SummedResiduals(controls, LEVERS)
        for step in range(2):
            given = residuals.compute(step, 4, inputs.latents[:1], time, inputs.prompts)
            run_unet(made, inputs, **given)
        del residuals, given
        gc.collect()
        made.vae.decode(torch.zeros_like(inputs.latents[:1]), return_dict=False)
    plan = plan_memory(SD15, side, side, 1, place.mode, place.kind, place.numbers, controlnets=count)
    return {"controlnets": count, "side": side} | place.describe_peak(plan.peak)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--controlnets", type=int, default=2)
    parser.add_argument("--side", type=int, default=256)
    asked = parser.parse_args()
    print(json.dumps(measure_row(asked.controlnets, asked.side)))
