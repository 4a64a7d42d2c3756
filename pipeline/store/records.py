"""Write down what happens beside the pictures: the audit, and reports by users."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Update, delete, select, update

from pipeline.errors import StoreError
from pipeline.store.database import Database
from pipeline.store.jobs import forget_jobs
from pipeline.store.tables import Entry, Note, Report

SALT = "salt"
SALT_BYTES = 32
WORDS_LIMIT = 2_000  # characters of what a user writes


class Records:
    """Records writes to one database, from many threads and machines; of visitors it keeps salted hashes alone.

    Each method raises SQLAlchemy's DatabaseError where the database fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._salt = ""

    def hash_visitor(self, visitor: str) -> str:
        """Return the hash that stands for a visitor: equal for equal ones, of no use without this store's salt."""
        self._salt = self._salt or self._find_salt()
        return hmac.new(bytes.fromhex(self._salt), visitor.encode(), hashlib.sha256).hexdigest()

    def note_drawing(self, visitor: str, request: str, engine: str, verdict: str, seconds: float) -> None:
        """Write a line of the audit: who had which request drawn, what the safety checker said, how long it took."""
        entry = Entry(
            at=datetime.now(UTC),
            visitor=self.hash_visitor(visitor),
            request=request,
            engine=engine,
            verdict=verdict,
            seconds=seconds,
        )
        with self._database.write() as session:
            session.add(entry)

    def list_drawings(self, count: int = 100) -> Sequence[Entry]:
        """List the newest lines of the audit."""
        with self._database.read() as session:
            return session.scalars(select(Entry).order_by(Entry.number.desc()).limit(count)).all()

    def add_report(self, visitor: str, picture: str, reason: str, words: str = "") -> int:
        """Take in what a user says is wrong with the picture of this SHA-256; return the report's number."""
        report = Report(
            at=datetime.now(UTC),
            visitor=self.hash_visitor(visitor),
            picture=picture,
            reason=reason,
            words=words[:WORDS_LIMIT],
        )
        with self._database.write() as session:
            session.add(report)
            session.flush()
            return report.number

    def list_reports(self, is_open: bool = True, count: int = 100) -> Sequence[Report]:
        """List the newest reports, those that nobody has dealt with alone where `is_open`."""
        wanted = select(Report).order_by(Report.number.desc()).limit(count)
        with self._database.read() as session:
            return session.scalars(wanted.where(Report.closed_at.is_(None)) if is_open else wanted).all()

    def close_report(self, number: int) -> str:
        """Note that the host has dealt with a report; return its picture's SHA-256. Raises StoreError where there is
        none.
        """
        self._expect_one(update(Report).where(Report.number == number).values(closed_at=datetime.now(UTC)))
        with self._database.read() as session:
            return session.scalars(select(Report.picture).where(Report.number == number)).one()

    def is_reported(self, picture: str) -> bool:
        """Return whether a report of the picture of this SHA-256 is open."""
        wanted = select(Report.number).where(Report.picture == picture, Report.closed_at.is_(None)).limit(1)
        with self._database.read() as session:
            return session.scalar(wanted) is not None

    def drop_forgotten(self, until: datetime) -> None:
        """Delete the reports that were forgotten until then, whose pictures' files are gone."""
        with self._database.write() as session:
            session.execute(delete(Report).where(Report.visitor == "", Report.closed_at <= until))

    def list_settled(self) -> set[str]:
        """Return the SHA-256 of each picture whose reports are all closed."""
        with self._database.read() as session:
            closed, still_open = (
                set(session.scalars(select(Report.picture).where(which)))
                for which in (Report.closed_at.is_not(None), Report.closed_at.is_(None))
            )
        return closed - still_open

    def forget(self, visitor: str) -> Sequence[str]:
        """Delete a visitor's jobs, and what the reports say; return the SHA-256 of each picture that was reported.

        A report stays closed, without who and what, so that its picture is known until its file is gone. The audit
        stays, too: both know hashes alone.
        """
        hashed = self.hash_visitor(visitor)
        with self._database.write() as session:
            reported = session.scalars(select(Report.picture).where(Report.visitor == hashed)).all()
            forget_jobs(session, hashed)
            nothing = {"visitor": "", "words": "", "closed_at": datetime.now(UTC)}
            session.execute(update(Report).where(Report.visitor == hashed).values(**nothing))
            return reported

    def prune(self, before: datetime) -> None:
        """Delete what is older: the audit, reports that are closed."""
        with self._database.write() as session:
            session.execute(delete(Entry).where(Entry.at < before))
            session.execute(delete(Report).where(Report.closed_at < before))

    def _find_salt(self) -> str:
        with self._database.write() as session:
            note = session.get(Note, SALT)
            if note is None:
                note = Note(name=SALT, value=secrets.token_hex(SALT_BYTES))
                session.add(note)
            return note.value

    def _expect_one(self, change: Update) -> None:
        if self._change(change) == 0:
            raise StoreError("There is no such entry in the store.")

    def _change(self, change: Update) -> int:
        with self._database.write() as session:
            return int(getattr(session.execute(change), "rowcount", 0))
