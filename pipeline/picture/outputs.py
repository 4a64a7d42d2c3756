"""Write picture files into the chosen folder, or into a temporary one."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from functools import cached_property
from pathlib import Path

from pipeline.picture.signing import open_signer
from pipeline.values import GenerationResult
from pipeline.whole_file import write_whole

PICTURES_KEPT = 64  # in the temporary folder, when no outputs folder was chosen


class Outputs:
    """Outputs writes into the chosen folder, or into a temporary one that keeps only the latest pictures.

    Safe to call from many threads.
    """

    def __init__(self, chosen: Path | None, key: Path | None = None) -> None:
        """Take the chosen folder, and that of the host's key, by which files are signed. Raises SettingError."""
        self._chosen, self._signer = chosen, open_signer(key)
        self._lock = threading.Lock()  # one deletes at a time: a file that is gone cannot be asked for its date

    @cached_property
    def folder(self) -> Path:
        """Return the folder; it is made at the first call."""
        if self._chosen is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="croquis-")
            return Path(self._temporary.name)
        self._chosen.mkdir(parents=True, exist_ok=True)
        return self._chosen

    def encode_picture(self, result: GenerationResult) -> bytes:
        """Return the PNG file with its recipe, signed where the host has a key. Raises NotSigned."""
        from pipeline.picture.png_file import write_picture

        return write_picture(result, self._signer)

    def write_picture(self, result: GenerationResult) -> Path:
        """Write the PNG file with its recipe, named by its content; return its path."""
        data = self.encode_picture(result)
        seed, digest = result.request.sampling.seed, hashlib.sha256(data).hexdigest()[:12]
        with self._lock:
            folder = self.folder
        file = folder / f"croquis-{seed}-{digest}.png"
        with self._lock:
            write_whole(file, data)
            if self._chosen is None:
                keep_latest(self.folder, PICTURES_KEPT)
        return file


def keep_latest(folder: Path, count: int) -> None:
    """Delete all PNG files in the folder but the `count` last written."""
    files = sorted(folder.glob("*.png"), key=read_date, reverse=True)
    for file in files[count:]:
        file.unlink(missing_ok=True)


def read_date(file: Path) -> float:
    """Return when a file was last written (seconds since 1970); 0 for one that somebody else just deleted."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0
