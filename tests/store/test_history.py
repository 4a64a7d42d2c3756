"""Keep pictures, find them again, star, delete, restore and forget them; each visitor has their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from pipeline.errors import StoreError
from pipeline.picture.png_file import write_picture
from pipeline.store import history as history_module
from pipeline.store.files import name_picture, name_thumbnail
from pipeline.store.history import History
from pipeline.store.search import Wanted
from pipeline.store.tables import Picture
from tests.conftest import WITH_A_STORE, OpenHistory
from tests.store.conftest import DESK, DrawPicture, keep_drawn
from tests.tools.flipped_bytes import flip_bytes

pytestmark = pytest.mark.parametrize("open_history", WITH_A_STORE, indirect=True)
NEWEST = Wanted()


def list_ids(history: History, visitor: str = DESK, **wanted: object) -> list[str]:
    return [picture.id for picture in history.find(visitor, Wanted(**wanted)).pictures]  # type: ignore[arg-type]


def list_thumbnails(history: History) -> list[str]:
    return history.files.files.list_names("thumbnails")


def test_a_picture_is_kept_with_all_that_is_known_of_it(open_history: OpenHistory, draw_picture: DrawPicture) -> None:
    history, result = open_history(), draw_picture(7, "a red house")
    id = keep_drawn(history, result)
    (row,) = history.find(DESK, NEWEST).pictures
    assert (row.id, row.words, row.negative_words, row.seed) == (id, "a red house", "rain", 7)
    assert (row.engine, row.width, row.height, row.favourite, row.deleted_at) == ("pocket", 64, 64, False, None)
    assert [(style.style, style.weight) for style in row.styles] == [("felt", 1.0)]
    assert abs(datetime.now(UTC) - row.created_at) < timedelta(minutes=1) and row.created_at.tzinfo is not None
    assert history.read_picture(DESK, id) == write_picture(result)
    assert history.read_thumbnail(DESK, id)[8:12] == b"WEBP"


def test_everything_is_there_after_a_restart(open_history: OpenHistory, draw_picture: DrawPicture) -> None:
    history = open_history()
    ids = [keep_drawn(history, draw_picture(seed)) for seed in (1, 2, 3)]
    history.set_favourite(DESK, ids[0], True)
    history.close()
    again = open_history()
    assert list_ids(again) == ids[::-1] and list_ids(again, favourites=True) == ids[:1]


def test_the_same_picture_comes_to_the_front_and_keeps_its_star(
    open_history: OpenHistory, draw_picture: DrawPicture
) -> None:
    history = open_history()
    first, second = (keep_drawn(history, draw_picture(seed)) for seed in (1, 2))
    history.set_favourite(DESK, first, True)
    history.delete(DESK, [first])
    assert keep_drawn(history, draw_picture(1)) == first
    assert list_ids(history) == [first, second] and list_ids(history, favourites=True) == [first]
    assert len(list(history.files.list_pictures())) == 2


def test_the_order_holds_when_the_clock_goes_back(
    open_history: OpenHistory, draw_picture: DrawPicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class EarlierClock(datetime):
        @classmethod
        def now(cls, zone: object = None) -> datetime:  # type: ignore[override]
            return datetime(1999, 1, 1, tzinfo=UTC)

    history = open_history()
    first = keep_drawn(history, draw_picture(1))
    monkeypatch.setattr(history_module, "datetime", EarlierClock)
    second = keep_drawn(history, draw_picture(2))
    assert list_ids(history) == [second, first]
    assert history.find(DESK, NEWEST).pictures[0].created_at.year == 1999


def test_deleted_pictures_come_back_until_the_bin_is_emptied(
    open_history: OpenHistory, draw_picture: DrawPicture
) -> None:
    history = open_history()
    one, two = (keep_drawn(history, draw_picture(seed)) for seed in (1, 2))
    assert history.delete(DESK, [one, two]) == 2 and list_ids(history) == []
    assert history.restore(DESK, [one]) == 1 and list_ids(history) == [one]
    assert history.empty_bin() == 0, "a picture was removed while it could still be brought back"
    long_ago = datetime.now(UTC) - history_module.BIN_TIME - timedelta(seconds=1)
    with history.database.write() as session:
        session.execute(update(Picture).where(Picture.id == two).values(deleted_at=long_ago))
    assert history.empty_bin() == 1
    assert history.restore(DESK, [two]) == 0 and list(history.files.list_pictures()) == [(DESK, one)]
    assert list_thumbnails(history) == [name_thumbnail(DESK, one)]


def test_nobody_sees_or_changes_pictures_of_another_visitor(
    open_history: OpenHistory, draw_picture: DrawPicture
) -> None:
    history = open_history()
    id = keep_drawn(history, draw_picture(), "a" * 32)
    assert list_ids(history, "b" * 32) == [] and history.count_styles("b" * 32) == []
    for look in (history.read_picture, history.read_thumbnail):
        with pytest.raises(StoreError, match="no such picture"):
            look("b" * 32, id)
    with pytest.raises(StoreError, match="no such picture"):
        history.set_favourite("b" * 32, id, True)
    assert history.delete("b" * 32, [id]) == history.restore("b" * 32, [id]) == history.forget("b" * 32) == 0
    assert list_ids(history, "a" * 32) == [id]


def test_everything_of_one_visitor_is_deleted_at_once(open_history: OpenHistory, draw_picture: DrawPicture) -> None:
    history = open_history()
    keep_drawn(history, draw_picture(1), "a" * 32)
    history.delete("a" * 32, [keep_drawn(history, draw_picture(2), "a" * 32)])
    other = keep_drawn(history, draw_picture(1))
    assert history.forget("a" * 32) == 2
    assert list(history.files.list_pictures()) == [(DESK, other)] and list_ids(history) == [other]


def test_a_lost_thumbnail_is_made_again(open_history: OpenHistory, draw_picture: DrawPicture) -> None:
    history = open_history()
    id = keep_drawn(history, draw_picture())
    before = history.read_thumbnail(DESK, id)
    history.files.files.delete([name_thumbnail(DESK, id)])
    assert history.read_thumbnail(DESK, id) == before
    history.files.files.delete([name_picture(DESK, id)])
    with pytest.raises(StoreError, match="no such picture"):
        history.read_picture(DESK, id)


def test_the_oldest_without_a_star_go_first(open_history: OpenHistory, draw_picture: DrawPicture) -> None:
    history = open_history(pictures=3)
    ids = [keep_drawn(history, draw_picture(seed)) for seed in (1, 2, 3)]
    history.set_favourite(DESK, ids[0], True)
    ids.append(keep_drawn(history, draw_picture(4)))
    assert list_ids(history) == [ids[3], ids[2], ids[0]]
    assert {id for _, id in history.files.list_pictures()} == {ids[0], ids[2], ids[3]}


def test_a_history_full_of_stars_keeps_nothing_new_and_says_so(
    open_history: OpenHistory, draw_picture: DrawPicture
) -> None:
    history = open_history(pictures=1)
    id = keep_drawn(history, draw_picture(1))
    history.set_favourite(DESK, id, True)
    with pytest.raises(StoreError, match="full of pictures with a star"):
        keep_drawn(history, draw_picture(2))
    assert list_ids(history) == [id] and list(history.files.list_pictures()) == [(DESK, id)]


def test_where_the_disk_share_is_used_up_the_one_who_keeps_most_gives(
    open_history: OpenHistory, draw_picture: DrawPicture
) -> None:
    size = len(write_picture(draw_picture(1)))
    history = open_history(bytes=4 * size + size // 2)
    single = keep_drawn(history, draw_picture(1), "a" * 32)
    many = [keep_drawn(history, draw_picture(seed)) for seed in (2, 3, 4, 5)]
    assert list_ids(history, "a" * 32) == [single], "one visitor's pictures pushed another's out"
    assert list_ids(history) and set(list_ids(history)) < set(many)


def test_a_changed_byte_of_a_picture_is_told_and_of_a_thumbnail_mended(
    open_history: OpenHistory, draw_picture: DrawPicture
) -> None:
    history = open_history()
    id = keep_drawn(history, draw_picture())
    small, whole, kept = name_thumbnail(DESK, id), name_picture(DESK, id), history.files.files
    right = kept.read(small)
    for changed in flip_bytes(right, 24):
        kept.write(small, changed)
        assert history.read_thumbnail(DESK, id) == right
    content = kept.read(whole)
    for changed in flip_bytes(content, 24):
        kept.write(whole, changed)
        with pytest.raises(StoreError, match="damaged on the disk"):
            history.read_picture(DESK, id)
    kept.write(whole, content)
    assert history.read_picture(DESK, id) == content
