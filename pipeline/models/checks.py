"""Check whether a model file is the published one, by its size and its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from pipeline.errors import ModelError
from pipeline.models.profile import WeightFile

DAMAGED = "is damaged: its contents are not the published ones"
RESTORE = "Fetch it again (git checkout, or delete it and download anew)."


def check_files(root: Path, files: Iterable[WeightFile]) -> None:
    """Raise ModelError unless every file lies below `root` as its table has it."""
    for file in files:
        check_file(root / file.path, file)


def check_file(path: Path, expected: WeightFile) -> None:
    """Raise ModelError, which names the file, unless it is here with the known size and hash."""
    fault = find_fault(path, expected)
    if fault is not None:
        raise ModelError(describe_fault(path, fault))


def describe_fault(path: Path, fault: str) -> str:
    """Return the sentence on a file that differs from what is known of it, and what to do."""
    return f"The model file {path} {fault}. {RESTORE}"


def find_fault(path: Path, expected: WeightFile) -> str | None:
    """Say in words how a file differs from what is known of it; None where it does not."""
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    if expected.bytes is not None and size != expected.bytes:
        return f"has {size} bytes instead of {expected.bytes}"
    if expected.sha256 is not None and compute_sha256(path) != expected.sha256:
        return DAMAGED
    return None


def compute_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal; the one such function of the program."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def compute_git_sha1(path: Path) -> str:
    """Return the hash by which git, and so the Hub, names a small file (`git hash-object`)."""
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def add_sha256(root: Path, file: WeightFile) -> WeightFile:
    """Return the file with its hash, computed where no table has it."""
    return file if file.sha256 else WeightFile(file.path, file.bytes, compute_sha256(root / file.path))


def derive_revision(files: Iterable[WeightFile]) -> str:
    """Return twelve hexadecimal characters that change with any listed hash."""
    lines = sorted(f"{file.path} {file.sha256}" for file in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]
