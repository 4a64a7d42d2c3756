"""Our engine against plain diffusers, lever by lever: python -m tests.benchmarks.denoise [--json] [--tiny].

In one process, in turn: diffusers' StableDiffusionControlNetPipeline with IP-Adapter and guidance (16 bits and fused
attention on CUDA, 32 bits on the processor) and pipeline/diffusion.py's engine, both over one folder of SD 1.5's layout
and size with random weights, on which no time depends. Both get the same words, style embedding, edges and seed. Rows:
every lever off, each lever alone, and the presets. Median of --repeats and its range; plain's time over it (`ratio`)
and the range of that, round by round; on a processor also its own seconds, which other programs do not stretch.

A picture takes a processor most of a minute. There the rows that are not in MAIN are `reckoned`, not drawn: their
passes are counted by the loop itself and priced with the medians of the passes timed in the same rounds. What that is
worth stands in `reckoned_s` of the rows that were drawn. --whole draws all of them, --only those that it names.

Both models lie in one process: peaks hold both, `drawing_bytes` is what came on top while the row drew; memory.py
measures the engine by itself. --distance measures the price of the levers on the pocket model as shipped: SSIM and edge
F1 against every lever off.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import diffusers
import numpy as np
import torch
import transformers

from pipeline.acceleration import xformers_trouble
from pipeline.clock import Clock
from pipeline.device import choose_device
from pipeline.diffusion import Engine
from pipeline.loading import quiet
from pipeline.presets import Preset, menu_of
from pipeline.profiles import POCKET
from pipeline.values import GenerationRequest, Levers, StyleMix
from tests.benchmarks.calls import Call, Calls, passes, reckoned, rows_of
from tests.benchmarks.memory import Meter, Row, machine
from tests.benchmarks.report import report, say
from tests.benchmarks.ways import OFF, PLAIN, Ours, Plain, Way, all_ways
from tests.likeness import measure, requests, worked_as
from tests.models import tiny_sd15, unchecked_sd15, write_sd15
from tests.oracle import stock_sd15
from tests.sized import sized_sd15

MAIN = (OFF, "balanced")  # drawn on a processor too
WORDS, UNWANTED = "a red fox in a city", "blurry, grey"


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", action="store_true", help="one JSON list instead of lines")
    options.add_argument("--tiny", action="store_true", help="small modules, for a dry run")
    options.add_argument("--device", default="auto", help="auto, cuda or cpu")
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
    report(table(asked), asked.json)


def table(asked: argparse.Namespace) -> Iterator[Row]:
    if asked.distance is not None:
        yield from distances(asked.distance or [asked.steps or 4])
    if asked.only != []:
        with tempfile.TemporaryDirectory(prefix="croquis-benchmark-") as room:
            with quiet((diffusers.utils.logging, transformers.utils.logging)):
                contest = prepare(Path(room), asked)
            yield from contest.rows()


def distances(numbers_of_steps: list[int]) -> Iterator[Row]:
    """Of no lever, and of each that changes a picture and that the pocket model has; with that model's own numbers."""
    engine = Engine.load(POCKET)
    ways = all_ways(1, engine.device, engine.dtype, compiled=False)
    able = [way for way in ways if way.preset.levers.decoder == "full" and not way.preset.levers.few_steps]
    can = [replace(way.preset, numbers={}) for way in able if way.name == OFF or way.preset.levers != Levers()]
    for steps in numbers_of_steps:
        for found in measure(engine, tuple(can), steps=steps):
            yield {"distance": found.preset, "steps": steps, "ssim": round(found.ssim, 4),
                   "worst_ssim": round(float(found.worst), 4), "edge_f1": round(found.edge_f1, 4)}


