"""Take in pictures whose files lie in the history's folder and which its database does not know.

They are there after a kill between file and row, after a database was locked or set aside as damaged.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import select

from pipeline.errors import PictureFileError, StoreError
from pipeline.store.facts import read_facts
from pipeline.store.history import History
from pipeline.store.tables import Picture

log = logging.getLogger(__name__)


def adopt_files(history: History, name_style: Callable[[str], str]) -> int:
    """Write rows for the files that have none, oldest first; return how many.

    What a file does not say, its star, is lost. A file that is no picture of ours stays where it is.
    """
    with history.database.read() as session:
        known = set(session.scalars(select(Picture.id)))
    unknown = [(visitor, id) for visitor, id in history.files.list_pictures() if id not in known]
    return sum(adopt_file(history, visitor, id, name_style) for visitor, id in sorted(unknown, key=_date(history)))


def adopt_file(history: History, visitor: str, id: str, name_style: Callable[[str], str]) -> bool:
    """Write the row of one file; return whether it is a picture of ours and there is room for it."""
    file = history.files.locate_picture(visitor, id)
    try:
        data = file.read_bytes()
        facts = read_facts(data, name_style)
        created_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        history.add_row(id, hashlib.sha256(data).hexdigest(), len(data), facts, visitor, created_at)
    except (PictureFileError, StoreError, FileNotFoundError) as error:
        log.warning("%s stays out of the history. %s", file, error)
        return False
    return True


def _date(history: History) -> Callable[[tuple[str, str]], float]:
    def read_date(owned: tuple[str, str]) -> float:
        file = history.files.locate_picture(*owned)
        return file.stat().st_mtime if file.exists() else 0.0

    return read_date
