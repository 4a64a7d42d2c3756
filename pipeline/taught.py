"""Define what several pictures taught a style: a look for the style network, and weights for Stable Diffusion."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from pipeline.errors import StyleError
from pipeline.strict_json import StrictModel, describe_first_fault

LOOK_NUMBERS = 100  # that the style network reads a picture into
MOST_NUMBER = 1e3  # what a picture's numbers are never near
LOOK_LIMIT = 8_000  # bytes of a look as it is written
Number = Annotated[float, Field(ge=-MOST_NUMBER, le=MOST_NUMBER)]


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

    @property
    def sha256(self) -> str:
        """Return what changes with the look or the LoRA, in hexadecimal."""
        return hashlib.sha256(repr((self.look, self.lora_sha256)).encode()).hexdigest()


def identify_style(sha256: str, taught: Taught | None) -> str:
    """Return what tells a style's pictures from another's: its reference picture's hash, and what it learnt."""
    return sha256 if taught is None else hashlib.sha256(f"{sha256} {taught.sha256}".encode()).hexdigest()


class LookData(StrictModel):
    """LookData is a look as it is written."""

    format: Literal["croquis-look"] = "croquis-look"
    version: Literal[1] = 1
    pictures: Annotated[int, Field(ge=1, le=1_000)]
    numbers: Annotated[list[Number], Field(min_length=LOOK_NUMBERS, max_length=LOOK_NUMBERS)]
    lightness: Number
    chroma: Number
    monochrome: Number
    lora_sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""

    def make_taught(self, lora: Path | None) -> Taught:
        """Return it as a style has it, with its LoRA's file where that is here."""
        look = Look(tuple(self.numbers), self.lightness, self.chroma, self.monochrome)
        return Taught(look, self.pictures, self.lora_sha256, lora)


def write_look(taught: Taught) -> str:
    """Return a look as JSON; read_look is its inverse."""
    look = taught.look
    return LookData(
        pictures=taught.pictures,
        numbers=list(look.numbers),
        lightness=look.lightness,
        chroma=look.chroma,
        monochrome=look.monochrome,
        lora_sha256=taught.lora_sha256,
    ).model_dump_json()


def read_look(text: bytes | str, what: str) -> LookData:
    """Read a look. Raises StyleError that begins with `what`."""
    try:
        return LookData.model_validate_json(text)
    except ValidationError as error:
        raise StyleError(f"{what} cannot be read: {describe_first_fault(error)}.") from error