def prepare(room: Path, asked: argparse.Namespace) -> Contest:
    """Both sides loaded from one folder of random weights, which is written into `room` first."""
    device, dtype = choose_device(asked.device)
    profile = tiny_sd15() if asked.tiny else unchecked_sd15()
    side, steps = asked.side or profile.width, asked.steps or (20 if device.type == "cuda" else 4)
    profile, quick = replace(profile, width=side, height=side), asked.tiny or device.type == "cuda"
    say("Writing random weights")
    folder = write_sd15(room / "sd15", None if asked.tiny else sized_sd15())
    say("Loading them twice")
    engine = Engine.load(profile, folder=folder, device=asked.device, memory="full")
    request = make_request(engine)
    style = engine.embed_style(request.styles.parts[0][0])
    plain = Plain(stock_sd15(folder).to(device=device, dtype=dtype), profile, style)
    ways = [way for way in all_ways(steps, device, dtype, asked.compile)
            if asked.only is None or way.name.partition("=")[0] in asked.only]
    drawn = [way for way in ways if asked.whole or asked.only or quick or way.compiled or way.name in MAIN]
    warm_up = int(quick or asked.compile) if asked.warm_up is None else asked.warm_up
    return Contest(plain, Ours(engine), at_work(request, engine, steps), ways, drawn, asked.repeats, warm_up)


def make_request(engine: Engine) -> GenerationRequest:
    """The first example's drawing in a shipped style, at the engine's size."""
    first = next(requests(engine, menu_of(engine.profile.name).presets[-1], seed=0))
    style = replace(first.styles.parts[0][0], template="{prompt}")
    return replace(first, prompt=WORDS, negative_prompt=UNWANTED, styles=StyleMix.of(style))


def at_work(request: GenerationRequest, engine: Engine, steps: int) -> GenerationRequest:
    """With the engine's usual numbers and nothing left out: what plain diffusers draws."""
    return worked_as(Preset(PLAIN, "", "", {"num_inference_steps": steps}), engine, request)


@dataclass
class Runs:
    """What one way of drawing gave, picture after picture."""

    meter: Meter
    calls: Calls = field(default_factory=Calls)
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)  # its own seconds, of all threads together
    beside: list[float] = field(default_factory=list)  # of `seconds`, outside of the networks
    warm_up: list[float] = field(default_factory=list)  # seconds in the rounds before
    drawing_bytes: int = 0  # beyond what was there before, at most
    picture: np.ndarray | None = None


