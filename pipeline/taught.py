"""Define what several pictures taught a style: a look for the style network, and weights for Stable Diffusion."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import StyleError

LOOK_NUMBERS = 100  # that the style network reads a picture into
MOST_NUMBER = 1e3  # what a picture's numbers are never near


@dataclass(frozen=True)
class Look:
    """Look is what the style network keeps of a style, the mean of its pictures. Raises StyleError for what is none."""

    numbers: tuple[float, ...]  # (100,)
    lightness: float  # mean L of CIELAB, [0, 100]
    chroma: float  # mean, CIELAB
    monochrome: float  # [0, 1], 1 where all of it has one hue or none

    def __post_init__(self) -> None:
        if len(self.numbers) != LOOK_NUMBERS:
            raise StyleError(f"A style's look has {LOOK_NUMBERS} numbers; {len(self.numbers)} came.")
        for number in (*self.numbers, self.lightness, self.chroma, self.monochrome):
            if not (math.isfinite(number) and abs(number) <= MOST_NUMBER):
                raise StyleError(f"A style's look has finite numbers up to {MOST_NUMBER:g}; {number} came.")


@dataclass(frozen=True)
class Taught:
    """Taught is what a style has beside its reference picture once several pictures taught it."""

    look: Look
    pictures: int  # how many taught it
    lora_sha256: str = ""  # of the LoRA's file; "" where the pocket model alone learnt
    lora: Path | None = field(default=None, compare=False)  # LoRA of the UNet in diffusers' layout; None: not here
