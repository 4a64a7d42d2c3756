"""Draw without an engine, by functions whose figures are known beforehand; make benches to try them on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.models.catalog import POCKET
from pipeline.pocket.evaluate.bench import Bench, Case, Outcome
from pipeline.styles.library import StyleLibrary
from pipeline.values import GenerationRequest, Style, StyleMix

# Small and of known settings, whatever is shipped.
PROFILE = replace(POCKET, width=128, height=128, defaults={**POCKET.defaults, "num_inference_steps": 2})
Draw = Callable[[GenerationRequest], np.ndarray]
STYLES: tuple[Style, ...] = StyleLibrary(Path("styles"), Path("styles/.none")).all()


def make_bench(draw: Draw, room: Path) -> Bench:
    return Bench(draw, PROFILE, StyleMix.of(STYLES[0]), room)


def read_values(outcome: Outcome) -> dict[str, float]:
    """Return the figures by name; of figures that share one, the first."""
    found: dict[str, float] = {}
    for line in outcome.figures:
        found.setdefault(line.name.strip(), line.value)
    return found


def draw_white(request: GenerationRequest) -> np.ndarray:
    return np.full((request.height, request.width, 3), 255, np.uint8)


def draw_noise(request: GenerationRequest) -> np.ndarray:
    """Draw another picture for every request."""
    told = repr([(name, value) for name, value in vars(request).items() if name != "edges"])
    seed = np.frombuffer((told.encode() + request.edges.pixels.tobytes()), np.uint8).astype(np.uint64)
    rng = np.random.default_rng(int((seed * np.arange(1, len(seed) + 1, dtype=np.uint64)).sum()))
    return rng.integers(0, 256, (request.height, request.width, 3), dtype=np.uint8)


def make_draw_of_originals(cases: Sequence[Case]) -> Draw:
    """Return a function that draws the picture that a case's lines were taken from."""
    known = {case.lines.tobytes(): case.original for case in cases}
    return lambda request: known[request.edges.pixels.tobytes()]


def record_requests(draw: Draw, into: list[GenerationRequest]) -> Draw:
    return lambda request: (into.append(request), draw(request))[1]
