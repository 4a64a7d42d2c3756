"""Hold what the trials draw with: the program's engine, timed, at the settings to measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import numpy as np

from pipeline.models.profile import ModelProfile
from pipeline.pocket.evaluate.measures import Figure, Pixels, summarise_median
from pipeline.values import GenerationRequest, StyleMix

if TYPE_CHECKING:
    from pipeline.engine.pocket_engine import PocketEngine
    from pipeline.styles.library import StyleLibrary


@dataclass(frozen=True)
class Timing:
    """Timing is what one picture took, ms."""

    wall: float
    process: float  # processor time of all threads
    parts: Mapping[str, float]  # the engine's own stages


class TimedDrawing:
    """TimedDrawing draws with an engine and remembers what every picture took."""

    def __init__(self, engine: PocketEngine) -> None:
        self._engine = engine
        self.timings: list[Timing] = []

    def __call__(self, request: GenerationRequest) -> Pixels:
        wall, process = perf_counter(), process_time()
        drawn = self._engine.draw(request)
        taken = (perf_counter() - wall) * 1000, (process_time() - process) * 1000
        self.timings.append(Timing(*taken, dict(drawn.milliseconds)))
        return np.asarray(drawn.images[0].convert("RGB"))

    @property
    def figure(self) -> Figure:
        """Return the median of all pictures but the first, which pays for warming up."""
        return summarise_median("milliseconds per picture, all trials", [one.wall for one in self.timings[1:]])


def change_defaults(profile: ModelProfile, changed: Sequence[str]) -> ModelProfile:
    """Change the profile's defaults by texts "name=value"; whole numbers stay whole."""
    values = dict(part.split("=", 1) for part in changed)
    numbers = {name: int(value) if value.isdigit() else float(value) for name, value in values.items()}
    return replace(profile, defaults={**profile.defaults, **numbers})


def make_usual_mix(library: StyleLibrary) -> StyleMix:
    """Make the mix of styles that the program gives a prompt that names none."""
    from pipeline.styles.search import DEFAULT_MIX

    return StyleMix(tuple((library.get(id), weight) for id, weight in DEFAULT_MIX))
