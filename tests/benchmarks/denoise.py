"""Compare our engine with plain diffusers, lever by lever: python -m tests.benchmarks.denoise [--json] [--tiny].

In one process, in turn: diffusers' StableDiffusionControlNetPipeline with IP-Adapter and guidance and
pipeline/engine/engine.py's engine, both over one folder of SD 1.5's layout and size with random weights, on which no
time depends. Both get the same words, style embedding, edges and seed. Rows: every lever off, each lever alone, and the
presets. Median of --repeats and its range; plain's time over it (`ratio`) and the range of that, round by round; on a
processor also its own seconds, which other programs do not stretch.

Both are drawn in each of --dtypes: 16 bits and fused attention on CUDA; on a processor 32 bits, which is what diffusers
takes there by itself, and bf16 as well where the processor has tiles for it. `ratio` is against plain in the same
numbers; the gain of the numbers themselves stands beside it and in the summary, so that no lever is credited with it.

A picture takes a processor most of a minute. There the rows that are not in MAIN are `reckoned`, not drawn: their
passes are counted by the loop itself and priced with the medians of the passes timed in the same rounds, or by
themselves where no drawn row has them. What that is worth stands in `reckoned_s` of the rows that were drawn. --whole
draws all of them, --only those that it names. With two number formats, rows in SELDOM sit out every other round.

Both models share their modules, in each number format once, and plain gets them as diffusers loads them;
`drawing_bytes` is what came on top while a row drew. memory.py measures the engine by itself. --distance measures the
price of the levers, and of bf16, on SD 1.5's own weights where they are here: SSIM and edge F1 against every lever off.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import diffusers
import torch
import transformers

from pipeline.controls import Shortcuts
from pipeline.engine.engine import Engine
from pipeline.machine.device import DTYPES, choose_device, get_default_dtype, has_fast_bf16, name_dtype
from pipeline.models.catalog import SD15
from pipeline.models.loading import silence_logs
from pipeline.models.profile import ModelProfile
from pipeline.prompt_syntax import Prompt
from pipeline.request.presets import Preset, get_menu
from pipeline.settings import read_settings
from pipeline.values import GenerationRequest, StyleMix
from tests.benchmarks.drawing_comparison import DrawingComparison, FormatComparison
from tests.benchmarks.drawing_modes import OFF, PLAIN, OurEngine, PlainDiffusers, list_modes
from tests.benchmarks.report import Row, print_progress, print_rows
from tests.tools.full_size_modules import make_full_size_sd15
from tests.tools.models import make_tiny_sd15_profile, make_unchecked_sd15_profile, write_sd15
from tests.tools.preset_distance import (
    PresetDistance,
    apply_preset,
    draw_timed,
    make_example_requests,
    measure_preset,
    measure_presets,
    set_steps,
)

MAIN = (OFF, "balanced")  # drawn on a processor too
MAIN_OF_TWO: Mapping[str, tuple[str, ...]] = {"float32": ("balanced",), "bfloat16": MAIN, "float16": MAIN}
SELDOM = {"float32": frozenset(MAIN), "bfloat16": frozenset({OFF}), "float16": frozenset[str]()}
WORDS, UNWANTED = "a red fox in a city", "blurry, grey"


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", action="store_true", help="one JSON list instead of lines")
    options.add_argument("--tiny", action="store_true", help="small modules, for a dry run")
    options.add_argument("--device", default="auto", help="auto, cuda or cpu")
    options.add_argument(
        "--dtypes",
        nargs="+",
        choices=DTYPES[1:],
        help="float32, and bfloat16 where a processor is quick in it; on CUDA float16",
    )
    options.add_argument("--steps", type=int, help="of every row, Draft in no more than its own; 4, on CUDA 20")
    options.add_argument("--side", type=int, help="px; 512, 64 with --tiny")
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--warm-up", type=int, help="rounds that do not count; 0, and 1 on CUDA, --tiny, --compile")
    options.add_argument("--whole", action="store_true", help="reckon nothing, draw every row")
    options.add_argument("--only", nargs="*", help="rows by their names up to '=', plain beside them; no name: none")
    options.add_argument("--compile", action="store_true", help="rows with a compiled UNet too; minutes of warm-up")
    options.add_argument("--distance", type=int, nargs="*", help="at these numbers of steps; --steps")
    return options.parse_args(arguments)


def main() -> None:
    asked = read_options()
    print_rows(make_rows(asked), asked.json)


def make_rows(asked: argparse.Namespace) -> Iterator[Row]:
    if asked.distance is not None:
        yield from measure_distances(asked.distance or [asked.steps or 4], asked.tiny)
    if asked.only != []:
        with tempfile.TemporaryDirectory(prefix="croquis-benchmark-") as room:
            with silence_logs((diffusers.utils.logging, transformers.utils.logging)):
                comparison = prepare_comparison(Path(room), asked)
            yield from comparison.measure_rows()


def measure_distances(numbers_of_steps: list[int], tiny: bool) -> Iterator[Row]:
    """Measure how far pictures are from those of every lever off: of no lever, of each that changes a picture and needs
    no further files, and of bf16; with SD 1.5's own numbers, on random weights where `tiny`."""
    with tempfile.TemporaryDirectory(prefix="croquis-benchmark-") as room:
        folder = write_sd15(Path(room) / "sd15") if tiny else read_settings([], os.environ).sd15
        profile = make_tiny_sd15_profile(any_dtype=True) if tiny else SD15
        engine, halves = (Engine.load(profile, folder=folder, dtype=dtype) for dtype in ("float32", "bfloat16"))
        presets = [replace(mode.preset, numbers={}) for mode in list_modes(1, engine.device, engine.dtype, False)]
        whole = [replace(each, shortcuts=replace(each.shortcuts, decoder="full")) for each in presets]
        plain = [each for each in whole if not each.shortcuts.few_steps]
        can = [each for each in plain if each.name == OFF or each.shortcuts != Shortcuts()]
        for steps in numbers_of_steps:
            for found in measure_presets(engine, tuple(can), steps=steps):
                yield make_distance_row(found, steps)
            yield make_distance_row(measure_number_format(engine, halves, steps), steps)


