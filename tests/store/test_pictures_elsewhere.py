"""Pictures in a store of fsspec (CROQUIS_PICTURES): what goes wrong there is told, and what was kept is not lost."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from sqlalchemy.exc import DatabaseError

from pipeline.errors import FilesLeft, NotInHistory, StoreError
from pipeline.picture.png_file import write_picture
from pipeline.settings import Settings
from pipeline.store.export import list_files, zip_files
from pipeline.store.faults import NO_FILES
from pipeline.store.keeper import DATABASE, Keeper
from pipeline.store.reported import name_reported
from pipeline.store.search import Wanted
from tests.store.conftest import DESK, DrawPicture, hand_over, read_all

OpenKeeper = Callable[..., Keeper]
PATIENCE, SOON = 30, 2  # seconds
METHODS = ("cat_file", "pipe_file", "rm", "find", "modified")


@pytest.fixture
def open_keeper(tmp_path: Path) -> Iterator[OpenKeeper]:
    """Return open_keeper(home), which opens a keeper whose pictures lie in one store, whatever its home."""
    opened: list[Keeper] = []

    def open_one(home: str = "home") -> Keeper:
        settings = Settings(user_dir=tmp_path / home, pictures=f"memory://{tmp_path.name}")
        opened.append(Keeper(settings, lambda style: f"Style {style}"))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def take_away(monkeypatch: pytest.MonkeyPatch) -> Callable[[], pytest.MonkeyPatch]:
    """Return take_away(), after which the store does not answer until what it returns is undone."""

    def fail(*_: Any, **__: Any) -> None:
        raise ConnectionError("unreachable")

    def take() -> pytest.MonkeyPatch:
        for method in METHODS:
            monkeypatch.setattr(MemoryFileSystem, method, fail)
        return monkeypatch

    return take


def test_pictures_lie_in_the_store_and_the_database_at_home(
    open_keeper: OpenKeeper, draw_picture: DrawPicture, tmp_path: Path
) -> None:
    one = open_keeper()
    data = hand_over(one, draw_picture, 1)
    assert read_all(one) == {"house 1": data} and one.fault == ""
    at_home = {file.name for file in (tmp_path / "home").rglob("*") if file.is_file()}
    assert DATABASE in at_home and not [name for name in at_home if name.endswith((".png", ".webp"))]
    kept = one.open().files.files
    assert len(kept.list_names("pictures")) == len(kept.list_names("thumbnails")) == 1
    history = one.open()
    archive = zipfile.ZipFile(io.BytesIO(b"".join(zip_files(kept, list_files(history, DESK, None)))))
    assert [archive.read(name) for name in archive.namelist()] == [data]
    assert history.forget(DESK) == 1 and kept.list_names("") == []


def test_while_the_store_is_away_it_is_told_and_nothing_kept_is_lost(
    open_keeper: OpenKeeper, draw_picture: DrawPicture, take_away: Callable[[], pytest.MonkeyPatch]
) -> None:
    one = open_keeper()
    data = hand_over(one, draw_picture, 1)
    away = take_away()
    hand_over(one, draw_picture, 2)
    assert one.fault == NO_FILES
    (row,) = one.open().find(DESK, Wanted()).pictures
    for work in (one.open().read_picture, one.open().read_thumbnail):
        with pytest.raises(OSError, match="store"):
            work(DESK, row.id)
    away.undo()
    one.open().files.files.list_names("pictures")  # whoever reads waits no more once anything was answered
    assert read_all(one) == {"house 1": data}
    third = hand_over(one, draw_picture, 3)
    assert read_all(one) == {"house 1": data, "house 3": third} and one.fault == ""


def test_what_is_deleted_while_the_store_is_away_is_gone_at_once_and_its_files_later(
    open_keeper: OpenKeeper, draw_picture: DrawPicture, take_away: Callable[[], pytest.MonkeyPatch]
) -> None:
    one = open_keeper()
    data = hand_over(one, draw_picture, 1)
    history = one.open()
    (row,) = history.find(DESK, Wanted()).pictures
    away = take_away()
    with pytest.raises(FilesLeft, match="files could not be deleted yet"):
        history.forget(DESK)
    assert not history.find(DESK, Wanted()).pictures and history.restore(DESK, [row.id]) == 0
    with pytest.raises(NotInHistory):
        history.read_picture(DESK, row.id)
    away.undo()
    assert hand_over(one, draw_picture, 1) == data  # the same once more, while the earlier file still lies there
    assert len(history.files.files.list_names("pictures")) == 2
    assert history.empty_bin() == 1 and len(history.files.files.list_names("")) == 2
    assert read_all(one) == {"house 1": data}


@pytest.mark.parametrize("leave", ["close", "forget"])
def test_a_reported_picture_goes_once_its_store_is_back(
    leave: str, open_keeper: OpenKeeper, draw_picture: DrawPicture, take_away: Callable[[], pytest.MonkeyPatch]
) -> None:
    history = open_keeper().open()
    settled, still_open = (write_picture(draw_picture(number)) for number in (1, 2))
    number = history.reported.add(DESK, settled, "other", "seen here")
    history.reported.add("another", still_open, "other", "")
    away = take_away()
    with pytest.raises((OSError, FilesLeft)):
        history.forget(DESK) if leave == "forget" else history.reported.close(number)
    away.undo()
    assert len(history.files.files.list_names("reported")) == 2
    (closed,) = [each for each in history.records.list_reports(is_open=False) if each.closed_at]
    assert leave == "close" or (closed.visitor, closed.words) == ("", "")
    history.remove_old()
    left = history.files.files.list_names("reported")
    assert left == [name_reported(hashlib.sha256(still_open).hexdigest())]
    assert len(history.records.list_reports(is_open=False)) == (1 if leave == "forget" else 2)


def test_who_deletes_everything_leaves_no_picture_that_another_had_reported(
    open_keeper: OpenKeeper, draw_picture: DrawPicture, take_away: Callable[[], pytest.MonkeyPatch]
) -> None:
    history = open_keeper().open()
    for number, visitor in enumerate((DESK, "another")):
        history.reported.add(visitor, write_picture(draw_picture(number)), "other", "")
    away = take_away()
    with pytest.raises(FilesLeft):
        history.forget(DESK)
    away.undo()
    history.forget("another")
    assert history.files.files.list_names("reported") == []
    assert history.records.list_reports(is_open=False) == []


def test_nobody_waits_for_the_database_while_the_store_hangs(
    open_keeper: OpenKeeper, draw_picture: DrawPicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = open_keeper()
    hand_over(one, draw_picture, 1)
    history, hangs, answers = one.open(), threading.Event(), threading.Event()

    def hang(*_: Any, **__: Any) -> None:
        hangs.set()
        answers.wait(PATIENCE)

    monkeypatch.setattr(MemoryFileSystem, "rm", hang)
    with ThreadPoolExecutor(2) as threads:
        deleting = threads.submit(history.forget, DESK)
        try:
            assert hangs.wait(PATIENCE)
            threads.submit(history.records.add_report, "two", "5" * 64, "other").result(SOON)
            assert not history.find(DESK, Wanted()).pictures
        finally:
            answers.set()
        assert deleting.result(PATIENCE) == 1


def test_a_store_that_is_away_at_the_start_is_read_once_it_is_back(
    open_keeper: OpenKeeper, draw_picture: DrawPicture, take_away: Callable[[], pytest.MonkeyPatch]
) -> None:
    first = open_keeper()
    data = hand_over(first, draw_picture, 1)
    first.close()
    away = take_away()
    second = open_keeper("another home")
    second.wait()
    assert second.fault == NO_FILES
    away.undo()
    later = hand_over(second, draw_picture, 2)
    assert read_all(second) == {"house 1": data, "house 2": later} and second.fault == ""


def test_pictures_come_into_the_store_while_the_database_is_away(
    open_keeper: OpenKeeper, draw_picture: DrawPicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise DatabaseError("", None, ConnectionError("away"))

    one = open_keeper()
    with monkeypatch.context() as broken:
        broken.setattr("pipeline.store.database.open_database", refuse)
        data = hand_over(one, draw_picture, 1)
    assert one.fault and one._open_files().list_names("pictures")
    later = hand_over(one, draw_picture, 2)
    assert read_all(one) == {"house 1": data, "house 2": later} and one.fault == ""


def test_two_homes_on_one_store_serve_each_their_own(open_keeper: OpenKeeper, draw_picture: DrawPicture) -> None:
    one, two = open_keeper("one"), open_keeper("two")
    one.wait()
    two.wait()
    data = hand_over(one, draw_picture, 1)
    other = hand_over(two, draw_picture, 2)
    assert read_all(one) == {"house 1": data} and read_all(two) == {"house 2": other}


def test_a_picture_whose_bytes_changed_in_the_store_is_told(open_keeper: OpenKeeper, draw_picture: DrawPicture) -> None:
    one = open_keeper()
    data = hand_over(one, draw_picture, 1)
    kept = one.open().files.files
    (name,) = kept.list_names("pictures")
    kept.write(name, data[:-1])
    with pytest.raises(StoreError, match="damaged"):
        read_all(one)
