"""Describe a picture that is drawn in two passes: small first, then enlarged and redrawn at its own size.

Stable Diffusion 1.5 was trained at 512 px and repeats itself where it draws much more at once. AUTOMATIC1111's web UI
calls this way around it "hires fix".
"""

from __future__ import annotations

import math
from typing import Protocol, get_args

from pipeline.controls import HiresFix, Sampling, Upscaler

UPSCALERS: tuple[Upscaler, ...] = get_args(Upscaler)
LEAST_SIDE = 64  # px of the first pass
MULTIPLE = 8  # px; sides of the first pass are multiples of it


class HasHires(Protocol):
    """HasHires is a value with a size and perhaps a second pass, as a request is."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def start(self) -> object | None: ...
    @property
    def hires(self) -> HiresFix: ...


def is_drawn_twice(request: HasHires) -> bool:
    """Return whether a request has a second pass; what starts from a picture has that in place of a first pass."""
    return request.hires.scale > 1 and request.start is None


def find_first_size(request: HasHires) -> tuple[int, int]:
    """Return width and height (px) of a request's first pass, which is its only one where it has no second."""
    if not is_drawn_twice(request):
        return request.width, request.height
    return shrink_side(request.width, request.hires.scale), shrink_side(request.height, request.hires.scale)


def shrink_side(side: int, scale: float) -> int:
    """Return a side (px) of the first pass of a picture that has this one."""
    return max(LEAST_SIDE, MULTIPLE * round(side / scale / MULTIPLE))


def count_second_steps(hires: HiresFix, sampling: Sampling) -> int:
    """Return the steps of the second pass's schedule, of which `strength` are taken: enough for one at least."""
    return max(hires.num_inference_steps or sampling.num_inference_steps, math.ceil(1 / hires.strength))
