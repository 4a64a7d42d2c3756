"""Hold a ControlNet's hint in a recipe."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pipeline.errors import PictureFileError, SettingError
from pipeline.hints import ControlHint, ControlNetName, HintSettings, OwnControlNet
from pipeline.picture.packed_pixels import pack_pixels, unpack_pixels
from pipeline.picture.recipe_weights import FindWeights
from pipeline.strict_json import StrictModel

MOST_HINTS = 6


class HintPart(StrictModel):
    """HintPart holds what one ControlNet saw, and how it steered, in a recipe."""

    controlnet: ControlNetName
    png: Annotated[str, Field(max_length=6_000_000)]  # base64 of a PNG in colour
    controlnet_conditioning_scale: Annotated[float, Field(ge=0, le=2)] = 1.0
    control_guidance_start: Annotated[float, Field(ge=0, le=1)] = 0.0
    control_guidance_end: Annotated[float, Field(ge=0, le=1)] = 1.0
    model: Annotated[str, Field(max_length=300)] = ""  # a ControlNet of the person's own; "": the published one
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""  # of its tensors


def pack_hints(hints: tuple[ControlHint, ...]) -> tuple[HintPart, ...]:
    """Return hints as a recipe holds them; restore_hints is its inverse."""
    return tuple(
        HintPart(
            controlnet=hint.controlnet,
            png=pack_pixels(hint.pixels, "RGB"),
            controlnet_conditioning_scale=hint.settings.controlnet_conditioning_scale,
            control_guidance_start=hint.settings.control_guidance_start,
            control_guidance_end=hint.settings.control_guidance_end,
            model=hint.settings.model if hint.own else "",
            sha256=hint.own.sha256 if hint.own else "",
        )
        for hint in hints
    )


def restore_hints(
    parts: tuple[HintPart, ...], size: tuple[int, int], find: FindWeights
) -> tuple[tuple[ControlHint, ...], tuple[str, ...]]:
    """Return the hints that a recipe holds, of `size` (width, height) in px, and a sentence for each ControlNet of a
    person's own that `find` does not find; the published one stands in for it. Raises PictureFileError.
    """
    missing: list[str] = []
    try:
        return tuple(restore_hint(part, size, find, missing) for part in parts), tuple(missing)
    except SettingError as error:
        raise PictureFileError(f"This picture's recipe cannot be read: hints: {error}") from error


def restore_hint(part: HintPart, size: tuple[int, int], find: FindWeights, missing: list[str]) -> ControlHint:
    """Return one hint; what is not here of it is told in `missing`."""
    model, own = "", None
    if part.sha256:
        try:
            file, model = find("controlnet", part.model, part.sha256)
            own = OwnControlNet(part.sha256, file)
        except SettingError as error:
            missing.append(f"{error} Drawn again without it the picture comes out otherwise.")
    numbers = (part.controlnet_conditioning_scale, part.control_guidance_start, part.control_guidance_end)
    pixels = unpack_pixels(part.png, f"{part.controlnet} hint", size, "RGB")
    return ControlHint(part.controlnet, pixels, HintSettings(*numbers, model), own)
