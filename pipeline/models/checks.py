"""Whether a model file is the published one: its size and its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from pipeline.errors import ModelError
from pipeline.models.profile import WeightFile

RESTORE = "Fetch it again (git checkout, or delete it and download anew)."


def git_sha1(path: Path) -> str:
    """What git, and so the Hub, calls a small file by."""
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def check_files(root: Path, files: Iterable[WeightFile]) -> None:
    for file in files:
        check_file(root / file.path, file)


def check_file(path: Path, expected: WeightFile) -> None:
    if not path.is_file():
        raise ModelError(f"The model file {path} is missing. {RESTORE}")
    size = path.stat().st_size
    if expected.bytes is not None and size != expected.bytes:
        raise ModelError(f"The model file {path} has {size} bytes instead of {expected.bytes}. {RESTORE}")
    if expected.sha256 is not None and file_sha256(path) != expected.sha256:
        raise ModelError(f"The model file {path} is damaged: its contents are not the published ones. {RESTORE}")


def file_sha256(path: Path) -> str:
    """Of the file's bytes; the one such function, also for styles/ and train/export.py."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hashed(root: Path, file: WeightFile) -> WeightFile:
    """The file with its hash, computed where no table has it."""
    return file if file.sha256 else WeightFile(file.path, file.bytes, file_sha256(root / file.path))


def digest(files: Iterable[WeightFile]) -> str:
    """Twelve characters that change with any listed hash."""
    lines = sorted(f"{file.path} {file.sha256}" for file in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]
