"""Define what a ControlNet sees of a drawing: a hint, how strongly it steers, and in which share of the steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from pipeline.errors import SettingError, SketchError
from pipeline.pixel_values import PixelValue, describe_size, expect_picture

if TYPE_CHECKING:  # the command line reads the names here, and numpy takes it 50 ms
    import numpy as np
    from numpy.typing import NDArray

ControlNetName = Literal["scribble", "lineart", "softedge", "canny", "depth", "openpose"]
CONTROLNET_NAMES: tuple[ControlNetName, ...] = get_args(ControlNetName)

HINT_LIMITS = {  # diffusers' words for each ControlNet -> the most it takes; the least is 0
    "controlnet_conditioning_scale": 2.0,
    "control_guidance_start": 1.0,
    "control_guidance_end": 1.0,
}


def expect_controlnet(name: object) -> None:
    """Raise SettingError that lists the readings unless `name` is one of them."""
    if name not in CONTROLNET_NAMES:
        came = repr(name)[:40] if isinstance(name, str) else type(name).__name__
        raise SettingError(f"A drawing is read as one of {', '.join(CONTROLNET_NAMES)}; {came} came.")


def expect_hint_number(name: str, value: object, most: float) -> None:
    """Raise SettingError unless `value` is a finite number from 0 to `most`."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= most:  # type: ignore[operator]
        came = repr(value)[:40] if is_number else type(value).__name__
        raise SettingError(f"{name} is a number from 0 to {most:g}; {came} came.")


@dataclass(frozen=True)
class HintSettings:
    """HintSettings says how one ControlNet steers a picture, and which one does."""

    controlnet_conditioning_scale: float = 1.0
    control_guidance_start: float = 0.0
    control_guidance_end: float = 1.0
    model: str = ""  # name of a ControlNet of the person's own; "": the published one

    def __post_init__(self) -> None:
        for name, most in HINT_LIMITS.items():
            expect_hint_number(name, getattr(self, name), most)
        if self.control_guidance_start > self.control_guidance_end:
            raise SettingError(
                "control_guidance_start may not lie above control_guidance_end; "
                f"{self.control_guidance_start:g} and {self.control_guidance_end:g} came."
            )


@dataclass(frozen=True)
class OwnControlNet:
    """OwnControlNet is the file of a person's own ControlNet, used in place of the published one for a reading."""

    sha256: str  # of its tensors
    file: Path = field(compare=False)


@dataclass(frozen=True, eq=False)
class ControlHint(PixelValue):
    """ControlHint is one reading of a drawing and how its ControlNet steers the picture by it."""

    controlnet: ControlNetName
    pixels: NDArray[np.uint8]  # (H, W, 3) RGB on black, as ControlNet 1.1 was trained
    settings: HintSettings = HintSettings()
    own: OwnControlNet | None = None  # the file that settings.model names; None: the published ControlNet

    def __post_init__(self) -> None:
        expect_controlnet(self.controlnet)
        expect_picture(self.pixels, "a ControlNet's hint", SketchError)


def expect_size(parts: Iterable[tuple[str, Any]], width: int, height: int) -> None:
    """Raise SettingError unless all parts, each with what it is called, have pixels of this size (px); None has."""
    for what, part in parts:
        if part is not None and part.pixels.shape[:2] != (height, width):
            raise SettingError(f"The {what} must be {width} x {height}, not {describe_size(part.pixels)}.")


def list_steering(hints: Iterable[ControlHint], scale: float) -> tuple[ControlHint, ...]:
    """List the hints that steer a picture; none where `scale` says that the drawing is not followed at all."""
    if scale == 0:
        return ()
    return tuple(hint for hint in hints if hint.settings.controlnet_conditioning_scale > 0)
