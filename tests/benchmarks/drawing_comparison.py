"""Sides of a contest, each in one number format, drawn in turn round by round; their rows, and what they come to."""

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
from tests.benchmarks.network_passes import NetworkPass, PassTimer, count_passes, count_rows, estimate_seconds
from tests.benchmarks.report import Row, print_progress
from tests.tools.preset_distance import apply_preset

ALONE = 3  # times that a pass is timed by itself, at most


@dataclass
class DrawingTimes:
    """What one way of drawing gave, picture after picture."""

    meter: MemoryMeter
    calls: PassTimer = field(default_factory=PassTimer)
    rounds: list[int] = field(default_factory=list)  # in which it drew, from 0
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)  # its own seconds, of all threads together
    beside: list[float] = field(default_factory=list)  # of `seconds`, outside of the networks
    warm_up: list[float] = field(default_factory=list)  # seconds in the rounds before
    drawing_bytes: int = 0  # beyond what was there before, at most
    picture: np.ndarray | None = None

    def paired(self, other: DrawingTimes) -> Iterator[tuple[int, int]]:
        """Places of the pictures that both drew in the same round."""
        return ((own, other.rounds.index(number)) for own, number in enumerate(self.rounds) if number in other.rounds)


@dataclass(frozen=True)
class FormatComparison:
    """Plain diffusers and our ways in one number format, over the same weights."""

    dtype: str
    plain: PlainDiffusers
    ours: OurEngine
    request: GenerationRequest  # plain's
    ways: list[DrawingMode]
    drawn: list[DrawingMode]  # of them, the others are reckoned
    seldom: frozenset[str] = frozenset()  # those drawn that sit out every other round

    def turns(self, number: int) -> list[DrawingMode | None]:
        """Who draws in a round; None is plain."""
        return [None, *(way for way in self.drawn if number % 2 == 0 or way.name not in self.seldom)]

    def worked(self, way: DrawingMode) -> GenerationRequest:
        return apply_preset(way.preset, self.ours.engine, self.request)

    def prices(self, runs: dict[str, DrawingTimes], repeats: int) -> dict[NetworkPass, list[float]]:
        """Seconds of each pass that was timed; what a way that is only reckoned takes besides is timed alone."""
        known: dict[NetworkPass, list[float]] = defaultdict(list)
        for name in (PLAIN, *(way.name for way in self.drawn)):
            for call, seconds in runs[name].calls.seconds.items():
                known[call] += seconds
        for way in self.ways:
            if way not in self.drawn and not way.compiled:
                for call, times in way.passes(self.worked(way)).items():
                    if times and call not in known:
                        known[call] = self.alone(call, way, repeats)
        return known

    def alone(self, call: NetworkPass, way: DrawingMode, repeats: int) -> list[float]:
        print_progress(f"{call.network} of {call.rows} in {self.dtype}, by itself")
        calls, request = PassTimer(), self.worked(way)
        self.ours.lay_out(way)
        calls.open({name: network for name, network in self.ours.networks(way).items() if name == call.network})
        for _ in range(min(repeats, ALONE)):
            self.ours.take_pass(call, request)
        calls.close()
        return calls.seconds[call]


