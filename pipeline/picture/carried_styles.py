"""Write and read the styles of a person's own that a picture file carries, each with a picture small enough to travel.

A style that came with Croquis is named in the recipe alone: it is everywhere.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from PIL import Image
from pydantic import Field, TypeAdapter, ValidationError

from pipeline.errors import PictureFileError, StyleError
from pipeline.sketch.image_file import DECODER_ERRORS
from pipeline.strict_json import StrictModel, describe_first_fault
from pipeline.taught import LOOK_LIMIT, Taught, read_look, write_look
from pipeline.values import GenerationRequest, Style

KEYWORD = "croquis-styles"
SIDE = 256  # px of the picture that travels
QUALITY = 80  # of its WebP
MAX_STYLES = 32  # of the picture's mix and of its mask's
MAX_CARRIED = 6_000_000  # bytes of JSON
Line = Annotated[str, Field(max_length=200)]


class CarriedStyle(StrictModel):
    """CarriedStyle is a style of a person's own as a picture file carries it."""

    id: Annotated[str, Field(pattern=r"^[\w-]{1,100}$")]  # as the recipe names it
    name: Annotated[str, Field(min_length=1, max_length=60)]
    words: Annotated[list[Line], Field(max_length=100)]
    picture: Annotated[str, Field(max_length=200_000)]  # base64 of a WebP of at most SIDE px a side
    taught: Annotated[str, Field(max_length=LOOK_LIMIT)] | None = (
        None  # its look as JSON, where several pictures taught it
    )

    def open_picture(self) -> Image.Image:
        """Decode the picture, RGB. Raises PictureFileError where it is damaged or too large."""
        try:
            stored = io.BytesIO(base64.b64decode(self.picture, validate=True))
            with Image.open(stored, formats=("WEBP",)) as image:
                if max(image.size) > SIDE:
                    raise PictureFileError(
                        f"The picture of this picture's style {self.name!r} is {image.width} x {image.height}; "
                        f"at most {SIDE} x {SIDE} travel."
                    )
                return image.convert("RGB")
        except (*DECODER_ERRORS, Image.DecompressionBombWarning) as error:
            raise PictureFileError(f"The picture of this picture's style {self.name!r} is damaged.") from error

    def open_look(self) -> Taught | None:
        """Return what several pictures taught it, without its LoRA; None where none did. Raises PictureFileError."""
        try:
            look = None if self.taught is None else read_look(self.taught, f"The look of the style {self.name!r}")
        except StyleError as error:
            raise PictureFileError(str(error)) from error
        return None if look is None else look.make_taught(None)


CARRIED = TypeAdapter(Annotated[list[CarriedStyle], Field(max_length=MAX_STYLES)])


def write_styles(request: GenerationRequest) -> str | None:
    """Return the request's styles of a person's own as JSON, by id; None where it wears none."""
    own = {style.id: style for style in list_styles(request) if not style.builtin}
    if not own:
        return None
    return CARRIED.dump_json([pack_style(own[id]) for id in sorted(own)], exclude_none=True).decode()


def list_styles(request: GenerationRequest) -> Iterable[Style]:
    """Return every style that the picture wears, its mask's too."""
    parts = request.styles.parts + (request.mask.styles.parts if request.mask else ())
    return (style for style, _ in parts)


def pack_style(style: Style) -> CarriedStyle:
    """Return a style as a picture file carries it."""
    picture = shrink_reference(style.sha256, style.image)
    taught = None if style.taught is None else write_look(style.taught)
    return CarriedStyle(id=style.id, name=style.name, words=list(style.words), picture=picture, taught=taught)


@lru_cache(maxsize=100)
def shrink_reference(sha256: str, file: Path) -> str:
    """Return a reference picture as base64 of a small WebP; `sha256` makes the cache notice a changed file."""
    with Image.open(file) as image:
        small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    stored = io.BytesIO()
    small.save(stored, "WEBP", quality=QUALITY, method=4)
    return base64.b64encode(stored.getvalue()).decode("ascii")


def read_styles(text: bytes) -> dict[str, CarriedStyle]:
    """Read the styles that a picture file carries, by the ids that its recipe gives them. Raises PictureFileError."""
    try:
        carried = {style.id: style for style in CARRIED.validate_json(text)}
    except ValidationError as error:
        raise PictureFileError(f"This picture's own styles cannot be read: {describe_first_fault(error)}.") from error
    for style in carried.values():
        style.open_picture()
        style.open_look()
    return carried
