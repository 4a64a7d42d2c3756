"""Write and read a style as one file, `.croquis-style`: a zip of its picture, its name and its words.

What is read comes from anywhere: sizes are checked before anything is unpacked, and nothing is written to a path that
the file names.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from pipeline.errors import StyleError
from pipeline.strict_json import StrictModel, describe_first_fault
from pipeline.styles.reference import check_reference
from pipeline.styles.style_words import NAME_LIMIT, WORDS_LIMIT, clean_name, clean_words
from pipeline.values import Style

SUFFIX = ".croquis-style"
DATA, PICTURE = "style.json", "picture.webp"
FILE_LIMIT = 2_000_000  # bytes of the whole file
LIMITS = {DATA: 8_000, PICTURE: 1_500_000}  # bytes of its parts, unpacked
DATED = (1980, 1, 1, 0, 0, 0)  # equal styles make equal files


class StyleData(StrictModel):
    """StyleData holds what a style's file says of the style in words."""

    format: Literal["croquis-style"]
    version: Literal[1]
    name: Annotated[str, Field(max_length=NAME_LIMIT)]
    words: Annotated[str, Field(max_length=WORDS_LIMIT)]


@dataclass(frozen=True)
class StyleFile:
    """StyleFile holds what a style's file carries."""

    picture: bytes  # a reference picture as a style's folder has it
    name: str
    words: str  # phrases with commas between them


def write_style_file(style: Style) -> bytes:
    """Write a style as one file. Raises StyleError where its picture cannot be read."""
    data = StyleData(format="croquis-style", version=1, name=style.name, words=", ".join(style.words)[:WORDS_LIMIT])
    try:
        picture = style.image.read_bytes()
    except OSError as error:
        raise StyleError(f"The picture of the style {style.name!r} cannot be read: {error}") from error
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as archive:
        for name, content in ((DATA, data.model_dump_json().encode()), (PICTURE, picture)):
            archive.writestr(zipfile.ZipInfo(name, DATED), content)
    return stored.getvalue()


def is_style_file(data: bytes) -> bool:
    """Return whether a file looks like a zip, as a style's file does and no picture."""
    return data.startswith(b"PK\x03\x04")


def read_style_file(data: bytes) -> StyleFile:
    """Read a style's file. Raises StyleError that says what was expected and what came."""
    if len(data) > FILE_LIMIT:
        raise StyleError(
            f"A style's file has at most {FILE_LIMIT / 1e6:.0f} MB; this one has {len(data) / 1e6:.1f} MB."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            written, picture = (_read_part(archive, name) for name in LIMITS)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise StyleError(f"This is no style's file ({SUFFIX}), or it arrived broken.") from error
    try:
        said = StyleData.model_validate_json(written)
    except ValidationError as error:
        raise StyleError(f"This style's file cannot be read: {describe_first_fault(error)}.") from error
    check_reference(picture, "The picture in this style's file")
    return StyleFile(picture, clean_name(said.name), ", ".join(clean_words(said.words)))


def _read_part(archive: zipfile.ZipFile, name: str) -> bytes:
    """Unpack one part. Raises StyleError where it is missing or too large, whatever the file says of its size."""
    names = archive.namelist()
    if sorted(names) != sorted(LIMITS):
        came = ", ".join(sorted(names)[:4])[:100] or "nothing"
        raise StyleError(f"A style's file holds {DATA} and {PICTURE}; {came} came.")
    limit = LIMITS[name]
    with archive.open(name) as part:
        content = part.read(limit + 1)
    if len(content) > limit:
        raise StyleError(f"{name} in a style's file has at most {limit:,} bytes; this one has more.")
    return content
