"""What a host keeps no longer goes, picture files and all, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from pipeline.picture.png_file import write_picture
from pipeline.store.files import name_picture, name_thumbnail
from pipeline.store.history import BIN_TIME, History
from pipeline.store.keeper import tidy
from pipeline.store.reported import name_reported
from pipeline.store.search import Wanted
from pipeline.store.tables import Entry, Picture, Report
from tests.conftest import WITH_A_STORE, OpenHistory
from tests.store.conftest import DESK, DrawPicture, keep_drawn

pytestmark = pytest.mark.parametrize("open_history", WITH_A_STORE, indirect=True)


def make_older(history: History, id: str, **age: float) -> None:
    with history.database.write() as session:
        when = datetime.now(UTC) - timedelta(**age)
        session.execute(update(Picture).where(Picture.id == id).values(created_at=when))


def list_files(history: History, id: str) -> list[bool]:
    lying = history.files.files.list_names("")
    return [name(DESK, id) in lying for name in (name_picture, name_thumbnail)]


def test_after_the_days_a_picture_goes_with_its_files_and_star_and_younger_ones_stay(
    open_history: OpenHistory, draw_picture: DrawPicture
) -> None:
    history = open_history(days=30)
    old, starred, young = (keep_drawn(history, draw_picture(seed)) for seed in (1, 2, 3))
    history.set_favourite(DESK, starred, True)
    make_older(history, old, days=30, minutes=1)
    make_older(history, starred, days=31)
    make_older(history, young, days=29, hours=23)
    tidy(history)
    assert [picture.id for picture in history.find(DESK, Wanted()).pictures] == [young]
    assert [list_files(history, id) for id in (old, starred, young)] == [[False] * 2, [False] * 2, [True] * 2]
    assert history.read_picture(DESK, young) == write_picture(draw_picture(3))


def test_a_visitors_megabytes_are_their_own_pictures_alone(
    open_history: OpenHistory, draw_picture: DrawPicture
) -> None:
    other = "a" * 32
    probe = open_history()
    keep_drawn(probe, draw_picture(1), other)
    size = probe.find(other, Wanted()).pictures[0].bytes
    history = open_history(bytes_each=int(2.5 * size))
    ids = [keep_drawn(history, draw_picture(seed)) for seed in (2, 3, 4)]
    assert [picture.id for picture in history.find(DESK, Wanted()).pictures] == ids[:0:-1]
    assert list_files(history, ids[0]) == [False, False] and list_files(history, ids[1]) == [True, True]
    assert history.find(other, Wanted()).total == 1, "one visitor's room was taken from another"


def test_the_bin_is_emptied_after_its_hour(open_history: OpenHistory, draw_picture: DrawPicture) -> None:
    history = open_history()
    gone, fresh = (keep_drawn(history, draw_picture(seed)) for seed in (1, 2))
    history.delete(DESK, [gone, fresh])
    with history.database.write() as session:
        when = datetime.now(UTC) - BIN_TIME - timedelta(seconds=1)
        session.execute(update(Picture).where(Picture.id == gone).values(deleted_at=when))
    tidy(history)
    assert list_files(history, gone) == [False, False] and history.restore(DESK, [gone, fresh]) == 1


@pytest.mark.parametrize("is_closed", [True, False])
def test_old_lines_of_the_audit_go_and_open_reports_keep_their_picture(
    is_closed: bool, open_history: OpenHistory, draw_picture: DrawPicture
) -> None:
    history = open_history(days=30)
    number = history.reported.add(DESK, write_picture(draw_picture(1)), "other", "")
    history.records.note_drawing(DESK, "r" * 64, "pocket", "shown", 1)
    if is_closed:
        history.reported.close(number)
    with history.database.write() as session:
        long_ago = datetime.now(UTC) - timedelta(days=31)
        session.execute(update(Entry).values(at=long_ago))
        session.execute(update(Report).values(at=long_ago))
        if is_closed:
            session.execute(update(Report).values(closed_at=long_ago))
    (report,) = history.records.list_reports(is_open=False)
    tidy(history)
    assert history.records.list_drawings() == []
    assert len(history.records.list_reports(is_open=False)) == (0 if is_closed else 1)
    assert (name_reported(report.picture) in history.files.files.list_names("")) is not is_closed
