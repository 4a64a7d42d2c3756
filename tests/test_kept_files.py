"""Files are kept whole under names in a folder and in file systems of fsspec alike; a store that fails is told."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.dirfs import DirFileSystem
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from pipeline.errors import SettingError
from pipeline.kept_files import FilesAway, FolderFiles, KeptFiles, StoreFiles, expect_place, open_kept_files

KINDS = ("folder", "memory", "disk by fsspec", "folder of another")
A, B = "pictures/desk/a.png", "pictures/guest/b.png"


@pytest.fixture(params=KINDS)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> KeptFiles:
    root = tmp_path / "store"
    root.mkdir()
    return {
        "folder": lambda: open_kept_files(str(root), tmp_path / "other"),
        "memory": lambda: open_kept_files(f"memory://{tmp_path.name}", tmp_path / "other"),
        "disk by fsspec": lambda: StoreFiles(LocalFileSystem(), root.as_posix()),
        "folder of another": lambda: StoreFiles(DirFileSystem(root.as_posix(), LocalFileSystem()), "deeper/"),
    }[request.param]()


def test_what_is_written_is_read_listed_and_deleted(kept: KeptFiles) -> None:
    if isinstance(kept, StoreFiles) and "deeper" in kept.locate_path(""):
        kept._filesystem.mkdir("deeper")  # the place itself has to be there
    kept.write(A, b"first")
    kept.write(A, b"second")
    kept.write(B, b"\0" * 100_000)
    assert kept.read(A) == b"second" and kept.read(B) == b"\0" * 100_000
    assert sorted(kept.list_names("pictures")) == [A, B] and kept.list_names("pictures/desk") == [A]
    assert kept.list_names("thumbnails") == []
    assert abs(datetime.now(UTC) - kept.read_time(A)) < timedelta(minutes=1)
    assert kept.locate(A).endswith(A)
    kept.delete([A, "pictures/desk/never.png"])
    kept.delete([A])
    kept.delete([])
    assert kept.list_names("pictures") == [B]
    for look in (kept.read, kept.read_time):
        with pytest.raises(FileNotFoundError):
            look(A)


def test_two_programs_on_one_place_see_each_others_files(tmp_path: Path) -> None:
    one, two = (open_kept_files(f"memory://{tmp_path.name}", tmp_path) for _ in range(2))
    assert two.list_names("pictures") == []
    one.write(A, b"one")
    assert two.list_names("pictures") == [A] and two.read(A) == b"one"
    two.delete([A])
    assert one.list_names("pictures") == []


def test_many_threads_write_at_once(kept: KeptFiles) -> None:
    if isinstance(kept, StoreFiles) and "deeper" in kept.locate_path(""):
        kept._filesystem.mkdir("deeper")
    names = [f"pictures/{number % 4}/{number}.png" for number in range(24)]
    threads = [threading.Thread(target=kept.write, args=(name, name.encode() * 1_000)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kept.list_names("pictures")) == sorted(names)
    assert all(kept.read(name) == name.encode() * 1_000 for name in names)


def test_a_place_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    kept = StoreFiles(LocalFileSystem(), (tmp_path / "bucket").as_posix())
    for call in (lambda: kept.write(A, b"data"), lambda: kept.list_names("pictures")):
        with pytest.raises(FilesAway):
            call()
    assert not (tmp_path / "bucket").exists()


@pytest.mark.parametrize("failure", [PermissionError("refused"), RuntimeError("unreachable"), TimeoutError()])
def test_whatever_a_stores_library_raises_is_a_failure_of_the_store(
    failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise failure

    kept = StoreFiles(MemoryFileSystem(), "/fails")
    for method in ("cat_file", "pipe_file", "rm", "find", "modified"):
        monkeypatch.setattr(MemoryFileSystem, method, fail)
    calls = (
        lambda: kept.read(A),
        lambda: kept.write(A, b""),
        lambda: kept.delete([A]),
        lambda: kept.list_names("pictures"),
        lambda: kept.read_time(A),
    )
    for call in calls:
        kept._away_until = 0.0
        with pytest.raises(FilesAway) as raised:
            call()
        assert raised.value.__cause__ is failure


def test_nobody_waits_to_read_from_a_store_that_did_not_answer_just_now(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, asked = StoreFiles(MemoryFileSystem(), "/slow"), []
    kept.write(A, b"data")

    def fail(self: MemoryFileSystem, path: str, **_: Any) -> bytes:
        asked.append(path)
        raise TimeoutError

    with monkeypatch.context() as broken:
        broken.setattr(MemoryFileSystem, "cat_file", fail)
        for _ in range(3):
            with pytest.raises(FilesAway):
                kept.read(A)
        assert len(asked) == 1
    with pytest.raises(FilesAway):
        kept.read(A)
    kept.write(B, b"data")
    assert kept.read(A) == b"data", "it answered meanwhile"


def test_a_file_url_is_a_folder_with_its_promises(tmp_path: Path) -> None:
    assert isinstance(open_kept_files(tmp_path.as_uri(), tmp_path / "other"), FolderFiles)
    assert isinstance(open_kept_files("", tmp_path), FolderFiles)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nosuch://bucket", "a store's URL such as s3://bucket/prefix; nosuch:// came"),
        ("gs://bucket", r"gs://, whose library is missing: Please install gcsfs"),
        ("file://", "without a bucket or folder came"),
        ("a\0b", "a path with a zero byte came"),
    ],
)
def test_what_is_no_place_is_refused_in_one_sentence(place: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gcsfs", None)
    with pytest.raises(SettingError, match=said) as raised:
        expect_place(place)
    assert str(raised.value).startswith("pictures (CROQUIS_PICTURES)") and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "place", ["", "kept", "/srv/kept", "C:\\kept", "memory://", "memory://kept", "file:///srv/kept"]
)
def test_what_is_a_place_is_taken(place: str) -> None:
    expect_place(place)
