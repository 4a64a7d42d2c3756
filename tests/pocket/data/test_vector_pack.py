"""Which drawings of a set of icons are taken, and what they are called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.pocket.data.vector_pack import list_icons

WANTED: dict[str, Any] = {"1f98a": ("fox", []), "1f431": ("cat", [])}


def write_set(folder: Path, chars: dict[str, str] | None) -> Path:
    """Write a set of two things and a sign as iconify lays one out; its list is missing where it is None."""
    folder.mkdir()
    icons = {slug: {"body": f"<path id='{slug}'/>"} for slug in ("fox", "cat-face", "stop-sign")}
    (folder / "icons.json").write_text(json.dumps({"icons": icons, "width": 32, "height": 24}))
    if chars is not None:
        (folder / "chars.json").write_text(json.dumps(chars))
    return folder


@pytest.mark.parametrize("chars", [None, {}], ids=["no list", "an empty list"])
def test_a_set_that_lists_no_characters_is_read_by_the_others_names(
    tmp_path: Path, chars: dict[str, str] | None
) -> None:
    names: dict[str, str] = {}
    listed = {"1f98a": "fox", "1f431": "cat-face", "1f6d1": "stop-sign"}
    first = list(list_icons(write_set(tmp_path / "first", listed), "one", WANTED, names))
    assert [name for name, *_ in first] == ["fox", "cat"]
    second = list(list_icons(write_set(tmp_path / "second", chars), "two", WANTED, names))
    assert second == [(name, "two", body, box) for name, _, body, box in first]
    assert second[0][3] == [32, 24]
