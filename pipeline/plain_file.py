"""Read a file that others may have put there: a pipe, a device or a folder of its name is refused, never waited for."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

NOT_PLAIN = "it is {kind}, not a file"
KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotPlain(OSError):
    """What has a file's name is none."""


def read_plain_file(path: Path, limit: int | None = None) -> bytes:
    """Return a file's bytes, at most `limit` + 1 of them where there is one.

    Raises OSError, at once, for what is missing, cannot be read or is no file: opening a pipe would wait for a writer.
    """
    with open_plain_file(path) as file:
        return file.read() if limit is None else file.read(limit + 1)


def open_plain_file(path: Path) -> BinaryIO:
    """Open a file to read its bytes. Raises OSError as `read_plain_file` does."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        expect_plain(os.fstat(handle))
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def expect_plain(status: os.stat_result) -> None:
    """Raise NotPlain unless this is a file's status."""
    kind = next((name for is_kind, name in KINDS if is_kind(status.st_mode)), None)
    if kind is not None:
        raise NotPlain(NOT_PLAIN.format(kind=kind))
