"""Compare Balanced with plain diffusers: python -m tests.benchmarks.balanced [--side 256] [--repeats 1] [--tiny].

One process, in turn, over one folder of SD 1.5's layout and size with random weights: diffusers' pipeline at Balanced's
own number of steps, the same at 20 steps, and Balanced; in each of --dtypes, the same on both sides. Rows: seconds of
the processor (other programs do not stretch them much), seconds on the clock, and the ratios that the bars are about:
at the same number of steps (2), and at its own against 20 (3). It exits with 1 where one of the processor's ratios is
below its bar, in any of the formats, and says which. denoise.py takes the levers apart one by one.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import diffusers
import transformers

from pipeline.controls import Shortcuts
from pipeline.engine.engine import Engine
from pipeline.models.loading import silence_logs
from pipeline.models.profile import ModelProfile
from pipeline.request.presets import Preset, get_menu
from pipeline.values import GenerationRequest
from tests.benchmarks.denoise import make_request
from tests.benchmarks.drawing_modes import OurEngine, PlainDiffusers, is_channels_last_faster, make_shipped_mode
from tests.benchmarks.memory import name_machine
from tests.benchmarks.report import Row, print_progress, print_rows
from tests.tools.full_size_modules import make_full_size_sd15
from tests.tools.models import make_tiny_sd15_profile, make_unchecked_sd15_profile, write_sd15
from tests.tools.preset_distance import apply_preset, set_steps

STOCK_STEPS = 20
BARS = {"at the same steps": 2.0, f"against {STOCK_STEPS} steps": 3.0}


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", action="store_true", help="one JSON list instead of lines")
    options.add_argument("--tiny", action="store_true", help="small modules, for a dry run")
    options.add_argument("--side", type=int, help="px; 512, 64 with --tiny")
    options.add_argument("--repeats", type=int, default=1)
    options.add_argument("--dtypes", nargs="+", default=["float32", "bfloat16"])
    return options.parse_args(arguments)


def measure(asked: argparse.Namespace) -> Iterator[Row]:
    """Yield the rows of each number format, one after the other: both together would not fit into 8 GB."""
    profile = make_tiny_sd15_profile(any_dtype=True) if asked.tiny else make_unchecked_sd15_profile()
    side = asked.side or profile.width
    with tempfile.TemporaryDirectory(prefix="croquis-balanced-") as room:
        print_progress("Writing random weights")
        folder = write_sd15(Path(room), None if asked.tiny else make_full_size_sd15())
        for dtype in asked.dtypes:
            yield from measure_format(replace(profile, width=side, height=side), folder, dtype, asked.repeats)


def measure_format(profile: ModelProfile, folder: Path, dtype: str, repeats: int) -> Iterator[Row]:
    """Draw with plain diffusers and with Balanced in turn, `repeats` times."""
    engine = Engine.load(profile, folder=folder, device="cpu", dtype=dtype)
    ours, request = OurEngine(engine), make_request(engine)
    plain = PlainDiffusers(ours, engine.embed_style(request.styles.parts[0][0]))
    menu = get_menu(profile.name)
    preset, own = menu.find_preset("balanced"), int(profile.defaults["num_inference_steps"])
    mode = make_shipped_mode(preset, is_channels_last_faster(engine.device, engine.dtype))
    steps_of = {"plain": own, "plain at 20": STOCK_STEPS}
    wanted = {name: make_plain(engine, request, steps) for name, steps in steps_of.items()}
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in (*wanted, "balanced")}
    for number in range(repeats):
        for name, each in wanted.items():
            print_progress(f"{name} in {dtype}, {number + 1} of {repeats}")
            plain.prepare(each)
            spent[name].append(time_drawing(plain, each))
        balanced = apply_preset(preset, engine, request)
        ours.prepare(mode, balanced)
        spent["balanced"].append(time_drawing(ours, balanced))
    machine = name_machine(engine.device)
    for name, steps in (*steps_of.items(), ("balanced", own)):
        processor, clock = (round(median(each), 2) for each in zip(*spent[name], strict=True))
        yield {"row": name, "dtype": dtype, "side": profile.width, "steps": steps, "processor_s": processor, "s": clock}
    for (bar, least), name in zip(BARS.items(), wanted, strict=True):
        found = [median(each) for each in zip(*(ratios(spent, name, at) for at in range(repeats)), strict=True)]
        row = {"summary": f"balanced {bar}", "dtype": dtype, "processor_ratio": round(found[0], 2)}
        yield row | {"ratio": round(found[1], 2), "bar": least, "machine": machine}


def ratios(spent: dict[str, list[tuple[float, float]]], name: str, at: int) -> tuple[float, float]:
    """Return the ratios of a round, on the processor and on the clock."""
    processor, clock = (one / other for one, other in zip(spent[name][at], spent["balanced"][at], strict=True))
    return processor, clock


def make_plain(engine: Engine, request: GenerationRequest, steps: int) -> GenerationRequest:
    """Return the request with nothing left out, in so many steps."""
    return apply_preset(set_steps(Preset("plain", "", "", {}, shortcuts=Shortcuts()), steps), engine, request)


def time_drawing(side: PlainDiffusers | OurEngine, request: GenerationRequest) -> tuple[float, float]:
    """Draw one picture; return the seconds of the processor and of the clock."""
    before, since = time.process_time(), time.perf_counter()
    side.draw(request)
    return time.process_time() - before, time.perf_counter() - since


def list_short(rows: Sequence[Row]) -> list[str]:
    """Return a sentence for each ratio of the processor that is below its bar."""
    return [
        f"{row['summary']} in {row['dtype']}: {row['processor_ratio']} is below the bar of {row['bar']:g}."
        for row in rows
        if "summary" in row and row["processor_ratio"] < row["bar"]
    ]


def main() -> None:
    asked = read_options()
    with silence_logs((diffusers.utils.logging, transformers.utils.logging)):
        rows = print_rows(measure(asked), asked.json)
    if short := list_short(rows):
        raise SystemExit("\n".join(short))  # with exit status 1


if __name__ == "__main__":
    main()
