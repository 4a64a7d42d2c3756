"""Know which programs of one home are still there: each holds the lock of a file of its own, which ends with it."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

ENDING = ".lock"
NEW_SECONDS = 60.0  # a file may be younger than its lock


class Programs:
    """Programs is what one program knows of those that share its folder. The system frees the lock of a killed one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: FileLock | None = None
        self.own = ""  # this program's name, 32 hex digits; "" where the folder cannot be written

    def join(self) -> None:
        """Name this program, once. Raises OSError."""
        if self._lock is not None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        name = uuid4().hex
        lock = FileLock(self._folder / f"{name}{ENDING}", timeout=0)
        lock.acquire()
        self.own, self._lock = name, lock

    def leave(self) -> None:
        """End in order: this program's file goes."""
        if self._lock is not None:
            self._lock.release()
            with suppress(OSError):
                (self._folder / f"{self.own}{ENDING}").unlink(missing_ok=True)
            self.own, self._lock = "", None

    def has_ended(self, name: str) -> bool | None:
        """Return whether a program ended; None where it is not known in this folder."""
        if name and name == self.own:
            return False
        file = self._folder / f"{name}{ENDING}"
        if not name or not file.exists():
            return None
        try:
            with FileLock(file, timeout=0):
                return True
        except (Timeout, OSError):
            return False

    def delete_ended(self) -> None:
        """Delete the files of programs that ended. Raises nothing: they are looked at again."""
        with suppress(OSError):
            for file in self._folder.glob(f"*{ENDING}"):
                if time.time() - file.stat().st_mtime > NEW_SECONDS and self.has_ended(file.stem):
                    file.unlink(missing_ok=True)
