"""Compare plain diffusers and our engine: each number format draws in turn, round by round, and gives its rows."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np
import torch

from pipeline.controls import Shortcuts
from pipeline.engine.acceleration import find_xformers_problem
from pipeline.timing import Clock
from pipeline.values import GenerationRequest
from tests.benchmarks.drawing_modes import PLAIN, DrawingMode, OurEngine, PlainDiffusers
from tests.benchmarks.memory import MemoryMeter, name_machine
from tests.benchmarks.network_passes import SHALLOW, NetworkPass, PassTimer, count_passes, count_rows, estimate_seconds
from tests.benchmarks.report import Row, print_progress
from tests.tools.preset_distance import apply_preset

ALONE = 3  # times that a pass is timed by itself, at most
BARS = {"balanced": 2.5, "draft": 8.0}  # times that plain diffusers takes on a GPU, in the same numbers


@dataclass
class DrawingTimes:
    """This holds what one mode of drawing gave, picture after picture."""

    meter: MemoryMeter
    calls: PassTimer = field(default_factory=PassTimer)
    rounds: list[int] = field(default_factory=list)  # in which it drew, from 0
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)  # its own seconds, of all threads together
    beside: list[float] = field(default_factory=list)  # of `seconds`, outside of the networks
    warm_up: list[float] = field(default_factory=list)  # seconds in the rounds before
    drawing_bytes: int = 0  # beyond what was there before, at most
    picture: np.ndarray | None = None

    def list_pairs(self, other: DrawingTimes) -> Iterator[tuple[int, int]]:
        """Yield the places of the pictures that both drew in the same round."""
        return ((own, other.rounds.index(number)) for own, number in enumerate(self.rounds) if number in other.rounds)


@dataclass(frozen=True)
class FormatComparison:
    """This compares plain diffusers and our modes in one number format, over the same weights."""

    dtype: str
    plain: PlainDiffusers
    ours: OurEngine
    request: GenerationRequest  # plain's
    modes: list[DrawingMode]
    drawn: list[DrawingMode]  # of them, the others are reckoned
    seldom: frozenset[str] = frozenset()  # those drawn that sit out every other round

    def list_turns(self, number: int) -> list[DrawingMode | None]:
        """Return who draws in a round; None is plain."""
        return [None, *(mode for mode in self.drawn if number % 2 == 0 or mode.name not in self.seldom)]

    def make_request(self, mode: DrawingMode) -> GenerationRequest:
        return apply_preset(mode.preset, self.ours.engine, self.request)

    def collect_pass_seconds(self, runs: dict[str, DrawingTimes], repeats: int) -> dict[NetworkPass, list[float]]:
        """Return the seconds of each timed pass; what a mode that is only reckoned takes besides is timed alone."""
        known: dict[NetworkPass, list[float]] = defaultdict(list)
        for name in (PLAIN, *(mode.name for mode in self.drawn)):
            for call, seconds in runs[name].calls.seconds.items():
                known[call] += seconds
        for mode in self.modes:
            if mode not in self.drawn and not mode.compiled:
                for call, times in mode.count_passes(self.make_request(mode)).items():
                    if times and call not in known:
                        known[call] = self.time_pass_alone(call, mode, repeats)
        return known

    def time_pass_alone(self, call: NetworkPass, mode: DrawingMode, repeats: int) -> list[float]:
        print_progress(f"{call.network} of {call.rows} in {self.dtype}, by itself")
        calls, request = PassTimer(), self.make_request(mode)
        self.ours.lay_out(mode)
        whole = call.network.replace(SHALLOW, "unet")
        calls.start({name: network for name, network in self.ours.networks(mode).items() if name == whole})
        for _ in range(min(repeats, ALONE)):
            self.ours.run_pass(call, request)
        calls.stop()
        return calls.seconds[call]


@dataclass(frozen=True)
class DrawingComparison:
    """This lets all sides draw in turn, every other round backwards."""

    sides: list[FormatComparison]
    repeats: int
    warm_up: int  # rounds

    @property
    def device(self) -> torch.device:
        return self.sides[0].ours.engine.device

    def measure_rows(self) -> Iterator[Row]:
        runs, warming = self.make_times(), self.make_times()
        for number in range(self.warm_up):
            print_progress(f"Warm-up {number + 1} of {self.warm_up}")
            self.run_round(warming, number * 2)
        for dtype, warmed in warming.items():
            for name, found in warmed.items():
                runs[dtype][name].warm_up = found.seconds
        for number in range(self.repeats):
            print_progress(f"Round {number + 1} of {self.repeats}")
            self.run_round(runs, number)
        yield {
            "machine": name_machine(self.device),
            "device": self.device.type,
            "side": self.sides[0].request.width,
            "repeats": self.repeats,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        }
        for side in self.sides:
            yield from self.make_format_rows(side, runs)
        yield from self.list_left_out()
        yield from self.summarize(runs)

    def make_times(self) -> dict[str, dict[str, DrawingTimes]]:
        return {side.dtype: defaultdict(lambda: DrawingTimes(MemoryMeter(self.device))) for side in self.sides}

    def run_round(self, runs: dict[str, dict[str, DrawingTimes]], number: int) -> None:
        turns = [(side, mode) for side in self.sides for mode in side.list_turns(number)]
        for side, mode in reversed(turns) if number % 2 else turns:
            into = runs[side.dtype][mode.name if mode else PLAIN]
            if mode is None:
                side.plain.prepare(side.request)
                self.draw(into, side.plain, side.plain.networks, side.request)
            else:
                request = side.make_request(mode)
                side.ours.prepare(mode, request)
                self.draw(into, side.ours, side.ours.networks(mode), request)
            into.rounds.append(number)

    def draw(
        self, into: DrawingTimes, side: PlainDiffusers | OurEngine, networks: dict[str, Any], request: GenerationRequest
    ) -> None:
        """Draw one picture. The networks' passes are timed where they are done when they return."""
        memory: Row = {}
        before = into.calls.total_seconds
        if self.device.type == "cpu":
            into.calls.start(networks)
        with into.meter.measure_stage(memory, "drawing"):
            clock, since = Clock(self.device), time.process_time()
            into.picture = side.draw(request)
            clock.mark("picture")
        into.calls.stop()
        into.processor.append(time.process_time() - since)
        into.seconds.append(clock.milliseconds["picture"] / 1000)
        into.beside.append(into.seconds[-1] - (into.calls.total_seconds - before))
        into.drawing_bytes = max(into.drawing_bytes, memory["drawing"])

    def make_format_rows(self, side: FormatComparison, runs: dict[str, dict[str, DrawingTimes]]) -> Iterator[Row]:
        """Yield one side's rows: each ratio is against plain in its own numbers, another against plain in the first
        side's."""
        own, first = runs[side.dtype], runs[self.sides[0].dtype][PLAIN]
        counted = count_passes(
            Shortcuts(), side.request.sampling.num_inference_steps, side.request.sampling.guidance_scale
        )
        head = {"dtype": side.dtype, **describe_work(counted, side.request)}
        yield {"row": PLAIN, **head, **describe_times(own[PLAIN], own[PLAIN])} | self.compare_with_first(
            side, own[PLAIN], first
        )
        known = side.collect_pass_seconds(own, self.repeats) if self.device.type == "cpu" else {}
        for mode in side.modes:
            row = self.make_row(side, mode, own, known)
            yield row | (self.compare_with_first(side, own[mode.name], first) if mode in side.drawn else {})

    def compare_with_first(self, side: FormatComparison, found: DrawingTimes, first: DrawingTimes) -> Row:
        if side is self.sides[0]:
            return {}
        return {f"ratio_to_plain_{self.sides[0].dtype}": measure_ratio(found, first)["ratio"]}

    def make_row(
        self,
        side: FormatComparison,
        mode: DrawingMode,
        runs: dict[str, DrawingTimes],
        known: dict[NetworkPass, list[float]],
    ) -> Row:
        request, plain, counted = side.make_request(mode), runs[PLAIN], mode.count_passes(side.make_request(mode))
        passing = None if mode.compiled else estimate_seconds(counted, known)
        beside = [median(runs[each.name].beside) for each in side.drawn if not each.compiled]
        total = None if passing is None or not beside else round(passing + median(beside), 4)
        row = {"row": mode.name, "dtype": side.dtype, **describe_work(counted, request)}
        if mode not in side.drawn:
            told = round(median(plain.seconds) / total, 3) if total else None
            return row | {"how": "reckoned", "seconds": total, "ratio": told}
        found = runs[mode.name]
        exact = {"largest_difference": measure_difference(found, plain)} if mode.is_exact else {}
        return row | describe_times(found, plain) | exact | ({"reckoned_s": total} if total else {})

    def list_left_out(self) -> Iterator[Row]:
        names = {mode.name for side in self.sides for mode in side.modes}
        if "xformers" not in names:
            engine = self.sides[0].ours.engine
            yield {
                "row": "xformers",
                "how": "left out",
                "why": find_xformers_problem(self.device, engine.dtype) or "not asked for",
            }
        if "compiled" not in names:
            yield {"row": "compiled", "how": "left out", "why": "takes minutes: --compile"}

    def summarize(self, runs: dict[str, dict[str, DrawingTimes]]) -> Iterator[Row]:
        """Yield the ratios of the number format alone, of the levers alone in each, and of both together."""
        first, *others = (side.dtype for side in self.sides)
        for dtype in (first, *others):
            for name, bar in BARS.items():
                for row in compare_speed(runs, (name, dtype), (PLAIN, dtype)):
                    yield row | (judge_by_bar(row, bar) if self.device.type == "cuda" else {})
        for dtype in others:
            yield from compare_speed(runs, (PLAIN, dtype), (PLAIN, first))
            yield from compare_speed(runs, ("balanced", dtype), (PLAIN, first))


