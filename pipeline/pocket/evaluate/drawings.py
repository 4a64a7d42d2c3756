"""Load the hand-drawn test set: what people draw on the page, as the canvas's own JSON. Training never sees it.

`sketches.json` in the folder tells of each drawing what was meant; `ID.json` beside it is the value that the page
sent. `python -m tests.tools.sketching` draws the set again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SketchError
from pipeline.sketch.edges import read_edges
from pipeline.sketch.intake import read_strokes
from pipeline.values import Sketch

SKETCHES = Path("tests/data/sketches")
INDEX = "sketches.json"
KEYS = {"id", "prompt", "thing", "care", "note"}

Care = Literal["careful", "usual", "hasty"]


@dataclass(frozen=True, eq=False)
class Drawing:
    """Drawing is one drawing by hand and what the person meant by it."""

    id: str  # also its file's name
    prompt: str  # what the person writes: "a red fox in the snow"
    thing: str  # the main thing, by its name in the data pack: "fox"
    care: Care
    sketch: Sketch  # (512, 512, 3), as the app reads the canvas

    def __post_init__(self) -> None:
        if self.care not in get_args(Care):
            raise SketchError(f"{self.id}: a drawing is careful, usual or hasty, not {self.care!r:.40}.")
        for name in ("id", "prompt", "thing"):
            if not getattr(self, name).strip():
                raise SketchError(f"A drawing has an id, a prompt and a thing; the {name} of {self.id!r} is empty.")


def load_drawings(folder: Path = SKETCHES) -> tuple[Drawing, ...]:
    """Load every drawing in the index's order.

    Raises FileNotFoundError where the index or a drawing is missing, SketchError where one is not what it should be.
    """
    entries = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    drawings = tuple(load_drawing(folder, entry) for entry in entries)
    ids = [drawing.id for drawing in drawings]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise SketchError(f"{folder / INDEX}: these ids stand there twice: {', '.join(twice)}.")
    return drawings


def load_drawing(folder: Path, entry: dict[str, Any]) -> Drawing:
    """Load one drawing by its entry in the index. Raises as load_drawings does."""
    if set(entry) != KEYS:
        raise SketchError(f"{folder / INDEX}: expected the keys {sorted(KEYS)}, found {sorted(entry)}.")
    sketch = read_strokes((folder / f"{entry['id']}.json").read_text(encoding="utf-8"))
    return Drawing(entry["id"], entry["prompt"], entry["thing"], entry["care"], sketch)


def read_drawing_lines(drawing: Drawing, side: int) -> NDArray[np.uint8]:
    """Read the drawing's edge map as the app does: (side, side) uint8 of 0 and 255, white lines on black."""
    return read_edges(drawing.sketch, size=(side, side)).pixels
