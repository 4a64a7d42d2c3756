"""Price each lever: python -m tests.benchmarks.levers seconds [--side 256] [--tiny], or quality [--drawings 8].

seconds  what a guided step of SD 1.5's size takes by the processor, with random weights, and what it takes with each
         lever; both in one process and in each round, medians. What is paid once a picture stands in rows of its own.
quality  what each lever does to the pictures of version 7's pocket diffusion, whose weights are real, against the
         default sampler in 20 steps: SSIM and the measures of quality.py, and the processor's seconds of a picture.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from diffusers import AutoencoderTiny
from torch import nn

from pipeline.controls import Shortcuts
from pipeline.engine.adapters import AddedLayer, replace_layer
from pipeline.engine.deep_features import SplitUNet
from pipeline.engine.lora_weights import list_layers
from pipeline.request.presets import Preset
from tests.benchmarks.memory import name_machine
from tests.benchmarks.quality_curves import Eye, Setting, make_eye, measure_presets
from tests.benchmarks.report import Row, print_progress, print_rows
from tests.tools.full_size_modules import (
    TOKENS,
    PipelineModules,
    StepInputs,
    fill_with_random,
    make_filled_modules,
    make_step_inputs,
    run_controlnet,
    run_step,
    run_unet,
)

PLAIN, HALVES = "plain", "bfloat16"
RANK = 64  # of a LoRA; LCM's
STEPS, GUIDANCE = 20, 2.0
Run = Callable[[], object]
LEVERS: Mapping[str, Shortcuts] = {
    "cache_interval=2": Shortcuts(cache_interval=2),
    "cache_interval=3": Shortcuts(cache_interval=3),
    "guidance_end=0.85": Shortcuts(guidance_end=0.85),
    "guidance_end=0.5": Shortcuts(guidance_end=0.5),
    "guidance 0.15 to 0.85": Shortcuts(guidance_start=0.15, guidance_end=0.85),
    "controlnet_half=shared": Shortcuts(controlnet_half="shared"),
    "controlnet_every=2": Shortcuts(controlnet_every=2),
    "control_guidance_end=0.8": Shortcuts(control_guidance_end=0.8),
}
SCALES = (1.0, 4.0)  # of guidance, beside GUIDANCE, which the network was trained for
FEWER_STEPS = [
    Setting(name, steps, GUIDANCE)
    for steps in (10, 12)
    for name in ("DPM++ 2M", "DPM++ 2M Karras", "DPM++ 2M AYS", "UniPC", "UniPC AYS")
]


def read_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("what", choices=("seconds", "quality"))
    options.add_argument("--json", action="store_true", help="one JSON list instead of lines")
    options.add_argument("--tiny", action="store_true", help="small modules, for a dry run")
    options.add_argument("--side", type=int, default=256, help="px")
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--drawings", type=int, default=8, help="examples to draw, at most 8")
    options.add_argument("--only", nargs="+", help="rows of quality by their names, the reference beside them")
    return options.parse_args(arguments)


def measure_seconds(asked: argparse.Namespace) -> Iterator[Row]:
    """Yield what each lever's step, or its part of a picture, takes beside the plain one of the same rounds."""
    print_progress("Making random weights")
    made = prepare_modules(asked.tiny, torch.float32)
    halves = prepare_modules(asked.tiny, torch.bfloat16)
    with torch.inference_mode():
        steps = list_steps(made, make_step_inputs(made, asked.side, asked.side, 1, "cpu", torch.float32))
        short = make_step_inputs(halves, asked.side, asked.side, 1, "cpu", torch.bfloat16)
        steps["bfloat16"] = lambda: run_step(halves, short)
        yield from compare_runs(steps, asked, "a step")
        yield from compare_runs(list_picture_parts(made, asked.side), asked, "once a picture")


def prepare_modules(tiny: bool, dtype: torch.dtype) -> PipelineModules:
    """Make random modules, ControlNet without the hint stack, which runs once a picture."""
    made = make_filled_modules(tiny, dtype, fill_with_random)
    made.controlnet.controlnet_cond_embedding = nn.Identity()
    return made


def list_steps(made: PipelineModules, inputs: StepInputs) -> dict[str, Run]:
    """Return a guided step, plain and with each lever, by the lever's name."""
    split, one, time_now = SplitUNet(made.unet), inputs.take_rows(1), torch.tensor(500)
    given = {"encoder_hidden_states": inputs.prompts, "added_cond_kwargs": {"image_embeds": [inputs.styles]}}
    _, deep = split.run_whole(inputs.latents, time_now, **given)
    second = copy.deepcopy(made.controlnet)  # of its own weights, as another reading's network
    return {
        PLAIN: lambda: run_step(made, inputs),
        "no guidance (outside its interval; LCM, Hyper-SD, PCM)": lambda: run_step(made, one),
        "deep features used again (cache_interval)": lambda: split.run_shallow(inputs.latents, time_now, deep, **given),
        "ControlNet for one half (shared, conditional)": lambda: run_on(made, inputs, [made.controlnet], 1),
        "no ControlNet (outside its interval, or between readings)": lambda: run_unet(made, inputs),
        "two ControlNets": lambda: run_on(made, inputs, [made.controlnet, second], 2),
        f"LoRA of rank {RANK} in every layer of attention": make_adapted_step(made, inputs),
    }


