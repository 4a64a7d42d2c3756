"""Data for region colours: only what is missing is made, in the order in which each part needs the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.pocket.data import vector_pack
from pipeline.pocket.train import colour_data, palette_table, region_colours, region_lessons
from pipeline.pocket.train.loop import Plan


def test_what_is_missing_is_made_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(vector_pack, "FOLDER", tmp_path)
    monkeypatch.setattr(palette_table, "TABLE", tmp_path / "palettes.npz")
    monkeypatch.setattr(palette_table, "LAYOUTS", tmp_path / "layouts.npz")
    monkeypatch.setattr(vector_pack, "build", lambda: made.append("drawings"))
    monkeypatch.setattr(palette_table, "main", lambda: made.append("palettes"))
    monkeypatch.setattr(region_lessons, "build", lambda shards: made.append(f"{shards} shards"))
    colour_data.make_colour_data(3)
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "names.json").touch()
    colour_data.make_colour_data(4)
    (tmp_path / "palettes.npz").touch()
    colour_data.make_colour_data(5)
    (tmp_path / "layouts.npz").touch()
    colour_data.make_colour_data(6)
    assert made == ["drawings", *(f"{each}" for n in (3, 4, 5) for each in ("palettes", f"{n} shards")), "6 shards"]


def test_without_lessons_the_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(region_colours, "load_tables", lambda folder: (None, None))
    with pytest.raises(FileNotFoundError, match="region_lessons"):
        region_colours.run(Plan("regions", 0, 1e-3, steps=1), tmp_path / "regions", tmp_path / "run")
