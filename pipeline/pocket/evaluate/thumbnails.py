"""Draw styles/<id>/thumbnail.webp with our weights: `python -m pipeline.pocket.evaluate.thumbnails [id ...]`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from pipeline.settings import read_settings
from pipeline.studio.studio import Studio
from pipeline.studio.thumbnails import FILE, draw_thumbnail, save_thumbnail


def draw_thumbnails(studio: Studio, ids: Sequence[str]) -> None:
    """Draw the thumbnails of these styles, or of all that come with Croquis, and print each id."""
    wanted = [studio.library.get(id) for id in ids] or [style for style in studio.library.all() if style.builtin]
    for style in wanted:
        save_thumbnail(draw_thumbnail(studio, style), style.image.with_name(FILE))
        print(style.id)


if __name__ == "__main__":
    draw_thumbnails(Studio(read_settings(["--profile", "pocket"], os.environ)), sys.argv[1:])
