"""What a model's weights weigh, and the figures that memory is reckoned with; nothing is loaded for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.models.profile import ModelProfile, WeightFile

FIGURES = Path(__file__).with_name("figures.json")


@dataclass(frozen=True)
class Weights:
    """Bytes of a model's parts in 16 bits. What only a new style needs (the image encoder) is not among them."""

    unet: int  # its adapter included
    controlnet: int
    text_encoder: int
    vae: int

    @property
    def total(self) -> int:
        return self.unet + self.controlnet + self.text_encoder + self.vae

    @property
    def streamable(self) -> int:
        """Of the two that are kept in 8 bits, or streamed."""
        return self.unet + self.controlnet


@cache
def read_figures() -> dict[str, Any]:
    """figures.json: constants per device, and what they were taken from."""
    return dict(json.loads(FIGURES.read_text(encoding="utf-8")))


def weights_of(profile: ModelProfile) -> Weights:
    """From the table of files, or for a model that comes with the program from the files themselves."""
    if profile.home is not None:
        return _weights_in(profile.home)
    base = profile.parts["base"].files
    adapter = _bytes(profile.parts["ip_adapter"].files, "")
    return Weights(
        unet=_bytes(base, "unet/") + adapter,
        controlnet=_bytes(profile.parts["controlnet"].files, "") or read_figures()["controlnet_bytes"],
        text_encoder=_bytes(base, "text_encoder/"),
        vae=_bytes(base, "vae/"),
    )


def _weights_in(home: Path) -> Weights:
    """Of a model that comes with the program; its text encoder is a package, of which the figures know the size."""

    def stored(*folders: str) -> int:
        return sum(file.stat().st_size for folder in folders for file in (home / folder).glob("*.safetensors"))

    return Weights(
        stored("unet", "ip_adapter"), stored("controlnet"), read_figures()["packaged_text_bytes"], stored("vae")
    )


def _bytes(files: tuple[WeightFile, ...], folder: str) -> int:
    return sum(file.bytes or 0 for file in files if file.path.startswith(folder) and file.path.endswith("safetensors"))
