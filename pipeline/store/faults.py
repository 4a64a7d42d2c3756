"""Say in one sentence why a picture could not be kept. The log has the details, with their paths."""

from __future__ import annotations

import errno
import sqlite3

from pipeline.errors import StoreError
from pipeline.kept_files import FilesAway

FULL = "The disk is full, so new pictures are not kept in the history. Drawing goes on."
NOT_WRITABLE = "The history's folder cannot be written, so new pictures are not kept. Drawing goes on."
LOCKED = "Another program holds the history; pictures made meanwhile come into it later. Drawing goes on."
DAMAGED = (
    "The history was damaged. It was set aside under another name and is made again from the pictures. Drawing goes on."
)
BEHIND = "Pictures come faster than they can be kept, so some are missing from the history. Drawing goes on."
FULL_OF_STARS = "The history is full of pictures with a star, so new ones are not kept. Drawing goes on."
NO_SERVER = "The history's database does not answer; pictures made meanwhile come into it later. Drawing goes on."
NO_FILES = "The history's pictures cannot be reached: they are not shown, and new ones are not kept. Drawing goes on."
REFUSED = (
    "The history's store refuses Croquis: its keys or rights are wrong. Pictures are not shown, and new ones are not "
    "kept. Drawing goes on."
)
UNKNOWN = "A picture could not be kept in the history; the log says why. Drawing goes on."

BY_ERRNO = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), FULL),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST), NOT_WRITABLE),
}
BY_SQLITE = {  # primary codes ("Result and Error Codes" of SQLite)
    sqlite3.SQLITE_FULL: FULL,
    **dict.fromkeys((sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM), NOT_WRITABLE),
    **dict.fromkeys((sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED), LOCKED),
    **dict.fromkeys((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB), DAMAGED),
}


NO_KEYS = ("NoCredentialsError", "PartialCredentialsError")  # of botocore
LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's code: another program held a lock for longer than we wait


class DamagedDatabase(StoreError):
    """SQLite's own check found faults in the file."""


def explain_fault(error: BaseException) -> str:
    """Return the sentence for what went wrong."""
    if isinstance(error, StoreError):
        return str(error)
    if isinstance(error, FilesAway):
        return REFUSED if is_refused(error) else NO_FILES
    if isinstance(error, TimeoutError):  # of the lock on the database's opening
        return LOCKED
    code = read_sqlite_code(error)
    if code is not None:
        return BY_SQLITE.get(code, UNKNOWN)
    if hasattr(error, "orig"):  # of SQLAlchemy, and no file's: PostgreSQL's
        sqlstate = getattr(error.orig, "sqlstate", None)
        return LOCKED if sqlstate == LOCK_NOT_AVAILABLE else UNKNOWN if sqlstate else NO_SERVER
    return BY_ERRNO.get(error.errno or 0, UNKNOWN) if isinstance(error, OSError) else UNKNOWN


def is_refused(error: FilesAway) -> bool:
    """Return whether a store answered that whoever asks may not: its library has no keys, or others than it should."""
    cause = error.__cause__
    return isinstance(cause, PermissionError) or type(cause).__name__ in NO_KEYS


def is_damage(error: BaseException) -> bool:
    """Return whether the database's file itself is broken."""
    broken = read_sqlite_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return broken or isinstance(error, DamagedDatabase)


def read_sqlite_code(error: BaseException) -> int | None:
    """Return SQLite's primary result code of an error that SQLAlchemy raised; None where it has none."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF
