"""The page's list of a person's own files reads their folders once for each look."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from pipeline.models.catalog import SD15
from pipeline.models.own_files import OwnFile, OwnFiles
from pipeline.page import own_files_panel
from pipeline.page.own_files_panel import OwnFilesPanel
from tests.models.wrong_files import lora


def test_folders_are_read_once_for_a_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lora()(tmp_path / "ink.safetensors")
    Image.new("RGB", (64, 64), "teal").save(tmp_path / "ink.png")
    looks = list[int]()

    class Counted(OwnFiles):
        def list_all(self) -> list[OwnFile]:
            looks.append(1)
            return super().list_all()

    monkeypatch.setattr(own_files_panel, "is_host", lambda *_: True)
    change = SimpleNamespace(state=SimpleNamespace(stage="idle", activity="", fraction=0, message=""), present=("", ""))
    monkeypatch.setattr(own_files_panel, "ModelChange", lambda studio: change)
    studio: Any = SimpleNamespace(own_files=Counted([tmp_path]), settings=None, profile=SD15)

    async def watch() -> list[dict[str, Any]]:
        return [shown async for shown in OwnFilesPanel(studio).watch(SimpleNamespace())]  # type: ignore[arg-type]

    before, after = asyncio.run(watch())
    assert [bool(shown["lora"][0]["thumb"]) for shown in (before, after)] == [False, True]
    assert len(looks) == 1
