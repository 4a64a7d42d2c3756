"""Read and write one style's folder: style.json, a reference picture, what pictures taught it, the hash of these."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.disk_faults import explain_disk_fault
from pipeline.errors import StyleError
from pipeline.plain_file import read_plain_file
from pipeline.styles.reference import check_reference
from pipeline.styles.style_words import NAME_LIMIT, RESERVED
from pipeline.styles.taught_files import LOOK, read_taught
from pipeline.values import Style
from pipeline.whole_file import write_whole

FILE_LIMIT = 64_000  # bytes of a style.json
REFERENCE_LIMIT = 8_000_000  # bytes of a reference picture; 512 x 512 without loss have 1 MB

DATA, REFERENCE = "style.json", "reference.webp"
CHANGING_SECONDS = 0.01  # that a change of a folder takes at most, three small files
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
KEYS = ("id", "name", "words", "template", "licence", "credit")
WRITTEN = "written.sha256"  # of the files that a style's look comes from
HASHED = (DATA, REFERENCE, LOOK)
CHANGED = (
    "{folder} was changed since it was kept, or is damaged. To take it as it is now, delete {written} in it; else "
    "bring its files back, or delete the folder."
)


def write_data(folder: Path, data: dict[str, Any]) -> None:
    """Write a style's name, words and the rest into its folder, whole or not at all. Raises StyleError."""
    try:
        replace_data(folder, json.dumps(data, ensure_ascii=False, indent=2).encode())
    except OSError as error:
        raise StyleError(explain_disk_fault(error) or f"The style could not be kept: {error.strerror}.") from error


def replace_data(folder: Path, stored: bytes) -> None:
    """Put another style.json in the place of a folder's. Raises OSError.

    Until it is there, the hash of the folder before and of the one after are both right: a kill between them costs
    nothing.
    """
    after = hash_files(folder, stored)
    write_hashes(folder, [hash_files(folder), after])
    write_whole(folder / DATA, stored)
    write_hashes(folder, [after])


def write_hashes(folder: Path, hashes: Sequence[str]) -> None:
    """Note which hashes a folder's files may have. Raises OSError."""
    write_whole(folder / WRITTEN, "\n".join(hashes).encode("ascii"))


def hash_files(folder: Path, data: bytes | None = None) -> str:
    """Return the SHA-256 of the files that a style's look comes from, in hexadecimal; `data` stands for style.json.

    Raises OSError.
    """
    digest = hashlib.sha256()
    for name in HASHED:
        try:
            digest.update(data if name == DATA and data is not None else read_plain_file(folder / name))
        except FileNotFoundError:
            continue
    return digest.hexdigest()


def is_as_written(folder: Path) -> bool:
    """Return whether a folder's files are those that were written; True where no hash was. Raises OSError."""
    try:
        stored = read_plain_file(folder / WRITTEN, 1_000)
    except FileNotFoundError:
        return True
    return hash_files(folder).encode() in stored.split(b"\n")


def expect_as_written(folder: Path) -> None:
    """Raise StyleError unless a folder's files are those that were written."""
    try:
        is_right = is_as_written(folder)
    except OSError as error:
        raise StyleError(f"{folder} cannot be read: {error}") from error
    if not is_right:
        raise StyleError(CHANGED.format(folder=folder, written=WRITTEN))


def read_whole_style(folder: Path) -> Style:
    """Read an added style's folder that is as it was written. Raises StyleError.

    What another program is just changing is read once more.
    """
    for is_last in (False, True):
        try:
            expect_as_written(folder)
            break
        except StyleError:
            if is_last:
                raise
            time.sleep(CHANGING_SECONDS)
    return read_style(folder, builtin=False)


def read_style(folder: Path, *, builtin: bool) -> Style:
    """Read one style's folder. Raises StyleError that names the file and what is wrong in it."""
    data = _read_data(folder / DATA)
    if data["id"] != folder.name:
        raise StyleError(f"{folder / DATA}: id is {data['id']!r}, but the folder is {folder.name!r}.")
    sha256 = _read_reference(folder / REFERENCE)
    try:
        said = {**data, "words": tuple(data["words"])}
        taught = read_taught(folder)
        return Style(**said, sha256=sha256, image=folder / REFERENCE, builtin=builtin, taught=taught)
    except StyleError as error:
        raise StyleError(f"{folder / DATA}: {error}") from error


def make_data(id: str, name: str, phrases: tuple[str, ...]) -> dict[str, Any]:
    look = name.replace("{", "(").replace("}", ")")  # braces would make it a template of its own
    return {
        "id": id,
        "name": name,
        "words": list(phrases),
        "template": f"{{prompt}}, {look} style",
        "licence": "the adder's own",
        "credit": "added on this machine",
    }


def list_folders(parent: Path) -> Iterator[Path]:
    """List folders, sorted; those that start with a dot or an underscore are work in progress."""
    if parent.is_dir():
        yield from sorted(path for path in parent.iterdir() if path.is_dir() and not path.name.startswith((".", "_")))


def _read_data(file: Path) -> dict[str, Any]:
    try:
        stored = read_plain_file(file, FILE_LIMIT)
        if len(stored) > FILE_LIMIT:
            raise StyleError(f"{file} is larger than {FILE_LIMIT:,} bytes.")
        data = json.loads(stored)
    except (OSError, ValueError, RecursionError) as error:
        raise StyleError(f"{file} is missing or cannot be read: {error}") from error
    _check_data(file, data)
    return dict(data)


def _check_data(file: Path, data: object) -> None:
    if not isinstance(data, dict):
        raise StyleError(f"{file} holds {type(data).__name__}, not an object with {', '.join(KEYS)}.")
    if unknown := sorted(set(data) - set(KEYS)):
        raise StyleError(f"{file}: unknown key {unknown[0]!r}. A style has {', '.join(KEYS)}.")
    if missing := [key for key in KEYS if key not in data]:
        raise StyleError(f"{file}: the key {missing[0]!r} is missing.")
    for key in KEYS:
        if key != "words" and not (isinstance(data[key], str) and data[key].strip()):
            raise StyleError(f"{file}: {key} is {shorten(data[key])}, not a text.")
    words = data["words"]
    if not isinstance(words, list) or not all(isinstance(word, str) and word.strip() for word in words):
        raise StyleError(f"{file}: words is {shorten(words)}, not a list of texts.")
    if not ID.fullmatch(data["id"]) or data["id"] in RESERVED:
        raise StyleError(f"{file}: id is {shorten(data['id'])}; it is made of a-z, 0-9 and single dashes.")


def _read_reference(file: Path) -> str:
    """Return the SHA-256 of a reference image. Raises StyleError where it is of another kind or size."""
    try:
        content = read_plain_file(file, REFERENCE_LIMIT)
    except OSError as error:
        raise StyleError(f"{file} is missing or not an image: {error}") from error
    check_reference(content, str(file))
    return hashlib.sha256(content).hexdigest()


def shorten(value: object) -> str:
    """Return a value as a message shows it, at most NAME_LIMIT characters of it."""
    text = repr(value[: NAME_LIMIT + 1] if isinstance(value, str) else value)
    return text if len(text) <= NAME_LIMIT else text[:NAME_LIMIT] + "..."
