"""Write and read a style as one file, `.croquis-style`: a zip of its picture, its name and its words, and of what
several pictures taught it.

What is read comes from anywhere: sizes are checked before anything is unpacked, and nothing is written to a path that
the file names.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from pipeline.errors import StyleError
from pipeline.strict_json import StrictModel, describe_first_fault
from pipeline.styles.reference import check_reference
from pipeline.styles.style_words import NAME_LIMIT, WORDS_LIMIT, clean_name, clean_words
from pipeline.styles.taught_files import LOOK, LORA, LORA_LIMIT, check_travelled
from pipeline.taught import LOOK_LIMIT, write_look
from pipeline.values import Style

SUFFIX = ".croquis-style"
DATA, PICTURE = "style.json", "picture.webp"
FILE_LIMIT = 18_000_000  # bytes of the whole file
NEEDED = {DATA: 8_000, PICTURE: 1_500_000}  # bytes of its parts, unpacked
LIMITS = {**NEEDED, LOOK: LOOK_LIMIT, LORA: LORA_LIMIT}
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
    beside: Mapping[str, bytes] = field(default_factory=dict)  # what several pictures taught it, by the file's name


def write_style_file(style: Style) -> bytes:
    """Write a style as one file. Raises StyleError where its picture cannot be read."""
    data = StyleData(format="croquis-style", version=1, name=style.name, words=", ".join(style.words)[:WORDS_LIMIT])
    try:
        parts = {DATA: data.model_dump_json().encode(), PICTURE: style.image.read_bytes(), **_read_beside(style)}
    except OSError as error:
        raise StyleError(f"The picture of the style {style.name!r} cannot be read: {error}") from error
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, DATED), content)
    return stored.getvalue()


def _read_beside(style: Style) -> dict[str, bytes]:
    """Return what pictures taught a style as files. Raises OSError."""
    if style.taught is None:
        return {}
    lora = style.taught.lora
    return {LOOK: write_look(style.taught).encode()} | ({} if lora is None else {LORA: lora.read_bytes()})


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
            _expect_parts(archive)
            parts = {name: _read_part(archive, name) for name in LIMITS if name in archive.namelist()}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise StyleError(f"This is no style's file ({SUFFIX}), or it arrived broken.") from error
    try:
        said = StyleData.model_validate_json(parts.pop(DATA))
    except ValidationError as error:
        raise StyleError(f"This style's file cannot be read: {describe_first_fault(error)}.") from error
    check_reference(picture := parts.pop(PICTURE), "The picture in this style's file")
    check_travelled(parts)
    return StyleFile(picture, clean_name(said.name), ", ".join(clean_words(said.words)), parts)


def _read_part(archive: zipfile.ZipFile, name: str) -> bytes:
    """Unpack one part. Raises StyleError where it is too large, whatever the file says of its size."""
    limit = LIMITS[name]
    with archive.open(name) as part:
        content = part.read(limit + 1)
    if len(content) > limit:
        raise StyleError(f"{name} in a style's file has at most {limit:,} bytes; this one has more.")
    return content


def _expect_parts(archive: zipfile.ZipFile) -> None:
    """Raise StyleError for a part too many, too few or twice."""
    names = archive.namelist()
    if not set(NEEDED) <= set(names) <= set(LIMITS) or len(names) != len(set(names)):
        came = ", ".join(sorted(names)[:4])[:100] or "nothing"
        raise StyleError(f"A style's file holds {DATA} and {PICTURE}; {came} came.")
