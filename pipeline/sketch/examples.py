"""Read the drawings that the page offers to begin with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.sketch.canvas import read_canvas

KEYS = {"name", "prompt", "canvas"}


def read_examples(folder: Path) -> list[dict[str, Any]]:
    """Return every example of the folder, sorted by file name.

    Raises ValueError that names a file with other keys, and SketchError for a broken drawing: they ship with us.
    """
    return [read_example(file) for file in sorted(folder.glob("*.json"))]


def read_example(file: Path) -> dict[str, Any]:
    """Return one example: its "name", its "prompt" and its "canvas" as the browser sends one."""
    example: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if set(example) != KEYS:
        raise ValueError(f"{file}: expected the keys {sorted(KEYS)}, found {sorted(example)}.")
    read_canvas(json.dumps(example["canvas"]))
    return example
