"""Where the disk is full or a folder cannot be written, the answer says what to do, and nothing half is left."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.disk_faults import DISK_FULL, NOT_WRITABLE, explain_disk_fault
from pipeline.errors import StoreError, StyleError
from pipeline.picture.outputs import Outputs
from pipeline.service.answers import answer_error
from pipeline.settings import ROOT
from pipeline.studio.messages import UNEXPECTED_ERROR, explain_error
from pipeline.studio.teaching_job import TeachingJob, make_facts
from pipeline.styles.lent import LentStyles
from pipeline.styles.library import StyleLibrary
from pipeline.whole_file import write_whole
from tests.conftest import MakeStyle
from tests.tools.small_results import make_small_result
from tests.tools.style_folders import write_style

PATCHES = Image.fromarray(np.random.default_rng(0).integers(0, 255, (9, 9, 3), np.uint8)).resize((200, 200))
FAULTS = {errno.ENOSPC: DISK_FULL, errno.EDQUOT: DISK_FULL, errno.EFBIG: DISK_FULL, errno.EROFS: NOT_WRITABLE}
FULL_DISK = """
import resource
from pathlib import Path
from tests.test_disk_faults import try_everything
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
try_everything(Path({folder!r}))
"""


def raise_in(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let every opening of a file for writing fail as the system says it."""
    open_really = os.open

    def fail(path: Any, flags: int, *given: Any, **named: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(number, os.strerror(number), path)
        return open_really(path, flags, *given, **named)

    def write(file: Path, *_: Any, **__: Any) -> int:
        raise OSError(number, os.strerror(number), str(file))

    monkeypatch.setattr(os, "open", fail)
    monkeypatch.setattr(Path, "write_bytes", write)
    monkeypatch.setattr(Path, "write_text", write)


@pytest.mark.parametrize("number", FAULTS)
def test_a_style_is_kept_whole_or_told(tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    write_style(tmp_path / "builtin", "clay")
    library, lent = StyleLibrary(tmp_path / "builtin", tmp_path / "added"), LentStyles(folder=tmp_path / "lent")
    library.add(PATCHES, "First")
    raise_in(monkeypatch, number)
    for act in (
        lambda: library.add(PATCHES, "Patches"),
        lambda: library.rename("first", "Other", ""),
        lambda: lent.lend(PATCHES, "Lent", []),
    ):
        with pytest.raises(StyleError) as raised:
            act()
        assert str(raised.value) == FAULTS[number]
    monkeypatch.undo()
    again = StyleLibrary(tmp_path / "builtin", tmp_path / "added")
    assert [style.name for style in again.all()] == ["Clay", "First"] and not again.problems
    assert [folder.name for folder in (tmp_path / "added").iterdir()] == ["first"]


@pytest.mark.parametrize("number", FAULTS)
def test_a_picture_is_written_whole_or_told(
    tmp_path: Path, number: int, make_style: MakeStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs, result = Outputs(tmp_path), make_small_result(make_style("felt", 1), "a house")
    raise_in(monkeypatch, number)
    with pytest.raises(OSError) as raised:
        outputs.write_picture(result)
    monkeypatch.undo()
    assert explain_error(raised.value) == FAULTS[number]
    assert not list(tmp_path.iterdir())
    assert outputs.write_picture(result).is_file()


@pytest.mark.parametrize("number", FAULTS)
def test_pictures_that_teach_are_kept_or_told(tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("pipeline.studio.teaching_job.write_whole", refuse)
    with pytest.raises(StoreError) as raised:
        TeachingJob.make(tmp_path / "job", make_facts("Felt", ["a"] * 3, "pocket", None), [PATCHES] * 3)
    assert str(raised.value) == FAULTS[number]


def try_everything(folder: Path) -> None:
    """Keep a style, a picture and a job, with no room for any of them."""
    library = StyleLibrary(folder / "builtin", folder / "added")
    for act in (
        lambda: library.add(PATCHES, "Patches"),
        lambda: LentStyles(folder=folder / "lent").lend(PATCHES, "Lent", []),
        lambda: TeachingJob.make(folder / "job", make_facts("Felt", ["a"] * 3, "pocket", None), [PATCHES] * 3),
        lambda: Outputs(None).write_picture(make_small_result(library.get("clay"), "a house")),
        lambda: write_whole(folder / "checkpoint", bytes(4_000), is_synced=True),
    ):
        try:
            act()
        except Exception as error:  # noqa: BLE001 - what it says is printed
            print(explain_error(error) == DISK_FULL, type(error).__name__)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_a_real_limit_of_the_system_is_told(tmp_path: Path) -> None:
    write_style(tmp_path / "builtin", "clay")
    given = [sys.executable, "-c", FULL_DISK.format(folder=str(tmp_path))]
    told = subprocess.run(given, cwd=ROOT, capture_output=True, text=True, timeout=300).stdout.split("\n")[:-1]
    assert told == ["True StyleError", "True StyleError", "True StoreError", "True OSError", "True OSError"]
    assert not list((tmp_path / "added").iterdir())


def test_no_folder_for_what_is_temporary_is_told(monkeypatch: pytest.MonkeyPatch, make_style: MakeStyle) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/proc/nothing"])
    with pytest.raises(OSError) as raised:
        Outputs(None).write_picture(make_small_result(make_style("felt", 1), "a house"))
    assert explain_error(raised.value) == NOT_WRITABLE


def test_routes_answer_507_with_what_to_do() -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    answer = answer_error(full)
    assert answer.status_code == 507 and DISK_FULL.encode() in bytes(answer.body).replace(b"\\", b"")


def test_other_errors_stay_what_they_were() -> None:
    assert explain_disk_fault(OSError(errno.ECONNRESET, "reset")) is None
    assert explain_error(ValueError("x")) == UNEXPECTED_ERROR
    wrapped = RuntimeError("uploading failed")
    wrapped.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert explain_error(wrapped) == DISK_FULL


def test_a_database_that_cannot_grow_is_told(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "h.sqlite3")) as connection:
        connection.execute("CREATE TABLE words (word)")
        connection.execute("PRAGMA max_page_count = 3")
        with pytest.raises(sqlite3.OperationalError) as caught:
            connection.execute("INSERT INTO words VALUES (zeroblob(100000))")
    assert explain_disk_fault(caught.value) == DISK_FULL
