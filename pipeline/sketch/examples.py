"""Read the drawings that the page offers to begin with."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from pipeline.errors import SketchError
from pipeline.plain_file import read_plain_file
from pipeline.sketch.canvas import read_canvas

log = logging.getLogger(__name__)

KEYS = {"name", "prompt", "canvas"}


def read_examples(folder: Path) -> list[dict[str, Any]]:
    """Return every example of the folder, sorted by file name; one that cannot be read is left out, and logged."""
    found = []
    for file in sorted(folder.glob("*.json")):
        try:
            found.append(read_example(file))
        except SketchError as error:
            log.warning("An example drawing was left out. %s", error)
    return found


def read_example(file: Path) -> dict[str, Any]:
    """Return one example: its "name", its "prompt" and its "canvas" as the browser sends one.

    Raises SketchError that names a file that cannot be read, has other keys or a broken drawing.
    """
    try:
        example: dict[str, Any] = json.loads(read_plain_file(file))
    except (OSError, ValueError, RecursionError) as error:
        raise SketchError(f"{file} cannot be read: {error}") from error
    if not isinstance(example, dict) or set(example) != KEYS:
        found = sorted(example) if isinstance(example, dict) else type(example).__name__
        raise SketchError(f"{file}: expected the keys {sorted(KEYS)}, found {found}.")
    if not (isinstance(example["name"], str) and isinstance(example["prompt"], str)):
        raise SketchError(f"{file}: name and prompt are texts.")
    read_canvas(json.dumps(example["canvas"]))
    return example
