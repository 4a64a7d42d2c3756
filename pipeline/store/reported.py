"""Keep the pictures that were reported, beside the reports in the database, for as long as a report of them is open."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sqlalchemy import func, select

from pipeline.errors import StoreError
from pipeline.store.files import place_whole
from pipeline.store.history import History
from pipeline.store.tables import Report

FOLDER = "reported"
MOST_OPEN = 1_000  # reports that nobody has dealt with yet
TOO_MANY = "The host of this Croquis has more reports than can be kept. Tell them in another way."


def report_picture(history: History, visitor: str, data: bytes, reason: str, words: str) -> int:
    """Keep a picture that somebody reports, and the report; return its number.

    Raises StoreError where too many are open.
    """
    with history.database.read() as session:
        if (session.scalar(select(func.count()).where(Report.closed_at.is_(None))) or 0) >= MOST_OPEN:
            raise StoreError(TOO_MANY)
    digest = hashlib.sha256(data).hexdigest()
    place_whole(locate_reported(history, digest), data)
    return history.records.add_report(visitor, digest, reason, words)


def locate_reported(history: History, digest: str) -> Path:
    """Return where a reported picture lies, by the SHA-256 of its file."""
    return history.files.folder / FOLDER / f"{digest}.png"


def delete_unreported(history: History) -> int:
    """Delete the pictures of which no report is open any more; return how many."""
    with history.database.read() as session:
        wanted = set(session.scalars(select(Report.picture).where(Report.closed_at.is_(None))))
    gone = [file for file in (history.files.folder / FOLDER).glob("*.png") if file.stem not in wanted]
    for file in gone:
        file.unlink(missing_ok=True)
    return len(gone)
