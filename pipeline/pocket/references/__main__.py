"""Paint styles/<id>/reference.webp: `python -m pipeline.pocket.references [id ...]`; the words beside it stay."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from pipeline.pocket.references import SITTINGS, paint_reference

STYLES = Path(__file__).parents[3] / "styles"


def paint_references(ids: list[str]) -> None:
    """Paint the reference images of these styles, or of all, and print each id."""
    for style_id in ids or list(SITTINGS):
        folder = STYLES / style_id
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(paint_reference(style_id)).save(folder / "reference.webp", quality=88, method=6)
        print(style_id)


if __name__ == "__main__":
    paint_references(sys.argv[1:])