def judge_by_bar(row: Row, bar: float) -> Row:
    """Return the bar of a summary, and whether its ratio reaches it."""
    return {"bar": bar, "reached": row["ratio"] >= bar}


def compare_speed(
    runs: dict[str, dict[str, DrawingTimes]], one: tuple[str, str], other: tuple[str, str]
) -> Iterator[Row]:
    """Yield how many times sooner one mode (its name, its number format) draws than another, if both were drawn."""
    found, against = (runs[dtype].get(name) for name, dtype in (one, other))
    if found and against and found.seconds and against.seconds:
        yield {"summary": f"{' in '.join(one)} against {' in '.join(other)}", **measure_ratio(found, against)}


def measure_ratio(found: DrawingTimes, plain: DrawingTimes) -> Row:
    """Return the ratio of medians, and its range round by round; over the rounds that both drew in."""
    pairs = [(plain.seconds[theirs], found.seconds[own]) for own, theirs in found.list_pairs(plain)]
    theirs, own = zip(*pairs, strict=True)
    each = [one / other for one, other in pairs]
    return {
        "ratio": round(median(theirs) / median(own), 3),
        "least_ratio": round(min(each), 3),
        "most_ratio": round(max(each), 3),
        "rounds": len(pairs),
    }


def describe_work(counted: dict[NetworkPass, int], request: GenerationRequest) -> Row:
    return {
        "steps": request.sampling.num_inference_steps,
        "unet_rows": count_rows(counted, "unet"),
        "controlnet_rows": count_rows(counted, "controlnet"),
    }


def describe_times(found: DrawingTimes, plain: DrawingTimes) -> Row:
    """Return seconds, ratios, bytes, and the median seconds of each pass."""
    row = {
        "how": "drawn",
        "seconds": round(median(found.seconds), 4),
        "least_s": round(min(found.seconds), 4),
        "most_s": round(max(found.seconds), 4),
        **measure_ratio(found, plain),
        "processor_s": round(median(found.processor), 4),
        "processor_ratio": round(median(plain.processor) / median(found.processor), 3),
        "drawing_bytes": found.drawing_bytes,
        **found.meter.list_totals(),
    }
    if found.warm_up:
        row["warm_up_s"] = round(sum(found.warm_up), 4)
    return row | {
        f"{call.network} of {call.rows} s": round(median(seconds), 4) for call, seconds in found.calls.seconds.items()
    }


def measure_difference(one: DrawingTimes, other: DrawingTimes) -> int:
    """Return how far two pictures are apart at most, of 255."""
    assert one.picture is not None and other.picture is not None
    return int(np.abs(one.picture.astype(int) - other.picture.astype(int)).max())
