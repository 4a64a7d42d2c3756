"""Serve pictures from a folder that stays within bounds: so many files, so many bytes, and none for more than a day.

Gradio deletes what is a day old, of the files that this process wrote. Thousands of pictures an hour would fill the
disk before that, and what an earlier process wrote would stay for ever.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from contextlib import suppress
from functools import cached_property
from pathlib import Path

FOLDER = "drawn"  # below Gradio's folder, beside what people uploaded
TOKEN_BYTES = 16
MEGABYTE = 10**6
MEGABYTES = 5_000
MOST_FILES = 10_000
MOST_GONE = 100  # files that Gradio deleted until their folders are, too


class DrawnFiles:
    """DrawnFiles keeps each file in a folder of its own, whose name is random: nobody guesses its address.

    Gradio's own folders are called by what is in the file, which can be known from the same drawing and words. The
    oldest go first. Safe to call from many threads.
    """

    def __init__(self, cache: str, megabytes: float = MEGABYTES, most: int = MOST_FILES) -> None:
        """Take Gradio's folder, and how much and how many files may lie in ours below it."""
        self._folder, self._bytes, self._most = Path(cache) / FOLDER, megabytes * MEGABYTE, most
        self._lock = threading.Lock()
        self.paths: set[str] = set()  # of what is served; Gradio takes out what it deletes after a day

    @cached_property
    def _sizes(self) -> dict[str, int]:
        """The bytes of each file by its path, the oldest first; what an earlier process left, too."""
        found = [(file.stat(), str(file)) for file in self._folder.glob("*/*")]
        found.sort(key=lambda each: each[0].st_mtime)
        self.paths.update(path for _, path in found)
        return {path: kept.st_size for kept, path in found}

    def keep_file(self, file: Path) -> str:
        """Serve a copy of a file; return its path."""
        return self.keep_bytes(file.read_bytes(), file.name)

    def keep_bytes(self, data: bytes, name: str) -> str:
        """Serve bytes as a file of that name; return its path."""
        file = self._folder / secrets.token_hex(TOKEN_BYTES) / Path(name).name
        with self._lock:
            self._make_room(len(data))
            file.parent.mkdir(parents=True)
            file.write_bytes(data)
            self._sizes[str(file)] = len(data)
            self.paths.add(str(file))
        return str(file)

    def _make_room(self, more: int) -> None:
        """Delete the oldest files until one of `more` bytes finds room."""
        if len(self._sizes) > len(self.paths) + MOST_GONE:
            self._forget_gone()
        total = sum(self._sizes.values()) + more
        while self._sizes and (total > self._bytes or len(self._sizes) >= self._most):
            path = next(iter(self._sizes))
            total -= self._sizes.pop(path)
            self.paths.discard(path)
            shutil.rmtree(Path(path).parent, ignore_errors=True)

    def _forget_gone(self) -> None:
        """Forget the files that Gradio deleted, and delete their empty folders."""
        for path in [path for path in self._sizes if path not in self.paths]:
            del self._sizes[path]
            with suppress(OSError):
                os.rmdir(Path(path).parent)