def run_on(made: PipelineModules, inputs: StepInputs, networks: Sequence[Any], rows: int) -> object:
    """Run a step with these ControlNets, each on the first `rows` rows alone, their residuals added up."""
    found = [run_controlnet(made._replace(controlnet=network), inputs.take_rows(rows)) for network in networks]
    down = [sum(parts[1:], parts[0]) for parts in zip(*(down for down, _ in found), strict=True)]
    middle = sum((middle for _, middle in found[1:]), found[0][1])
    if rows < len(inputs.latents):
        down, middle = [each.repeat(2, 1, 1, 1) for each in down], middle.repeat(2, 1, 1, 1)
    return run_unet(made, inputs, down_block_additional_residuals=down, mid_block_additional_residual=middle)


def make_adapted_step(made: PipelineModules, inputs: StepInputs) -> Run:
    """Return a step with a LoRA, which is put on before and taken off after it, in less time than a layer takes."""
    layers = {
        path: layer
        for path, layer in list_layers(made.unet).items()
        if isinstance(layer, nn.Linear) and "attentions" in path and "_ip" not in path
    }
    rank = min(RANK, *(min(layer.weight.shape) for layer in layers.values()))
    added = {
        path: AddedLayer(layer, torch.rand(rank, layer.in_features), torch.rand(layer.out_features, rank))
        for path, layer in layers.items()
        if isinstance(layer, nn.Linear)
    }

    def run() -> object:
        for path, layer in added.items():
            replace_layer(made.unet, path, layer)
        try:
            return run_step(made, inputs)
        finally:
            for path, layer in layers.items():
                replace_layer(made.unet, path, layer)

    return run


def list_picture_parts(made: PipelineModules, side: int) -> dict[str, Run]:
    """Return what runs once a picture: the decoder, TAESD's in its place, and the words."""
    latents, small = torch.zeros(1, 4, side // 8, side // 8), AutoencoderTiny().eval()
    tokens = torch.zeros(1, TOKENS, dtype=torch.long)
    return {
        PLAIN: lambda: made.vae.decode(latents, return_dict=False),
        "tiny decoder (decoder=small)": lambda: small.decode(latents, return_dict=False),
        "words, 77 tokens": lambda: made.text_encoder(tokens),
    }


def compare_runs(runs: Mapping[str, Run], asked: argparse.Namespace, each: str) -> Iterator[Row]:
    """Time every run once a round; yield the medians of the processor's seconds and of ratios to the plain one."""
    spent: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(asked.repeats):
        print_progress(f"Round {number + 1} of {asked.repeats}, {each}")
        for name, run in runs.items():
            since = time.process_time()
            run()
            spent[name].append(time.process_time() - since)
    for name, seconds in spent.items():
        ratio = median(own / plain for own, plain in zip(seconds, spent[PLAIN], strict=True))
        row = {"what": name, "of": each, "processor_s": round(median(seconds), 3), "of_plain": round(ratio, 3)}
        yield row | {"side": asked.side, "repeats": asked.repeats, "machine": name_machine(torch.device("cpu"))}


def list_quality_presets() -> list[Preset]:
    """Return the presets to judge: fewer steps by several samplers, and each lever in 20 steps."""
    numbers = {"num_inference_steps": STEPS, "guidance_scale": GUIDANCE}
    return [
        *(setting.make_preset() for setting in FEWER_STEPS),
        *(Preset(name, "", "", numbers, shortcuts=levers) for name, levers in LEVERS.items()),
        *(Preset(f"guidance_scale={scale:g}", "", "", {**numbers, "guidance_scale": scale}) for scale in SCALES),
        Preset(
            "Balanced, whole decoder",
            "",
            "",
            {**numbers, "num_inference_steps": 15},
            "UniPC",
            Shortcuts(cache_interval=3),
        ),
    ]


def measure_quality(asked: argparse.Namespace) -> Iterator[Row]:
    """Yield each lever's measures on version 7's pocket diffusion, and those of bf16."""
    from tests.tools.pocket_diffusion import load_pocket_diffusion

    eye, reference = make_eye(None, pocket=True), Setting("DPM++ 2M", STEPS, GUIDANCE).make_preset()
    wanted = [each for each in list_quality_presets() if not asked.only or each.name in asked.only]
    presets = [reference, *wanted]
    with tempfile.TemporaryDirectory(prefix="croquis-levers-") as room:
        engine = load_pocket_diffusion(Path(room))
        yield from name_rows(presets, measure_presets(engine, eye, presets, reference, asked.drawings))
        if not asked.only or HALVES in asked.only:
            yield measure_halves(engine, load_pocket_diffusion(Path(room), HALVES), eye, reference, asked.drawings)


def measure_halves(engine: Any, halves: Any, eye: Eye, reference: Preset, drawings: int) -> Row:
    """Return the measures of the same pictures in bf16."""
    from tests.benchmarks.quality_curves import draw_all
    from tests.tools.preset_distance import make_example_requests

    targets = list(make_example_requests(engine, reference, seed=0))[:drawings]
    (ideal, usual), (pictures, seconds) = draw_all(engine, targets), draw_all(halves, targets)
    times = {"processor_s": round(seconds, 3), "ratio": round(usual / seconds, 2), "pictures": len(pictures)}
    return {"what": HALVES} | eye.measure(pictures, targets, ideal) | times


def name_rows(presets: Sequence[Preset], rows: Iterator[Row]) -> Iterator[Row]:
    for preset, row in zip(presets, rows, strict=True):
        yield {"what": preset.name} | row


def main() -> None:
    asked = read_options()
    print_rows(measure_seconds(asked) if asked.what == "seconds" else measure_quality(asked), asked.json)


if __name__ == "__main__":
    main()
