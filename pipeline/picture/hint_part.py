"""Hold a ControlNet's hint in a recipe."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pipeline.errors import PictureFileError, SettingError
from pipeline.hints import ControlHint, ControlNetName, HintSettings
from pipeline.picture.packed_pixels import pack_pixels, unpack_pixels
from pipeline.strict_json import StrictModel

MOST_HINTS = 6


class HintPart(StrictModel):
    """HintPart holds what one ControlNet saw, and how it steered, in a recipe."""

    controlnet: ControlNetName
    png: Annotated[str, Field(max_length=6_000_000)]  # base64 of a PNG in colour
    controlnet_conditioning_scale: Annotated[float, Field(ge=0, le=2)] = 1.0
    control_guidance_start: Annotated[float, Field(ge=0, le=1)] = 0.0
    control_guidance_end: Annotated[float, Field(ge=0, le=1)] = 1.0


def pack_hints(hints: tuple[ControlHint, ...]) -> tuple[HintPart, ...]:
    """Return hints as a recipe holds them; restore_hints is its inverse."""
    return tuple(
        HintPart(
            controlnet=hint.controlnet,
            png=pack_pixels(hint.pixels, "RGB"),
            controlnet_conditioning_scale=hint.settings.controlnet_conditioning_scale,
            control_guidance_start=hint.settings.control_guidance_start,
            control_guidance_end=hint.settings.control_guidance_end,
        )
        for hint in hints
    )


def restore_hints(parts: tuple[HintPart, ...], size: tuple[int, int]) -> tuple[ControlHint, ...]:
    """Return the hints that a recipe holds, of `size` (width, height) in px. Raises PictureFileError."""
    try:
        return tuple(
            ControlHint(
                part.controlnet,
                unpack_pixels(part.png, f"{part.controlnet} hint", size, "RGB"),
                HintSettings(
                    part.controlnet_conditioning_scale, part.control_guidance_start, part.control_guidance_end
                ),
            )
            for part in parts
        )
    except SettingError as error:
        raise PictureFileError(f"This picture's recipe cannot be read: hints: {error}") from error
