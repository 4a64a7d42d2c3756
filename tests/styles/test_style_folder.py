"""What lies in an added style's folder: changed files are told, pipes and devices do not hold up the start."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import StyleError
from pipeline.styles.library import StyleLibrary
from pipeline.styles.style_folder import DATA, REFERENCE, WRITTEN, is_as_written
from tests.tools.flipped_bytes import flip_bytes
from tests.tools.style_folders import write_style


@pytest.fixture
def builtin(tmp_path: Path) -> Path:
    write_style(tmp_path / "builtin", "clay")
    return tmp_path / "builtin"


@pytest.fixture
def added(builtin: Path, tmp_path: Path) -> Path:
    """Return the folder of added styles, with one in it."""
    patches = np.random.default_rng(0).integers(0, 255, (9, 9, 3), np.uint8)
    StyleLibrary(builtin, tmp_path / "added").add(Image.fromarray(patches).resize((200, 200)), "Patches", "a, b")
    return tmp_path / "added"


@pytest.mark.parametrize("name", [DATA, REFERENCE, WRITTEN])
def test_any_changed_byte_is_told(builtin: Path, added: Path, name: str) -> None:
    file = added / "patches" / name
    content = file.read_bytes()
    for changed in flip_bytes(content, 24):
        file.write_bytes(changed)
        library = StyleLibrary(builtin, added)
        assert [style.id for style in library.all()] == ["clay"]
        assert "patches" in library.problems[0]
    file.write_bytes(content)
    assert len(StyleLibrary(builtin, added).all()) == 2


def test_a_folder_without_a_hash_is_taken_as_it_is(builtin: Path, added: Path) -> None:
    (added / "patches" / WRITTEN).unlink()
    assert len(StyleLibrary(builtin, added).all()) == 2


@pytest.mark.parametrize("calls", [0, 1, 2, 3, 4, 5])
def test_a_kill_while_it_is_renamed_loses_nothing(
    builtin: Path, added: Path, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [calls]
    replace = os.replace

    def be_killed(*given: Path) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        replace(*given)

    monkeypatch.setattr(os, "replace", be_killed)
    try:
        StyleLibrary(builtin, added).rename("patches", "Other", "c")
    except KeyboardInterrupt:
        assert calls < 3
    monkeypatch.undo()
    assert is_as_written(added / "patches")
    assert StyleLibrary(builtin, added).get("patches").name in ("Patches", "Other")


@pytest.mark.parametrize("name", [DATA, REFERENCE, WRITTEN, "look.json"])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "loop"])
def test_what_is_no_file_does_not_hold_up_the_start(builtin: Path, added: Path, name: str, kind: str) -> None:
    file = added / "patches" / name
    file.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    else:
        file.symlink_to(file if kind == "loop" else "/dev/zero")
    library = StyleLibrary(builtin, added)
    assert [style.id for style in library.all()] == ["clay"] and len(library.problems) == 1


def test_a_pipe_among_the_styles_that_ship_is_named(builtin: Path, tmp_path: Path) -> None:
    (builtin / "clay" / DATA).unlink()
    os.mkfifo(builtin / "clay" / DATA)
    with pytest.raises(StyleError, match=r"style\.json .* a pipe"):
        StyleLibrary(builtin, tmp_path / "added")


def test_a_folder_of_styles_that_is_none_is_told(builtin: Path, tmp_path: Path) -> None:
    (tmp_path / "added").symlink_to(tmp_path / "added")
    assert len(StyleLibrary(builtin, tmp_path / "added").all()) == 1
