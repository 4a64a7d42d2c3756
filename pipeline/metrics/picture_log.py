"""Write a line of JSON for each picture: what it took, and nothing of who asked for what."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from pipeline.models.catalog import find_profile
from pipeline.request.presets import get_menu

if TYPE_CHECKING:
    from pipeline.values import GenerationRequest

WORK = ("num_inference_steps", "guidance_scale", "ip_adapter_scale")  # numbers that presets choose
OWN = "own"  # settings that no preset has


class PictureLog:
    """PictureLog writes to standard error unless another stream is given. Safe to call from many threads."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream, self._lock = stream, threading.Lock()

    def write(self, told: Mapping[str, Any]) -> None:
        """Write the line of one picture, as describe_picture tells it.

        A stream that is closed loses the line: no picture ends for that.
        """
        with self._lock:
            try:
                (self._stream or sys.stderr).write(json.dumps(told) + "\n")
                (self._stream or sys.stderr).flush()
            except (OSError, ValueError):
                return


def describe_picture(
    request: GenerationRequest, milliseconds: Mapping[str, float], seconds: float, outcome: str, *, gives_way: bool
) -> dict[str, Any]:
    """Return what a picture's line says: no words of a prompt, no seed, no visitor.

    `milliseconds` are by stage, `seconds` from its wish to its end.
    """
    return {
        "when": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "event": "picture",
        "outcome": outcome,
        "engine": request.engine,
        "preset": name_preset(request),
        "size": [request.width, request.height],
        "steps": request.sampling.num_inference_steps,
        "gives_way": gives_way,
        "seconds": round(seconds, 3),
        "stages": {stage: round(spent / 1000, 4) for stage, spent in milliseconds.items()},
    }


def name_preset(request: GenerationRequest) -> str:
    """Return the name of the engine's preset that has this request's work: numbers, sampler and shortcuts; else OWN."""
    usual = find_profile(request.engine).defaults
    held = {**vars(request.conditioning), **vars(request.sampling)}
    for preset in get_menu(request.engine).presets:
        numbers = {name: value for name, value in {**usual, **preset.numbers}.items() if name in WORK}
        asked = {**numbers, "sampler": preset.sampler}
        if preset.shortcuts == request.shortcuts and all(held.get(name) == value for name, value in asked.items()):
            return preset.name
    return OWN