@dataclass(frozen=True)
class Contest:
    """Plain diffusers and our ways, drawn in turn, every other round backwards."""

    plain: Plain
    ours: Ours
    request: GenerationRequest  # plain's
    ways: list[Way]
    drawn: list[Way]  # of them, the others are reckoned
    repeats: int
    warm_up: int  # rounds

    @property
    def device(self) -> torch.device:
        return self.ours.engine.device

    def rows(self) -> Iterator[Row]:
        runs, warming = self.empty(), self.empty()
        for number in range(self.warm_up):
            say(f"Warm-up {number + 1} of {self.warm_up}")
            self.round(warming, backwards=False)
        for name, warmed in warming.items():
            runs[name].warm_up = warmed.seconds
        for number in range(self.repeats):
            say(f"Round {number + 1} of {self.repeats}")
            self.round(runs, backwards=number % 2 == 1)
        yield {"machine": machine(self.device), "device": self.device.type, "side": self.request.width,
               "repeats": self.repeats, "threads": torch.get_num_threads(), "torch": torch.__version__}
        yield self.plain_row(runs[PLAIN])
        known = self.prices(runs)
        yield from (self.row(way, runs, known) for way in self.ways)
        yield from self.left_out()

    def empty(self) -> dict[str, Runs]:
        return defaultdict(lambda: Runs(Meter(self.device)))

    def round(self, runs: dict[str, Runs], backwards: bool) -> None:
        turns: list[Way | None] = [None, *self.drawn]
        for way in reversed(turns) if backwards else turns:
            if way is None:
                self.draw(runs[PLAIN], self.plain, self.plain.networks, self.request)
            else:
                request = self.worked(way)
                self.ours.get_ready(way, request)
                self.draw(runs[way.name], self.ours, self.ours.networks(way), request)

    def worked(self, way: Way) -> GenerationRequest:
        return worked_as(way.preset, self.ours.engine, self.request)

    def draw(self, into: Runs, side: Plain | Ours, networks: dict[str, Any], request: GenerationRequest) -> None:
        """One picture. The networks' passes are timed where they are done when they return."""
        memory: Row = {}
        before = into.calls.total
        if self.device.type == "cpu":
            into.calls.open(networks)
        with into.meter.stage(memory, "drawing"):
            clock, since = Clock(self.device), time.process_time()
            into.picture = side.draw(request)
            clock.mark("picture")
        into.calls.close()
        into.processor.append(time.process_time() - since)
        into.seconds.append(clock.milliseconds["picture"] / 1000)
        into.beside.append(into.seconds[-1] - (into.calls.total - before))
        into.drawing_bytes = max(into.drawing_bytes, memory["drawing"])

    def prices(self, runs: dict[str, Runs]) -> dict[Call, list[float]]:
        """Seconds of each pass that our ways took, and of the small decoder's where no row with it was drawn."""
        known: dict[Call, list[float]] = defaultdict(list)
        timed = [runs[way.name].calls for way in self.drawn]
        small = [way for way in self.ways if way not in self.drawn and way.preset.levers.decoder == "small"]
        for calls in [*timed, *map(self.decodings, small[:1])]:
            for call, seconds in calls.seconds.items():
                known[call] += seconds
        return known

    def decodings(self, way: Way) -> Calls:
        calls, request = Calls(), self.worked(way)
        calls.open({way.decoder: self.ours.networks(way)[way.decoder]})
        latents = torch.randn(1, 4, request.height // 8, request.width // 8, device=self.device)
        for _ in range(self.repeats):
            self.ours.decode(latents, request)
        calls.close()
        return calls

    def plain_row(self, found: Runs) -> Row:
        counted = passes(Levers(), self.request.num_inference_steps, self.request.guidance_scale)
        return {"row": PLAIN, **work_in(counted, self.request), **measured(found, found)}

    def row(self, way: Way, runs: dict[str, Runs], known: dict[Call, list[float]]) -> Row:
        request, plain, counted = self.worked(way), runs[PLAIN], way.passes(self.worked(way))
        passing = None if way.compiled else reckoned(counted, known)
        beside = [median(runs[each.name].beside) for each in self.drawn if not each.compiled]
        total = None if passing is None or not beside else round(passing + median(beside), 4)
        row = {"row": way.name, **work_in(counted, request)}
        if way not in self.drawn:
            ratio = round(median(plain.seconds) / total, 3) if total else None
            return row | {"how": "reckoned", "seconds": total, "ratio": ratio}
        found = runs[way.name]
        exact = {"largest_difference": difference(found, plain)} if way.exact else {}
        return row | measured(found, plain) | exact | ({"reckoned_s": total} if total else {})

    def left_out(self) -> Iterator[Row]:
        names = {way.name for way in self.ways}
        if "xformers" not in names:
            yield {"row": "xformers", "how": "left out",
                   "why": xformers_trouble(self.device, self.ours.engine.dtype) or "not asked for"}
        if "compiled" not in names:
            yield {"row": "compiled", "how": "left out", "why": "takes minutes: --compile"}


def work_in(counted: dict[Call, int], request: GenerationRequest) -> Row:
    return {"steps": request.num_inference_steps, "unet_rows": rows_of(counted, "unet"),
            "controlnet_rows": rows_of(counted, "controlnet")}


def measured(found: Runs, plain: Runs) -> Row:
    """Seconds, ratios, bytes, and the median seconds of each pass."""
    ratios = [theirs / own for theirs, own in zip(plain.seconds, found.seconds, strict=True)]
    row = {
        "how": "drawn", "seconds": round(median(found.seconds), 4),
        "least_s": round(min(found.seconds), 4), "most_s": round(max(found.seconds), 4),
        "ratio": round(median(plain.seconds) / median(found.seconds), 3),
        "least_ratio": round(min(ratios), 3), "most_ratio": round(max(ratios), 3),
        "processor_s": round(median(found.processor), 4),
        "processor_ratio": round(median(plain.processor) / median(found.processor), 3),
        "drawing_bytes": found.drawing_bytes, **found.meter.totals(),
    }
    if found.warm_up:
        row["warm_up_s"] = round(sum(found.warm_up), 4)
    return row | {f"{call.network} of {call.rows} s": round(median(seconds), 4)
                  for call, seconds in found.calls.seconds.items()}


def difference(one: Runs, other: Runs) -> int:
    """Of 255, between two pictures at most."""
    assert one.picture is not None and other.picture is not None
    return int(np.abs(one.picture.astype(int) - other.picture.astype(int)).max())


if __name__ == "__main__":
    main()
