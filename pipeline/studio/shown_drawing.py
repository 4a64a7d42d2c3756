"""Hold the one drawing that thumbnails and samples of a style show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.request.order import Order, parse_order
from pipeline.sketch.examples import read_example
from pipeline.sketch.intake import read_strokes

if TYPE_CHECKING:
    from pipeline.models.profile import ModelProfile

DRAWING, WORDS, SEED = "4-sailboat.json", "a sailboat on the sea", 12  # sails of several colours show a style


def make_order(profile: ModelProfile, assets: Path, style: str) -> Order:
    """Make the order of its picture in the style with this id."""
    sketch = read_strokes(json.dumps(read_example(assets / "examples" / DRAWING)["canvas"]))
    return parse_order(profile, sketch=sketch, prompt=WORDS, style=style, seed=SEED)