@dataclass(frozen=True)
class DrawingComparison:
    """All sides in turn, every other round backwards."""

    sides: list[FormatComparison]
    repeats: int
    warm_up: int  # rounds

    @property
    def device(self) -> torch.device:
        return self.sides[0].ours.engine.device

    def rows(self) -> Iterator[Row]:
        runs, warming = self.empty(), self.empty()
        for number in range(self.warm_up):
            print_progress(f"Warm-up {number + 1} of {self.warm_up}")
            self.round(warming, number * 2)
        for dtype, warmed in warming.items():
            for name, found in warmed.items():
                runs[dtype][name].warm_up = found.seconds
        for number in range(self.repeats):
            print_progress(f"Round {number + 1} of {self.repeats}")
            self.round(runs, number)
        yield {
            "machine": name_machine(self.device),
            "device": self.device.type,
            "side": self.sides[0].request.width,
            "repeats": self.repeats,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        }
        for side in self.sides:
            yield from self.side_rows(side, runs)
        yield from self.left_out()
        yield from self.summary(runs)

    def empty(self) -> dict[str, dict[str, DrawingTimes]]:
        return {side.dtype: defaultdict(lambda: DrawingTimes(MemoryMeter(self.device))) for side in self.sides}

    def round(self, runs: dict[str, dict[str, DrawingTimes]], number: int) -> None:
        turns = [(side, way) for side in self.sides for way in side.turns(number)]
        for side, way in reversed(turns) if number % 2 else turns:
            into = runs[side.dtype][way.name if way else PLAIN]
            if way is None:
                side.plain.get_ready(side.request)
                self.draw(into, side.plain, side.plain.networks, side.request)
            else:
                request = side.worked(way)
                side.ours.get_ready(way, request)
                self.draw(into, side.ours, side.ours.networks(way), request)
            into.rounds.append(number)

    def draw(
        self, into: DrawingTimes, side: PlainDiffusers | OurEngine, networks: dict[str, Any], request: GenerationRequest
    ) -> None:
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

    def side_rows(self, side: FormatComparison, runs: dict[str, dict[str, DrawingTimes]]) -> Iterator[Row]:
        """Each row's ratio is against plain in its own numbers; beside it, against plain in the first side's."""
        own, first = runs[side.dtype], runs[self.sides[0].dtype][PLAIN]
        counted = count_passes(
            Shortcuts(), side.request.sampling.num_inference_steps, side.request.sampling.guidance_scale
        )
        head = {"dtype": side.dtype, **describe_work(counted, side.request)}
        yield {"row": PLAIN, **head, **describe_times(own[PLAIN], own[PLAIN])} | self.beside_first(
            side, own[PLAIN], first
        )
        known = side.prices(own, self.repeats) if self.device.type == "cpu" else {}
        for way in side.ways:
            row = self.row(side, way, own, known)
            yield row | (self.beside_first(side, own[way.name], first) if way in side.drawn else {})

    def beside_first(self, side: FormatComparison, found: DrawingTimes, first: DrawingTimes) -> Row:
        if side is self.sides[0]:
            return {}
        return {f"ratio_to_plain_{self.sides[0].dtype}": measure_ratio(found, first)["ratio"]}

    def row(
        self,
        side: FormatComparison,
        way: DrawingMode,
        runs: dict[str, DrawingTimes],
        known: dict[NetworkPass, list[float]],
    ) -> Row:
        request, plain, counted = side.worked(way), runs[PLAIN], way.passes(side.worked(way))
        passing = None if way.compiled else estimate_seconds(counted, known)
        beside = [median(runs[each.name].beside) for each in side.drawn if not each.compiled]
        total = None if passing is None or not beside else round(passing + median(beside), 4)
        row = {"row": way.name, "dtype": side.dtype, **describe_work(counted, request)}
        if way not in side.drawn:
            told = round(median(plain.seconds) / total, 3) if total else None
            return row | {"how": "reckoned", "seconds": total, "ratio": told}
        found = runs[way.name]
        exact = {"largest_difference": measure_difference(found, plain)} if way.exact else {}
        return row | describe_times(found, plain) | exact | ({"reckoned_s": total} if total else {})

    def left_out(self) -> Iterator[Row]:
        names = {way.name for side in self.sides for way in side.ways}
        if "xformers" not in names:
            engine = self.sides[0].ours.engine
            yield {
                "row": "xformers",
                "how": "left out",
                "why": find_xformers_problem(self.device, engine.dtype) or "not asked for",
            }
        if "compiled" not in names:
            yield {"row": "compiled", "how": "left out", "why": "takes minutes: --compile"}

    def summary(self, runs: dict[str, dict[str, DrawingTimes]]) -> Iterator[Row]:
        """The number format alone, the levers alone in each, and both together."""
        first, *others = (side.dtype for side in self.sides)
        for dtype in (first, *others):
            yield from compare_speed(runs, ("balanced", dtype), (PLAIN, dtype))
        for dtype in others:
            yield from compare_speed(runs, (PLAIN, dtype), (PLAIN, first))
            yield from compare_speed(runs, ("balanced", dtype), (PLAIN, first))


def compare_speed(
    runs: dict[str, dict[str, DrawingTimes]], one: tuple[str, str], other: tuple[str, str]
) -> Iterator[Row]:
    """How many times sooner one way, by its name and number format, draws than the other; nothing if either did not."""
    found, against = (runs[dtype].get(name) for name, dtype in (one, other))
    if found and against and found.seconds and against.seconds:
        yield {"summary": f"{' in '.join(one)} against {' in '.join(other)}", **measure_ratio(found, against)}


def measure_ratio(found: DrawingTimes, plain: DrawingTimes) -> Row:
    """Of medians, and its range round by round; over the rounds that both drew in."""
    pairs = [(plain.seconds[theirs], found.seconds[own]) for own, theirs in found.paired(plain)]
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
    """Seconds, ratios, bytes, and the median seconds of each pass."""
    row = {
        "how": "drawn",
        "seconds": round(median(found.seconds), 4),
        "least_s": round(min(found.seconds), 4),
        "most_s": round(max(found.seconds), 4),
        **measure_ratio(found, plain),
        "processor_s": round(median(found.processor), 4),
        "processor_ratio": round(median(plain.processor) / median(found.processor), 3),
        "drawing_bytes": found.drawing_bytes,
        **found.meter.totals(),
    }
    if found.warm_up:
        row["warm_up_s"] = round(sum(found.warm_up), 4)
    return row | {
        f"{call.network} of {call.rows} s": round(median(seconds), 4) for call, seconds in found.calls.seconds.items()
    }


def measure_difference(one: DrawingTimes, other: DrawingTimes) -> int:
    """Of 255, between two pictures at most."""
    assert one.picture is not None and other.picture is not None
    return int(np.abs(one.picture.astype(int) - other.picture.astype(int)).max())
