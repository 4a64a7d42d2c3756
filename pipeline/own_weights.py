"""Define the weights of a person's own that a picture may be drawn with: LoRAs, textual inversions, IP-Adapters."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import SettingError

MOST_LORAS = 8  # of one picture
MOST_EMBEDDINGS = 16  # of one picture, both prompts together
WEIGHT_LIMIT = 4.0  # a LoRA's weight, either way; trained for 1


@dataclass(frozen=True)
class Lora:
    """Lora is a LoRA and how strongly a picture is drawn with it."""

    name: str
    weight: float  # -WEIGHT_LIMIT to WEIGHT_LIMIT
    sha256: str  # of its tensors
    file: Path = field(compare=False)

    def __post_init__(self) -> None:
        expect_weight(self.name, self.weight)


@dataclass(frozen=True)
class Adapter:
    """Adapter is an IP-Adapter, which wears a style as it sees the style's picture."""

    name: str
    sha256: str  # of its tensors
    file: Path = field(compare=False)


@dataclass(frozen=True)
class Embedding:
    """Embedding is a textual inversion: where its name stands in a prompt, its vectors take its place."""

    name: str
    sha256: str  # of its tensors; of a pickled file, of its bytes
    file: Path = field(compare=False)


def expect_weight(name: str, weight: object) -> None:
    """Raise SettingError unless a LoRA's weight is a finite number within its limits."""
    is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
    if not is_number or not math.isfinite(weight) or abs(weight) > WEIGHT_LIMIT:  # type: ignore[arg-type]
        came = repr(weight)[:40] if is_number else type(weight).__name__
        raise SettingError(
            f"The weight of the LoRA {name[:40]!r} is a number from -{WEIGHT_LIMIT:g} to {WEIGHT_LIMIT:g}; {came} came."
        )
