"""Write folders of styles, sound and broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

from pipeline.styles.library import StyleLibrary


def write_style(parent: Path, id: str, *, color: str = "gray", side: int = 512, **changes: Any) -> Path:
    """Write a sound style but for `changes` to its style.json; a change to None leaves the key out."""
    data = {
        "id": id,
        "name": id.replace("-", " ").capitalize(),
        "words": [f"words of {id}"],
        "template": f"{{prompt}}, {id}",
        "licence": "CC0-1.0",
        "credit": "made for a test",
    } | changes
    folder = parent / id
    folder.mkdir(parents=True)
    kept = {key: value for key, value in data.items() if value is not None}
    (folder / "style.json").write_text(json.dumps(kept), encoding="utf-8")
    Image.new("RGB", (side, side), color).save(folder / "reference.webp")
    return folder


def reopen(library: StyleLibrary) -> StyleLibrary:
    """Return the library as it is after a restart."""
    return StyleLibrary(library._added.parent / "builtin", library._added)
