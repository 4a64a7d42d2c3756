"""Keep what a long benchmark measured in a folder, so that a run that was ended goes on where it was."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.report import Row


class KeptRows:
    """KeptRows holds rows by their names, each with the picture and the details that came with it, if any did."""

    def __init__(self, folder: Path | None) -> None:
        """`folder`: of one tree, one size and one number of steps; with None nothing is kept."""
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def find(self, name: str) -> tuple[Row, Path | None, Mapping[str, Any]] | None:
        """Find a row with its picture file and that picture's details; None where it was not measured yet."""
        if self._folder is None or not (note := self._place(name, ".json")).is_file():
            return None
        noted = json.loads(note.read_text())
        picture = self._place(name, ".png")
        return noted["row"], picture if picture.is_file() else None, noted["details"]

    def add(self, row: Row, picture: Path | None = None, details: Mapping[str, Any] | None = None) -> None:
        """Keep a row; its note is written last, so that a row that is found is whole."""
        if self._folder is None:
            return
        if picture is not None:
            shutil.copyfile(picture, self._place(row["what"], ".png"))
        self._place(row["what"], ".json").write_text(json.dumps({"row": row, "details": details or {}}))

    def _place(self, name: str, suffix: str) -> Path:
        assert self._folder is not None
        return self._folder / (hashlib.sha256(name.encode()).hexdigest()[:16] + suffix)
