"""Draw the small pictures at the ends of the slider from faithful to free: `python -m tests.tools.draw_slider_ends`.

Both are of one drawing, one sentence and one seed; faithfulness alone differs.
"""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path

from PIL import Image

from pipeline.machine.threads import calm_threads
from pipeline.request.order import parse_order
from pipeline.settings import ROOT, read_settings
from pipeline.sketch.intake import read_strokes
from pipeline.studio.studio import Studio

FOLDER = ROOT / "assets" / "faithful"
ENDS = {"mine": 1.0, "free": 0.0}
SIDE = 96  # px, twice its size on the page
WORDS, STYLE, SEED = "a house with a red roof in the evening", "childrens-book", 11
HOUSE = ((110, 470), (110, 250), (256, 90), (402, 250), (402, 470), (110, 470))
DOOR = ((216, 470), (216, 330), (296, 330), (296, 470))
EAVES = ((84, 262), (428, 262))
ROOF = ((130, 240), (256, 112), (382, 240), (150, 236), (256, 140), (340, 226))
WALL = ((140, 290), (372, 290), (372, 330), (330, 440), (140, 440), (150, 330), (190, 380))


def draw_canvas() -> str:
    """Return the JSON of a house whose roof and wall are painted in colours of a person's own."""
    painted = [make_stroke("marker", 56, "#3f6fd1", ROOF), make_stroke("marker", 60, "#f4cf3f", WALL)]
    inked = [make_stroke("pen", 14, "#1c1a19", points) for points in (HOUSE, DOOR, EAVES)]
    return json.dumps({"version": 2, "width": 512, "height": 512, "picture": None, "strokes": painted + inked})


def make_stroke(tool: str, size: float, color: str, corners: tuple[tuple[float, float], ...]) -> dict[str, object]:
    """Make a stroke through corners, with points every few px between them."""
    points = [
        [start[0] + (end[0] - start[0]) * at / 12, start[1] + (end[1] - start[1]) * at / 12, 0.5]
        for start, end in pairwise(corners)
        for at in range(13)
    ]
    return {"tool": tool, "size": size, "color": color, "points": points}


def draw_end(studio: Studio, faithfulness: float) -> Image.Image:
    """Draw the picture at one place of the slider, SIDE x SIDE px."""
    sketch = read_strokes(draw_canvas())
    order = parse_order(
        studio.profile,
        sketch=sketch,
        prompt=WORDS,
        style=STYLE,
        seed=SEED,
        width=256,
        height=256,
        faithfulness=faithfulness,
    )
    return studio.draw(order).image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def open_studio() -> Studio:
    """Open a studio with the pocket model."""
    calm_threads(os.environ)
    return Studio(read_settings([], {**os.environ, "CROQUIS_PROFILE": "pocket"}))


def write_ends(folder: Path) -> None:
    """Write both pictures."""
    folder.mkdir(exist_ok=True)
    studio = open_studio()
    for name, faithfulness in ENDS.items():
        draw_end(studio, faithfulness).save(folder / f"{name}.webp", quality=88)


if __name__ == "__main__":
    write_ends(FOLDER)
