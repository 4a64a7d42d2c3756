"""Pictures are written in the background; what goes wrong is told in one sentence, and nothing else stops."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.kept_files import FolderFiles
from pipeline.picture.png_file import write_picture
from pipeline.settings import ROOT, Settings
from pipeline.store import files, keeper
from pipeline.store.facts import gather_facts
from pipeline.store.keeper import DATABASE, Keeper
from pipeline.store.search import Wanted
from tests.store.conftest import DESK, DrawPicture

OpenKeeper = Callable[..., Keeper]


@pytest.fixture
def open_keeper(tmp_path: Path) -> Iterator[OpenKeeper]:
    opened: list[Keeper] = []

    def open_one(**settings: object) -> Keeper:
        opened.append(Keeper(Settings(user_dir=tmp_path, **settings), lambda style: f"Style {style}"))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def hand_over(keeper: Keeper, draw_picture: DrawPicture, seed: int, visitor: str = DESK) -> None:
    result = draw_picture(seed, f"house {seed}")
    keeper.keep(write_picture(result), gather_facts(result), visitor)


def list_words(keeper: Keeper) -> list[str]:
    return [picture.words for picture in keeper.open().find(DESK, Wanted(count=200)).pictures]


def test_what_was_handed_over_is_written_and_flushed_at_the_end(
    open_keeper: OpenKeeper, draw_picture: DrawPicture
) -> None:
    first = open_keeper()
    for seed in range(10):
        hand_over(first, draw_picture, seed)
    first.close()
    assert list_words(open_keeper()) == [f"house {seed}" for seed in reversed(range(10))]
    assert first.fault == ""


def test_nothing_is_made_before_there_is_a_picture_or_somebody_asks(tmp_path: Path, open_keeper: OpenKeeper) -> None:
    open_keeper()
    assert list(tmp_path.iterdir()) == []


def test_no_drawing_waits_for_the_disk(
    open_keeper: OpenKeeper, draw_picture: DrawPicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, write = threading.Event(), files.PictureFiles.write

    def write_late(self: files.PictureFiles, *picture: object) -> int:
        assert free.wait(30)
        return write(self, *picture)  # type: ignore[arg-type]

    monkeypatch.setattr(files.PictureFiles, "write", write_late)
    monkeypatch.setattr(keeper, "MOST_WAITING", 4)
    slow = open_keeper()
    result = draw_picture(1)
    data, facts = write_picture(result), gather_facts(result)
    started = time.monotonic()
    for number in range(20):
        slow.keep(data + bytes([number]), facts, DESK)
    assert time.monotonic() - started < 1
    assert "Pictures come faster than they can be kept" in slow.fault
    free.set()
    slow.flush()


@pytest.mark.parametrize(
    ("code", "words"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "cannot be written"), (errno.EIO, "log says why")]
)
def test_a_disk_that_refuses_is_told_once_and_drawing_goes_on(
    open_keeper: OpenKeeper,
    draw_picture: DrawPicture,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    code: int,
    words: str,
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, "refused")

    one = open_keeper()
    with monkeypatch.context() as broken:
        broken.setattr(FolderFiles, "write", refuse)
        for seed in (1, 2, 3):
            hand_over(one, draw_picture, seed)
        one.flush()
    assert words in one.fault and one.fault.endswith("Drawing goes on.")
    assert [record.getMessage() for record in caplog.records].count(one.fault) == 1
    hand_over(one, draw_picture, 4)
    one.flush()
    assert list_words(one) == ["house 4"] and one.fault == ""


def test_a_home_that_cannot_be_written_is_told(
    tmp_path: Path, open_keeper: OpenKeeper, draw_picture: DrawPicture
) -> None:
    (tmp_path / "history").write_text("a file in the folder's place")
    one = open_keeper()
    hand_over(one, draw_picture, 1)
    one.flush()
    assert "cannot be written" in one.fault
    with pytest.raises(StoreError, match="cannot be written"):
        one.open()


def test_pictures_made_while_another_program_holds_the_database_come_in_later(
    tmp_path: Path, open_keeper: OpenKeeper, draw_picture: DrawPicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.store.database.PATIENCE", 0.1)
    one = open_keeper()
    hand_over(one, draw_picture, 1)
    one.flush()
    other = sqlite3.connect(tmp_path / "history" / DATABASE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    hand_over(one, draw_picture, 2)
    one.flush()
    assert "Another program holds the history" in one.fault and list_words(one) == ["house 1"]
    other.execute("ROLLBACK")
    other.close()
    hand_over(one, draw_picture, 3)
    one.flush()
    assert sorted(list_words(one)) == ["house 1", "house 2", "house 3"] and one.fault == ""


def test_a_database_damaged_before_the_start_is_made_again_from_the_pictures(
    tmp_path: Path, open_keeper: OpenKeeper, draw_picture: DrawPicture
) -> None:
    first, file = open_keeper(), tmp_path / "history" / DATABASE
    for seed in (1, 2):
        hand_over(first, draw_picture, seed)
    first.close()
    file.write_bytes(b"no database" * 1_000)
    again = open_keeper()
    again.open()
    again._wake()
    again.flush()
    assert sorted(list_words(again)) == ["house 1", "house 2"]
    assert "set aside under another name" in again.fault
    (aside,) = file.parent.glob("history-damaged-*.sqlite3")
    assert aside.read_bytes() == b"no database" * 1_000
    (row, _) = again.open().find(DESK, Wanted()).pictures
    assert [style.name for style in row.styles] == ["Style felt"] and row.negative_words == "rain"


def test_a_database_that_breaks_under_way_is_set_aside_too(
    tmp_path: Path, open_keeper: OpenKeeper, draw_picture: DrawPicture
) -> None:
    one, file = open_keeper(), tmp_path / "history" / DATABASE
    hand_over(one, draw_picture, 1)
    one.flush()
    one.open().database.engine.dispose()
    data = file.read_bytes()
    file.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    hand_over(one, draw_picture, 2)
    one.flush()
    assert sorted(list_words(one)) == ["house 1", "house 2"]
    assert len(list(file.parent.glob("history-damaged-*.sqlite3"))) == 1


def test_files_that_are_no_pictures_of_ours_stay_where_they_are(
    tmp_path: Path, open_keeper: OpenKeeper, draw_picture: DrawPicture
) -> None:
    strange = tmp_path / "history" / "pictures" / DESK / "holiday.png"
    strange.parent.mkdir(parents=True)
    strange.write_bytes(b"\x89PNG\r\n\x1a\n and so on")
    one = open_keeper()
    hand_over(one, draw_picture, 1)
    one.flush()
    assert list_words(one) == ["house 1"] and strange.exists() and one.fault == ""


KEEP_FOR_EVER = """
import sys
from pathlib import Path
from pipeline.settings import Settings
from pipeline.store.facts import Facts
from pipeline.store.keeper import Keeper
keeper = Keeper(Settings(user_dir=Path(sys.argv[1])), str)
data = Path(sys.argv[2]).read_bytes()
for n in range(10_000):
    keeper.keep(data + n.to_bytes(4), Facts(f"number {n}", "", (), "pocket", n, 64, 64), "desk")
    keeper.flush()
    print(n, flush=True)
"""


def test_a_kill_at_any_moment_loses_nothing_that_was_kept(
    tmp_path: Path, open_keeper: OpenKeeper, draw_picture: DrawPicture
) -> None:
    source = tmp_path / "source.png"
    source.write_bytes(write_picture(draw_picture(1)))
    for moment in range(6):
        program = subprocess.Popen(
            [sys.executable, "-c", KEEP_FOR_EVER, str(tmp_path), str(source)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert program.stdout is not None
        acknowledged = [int(program.stdout.readline()) for _ in range(3)]
        time.sleep(0.0034 * moment)  # a writing takes some milliseconds
        program.kill()
        acknowledged += [int(line) for line in program.stdout.read().split()]
        program.wait()
        one = open_keeper()
        found = one.open().find(DESK, Wanted(count=200))
        assert {picture.seed for picture in found.pictures} >= set(acknowledged)
        for picture in found.pictures:
            assert one.open().read_picture(DESK, picture.id)[:-4] == source.read_bytes()
        one.close()
        assert not list((tmp_path / "history").glob("*damaged*"))
        shutil.rmtree(tmp_path / "history")
