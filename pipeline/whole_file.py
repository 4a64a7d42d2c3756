"""Write a file whole or not at all, whatever ends the program meanwhile."""

from __future__ import annotations

import os
import threading
from pathlib import Path

UNFINISHED = ".part"  # how the names end of what a killed program leaves half written


def write_whole(file: Path, content: bytes, *, is_synced: bool = False) -> None:
    """Write a file beside its place, then put it there. Raises OSError, and leaves what was there before.

    `is_synced` has both it and its name on the disk on return, so that a power cut loses neither.
    """
    draft = file.with_name(f".{file.name}.{os.getpid()}-{threading.get_ident()}{UNFINISHED}")
    try:
        draft.write_bytes(content)
        if is_synced:
            _sync(draft, os.O_RDWR)
        os.replace(draft, file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    if is_synced and os.name == "posix":  # elsewhere a folder cannot be opened
        _sync(file.parent, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    """Wait until a file, or the names in a folder, are on the disk. Raises OSError."""
    opened = os.open(path, flags)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
