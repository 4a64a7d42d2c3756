"""Keep pictures in files and rows, find them again, and let a visitor star, delete, restore and take them along."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, Update, delete, literal, or_, select, update

from pipeline.errors import FilesLeft, NotInHistory, StoreError
from pipeline.kept_files import KeptFiles
from pipeline.sealed_file import unseal
from pipeline.store.database import Database
from pipeline.store.facts import Facts
from pipeline.store.files import PictureFiles, name_picture, name_thumbnail
from pipeline.store.jobs import Jobs
from pipeline.store.keys import Keys
from pipeline.store.limits import Limits, make_room
from pipeline.store.records import Records
from pipeline.store.reported import Reported
from pipeline.store.search import Found, StyleCount, Wanted, count_styles, find_pictures
from pipeline.store.style_owners import StyleOwners
from pipeline.store.tables import Picture, WornStyle

BIN_TIME = timedelta(hours=1)  # how long a deleted picture can be brought back
GONE = datetime(1970, 1, 1, tzinfo=UTC)  # `deleted_at` of what never comes back: its files go next, then its row
AT_ONCE = 500  # rows that one statement names
DAMAGED_PICTURE = "This picture's file is damaged on the disk: its bytes are not those that were kept."
NOT_THERE = "There is no such picture in your history."

log = logging.getLogger(__name__)


class History:
    """History holds every visitor's kept pictures; whoever calls says whose are meant. Safe to use from many threads.

    Each method raises OSError or SQLAlchemy's DatabaseError where disk or database fail.
    """

    def __init__(self, files: KeptFiles, database: Database, limits: Limits) -> None:
        self.files = PictureFiles(files)
        self.database = database
        self.records = Records(database)
        self.jobs = Jobs(database, self.records.hash_visitor)
        self.style_owners = StyleOwners(database, self.records.hash_visitor)
        self.keys = Keys(database)
        self.reported = Reported(files, self.records)
        self._limits = limits

    def keep(self, data: bytes, facts: Facts, visitor: str) -> str:
        """Keep a picture's file and its row; return its id. The same file kept again moves to the front."""
        digest = hashlib.sha256(data).hexdigest()
        with self.database.read() as session:
            earlier = session.scalar(_select_same(visitor, digest))
        id = earlier.id if earlier else uuid4().hex
        size = earlier.bytes if earlier else self.files.write(visitor, id, data)
        try:
            self.add_row(id, digest, size, facts, visitor, datetime.now(UTC))
        except StoreError:
            self.files.delete([(visitor, id)])
            raise
        return id

    def add_row(self, id: str, digest: str, size: int, facts: Facts, visitor: str, created_at: datetime) -> None:
        """Write the row of a picture whose files lie there; an earlier row of the same file makes room for it.

        Raises StoreError where pictures with a star fill the history.
        """
        with self.database.write() as session:
            earlier = session.scalar(_select_same(visitor, digest))
            if earlier is not None:
                session.delete(earlier)
                session.flush()
            row = make_row(id, digest, size, facts, visitor, created_at)
            row.favourite = earlier is not None and earlier.favourite
            session.add(row)
            session.flush()
            gone = make_room(session, self._limits, row)
        gone += [earlier] if earlier is not None and earlier.id != id else []
        self.files.delete((picture.visitor, picture.id) for picture in gone)

    def find(self, visitor: str, wanted: Wanted) -> Found:
        """Find a page of a visitor's pictures, newest first."""
        with self.database.read() as session:
            found = find_pictures(session, visitor, wanted, self.database.has_text_search)
            session.expunge_all()
            return found

    def count_styles(self, visitor: str) -> list[StyleCount]:
        """List the styles that a visitor's pictures wear, the most frequent first."""
        with self.database.read() as session:
            return count_styles(session, visitor)

    def read_picture(self, visitor: str, id: str) -> bytes:
        """Return the file of a visitor's picture. Raises NotInHistory where there is none of theirs, StoreError for one
        whose bytes have changed.
        """
        digest = self._expect_own(visitor, id)
        try:
            data = self.files.files.read(name_picture(visitor, id))
        except FileNotFoundError as error:
            raise NotInHistory(NOT_THERE) from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise StoreError(DAMAGED_PICTURE)
        return data

    def read_thumbnail(self, visitor: str, id: str) -> bytes:
        """Return the thumbnail of a visitor's picture with its seal, made anew where it is gone or damaged.

        Raises NotInHistory.
        """
        self._expect_own(visitor, id)
        with suppress(FileNotFoundError):
            data = self.files.files.read(name_thumbnail(visitor, id))
            if unseal(data) is not None:
                return data
        return self.files.write_thumbnail(visitor, id, self.read_picture(visitor, id))

    def set_favourite(self, visitor: str, id: str, favourite: bool) -> None:
        """Give a picture a star, or take it away. Raises NotInHistory where there is none of theirs."""
        if self._change(visitor, [id], update(Picture).values(favourite=favourite)) == 0:
            raise NotInHistory(NOT_THERE)

    def delete(self, visitor: str, ids: Sequence[str]) -> int:
        """Put pictures into the bin, from where they come back within BIN_TIME; return how many."""
        gone = update(Picture).where(Picture.deleted_at.is_(None)).values(deleted_at=datetime.now(UTC))
        return self._change(visitor, ids, gone)

    def restore(self, visitor: str, ids: Sequence[str]) -> int:
        """Bring deleted pictures back; return how many."""
        return self._change(visitor, ids, update(Picture).values(deleted_at=None))

    def forget(self, visitor: str) -> int:
        """Delete everything of a visitor, at once and for good; return how many pictures it was. The audit stays.

        Raises FilesLeft where the files cannot be deleted now: nobody sees them any more, and they go with the bin.
        """
        reported = self.records.forget(visitor)
        gone = self._mark(Picture.visitor == visitor)
        try:
            if reported:
                self.reported.delete_left()
            self._delete_marked(gone)
        except OSError as error:
            log.warning(
                "The files of %d pictures, and reported %s, are not deleted yet: %s", len(gone), reported, error
            )
            raise FilesLeft from error
        return len(gone)

    def empty_bin(self) -> int:
        """Delete for good what lay in the bin for BIN_TIME; return how many pictures it was."""
        now = datetime.now(UTC)
        # later than now: the clock was put back
        return self._remove((Picture.deleted_at < now - BIN_TIME) | (Picture.deleted_at > now + BIN_TIME))

    def remove_old(self) -> int:
        """Delete for good what is older than the host keeps, with a star too; return how many pictures it was."""
        oldest = datetime.now(UTC) - self._limits.time
        self.reported.delete_left()  # before the reports that know of them go
        self.records.prune(oldest)
        self.jobs.prune(oldest)
        self.style_owners.prune(oldest)
        return self._remove(Picture.created_at < oldest)

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def _remove(self, which: ColumnElement[bool]) -> int:
        """Remove pictures for good; return how many."""
        gone = self._mark(which)
        self._delete_marked(gone)
        return len(gone)

    def _mark(self, which: ColumnElement[bool]) -> list[tuple[str, str]]:
        """Mark pictures as gone, which nobody finds, reads or brings back any more; return whose and which they are.

        What was written of them is forgotten at once, and the same file may be kept anew.
        """
        nothing = dict.fromkeys(("words", "negative_words", "search_text"), "")
        mark = update(Picture).values(deleted_at=GONE, sha256=literal("gone-") + Picture.id, **nothing)
        with self.database.write() as session:
            gone = [(visitor, id) for visitor, id in session.execute(select(Picture.visitor, Picture.id).where(which))]
            if gone:
                session.execute(mark.where(which), execution_options={"synchronize_session": False})
        return gone

    def _delete_marked(self, gone: Sequence[tuple[str, str]]) -> None:
        """Delete files, then their rows, so that a killed program leaves rows, which are removed again, and no files,
        which would be taken in anew. No transaction is open while the files go: a store elsewhere may take its time.
        """
        self.files.delete(gone)
        for first in range(0, len(gone), AT_ONCE):
            ids = [id for _, id in gone[first : first + AT_ONCE]]
            with self.database.write() as session:
                session.execute(delete(Picture).where(Picture.id.in_(ids), Picture.deleted_at == GONE))

    def _expect_own(self, visitor: str, id: str) -> str:
        """Return the hash of a visitor's picture. Raises NotInHistory where there is none of theirs."""
        with self.database.read() as session:
            own = select(Picture.sha256).where(Picture.id == id, Picture.visitor == visitor, _is_there())
            digest = session.scalar(own)
        if digest is None:
            raise NotInHistory(NOT_THERE)
        return digest

    def _change(self, visitor: str, ids: Sequence[str], change: Update) -> int:
        """Carry out a change on a visitor's own pictures among these ids; return how many it was."""
        with self.database.write() as session:
            done = session.execute(change.where(Picture.visitor == visitor, Picture.id.in_(ids), _is_there()))
            return int(getattr(done, "rowcount", 0))


def _is_there() -> ColumnElement[bool]:
    """Select what is not gone for good; what lies in the bin is still there."""
    return or_(Picture.deleted_at.is_(None), Picture.deleted_at > GONE)


def _select_same(visitor: str, digest: str) -> Select[Picture]:
    return select(Picture).where(Picture.visitor == visitor, Picture.sha256 == digest)


def make_row(id: str, digest: str, size: int, facts: Facts, visitor: str, created_at: datetime) -> Picture:
    """Make the row of a picture, which nobody has written yet."""
    return Picture(
        id=id,
        visitor=visitor,
        sha256=digest,
        bytes=size,
        created_at=created_at,
        words=facts.words,
        negative_words=facts.negative_words,
        engine=facts.engine,
        seed=facts.seed,
        width=facts.width,
        height=facts.height,
        search_text=facts.search_text,
        styles=[
            WornStyle(place=place, style=worn.style, name=worn.name, weight=worn.weight)
            for place, worn in enumerate(facts.styles)
        ],
    )
