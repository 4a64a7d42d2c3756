"""Photographs of drawings on any paper, in any light, on a desk: their lines are read, what was done is told."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pytest

from pipeline.settings import ROOT
from pipeline.sketch.edges import read_edges
from pipeline.sketch.intake import EVENED_OUT, STRAIGHTENED, TURNED_ROUND, UNRULED, read_image
from tests.tools.paper_photos import LOOKS, compare_lines, photograph_drawing

pytestmark = pytest.mark.slow
KINDS = sorted(LOOKS)


@cache
def drawings() -> list[dict[str, Any]]:
    files = sorted((ROOT / "assets" / "examples").glob("*.json"))
    return [json.loads(file.read_text(encoding="utf-8"))["canvas"] for file in files]


@cache
def read_photo(kind: str) -> tuple[float, float, tuple[str, ...], str]:
    """Precision, recall, notices and reading of one photograph of the kind."""
    photo = photograph_drawing(drawings()[KINDS.index(kind) % 8], kind, 7)
    sketch = read_image(photo.encode())
    edges = read_edges(sketch, size=(512, 512))
    return *compare_lines(edges.pixels, photo), sketch.notices, edges.reading


@pytest.mark.parametrize("kind", KINDS)
def test_the_lines_are_read_on_every_paper(kind: str) -> None:
    precision, recall, _, reading = read_photo(kind)
    assert reading == "lines"
    assert precision >= 0.85 and recall >= 0.85, (precision, recall)


def test_on_the_whole_nine_in_ten_are_right() -> None:
    precision, recall = np.mean([read_photo(kind)[:2] for kind in KINDS], axis=0)
    assert precision >= 0.95 and recall >= 0.95, (precision, recall)


@pytest.mark.parametrize(
    ("kind", "notice"),
    [
        ("on a desk", STRAIGHTENED),
        ("phone's shadow", EVENED_OUT),
        ("lined", UNRULED),
        ("squared", UNRULED),
        ("white on pink", TURNED_ROUND),
        ("white on grey", TURNED_ROUND),
    ],
)
def test_what_was_done_is_told(kind: str, notice: str) -> None:
    assert notice in read_photo(kind)[2]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not LOOKS[kind].desk and not LOOKS[kind].ruling])
def test_nothing_is_found_that_is_not_there(kind: str) -> None:
    assert not {STRAIGHTENED, UNRULED} & set(read_photo(kind)[2])
