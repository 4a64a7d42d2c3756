"""Take in pictures whose files lie in the history's folder and which its database does not know.

They are there after a kill between file and row, after a database was locked or set aside as damaged.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from sqlalchemy import select

from pipeline.errors import PictureFileError, StoreError
from pipeline.store.facts import read_facts
from pipeline.store.files import name_picture
from pipeline.store.history import History
from pipeline.store.tables import Picture

log = logging.getLogger(__name__)


def adopt_files(history: History, name_style: Callable[[str], str]) -> int:
    """Write rows for the files that have none, oldest first; return how many.

    What a file does not say, its star, is lost. A file that is no picture of ours stays where it is.
    """
    with history.database.read() as session:
        known = set(session.scalars(select(Picture.id)))
    written: dict[tuple[str, str], datetime] = {}
    for owned in history.files.list_pictures():
        if owned[1] not in known:
            with suppress(FileNotFoundError):  # another program deleted it meanwhile
                written[owned] = history.files.files.read_time(name_picture(*owned))
    in_order = sorted(written, key=lambda owned: written[owned])
    return sum(adopt_file(history, *owned, written[owned], name_style) for owned in in_order)


def adopt_file(history: History, visitor: str, id: str, written_at: datetime, name_style: Callable[[str], str]) -> bool:
    """Write the row of one file; return whether it is a picture of ours and there is room for it."""
    name = name_picture(visitor, id)
    try:
        data = history.files.files.read(name)
        facts = read_facts(data, name_style)
        history.add_row(id, hashlib.sha256(data).hexdigest(), len(data), facts, visitor, written_at)
    except (PictureFileError, StoreError, FileNotFoundError) as error:
        log.warning("%s stays out of the history. %s", history.files.files.locate(name), error)
        return False
    return True
