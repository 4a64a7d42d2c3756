"""Two programs that change the styles of one folder at once lose nothing, and neither is refused for the other."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline.errors import StyleError
from pipeline.styles import library as library_module
from pipeline.styles.library import StyleLibrary
from tests.tools.style_folders import write_style

PICTURE = Image.effect_noise((128, 128), 90).convert("RGB")
MANY = 4
OpenLibrary = Callable[[], StyleLibrary]


@pytest.fixture
def open_library(tmp_path: Path) -> OpenLibrary:
    write_style(tmp_path / "builtin", "clay")
    return lambda: StyleLibrary(tmp_path / "builtin", tmp_path / "added")


def test_styles_that_share_a_slug_are_added_at_once(open_library: OpenLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tempfile.mkdtemp

    def make_late(**where: Any) -> str:
        """Leave the other time between the choice of an id and its folder."""
        time.sleep(0.05)
        return real(**where)

    monkeypatch.setattr(tempfile, "mkdtemp", make_late)
    libraries = [open_library(), open_library()]
    names = [[f"cafe{sign * (number + 1)}" for number in range(MANY)] for sign in "!?"]
    refused: list[StyleError] = []

    def add_all(library: StyleLibrary, own: list[str]) -> None:
        for name in own:
            try:
                library.add(PICTURE, name)
            except StyleError as error:
                refused.append(error)

    threads = [threading.Thread(target=add_all, args=both) for both in zip(libraries, names, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    again = open_library()
    assert refused == [] and again.problems == ()
    assert {style.name for style in again.all() if not style.builtin} == {*names[0], *names[1]}


def test_a_name_that_another_program_gave_is_taken(open_library: OpenLibrary) -> None:
    one, other = open_library(), open_library()
    one.add(PICTURE, "Felt")
    with pytest.raises(StyleError, match="called 'felt' already"):
        other.add(PICTURE, "felt")
    assert other.get("felt").name == "Felt"


def test_who_waits_too_long_for_another_program_is_told(
    open_library: OpenLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_module, "PATIENCE", 0.05)
    one, other = open_library(), open_library()
    with one._lock_folder(), pytest.raises(StyleError, match="Another program is changing the styles"):
        other.add(PICTURE, "Felt")
    assert other.add(PICTURE, "Felt").id == "felt"
