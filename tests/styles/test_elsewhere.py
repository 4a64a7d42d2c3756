"""Styles that people add lie in a store of fsspec where CROQUIS_PICTURES names one; each machine has a copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from PIL import Image

from pipeline.errors import StyleError
from pipeline.kept_files import KeptFiles, open_kept_files
from pipeline.settings import Settings
from pipeline.styles import elsewhere
from pipeline.styles.library import StyleLibrary, open_library
from pipeline.styles.taught_files import pack_taught
from tests.styles.test_taught import LOOK_MADE, make_lora
from tests.tools.flipped_bytes import flip_bytes
from tests.tools.style_folders import write_style

OpenMachine = Callable[[str], StyleLibrary]
RED, BLUE = (Image.linear_gradient("L").convert("RGB").rotate(turn) for turn in (0, 90))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[str]:
    yield f"memory://{tmp_path.name}"
    filesystem = MemoryFileSystem()
    if filesystem.exists(f"/{tmp_path.name}"):
        filesystem.rm(f"/{tmp_path.name}", recursive=True)


@pytest.fixture
def open_machine(tmp_path: Path, place: str) -> OpenMachine:
    """Return open_machine(name), which starts a machine of its own home on one store."""
    write_style(tmp_path / "builtin", "clay")

    def open_one(name: str) -> StyleLibrary:
        return open_library(Settings(styles=tmp_path / "builtin", user_dir=tmp_path / name, pictures=place))

    return open_one


@pytest.fixture
def kept(place: str, tmp_path: Path) -> KeptFiles:
    return open_kept_files(place, tmp_path)


def list_names(library: StyleLibrary) -> list[str]:
    return [style.name for style in library.all() if not style.builtin]


def test_what_one_machine_adds_renames_and_removes_comes_to_another(open_machine: OpenMachine, kept: KeptFiles) -> None:
    one = open_machine("one")
    red = one.add(RED, "Red", "rosy")
    other = open_machine("two")
    assert other.get(red.id).sha256 == red.sha256 and other.get(red.id).words == ("rosy",)
    one.rename(red.id, "Scarlet", "")
    blue = other.add(BLUE, "Blue")
    assert list_names(other) == ["Blue", "Red"], "what is open here changes at the next start"
    third = open_machine("two")
    assert sorted(list_names(third)) == ["Blue", "Scarlet"] and len(kept.list_names("styles")) == 2
    third.remove(blue.id)
    assert kept.list_names(f"styles/{blue.id}") == []
    assert list_names(open_machine("one")) == ["Scarlet"]
    assert not list((one._added).glob(".*")), "something half made was left"


def test_machines_that_add_styles_of_one_name_at_once_lose_none(open_machine: OpenMachine) -> None:
    one, two = open_machine("one"), open_machine("two")
    ids = {one.add(RED, "Felt").id, two.add(BLUE, "Pelt").id}
    assert {style.id for style in open_machine("three").all() if not style.builtin} == ids
    with pytest.raises(StyleError, match="called 'felt' already"):
        two.add(RED, "felt")


def test_what_pictures_taught_comes_along(open_machine: OpenMachine) -> None:
    style = open_machine("one").teach(RED, "Stripes", pack_taught(LOOK_MADE, 4, make_lora()))
    again = open_machine("two").get(style.id)
    assert again.taught is not None and style.taught is not None and again.taught.lora is not None
    assert again.taught.lora.read_bytes() == make_lora() and again.taught.look == style.taught.look


def test_while_the_store_is_away_the_copy_serves_and_nothing_is_half_kept(
    open_machine: OpenMachine, kept: KeptFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ConnectionError("unreachable")

    one = open_machine("one")
    red = one.add(RED, "Red")
    with monkeypatch.context() as away:
        for method in ("cat_file", "pipe_file", "rm", "find", "modified"):
            away.setattr(MemoryFileSystem, method, fail)
        again = open_machine("one")
        assert list_names(again) == ["Red"] and again.problems == (elsewhere.COPY_ALONE,)
        for work in (
            lambda: again.add(BLUE, "Blue"),
            lambda: again.rename(red.id, "Scarlet", ""),
            lambda: again.remove(red.id),
        ):
            with pytest.raises(StyleError, match="cannot be reached"):
                work()
        assert list_names(again) == ["Red"]
    last = open_machine("one")
    assert list_names(last) == ["Red"] and last.problems == () and len(kept.list_names("styles")) == 1


def test_a_changed_byte_in_the_store_leaves_the_style_out_and_the_copy_is_mended(
    open_machine: OpenMachine, kept: KeptFiles, caplog: pytest.LogCaptureFixture
) -> None:
    one = open_machine("one")
    one.add(RED, "Red")
    (folder,) = (path for path in one._added.iterdir() if path.is_dir())
    (folder / "reference.webp").write_bytes(b"broken")
    assert list_names(open_machine("one")) == ["Red"], "the copy was not fetched again"
    (name,) = kept.list_names("styles")
    right = kept.read(name)
    for number, changed in enumerate(flip_bytes(right, 8)):
        kept.write(name, changed)
        assert list_names(open_machine(f"flipped {number}")) == []
        assert "damaged" in caplog.text
        caplog.clear()
    kept.write(name, right)
    assert list_names(open_machine("flipped 0")) == ["Red"]
