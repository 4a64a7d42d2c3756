"""Write and read the styles of a recipe, those of the whole picture and those of a part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from pipeline.errors import StyleError
from pipeline.picture.packed_pixels import pack_pixels, unpack_pixels
from pipeline.strict_json import StrictModel
from pipeline.taught import identify_style
from pipeline.values import Style, StyleMask, StyleMix

MAX_STYLES = 16

Slug = Annotated[str, Field(pattern=r"^[\w-]{1,100}$")]  # never a path
PackedPixels = Annotated[str, Field(max_length=18_000_000)]  # base64 of a PNG; 2048 x 2048 of coloured noise need 17
FindStyle = Callable[[str], Style]
LendStyle = Callable[[str], Style | None]


class StylePart(StrictModel):
    """StylePart holds one style of the mix in a recipe."""

    id: Slug
    sha256: Annotated[str, Field(max_length=100)]
    weight: Annotated[float, Field(ge=0, le=1)]
    template: Annotated[str, Field(max_length=2_000)]


Styles = Annotated[list[StylePart], Field(min_length=1, max_length=MAX_STYLES)]


class MaskPart(StrictModel):
    """MaskPart holds a part of the picture that wears other styles in a recipe."""

    png: PackedPixels
    styles: Styles


def lend_none(id: str) -> None:
    """Return None for any style: this file carries none."""


def restore_style(part: StylePart, find_style: FindStyle, lend_style: LendStyle) -> Style:
    """Return the style as it was then, with the recipe's template, whose words decide the picture too.

    Raises StyleError where it is gone or its reference picture is another one now, and the file carries none.
    """
    try:
        style = find_unchanged(part, find_style)
    except StyleError:
        if (lent := lend_style(part.id)) is None:
            raise
        style = lent
    return style if style.template == part.template else replace(style, template=part.template)


def find_unchanged(part: StylePart, find_style: FindStyle) -> Style:
    """Return the library's style. Raises StyleError where it is gone or its reference picture is another one now."""
    style = find_style(part.id)
    if identify_style(style.sha256, style.taught) != part.sha256:
        raise StyleError(
            f"The style {style.name!r} ({part.id}) has another reference picture now than when this "
            "picture was drawn, so it cannot be drawn again as it was."
        )
    return style


def list_styles(mix: StyleMix) -> list[StylePart]:
    """Return a mix as a recipe holds it; restore_mix is its inverse."""
    return [
        StylePart(id=each.id, sha256=identify_style(each.sha256, each.taught), weight=weight, template=each.template)
        for each, weight in mix.parts
    ]


def restore_mix(parts: list[StylePart], find_style: FindStyle, lend_style: LendStyle) -> StyleMix:
    """Return the mix that a recipe holds. Raises StyleError as restore_style does."""
    return StyleMix(tuple((restore_style(part, find_style, lend_style), part.weight) for part in parts))


def pack_mask(mask: StyleMask) -> MaskPart:
    """Return a mask as a recipe holds it; restore_mask is its inverse."""
    return MaskPart(png=pack_pixels(mask.pixels, "L"), styles=list_styles(mask.styles))


def restore_mask(part: MaskPart, size: tuple[int, int], find_style: FindStyle, lend_style: LendStyle) -> StyleMask:
    """Return the mask that a recipe holds. Raises PictureFileError, or StyleError as restore_mix does."""
    return StyleMask(unpack_pixels(part.png, "mask", size, "L"), restore_mix(part.styles, find_style, lend_style))
