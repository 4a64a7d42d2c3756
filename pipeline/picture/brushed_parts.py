"""Write and read the parts of a recipe that hold a picture or what was brushed on one, with the words for it."""

from __future__ import annotations

from pipeline.errors import PictureFileError, SettingError
from pipeline.picture.packed_pixels import pack_pixels, unpack_pixels
from pipeline.picture.recipe_styles import PackedPixels
from pipeline.prompt_syntax import Prompt
from pipeline.strict_json import StrictModel
from pipeline.values import Repaint, StartPicture


class RepaintPart(StrictModel):
    """RepaintPart holds a part of the picture that has other colours in a recipe."""

    png: PackedPixels
    prompt: str


class StartPart(StrictModel):
    """StartPart holds the picture that another one was drawn from in a recipe."""

    png: PackedPixels
    mask: PackedPixels | None = None  # what of it was drawn anew; None: all of it
    prompt: str | None = None  # words for what is under the mask


def pack_repaint(repaint: Repaint) -> RepaintPart:
    """Return a repainted part as a recipe holds it; restore_repaint is its inverse."""
    return RepaintPart(png=pack_pixels(repaint.pixels, "L"), prompt=repaint.prompt.text)


def restore_repaint(part: RepaintPart, size: tuple[int, int]) -> Repaint:
    """Return the repainted part that a recipe holds. Raises PictureFileError."""
    return Repaint(unpack_pixels(part.png, "repainted part", size, "L"), read_prompt("repaints", part.prompt))


def pack_start(start: StartPicture | None) -> StartPart | None:
    """Return a picture to start from as a recipe holds it; restore_start is its inverse."""
    if start is None:
        return None
    return StartPart(
        png=pack_pixels(start.pixels, "RGB"),
        mask=None if start.mask is None else pack_pixels(start.mask, "L"),
        prompt=None if start.prompt is None else start.prompt.text,
    )


def restore_start(part: StartPart | None, size: tuple[int, int]) -> StartPicture | None:
    """Return the picture to start from that a recipe holds. Raises PictureFileError."""
    if part is None:
        return None
    return StartPicture(
        unpack_pixels(part.png, "picture to start from", size, "RGB"),
        None if part.mask is None else unpack_pixels(part.mask, "mask of a part drawn anew", size, "L"),
        None if part.prompt is None else read_prompt("start.prompt", part.prompt),
    )


def read_prompt(key: str, text: str) -> Prompt:
    """Read the words that stand under `key`. Raises PictureFileError where they are none of ours."""
    try:
        return Prompt(text)
    except SettingError as error:
        raise PictureFileError(f"This picture's recipe cannot be read: {key}: {error}") from error
