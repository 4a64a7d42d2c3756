"""The hand-drawn test set: whole, varied, read as the app reads drawings."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import SketchError
from pipeline.pocket.data.pack import PACK, load_pack
from pipeline.pocket.evaluate.drawings import INDEX, Drawing, load_drawings, read_drawing_lines
from pipeline.sketch.edges import read_edges

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "data" / "sketches"
DRAWINGS = load_drawings(FOLDER)


def values() -> list[dict[str, Any]]:
    return [json.loads((FOLDER / f"{drawing.id}.json").read_text(encoding="utf-8")) for drawing in DRAWINGS]


def copy_one(folder: Path, **changes: str) -> Path:
    """A set of the first drawing alone, its entry changed."""
    entry = json.loads((FOLDER / INDEX).read_text(encoding="utf-8"))[0]
    shutil.copy(FOLDER / f"{entry['id']}.json", folder)
    (folder / INDEX).write_text(json.dumps([entry | changes]), encoding="utf-8")
    return folder


def test_there_are_enough_of_every_care_and_many_things() -> None:
    assert len(DRAWINGS) >= 60
    assert len({drawing.thing for drawing in DRAWINGS}) >= 50
    assert min(Counter(drawing.care for drawing in DRAWINGS).values()) >= 15


def test_no_two_are_the_same() -> None:
    assert len({drawing.id for drawing in DRAWINGS}) == len(DRAWINGS)
    assert len({drawing.sketch.pixels.tobytes() for drawing in DRAWINGS}) == len(DRAWINGS)


def test_they_are_what_the_canvas_sends() -> None:
    for value in values():
        assert (value["version"], value["width"], value["height"], value["picture"]) == (1, 512, 512, None)
        assert 1 <= len(value["strokes"]) <= 80  # a star is one line


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing.id)
def test_each_is_read_as_lines(drawing: Drawing) -> None:
    edges = read_edges(drawing.sketch, size=(256, 256))
    assert edges.reading == "lines"
    assert 0.004 < np.mean(edges.pixels > 0) < 0.08
    assert 0.01 < np.mean(drawing.sketch.pixels < 128) < 0.16


@pytest.mark.parametrize("side", [128, 256])
def test_lines_are_those_of_the_app(side: int) -> None:
    assert np.array_equal(
        read_drawing_lines(DRAWINGS[0], side), read_edges(DRAWINGS[0].sketch, size=(side, side)).pixels
    )


@pytest.mark.skipif(not PACK.is_file(), reason="the data pack is made by python -m pipeline.pocket.data.pack")
def test_things_are_the_packs() -> None:
    names = {thing.name for thing in load_pack().things}
    assert {drawing.thing for drawing in DRAWINGS} - names == set()


def test_an_unknown_care_is_named(tmp_path: Path) -> None:
    with pytest.raises(SketchError, match="careful, usual or hasty, not 'wild'"):
        load_drawings(copy_one(tmp_path, care="wild"))


def test_an_empty_prompt_is_named(tmp_path: Path) -> None:
    with pytest.raises(SketchError, match="prompt"):
        load_drawings(copy_one(tmp_path, prompt=" "))


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(SketchError, match="promt"):
        load_drawings(copy_one(tmp_path, promt="?"))


def test_an_id_that_stands_twice_is_named(tmp_path: Path) -> None:
    index = copy_one(tmp_path) / INDEX
    index.write_text(json.dumps(json.loads(index.read_text()) * 2))
    with pytest.raises(SketchError, match=f"twice: {DRAWINGS[0].id}"):
        load_drawings(tmp_path)


def test_a_missing_drawing_is_missed(tmp_path: Path) -> None:
    (copy_one(tmp_path) / f"{DRAWINGS[0].id}.json").unlink()
    with pytest.raises(FileNotFoundError, match=DRAWINGS[0].id):
        load_drawings(tmp_path)
