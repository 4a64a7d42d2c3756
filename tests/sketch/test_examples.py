"""The drawings to begin with are whole, varied and readable."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import SketchError
from pipeline.sketch.examples import read_example, read_examples
from pipeline.sketch.intake import read_strokes

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "examples"
EXAMPLES = read_examples(FOLDER)


def test_there_are_eight_with_names_and_prompts_of_their_own() -> None:
    assert len(EXAMPLES) == 8
    assert len({example["name"] for example in EXAMPLES}) == len({example["prompt"] for example in EXAMPLES}) == 8


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"])
def test_each_is_a_drawing_of_many_strokes(example: dict) -> None:
    assert len(example["canvas"]["strokes"]) >= 25
    pixels = read_strokes(json.dumps(example["canvas"])).pixels
    assert 0.02 < np.mean(pixels < 128) < 0.25  # share of ink
    rows, columns = np.nonzero(pixels.min(axis=2) < 128)
    assert np.ptp(rows) > 250 and np.ptp(columns) > 250  # it fills the sheet


def test_an_example_with_an_unknown_key_is_named(tmp_path: Path) -> None:
    file = tmp_path / "odd.json"
    file.write_text(json.dumps({"name": "Odd", "promt": "?", "canvas": {}}))
    with pytest.raises(SketchError, match=r"odd\.json.*promt"):
        read_example(file)


def test_an_example_with_a_broken_drawing_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_text(json.dumps({"name": "Broken", "prompt": "?", "canvas": {"version": 2}}))
    with pytest.raises(SketchError):
        read_example(file)


@pytest.mark.parametrize("content", ["{", "[]", "[" * 9_000, '{"name": 1, "prompt": "", "canvas": {}}', None])
def test_a_broken_example_is_left_out_and_told(
    tmp_path: Path, content: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "good.json").write_bytes((FOLDER / "1-cat.json").read_bytes())
    if content is None:
        os.mkfifo(tmp_path / "broken.json")
    else:
        (tmp_path / "broken.json").write_text(content)
    assert [example["name"] for example in read_examples(tmp_path)] == ["Cat"]
    assert "broken.json" in caplog.text
