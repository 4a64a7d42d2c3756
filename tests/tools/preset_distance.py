"""Measure how far each preset's pictures are from Best's: `python -m tests.tools.preset_distance`.

The eight example drawings, each in another style, every preset with the same seed. SSIM of the pictures, and F1 of the
lines asked for against the lines found, by the same measuring eye as the training's report.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from skimage.metrics import structural_similarity

from pipeline.controls import SEEDS
from pipeline.picture.setting_text import flatten_settings
from pipeline.pocket.evaluate.measures import compute_edge_f1, read_lines
from pipeline.request.completion import build_request
from pipeline.request.order import parse_order
from pipeline.request.presets import Preset, get_menu
from pipeline.settings import ROOT
from pipeline.sketch.edges import read_edges
from pipeline.sketch.intake import read_strokes
from pipeline.styles.library import StyleLibrary
from pipeline.values import GenerationRequest, StyleMix
from tests.tools.requests import change_request

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine

EXAMPLES = sorted((ROOT / "assets" / "examples").glob("*.json"))
SSIM_BAR, F1_BAR = 0.95, 0.01


@dataclass(frozen=True)
class PresetDistance:
    """This holds what was measured of one preset over the examples."""

    preset: str
    ssim: float  # mean, against Best
    worst: float  # the least of them
    edge_f1: float  # mean
    seconds: float  # mean per picture on this machine

    def __str__(self) -> str:
        return (
            f"{self.preset:<10} SSIM {self.ssim:.3f} (least {self.worst:.3f})   edge F1 {self.edge_f1:.3f}   "
            f"{self.seconds:.2f} s"
        )


def measure_presets(
    engine: Engine, presets: tuple[Preset, ...], seeds: int = 1, steps: int | None = None
) -> list[PresetDistance]:
    """Measure each preset against Best, in its own number of steps, or in `steps`."""
    *_, best = get_menu(engine.profile.name).presets
    if steps:
        best, *presets = (set_steps(each, steps) for each in (best, *presets))
    targets = [request for seed in range(seeds) for request in make_example_requests(engine, best, seed)]
    ideal = [draw_timed(engine, request)[0] for request in targets]
    return [measure_preset(engine, preset, targets, ideal) for preset in presets]


def measure_preset(
    engine: Engine, preset: Preset, targets: list[GenerationRequest], ideal: list[np.ndarray]
) -> PresetDistance:
    drawn = [draw_timed(engine, apply_preset(preset, engine, target)) for target in targets]
    ssim = [structural_similarity(one, other, channel_axis=2) for one, (other, _) in zip(ideal, drawn, strict=True)]
    f1 = [
        compute_edge_f1(target.edges.pixels, read_lines(picture))
        for target, (picture, _) in zip(targets, drawn, strict=True)
    ]
    seconds = [spent for _, spent in drawn]
    return PresetDistance(preset.name, float(np.mean(ssim)), min(ssim), float(np.mean(f1)), float(np.mean(seconds)))


def make_example_requests(engine: Engine, preset: Preset, seed: int) -> Iterator[GenerationRequest]:
    """Yield one request for each example, in styles taken in turn."""
    library = StyleLibrary(ROOT / "styles", ROOT / "no-such-folder").all()
    for number, file in enumerate(EXAMPLES):
        about = json.loads(file.read_text(encoding="utf-8"))
        sketch = read_strokes(json.dumps(about["canvas"]) if "canvas" in about else file.read_text(encoding="utf-8"))
        order = parse_order(engine.profile, sketch=sketch, prompt=about.get("prompt", file.stem[2:]), seed=seed)
        edges = read_edges(sketch, size=engine.profile.size)
        mix = StyleMix.of(library[number * 7 % len(library)])
        yield apply_preset(preset, engine, build_request(order, edges, mix))


def set_steps(preset: Preset, steps: int) -> Preset:
    return replace(preset, numbers={**preset.numbers, "num_inference_steps": steps})


def apply_preset(preset: Preset, engine: Engine, request: GenerationRequest) -> GenerationRequest:
    """Return the request with the preset's numbers, sampler and levers in place of its own."""
    defaults = {**engine.profile.defaults, **preset.numbers}
    wanted = flatten_settings(request).keys() - set(SEEDS)
    numbers = {name: value for name, value in defaults.items() if name in wanted}
    return change_request(request, **numbers, sampler=preset.sampler, shortcuts=preset.shortcuts)


def draw_timed(engine: Engine, request: GenerationRequest) -> tuple[np.ndarray, float]:
    since = time.perf_counter()
    return np.asarray(engine.draw(request).images[0]), time.perf_counter() - since


def main() -> None:
    from pipeline.engine.engine import Engine
    from pipeline.models.catalog import find_profile

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="sd15")
    parser.add_argument("--folder", type=Path, help="the model's folder, the profile's own or the Hub's if left out")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--steps", type=int, help="for every preset, in place of its own")
    given = parser.parse_args()
    engine = Engine.load(find_profile(given.profile), folder=given.folder)
    for row in measure_presets(engine, get_menu(given.profile).presets, given.seeds, given.steps):
        print(row, flush=True)


if __name__ == "__main__":
    main()