def make_distance_row(found: PresetDistance, steps: int) -> Row:
    return {
        "distance": found.preset,
        "steps": steps,
        "ssim": round(found.ssim, 4),
        "worst_ssim": round(float(found.worst), 4),
        "edge_f1": round(found.edge_f1, 4),
    }


def measure_number_format(engine: Engine, halves: Engine, steps: int) -> PresetDistance:
    """Measure how far another number format draws from this one: the same requests, every lever off."""
    preset = set_steps(Preset("bfloat16", "", "", {}), steps)
    targets = list(make_example_requests(engine, preset, seed=0))
    return measure_preset(halves, preset, targets, [draw_timed(engine, request)[0] for request in targets])


def prepare_comparison(room: Path, asked: argparse.Namespace) -> DrawingComparison:
    """Load every side from one folder of random weights, which is written into `room` first."""
    device = choose_device(asked.device)[0]
    profile = make_tiny_sd15_profile(any_dtype=True) if asked.tiny else make_unchecked_sd15_profile()
    side = asked.side or profile.width
    print_progress("Writing random weights")
    folder = write_sd15(room / "sd15", None if asked.tiny else make_full_size_sd15())
    dtypes = asked.dtypes or choose_dtypes(device)
    sides = [
        prepare_format(replace(profile, width=side, height=side), folder, device, dtype, asked) for dtype in dtypes
    ]
    quick = asked.tiny or device.type == "cuda"
    warm_up = int(quick or asked.compile) if asked.warm_up is None else asked.warm_up
    if len(sides) > 1 and not quick:
        sides = [replace(each, seldom=SELDOM[each.dtype]) for each in sides]
    return DrawingComparison(sides, asked.repeats, warm_up)


def choose_dtypes(device: torch.device) -> list[str]:
    """Return the number formats to measure on a device; what diffusers takes there by itself comes first."""
    both = device.type == "cpu" and has_fast_bf16()
    return [name_dtype(get_default_dtype(device)), *(["bfloat16"] if both else [])]


def prepare_format(
    profile: ModelProfile, folder: Path, device: torch.device, dtype: str, asked: argparse.Namespace
) -> FormatComparison:
    print_progress(f"Loading them in {dtype}")
    engine = Engine.load(profile, folder=folder, device=device.type, dtype=dtype, memory="full")
    request, ours = make_request(engine), OurEngine(engine)
    steps = asked.steps or (20 if device.type == "cuda" else 4)
    modes = [
        mode
        for mode in list_modes(steps, device, engine.dtype, asked.compile)
        if asked.only is None or mode.name.partition("=")[0] in asked.only
    ]
    every = asked.whole or asked.only or asked.tiny or device.type == "cuda"
    main = MAIN if len(asked.dtypes or choose_dtypes(device)) == 1 else MAIN_OF_TWO[dtype]
    drawn = [mode for mode in modes if every or mode.compiled or mode.name in main]
    plain = PlainDiffusers(ours, engine.embed_style(request.styles.parts[0][0]))
    return FormatComparison(dtype, plain, ours, make_plain_request(request, engine, steps), modes, drawn)


def make_request(engine: Engine) -> GenerationRequest:
    """Return a request of the first example's drawing in a shipped style, at the engine's size."""
    first = next(make_example_requests(engine, get_menu(engine.profile.name).presets[-1], seed=0))
    style = replace(first.styles.parts[0][0], template="{prompt}")
    return replace(first, prompt=Prompt(WORDS), negative_prompt=Prompt(UNWANTED), styles=StyleMix.of(style))


def make_plain_request(request: GenerationRequest, engine: Engine, steps: int) -> GenerationRequest:
    """Return the request with the engine's usual numbers and nothing left out: what plain diffusers draws."""
    return apply_preset(Preset(PLAIN, "", "", {"num_inference_steps": steps}), engine, request)


if __name__ == "__main__":
    main()
