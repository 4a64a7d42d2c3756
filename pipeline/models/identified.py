"""Say what a model file was found to be, in sentences whose words the page's languages have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.errors import phrase
from pipeline.models.architecture import FIX, IS

FileKind = Literal["checkpoint", "lora", "embedding", "vae", "controlnet", "ip_adapter"]
KIND_NAMES: Mapping[FileKind, str] = {
    "checkpoint": phrase("model"),
    "lora": "LoRA",
    "embedding": phrase("textual inversion"),
    "vae": "VAE",
    "controlnet": "ControlNet",
    "ip_adapter": "IP-Adapter",
}


@dataclass(frozen=True)
class Identified:
    """Identified says what a file is."""

    kind: FileKind | None  # None: of no use here
    fault: str = ""  # why it cannot be used, one or two sentences; "" where it can
    unread: tuple[str, ...] = ()  # kinds of tensors in it that are not read, by the ends of their names


def tell_for(path: Path, sentence: str, other: str) -> Identified:
    """Say of which model a file is, in a sentence with {name} and {what}."""
    return Identified(None, f"{sentence.format(name=path.name, what=other)} {FIX}")


def refuse(path: Path, what: str, fix: str = FIX) -> Identified:
    """Say what a file is, and what would do instead."""
    return Identified(None, f"{IS.format(name=path.name, what=what)} {fix}")
