"""Say what to do where the disk is full, or a folder cannot be written."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Mapping

DISK_FULL = (
    "The disk of the machine that runs Croquis is full, so this could not be kept. Make room on it, or start Croquis "
    "with its folders elsewhere: CROQUIS_USER_DIR (styles and history), CROQUIS_OUTPUTS (pictures), TMPDIR (the rest)."
)
NOT_WRITABLE = (
    "Croquis may not write where it keeps its files, so this could not be kept. Allow it to, or start Croquis with its "
    "folders elsewhere: CROQUIS_USER_DIR (styles and history), CROQUIS_OUTPUTS (pictures), TMPDIR (the rest)."
)
NO_TEMPORARY = "No usable temporary directory found"  # how tempfile's error begins

BY_ERRNO: Mapping[int, str] = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), DISK_FULL),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST), NOT_WRITABLE),
}
BY_SQLITE: Mapping[int, str] = {
    **dict.fromkeys((sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR), DISK_FULL),  # a write that the system refused
    **dict.fromkeys((sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN), NOT_WRITABLE),
}


def explain_disk_fault(error: BaseException) -> str | None:
    """Return a sentence for an error of the disk, or for one that another error came from; None for others."""
    seen: BaseException | None = error
    for _ in range(8):
        if seen is None:
            break
        if isinstance(seen, OSError):
            if str(seen.strerror).startswith(NO_TEMPORARY):
                return NOT_WRITABLE
            if seen.errno is not None and seen.errno in BY_ERRNO:
                return BY_ERRNO[seen.errno]
        code = getattr(seen, "sqlite_errorcode", None)
        if isinstance(seen, sqlite3.Error) and code is not None and code & 0xFF in BY_SQLITE:
            return BY_SQLITE[code & 0xFF]
        seen = seen.__cause__ or seen.__context__
    return None
