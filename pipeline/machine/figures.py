"""Measure a model's weights, and read the figures that memory is planned with, without loading anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.models.profile import ModelProfile, WeightFile

FIGURES = Path(__file__).with_name("figures.json")


@dataclass(frozen=True)
class WeightSizes:
    """Bytes of a model's parts in 16 bits, without the image encoder, which only a new style needs."""

    unet: int  # its adapter included; the pocket model's colourist
    controlnet: int
    text_encoder: int
    vae: int

    @property
    def total(self) -> int:
        """Bytes of all four parts."""
        return self.unet + self.controlnet + self.text_encoder + self.vae

    @property
    def streamable(self) -> int:
        """Bytes of the two parts that some modes keep in 8 bits, or stream."""
        return self.unet + self.controlnet


@cache
def read_figures() -> dict[str, Any]:
    """Read figures.json: constants per device, and the measurements that they were taken from."""
    return dict(json.loads(FIGURES.read_text(encoding="utf-8")))


def measure_weights(profile: ModelProfile) -> WeightSizes:
    """Measure a model's weights by its table of files or, where it comes with the program, by the files."""
    if profile.home is not None:
        return _measure_folder(profile.home)
    base = profile.parts["base"].files
    adapter = _sum_bytes(profile.parts["ip_adapter"].files, "")
    return WeightSizes(
        unet=_sum_bytes(base, "unet/") + adapter,
        controlnet=_sum_bytes(profile.parts["controlnet"].files, "") or read_figures()["controlnet_bytes"],
        text_encoder=_sum_bytes(base, "text_encoder/"),
        vae=_sum_bytes(base, "vae/"),
    )


def count_decode_bytes(pixels: int, coded: int, usual: int, figures: Mapping[str, Any]) -> int:
    """Return the bytes of a decoding of so many px in numbers of `coded` bytes, by those that `figures` have for them,
    else by those of `usual` bytes.
    """
    own = f"_{8 * coded}" if f"decode_bytes_per_px_{8 * coded}" in figures else ""
    share = 1.0 if own else coded / usual
    return int(share * (pixels * figures[f"decode_bytes_per_px{own}"] + figures.get(f"decode_bytes{own}", 0)))


def _measure_folder(home: Path) -> WeightSizes:
    """Return the sizes in a model folder; its text encoder is a package, whose size the figures know."""

    def stored(*folders: str) -> int:
        return sum(file.stat().st_size for folder in folders for file in (home / folder).glob("*.safetensors"))

    unet = stored("unet", "ip_adapter", "colourist")
    return WeightSizes(unet, stored("controlnet"), read_figures()["packaged_text_bytes"], stored("vae"))


def _sum_bytes(files: tuple[WeightFile, ...], folder: str) -> int:
    return sum(file.bytes or 0 for file in files if file.path.startswith(folder) and file.path.endswith("safetensors"))
