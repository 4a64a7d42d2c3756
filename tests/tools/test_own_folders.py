"""Folders of a person's own models are written whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools import own_folders
from tests.tools.own_folders import LAYOUTS, write_own_folders


def test_what_fails_midway_is_not_taken_for_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def touch(*given: object) -> None:
        next(each for each in given if isinstance(each, Path) and each.suffix == ".safetensors").touch()

    for name in ("write_lora", "write_own_controlnet", "write_inversion", "write_other_model", "write_other_vae"):
        monkeypatch.setattr(own_folders, name, touch)
    monkeypatch.setattr(own_folders, "make_unet", lambda sd15: None)

    def fill_the_disk(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(own_folders, "write_wrong_files", fill_the_disk)
        with pytest.raises(OSError, match="No space"):
            write_own_folders(tmp_path / "own", tmp_path)
    assert not (tmp_path / "own").exists()
    folder = write_own_folders(tmp_path / "own", tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == sorted(LAYOUTS)
    assert list((folder / "webui" / "models" / "downloads").iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["own"]
    kept = (folder / "webui" / "embeddings" / "webui-embedding.safetensors").stat().st_mtime_ns
    assert write_own_folders(folder, tmp_path) == folder
    assert (folder / "webui" / "embeddings" / "webui-embedding.safetensors").stat().st_mtime_ns == kept
    later = next((folder / "webui" / "models" / "downloads").iterdir())
    later.unlink()  # as in a folder that was written before the file was listed
    write_own_folders(folder, tmp_path)
    assert later.exists()
