"""Read what a model folder's manifest.json says of its files, and write one that notices when it is edited."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import ModelError
from pipeline.models.checks import RESTORE, check_files
from pipeline.models.profile import WeightFile
from pipeline.plain_file import read_plain_file

MANIFEST = "manifest.json"
SEALED = 2  # "format" from which a manifest holds its own hash
LIMIT = 16_000_000  # bytes


def read_manifest(root: Path) -> Mapping[str, WeightFile]:
    """Return the files that manifest.json lists, by path; empty where a folder has none. Raises ModelError for one
    that cannot be read or was edited.
    """
    path = root / MANIFEST
    try:
        stored = read_plain_file(path, LIMIT)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror or error}). {RESTORE}") from error
    try:
        manifest = json.loads(stored)
        expect_unedited(path, manifest)
        entries = manifest["files"]
        return {name: WeightFile(name, int(entry["bytes"]), str(entry["sha256"])) for name, entry in entries.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path} is not a manifest of model files ({error}). {RESTORE}") from error


def expect_unedited(path: Path, manifest: dict[str, Any]) -> None:
    """Raise ModelError where a manifest that holds its own hash says something else than was written. Those of other
    programs, and of before, hold none.
    """
    if "sha256" not in manifest and manifest.get("format", 1) in (0, 1):
        return
    if manifest.get("sha256") != hash_manifest(manifest):
        raise ModelError(f"{path} was edited or is damaged: it is not what was written. {RESTORE}")


def hash_manifest(manifest: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all that a manifest says but its hash, in hexadecimal."""
    said = {key: value for key, value in manifest.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def seal_manifest(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest that holds its own hash."""
    marked = {**manifest, "format": SEALED}
    return {**marked, "sha256": hash_manifest(marked)}


def check_listed(folder: Path) -> None:
    """Check a folder's files by the manifest of the model folder that it lies in; one that has none is not checked.

    Raises ModelError.
    """
    listed = read_manifest(folder.parent)
    start = f"{folder.name}/"
    check_files(folder.parent, (file for name, file in listed.items() if name.startswith(start)))
